/**
 * Reads a secret that the service then stores. CloudFormation does not resolve `{{resolve:secretsmanager:…}}` in the
 * properties of a custom resource, so no template and no request contains the text that is read here.
 * Source: CloudFormation user guide, "Get a secret or secret value from Secrets Manager".
 */
import {
  GetSecretValueCommand,
  SecretsManagerServiceException,
  type SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { memberOf } from '../domain/sealing/external-secret';
import { Refusal, type DesiredSecret } from './deployed-resource';
import type { StatedSecret } from '../model/custom-resources/request';
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
      `The secret ${secretId} could not be read (${why}). Make sure that it exists, and that this function is allowed to read it.`,
    );
  }
  throw new Refusal(`The secret ${secretId} has no text. Store a text in it, and deploy again.`);
}

/**
 * @throws Refusal for a secret that cannot be read, or that has no text under the key
 */
export async function readSecret(client: SecretsManagerClient, stated: StatedSecret): Promise<DesiredSecret> {
  if (stated.source === 'EXTERNAL') return stated;
  const text = await textOf(client, stated);
  const { jsonKey } = stated;
  const value = jsonKey === undefined ? text : memberOf(text, jsonKey);
  if (value !== undefined) return { source: 'MANAGED', text: value };
  throw new Refusal(
    `The secret ${stated.secretId} is not a JSON object with text under "${String(jsonKey)}". Correct it, and deploy again.`,
  );
}
