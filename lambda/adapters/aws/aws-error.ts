/** Errors of AWS services, whichever client made the request. */
import type { AttributeValue } from '@aws-sdk/client-dynamodb';

/** What the clients of the AWS SDK and of this service have in common. */
export interface AwsError extends Error {
  readonly $metadata: { readonly httpStatusCode?: number; readonly requestId?: string };
  /** The item of DynamoDB for which the condition of a write does not hold, if the write requests it. */
  readonly Item?: Readonly<Record<string, AttributeValue>> | undefined;
}

/** Returns whether an AWS service responded with this error; without a name, with any. */
export const isAwsError = (error: unknown, name?: string): error is AwsError =>
  error instanceof Error &&
  '$metadata' in error &&
  // Without it, there was no response.
  (error as AwsError).$metadata.httpStatusCode !== undefined &&
  (name === undefined || error.name === name);
