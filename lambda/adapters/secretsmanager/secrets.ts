/**
 * Secrets in AWS Secrets Manager. A secret that it refuses (missing, denied, being deleted, not decryptable) counts as
 * absent. If Secrets Manager is unreachable, or does not respond in time, that is an error.
 * Source: AWS Secrets Manager API reference, DescribeSecret and GetSecretValue.
 */
import type * as Sdk from '@aws-sdk/client-secrets-manager';
import type { SecretTexts } from '../../domain/sealing/external-secret';
import { onFirstUse } from '../first-use';
import { unlessRefusedBy } from '../refusals';

/** Timeout of a request in milliseconds, including retries. */
const REQUEST_TIMEOUT_MS = 5_000;

const deadline = () => ({ abortSignal: AbortSignal.timeout(REQUEST_TIMEOUT_MS) });

/** IAM and the secret's policy cause AccessDeniedException. The others are in the operations' models. */
const REFUSALS: readonly string[] = [
  'AccessDeniedException',
  'DecryptionFailure',
  'InvalidParameterException',
  'InvalidRequestException',
  'ResourceNotFoundException',
  'ValidationException',
];

/** @param clientOf returns the client, from the AWS SDK's module, which is loaded on first use */
export function createSecretTexts(clientOf: (sdk: typeof Sdk) => Sdk.SecretsManagerClient): SecretTexts {
  const secretsManager = onFirstUse(async () => {
    const sdk = await import('@aws-sdk/client-secrets-manager');
    const unlessRefused = unlessRefusedBy(sdk.SecretsManagerServiceException, REFUSALS);
    return { sdk, client: clientOf(sdk), unlessRefused };
  });
  return {
    async describe(secretId) {
      const { sdk, client, unlessRefused } = await secretsManager();
      const command = new sdk.DescribeSecretCommand({ SecretId: secretId });
      const response = await unlessRefused(client.send(command, deadline()));
      if (response?.ARN === undefined || response.DeletedDate !== undefined) return undefined;
      const tags = (response.Tags ?? []).map(({ Key = '', Value = '' }) => [Key, Value] as const);
      return { arn: response.ARN, tags: Object.fromEntries(tags) };
    },
    async text(arn) {
      const { sdk, client, unlessRefused } = await secretsManager();
      const command = new sdk.GetSecretValueCommand({ SecretId: arn });
      return (await unlessRefused(client.send(command, deadline())))?.SecretString;
    },
  };
}
