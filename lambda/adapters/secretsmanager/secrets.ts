/**
 * Secrets in AWS Secrets Manager. A secret that it refuses (missing, denied, being deleted, not decryptable) counts as
 * absent. If Secrets Manager is unreachable, or does not respond in time, that is an error.
 * Source: AWS Secrets Manager API reference, DescribeSecret and GetSecretValue.
 */
import {
  DescribeSecretCommand,
  GetSecretValueCommand,
  SecretsManagerServiceException,
  type SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import type { SecretDescriptions, SecretTexts } from '../../domain/sealing/external-secret';
import { unlessRefusedBy } from '../refusals';

/** Timeout of a request in milliseconds, including retries. */
const REQUEST_TIMEOUT_MS = 5_000;

const deadline = () => ({ abortSignal: AbortSignal.timeout(REQUEST_TIMEOUT_MS) });

/** IAM and the secret's policy cause AccessDeniedException. The others are in the operations' models. */
const unlessRefused = unlessRefusedBy(SecretsManagerServiceException, [
  'AccessDeniedException',
  'DecryptionFailure',
  'InvalidParameterException',
  'InvalidRequestException',
  'ResourceNotFoundException',
  'ValidationException',
]);

export const createSecretDescriptions = (client: SecretsManagerClient): SecretDescriptions => ({
  async describe(secretId) {
    const command = new DescribeSecretCommand({ SecretId: secretId });
    const response = await unlessRefused(client.send(command, deadline()));
    if (response?.ARN === undefined || response.DeletedDate !== undefined) return undefined;
    const tags = (response.Tags ?? []).map(({ Key = '', Value = '' }) => [Key, Value] as const);
    return { arn: response.ARN, tags: Object.fromEntries(tags) };
  },
});

export const createSecretTexts = (client: SecretsManagerClient): SecretTexts => ({
  ...createSecretDescriptions(client),
  text: async (arn) =>
    (await unlessRefused(client.send(new GetSecretValueCommand({ SecretId: arn }), deadline())))
      ?.SecretString,
});
