/**
 * Secrets in AWS Secrets Manager. A secret that it refuses (missing, denied, being deleted, not decryptable) counts as
 * absent. If Secrets Manager is unreachable, or does not respond in time, that is an error.
 * Source: AWS Secrets Manager API reference, DescribeSecret and GetSecretValue.
 */
import type * as Sdk from '@aws-sdk/client-secrets-manager';
import type { SecretTexts } from '../../domain/sealing/external-secret';
import type { ServiceClient } from '../aws/service-client';
import { unlessRefusedBy } from '../refusals';

interface SecretsManagerOperations {
  readonly DescribeSecret: readonly [Sdk.DescribeSecretCommandInput, Sdk.DescribeSecretCommandOutput];
  readonly GetSecretValue: readonly [Sdk.GetSecretValueCommandInput, Sdk.GetSecretValueCommandOutput];
}

export type SecretsManager = ServiceClient<SecretsManagerOperations>;

/** Timeout of a request in milliseconds, including retries. */
const REQUEST_TIMEOUT_MS = 5_000;

const deadline = () => AbortSignal.timeout(REQUEST_TIMEOUT_MS);

/** IAM and the secret's policy cause AccessDeniedException. The others are in the operations' models. */
const unlessRefused = unlessRefusedBy([
  'AccessDeniedException',
  'DecryptionFailure',
  'InvalidParameterException',
  'InvalidRequestException',
  'ResourceNotFoundException',
  'ValidationException',
]);

export const createSecretTexts = (secretsManager: SecretsManager): SecretTexts => ({
  async describe(secretId) {
    const response = await unlessRefused(
      secretsManager.send('DescribeSecret', { SecretId: secretId }, deadline()),
    );
    if (response?.ARN === undefined || response.DeletedDate !== undefined) return undefined;
    const tags = (response.Tags ?? []).map(({ Key = '', Value = '' }) => [Key, Value] as const);
    return { arn: response.ARN, tags: Object.fromEntries(tags) };
  },
  text: async (arn) =>
    (await unlessRefused(secretsManager.send('GetSecretValue', { SecretId: arn }, deadline())))?.SecretString,
});
