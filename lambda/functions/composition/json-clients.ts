/** The clients for functions for which an agent or a person waits: a start and a call cost less than with the AWS SDK. */
import { createJsonClient, DYNAMODB, KMS } from '../../adapters/aws/json-client';
import type { AwsClients } from './aws';
import { REQUEST_TIMEOUTS } from './request-timeouts';

export const jsonClients = (): AwsClients => ({
  dynamodb: createJsonClient(DYNAMODB, REQUEST_TIMEOUTS),
  kms: createJsonClient(KMS, REQUEST_TIMEOUTS),
});
