/** The clients of the AWS SDK, for functions for which no agent waits. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { KMSClient } from '@aws-sdk/client-kms';
import { createDynamoDb } from '../../adapters/dynamodb/sdk-client';
import { createKms } from '../../adapters/kms/sdk-client';
import type { AwsClients } from './aws';
import { REQUEST_TIMEOUTS } from './request-timeouts';

export const sdkClients = (): AwsClients => ({
  dynamodb: createDynamoDb(new DynamoDBClient({ requestHandler: REQUEST_TIMEOUTS })),
  kms: createKms(new KMSClient({ requestHandler: REQUEST_TIMEOUTS })),
});
