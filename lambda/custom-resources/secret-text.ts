/**
 * Reads a secret that is handed on to the service. CloudFormation leaves `{{resolve:secretsmanager:…}}` in the
 * properties of a custom resource as it is, so no template and no request ever holds what is read here.
 * Source: CloudFormation user guide, "Get a secret or secret value from Secrets Manager".
 */
import {
  GetSecretValueCommand,
  SecretsManagerServiceException,
  type SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { memberOf } from '../domain/sealing/external-secret';
import { Refusal, type DesiredSecret } from './deployed-resource';
import type { StatedSecret } from '../contract/resource-request';
import { withSettledPermissions } from './settled-permissions';

const isRefusedByIam = (error: unknown): boolean =>
  error instanceof SecretsManagerServiceException && error.name === 'AccessDeniedException';

async function textOf(
  client: SecretsManagerClient,
  { secretId, versionId, versionStage }: Extract<StatedSecret, { source: 'MANAGED' }>,
): Promise<string> {
  const command = new GetSecretValueCommand({
    SecretId: secretId,
    ...(versionId !== undefined && { VersionId: versionId }),
    ...(versionStage !== undefined && { VersionStage: versionStage }),
  });
  try {
    const { SecretString } = await withSettledPermissions(isRefusedByIam, () => client.send(command));
    if (SecretString) return SecretString;
  } catch (error) {
    const why = error instanceof Error ? error.name : 'unknown';
    throw new Refusal(
      `The secret ${secretId} could not be read (${why}). See that it exists and may be read.`,
    );
  }
  throw new Refusal(`The secret ${secretId} has no text. Put one there, and deploy again.`);
}

/**
 * @throws Refusal for a secret that cannot be read, or has no text under the key
 */
export async function readSecret(client: SecretsManagerClient, stated: StatedSecret): Promise<DesiredSecret> {
  if (stated.source === 'EXTERNAL') return stated;
  const text = await textOf(client, stated);
  const { jsonKey } = stated;
  const value = jsonKey === undefined ? text : memberOf(text, jsonKey);
  if (value !== undefined) return { source: 'MANAGED', text: value };
  throw new Refusal(
    `The secret ${stated.secretId} is no JSON object with text under "${String(jsonKey)}". Put it right, and deploy again.`,
  );
}
