import { matching } from './constraints';

/** The AWS type `KmsKeyArn`. */
export const kmsKeyArn = matching(
  1,
  2048,
  /^arn:aws(|-cn|-us-gov):kms:[a-zA-Z0-9-]*:[0-9]{12}:key\/[a-zA-Z0-9-]{36}$/,
  'must be the ARN of a KMS key, with its ID',
);
