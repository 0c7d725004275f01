/**
 * Where a provider's secret is stored: the AWS types `SecretSourceType` and `SecretReference`. The domain checks how members
 * combine.
 */
import * as v from 'valibot';
import { text } from './constraints';
import type { Of } from './of';

export const secretSource = v.picklist(['MANAGED', 'EXTERNAL']);

export const secretReference = v.strictObject({ secretId: text(1, 2048), jsonKey: text(1, 128) });
export interface SecretReference extends Of<typeof secretReference> {}

/** The part of a secret's text in AWS Secrets Manager that is a provider's secret, as it is stored. */
export const ExternalSecretSchema = v.object({
  /** Complete ARN with its random suffix, which a secret that is deleted and created again does not keep. */
  arn: v.string(),
  /** Member of the JSON object in the secret's text. */
  jsonKey: v.string(),
});
export interface ExternalSecret extends Of<typeof ExternalSecretSchema> {}
