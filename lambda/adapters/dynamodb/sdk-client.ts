/** DynamoDB by the client of the AWS SDK. */
import {
  BatchGetItemCommand,
  DeleteItemCommand,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
  UpdateItemCommand,
  type DynamoDBClient,
} from '@aws-sdk/client-dynamodb';
import { createSdkClient } from '../aws/sdk-client';
import type { DynamoDb, DynamoDbOperations } from './client';

export const createDynamoDb = (client: DynamoDBClient): DynamoDb =>
  createSdkClient<DynamoDbOperations>(client, {
    BatchGetItem: BatchGetItemCommand,
    DeleteItem: DeleteItemCommand,
    GetItem: GetItemCommand,
    PutItem: PutItemCommand,
    Query: QueryCommand,
    Scan: ScanCommand,
    UpdateItem: UpdateItemCommand,
  });
