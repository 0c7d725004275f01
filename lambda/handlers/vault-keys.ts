/** Composition of the vault keys, for every function that seals or opens. */
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { KMSClient } from '@aws-sdk/client-kms';
import { system } from '../adapters/system';
import { createTable } from '../adapters/dynamodb/table';
import { createTokenVaultStore } from '../adapters/dynamodb/token-vault-store';
import { createVaultKeyOwners } from '../adapters/dynamodb/vault-key-owners';
import { createVaultKeyStore } from '../adapters/dynamodb/vault-key-store';
import { createWorkloadIdentityStore } from '../adapters/dynamodb/workload-identity-store';
import { createVaultKeys, type VaultKeys } from '../adapters/kms/vault-keys';
import { readLifetimes, type Variable } from './environment';

type Needed = Extract<Variable, 'DIRECTORY_TABLE' | 'KEYS_TABLE' | 'KMS_KEY_ARN' | 'ARN_PREFIX'>;

/** @param arnPrefix `ARN_PREFIX` of the environment */
export const tokenVaultArn = (arnPrefix: string): string => `${arnPrefix}:token-vault/default`;

export function vaultKeysOf(dynamodb: DynamoDBClient, env: Record<Needed, string>): VaultKeys {
  const directory = createTable(dynamodb, env.DIRECTORY_TABLE);
  return createVaultKeys({
    kms: new KMSClient({}),
    keyArn: env.KMS_KEY_ARN,
    tokenVaultArn: tokenVaultArn(env.ARN_PREFIX),
    tokenVault: createTokenVaultStore(directory),
    owners: createVaultKeyOwners(createWorkloadIdentityStore(directory)),
    store: createVaultKeyStore(createTable(dynamodb, env.KEYS_TABLE)),
    system,
    sealsFor: readLifetimes().vaultKey,
  });
}
