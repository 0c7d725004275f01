/**
 * Composition of the token vault's own operations: it says under which KMS key the vault is, and moves it to
 * another. It rewraps vault keys without ever seeing one, and has no way to what they sealed.
 */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { KMSClient } from '@aws-sdk/client-kms';
import { system } from '../adapters/system';
import { createTable } from '../adapters/dynamodb/table';
import { createTokenVaultStore } from '../adapters/dynamodb/token-vault-store';
import { createVaultKeyStore } from '../adapters/dynamodb/vault-key-store';
import { createVaultKeyMover } from '../adapters/kms/vault-key-mover';
import { tokenVaultDescribed } from '../api/answers';
import { createHandler } from '../api/router';
import { getTokenVault, setTokenVaultCmk } from '../domain/token-vault/token-vault';
import { readEnvironment } from './environment';
import { audit, report, requests } from './logging';
import { tokenVaultArn } from './vault-keys';

const env = readEnvironment('DIRECTORY_TABLE', 'KEYS_TABLE', 'KMS_KEY_ARN', 'ARN_PREFIX');
const dynamodb = new DynamoDBClient({});
const deps = {
  tokenVault: createTokenVaultStore(createTable(dynamodb, env.DIRECTORY_TABLE)),
  vaultKeyMover: createVaultKeyMover({
    kms: new KMSClient({}),
    tokenVaultArn: tokenVaultArn(env.ARN_PREFIX),
    store: createVaultKeyStore(createTable(dynamodb, env.KEYS_TABLE)),
  }),
  audit,
  system,
  serviceKeyArn: env.KMS_KEY_ARN,
};

export const handler = createHandler(
  'token-vault',
  {
    GetTokenVault: async ({ tokenVaultId }, principal) =>
      tokenVaultDescribed(await getTokenVault(deps, principal, tokenVaultId)),
    SetTokenVaultCMK: async ({ tokenVaultId, kmsConfiguration }, principal) =>
      tokenVaultDescribed(await setTokenVaultCmk(deps, principal, tokenVaultId, kmsConfiguration)),
  },
  { requests, report },
);
