/** The requests to DynamoDB that the stores send. */
import type * as Sdk from '@aws-sdk/client-dynamodb';
import type { ServiceClient } from '../aws/service-client';

export interface DynamoDbOperations {
  readonly BatchGetItem: readonly [Sdk.BatchGetItemCommandInput, Sdk.BatchGetItemCommandOutput];
  readonly DeleteItem: readonly [Sdk.DeleteItemCommandInput, Sdk.DeleteItemCommandOutput];
  readonly GetItem: readonly [Sdk.GetItemCommandInput, Sdk.GetItemCommandOutput];
  readonly PutItem: readonly [Sdk.PutItemCommandInput, Sdk.PutItemCommandOutput];
  readonly Query: readonly [Sdk.QueryCommandInput, Sdk.QueryCommandOutput];
  readonly Scan: readonly [Sdk.ScanCommandInput, Sdk.ScanCommandOutput];
  readonly UpdateItem: readonly [Sdk.UpdateItemCommandInput, Sdk.UpdateItemCommandOutput];
}

export type DynamoDb = ServiceClient<DynamoDbOperations>;
