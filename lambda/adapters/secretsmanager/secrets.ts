/**
 * Secrets as AWS Secrets Manager has them. What it refuses for one secret (missing, denied, being deleted, not
 * decryptable) is no secret to us; that it cannot be reached at all is an error.
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

/** IAM and a secret's own policy answer AccessDeniedException, the others are in the operations' models. */
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
    const answer = await unlessRefused(client.send(new DescribeSecretCommand({ SecretId: secretId })));
    if (answer?.ARN === undefined || answer.DeletedDate !== undefined) return undefined;
    const tags = (answer.Tags ?? []).map(({ Key = '', Value = '' }) => [Key, Value] as const);
    return { arn: answer.ARN, tags: Object.fromEntries(tags) };
  },
});

export const createSecretTexts = (client: SecretsManagerClient): SecretTexts => ({
  ...createSecretDescriptions(client),
  text: async (arn) =>
    (await unlessRefused(client.send(new GetSecretValueCommand({ SecretId: arn }))))?.SecretString,
});
