/**
 * Composition of the internal function that creates keys ahead of time, and rotates and revokes them on request. Only its
 * schedule, operators, and deployments, for which it creates the stage secret, can invoke it. It cannot open any key, not
 * even the vault keys that it creates, and accepts none from outside.
 */
import { system } from '../adapters/system';
import { createSigningKeyStore, createTokenVaultStore } from '../adapters/dynamodb/directory-stores';
import { createVaultKeyOwners } from '../adapters/dynamodb/vault-key-owners';
import { createVaultKeyStore } from '../adapters/dynamodb/vault-key-store';
import { createWorkloadIdentityStore } from '../adapters/dynamodb/owned-resource-store';
import { createSigningKeyEncrypter } from '../adapters/kms/signing-key-wrapper';
import { createVaultKeyMaker } from '../adapters/kms/vault-key-maker';
import * as v from 'valibot';
import { createStageSecretHandler } from '../custom-resources/stage-secret';
import { StageSecretRequestSchema } from '../model/custom-resources/request';
import { KeyRotationSchema, type KeyRotation } from '../model/events/key-rotation';
import { ServiceError } from '../domain/service-error';
import { rotateVaultKeys, type RotatedVaultKey } from '../domain/token-vault/vault-key-rotation';
import {
  prepareSigningKeys,
  revokeSigningKey,
  rotateSigningKey,
  type SigningKeyDescription,
} from '../domain/workload-token/signing-key-rotation';
import { createAws } from './composition/aws';
import { sdkClients } from './composition/sdk-clients';
import { readConnectionPolicy, readEnvironment } from './composition/environment';
import { createInvocationHandler, RefusedEvent } from './composition/invocation';
import { audit, requests } from './composition/logging';
import { tokenVaultArn } from './composition/vault-keys';

const env = readEnvironment(
  'DIRECTORY_TABLE',
  'KEYS_TABLE',
  'KMS_KEY_ARN',
  'ARN_PREFIX',
  'AWS_REGION',
  'URL_SUFFIX',
);
const aws = createAws(env, sdkClients());
const { kms, tables } = aws;
const signing = {
  store: createSigningKeyStore(tables.DIRECTORY_TABLE),
  wrapper: createSigningKeyEncrypter(kms, env.KMS_KEY_ARN, tokenVaultArn(env.ARN_PREFIX)),
  audit,
  system,
};
const identities = createWorkloadIdentityStore(tables.DIRECTORY_TABLE);
const vault = {
  identities,
  vaultKeys: createVaultKeyMaker({
    kms,
    keyArn: env.KMS_KEY_ARN,
    tokenVaultArn: tokenVaultArn(env.ARN_PREFIX),
    tokenVault: createTokenVaultStore(tables.DIRECTORY_TABLE),
    owners: createVaultKeyOwners(identities),
    store: createVaultKeyStore(tables.KEYS_TABLE),
    system,
  }),
  audit,
};

/** The key that signs now or next, or the versions of the vault keys that were created. */
type Output = { readonly signingKey: SigningKeyDescription } | { readonly vaultKeys: RotatedVaultKey[] };

async function serve(rotation: KeyRotation): Promise<Output> {
  if ('prepare' in rotation) return { signingKey: await prepareSigningKeys(signing) };
  if ('revoke' in rotation) return { signingKey: await revokeSigningKey(signing, rotation.kid) };
  if (rotation.rotate === 'signing-key') return { signingKey: await rotateSigningKey(signing) };
  return { vaultKeys: await rotateVaultKeys(vault, rotation.workloadIdentity) };
}

/** Operators invoke this function by hand, so they receive what is wrong with the event or the request. */
function messageFor(error: unknown): string | undefined {
  if (error instanceof RefusedEvent) return error.message;
  return error instanceof ServiceError ? `${error.type}: ${error.message}` : undefined;
}

const rotate = createInvocationHandler(
  {
    schema: KeyRotationSchema,
    refusal: 'The key-rotation event is not valid. See docs/runbook.md.',
    messageFor,
    isScheduled: (rotation) => 'prepare' in rotation,
  },
  serve,
);

/** Also outside the writing Region, where a standby is deployed. */
const createStageSecret = createStageSecretHandler({
  audit,
  requests,
  system,
  place: { region: env.AWS_REGION, urlSuffix: env.URL_SUFFIX, policy: readConnectionPolicy() },
});

export const handler = async (...[event, context]: Parameters<typeof rotate>): Promise<Output | void> =>
  v.is(StageSecretRequestSchema, event) ? createStageSecret(event, context) : rotate(event, context);
