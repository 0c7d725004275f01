/** Composition of the vault keys, for every function that seals or opens. */
import { system } from '../../adapters/system';
import { createTokenVaultStore } from '../../adapters/dynamodb/directory-stores';
import { createVaultKeyOwners } from '../../adapters/dynamodb/vault-key-owners';
import { createVaultKeyStore } from '../../adapters/dynamodb/vault-key-store';
import { createWorkloadIdentityStore } from '../../adapters/dynamodb/owned-resource-store';
import { createVaultKeys, type VaultKeys, type VaultKeysDependencies } from '../../adapters/kms/vault-keys';
import type { Aws } from './aws';
import { readLifetimes, type Variable } from './environment';

type Needed = Extract<Variable, 'KMS_KEY_ARN' | 'ARN_PREFIX'>;

/** @param arnPrefix `ARN_PREFIX` of the environment */
export const tokenVaultArn = (arnPrefix: string): string => `${arnPrefix}:token-vault/default`;

/** @param readsTokenVault false for the public function, which cannot read it */
export function vaultKeysOf(
  { kms, tables }: Pick<Aws<'DIRECTORY_TABLE' | 'KEYS_TABLE'>, 'kms' | 'tables'>,
  env: Record<Needed, string>,
  report: VaultKeysDependencies['report'],
  readsTokenVault = true,
): VaultKeys {
  const directory = tables.DIRECTORY_TABLE;
  return createVaultKeys({
    kms,
    keyArn: env.KMS_KEY_ARN,
    tokenVaultArn: tokenVaultArn(env.ARN_PREFIX),
    tokenVault: createTokenVaultStore(directory),
    owners: createVaultKeyOwners(createWorkloadIdentityStore(directory)),
    store: createVaultKeyStore(tables.KEYS_TABLE),
    system,
    sealsFor: readLifetimes().vaultKey,
    readsTokenVault,
    report,
  });
}
