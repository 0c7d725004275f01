/**
 * Composition of the token vault's operations, which return the KMS key of the vault, move the vault to another key, and
 * give up what a deleted key encrypted. The function rewraps vault keys without seeing them, and cannot reach what they
 * sealed.
 */
import { system } from '../adapters/system';
import { createTokenVaultStore } from '../adapters/dynamodb/directory-stores';
import { createVaultKeyStore } from '../adapters/dynamodb/vault-key-store';
import { createKmsKeyStates } from '../adapters/kms/kms-key-states';
import { createVaultKeyMover } from '../adapters/kms/vault-key-mover';
import { tokenVaultDescribed } from '../api/responses';
import { createHandler } from '../api/router';
import { resetTokenVaultKeyMaterial } from '../domain/token-vault/key-material-reset';
import { getTokenVault, setTokenVaultCmk } from '../domain/token-vault/token-vault';
import { tokenVault } from '../operations/token-vault/token-vault';
import { createAws } from './composition/aws';
import { sdkClients } from './composition/sdk-clients';
import { readEnvironment } from './composition/environment';
import { audit, refuseForgedBy, report, requests } from './composition/logging';
import { regionFence } from './composition/regions';
import { tokenVaultArn } from './composition/vault-keys';

const env = readEnvironment(
  'DIRECTORY_TABLE',
  'KEYS_TABLE',
  'KMS_KEY_ARN',
  'ARN_PREFIX',
  'STAGE_SECRET_HASH',
);
const aws = createAws(env, sdkClients());
const { kms, tables } = aws;
const deps = {
  tokenVault: createTokenVaultStore(tables.DIRECTORY_TABLE),
  vaultKeyMover: createVaultKeyMover({
    kms,
    tokenVaultArn: tokenVaultArn(env.ARN_PREFIX),
    store: createVaultKeyStore(tables.KEYS_TABLE),
  }),
  kmsKeyStates: createKmsKeyStates(kms, tokenVaultArn(env.ARN_PREFIX)),
  audit,
  system,
  serviceKeyArn: env.KMS_KEY_ARN,
  replicated: regionFence !== undefined,
};

export const handler = createHandler(
  tokenVault,
  {
    GetTokenVault: async ({ tokenVaultId }, principal) =>
      tokenVaultDescribed(await getTokenVault(deps, principal, tokenVaultId)),
    SetTokenVaultCMK: async ({ tokenVaultId, kmsConfiguration }, principal) =>
      tokenVaultDescribed(await setTokenVaultCmk(deps, principal, tokenVaultId, kmsConfiguration)),
    ResetTokenVaultKeyMaterial: async ({ tokenVaultId }, principal) =>
      tokenVaultDescribed(await resetTokenVaultKeyMaterial(deps, principal, tokenVaultId)),
  },
  { refuseForged: refuseForgedBy(env.STAGE_SECRET_HASH), requests, report, regionFence },
);
