/** The token vault's record in the directory table, which names the KMS key for vault keys. */
import * as v from 'valibot';
import { NEVER_MOVED, type TokenVault, type TokenVaultStore } from '../../domain/token-vault/token-vault';
import { TOKEN_VAULT_KEY } from '../../contract/table-keys';
import { parseRecord, versioned, type Upgrade } from './record';
import { ABSENT, type Table } from './table';

const TokenVaultRecord = v.object({
  kmsKeyArn: v.exactOptional(v.string()),
  revision: v.number(),
  lastModifiedDate: v.number(),
  resets: v.exactOptional(v.array(v.object({ kmsKeyArn: v.string(), revision: v.number() }))),
});

/**
 * Version 2 can have resets. A version of the service from before would drop them with its next move, and what was given
 * up would no longer be. Without a reset, the record keeps version 1, so that such a version can read it.
 */
const toVersion2: Upgrade = (members) => members;

const UPGRADES = [toVersion2];

export const createTokenVaultStore = (directory: Table): TokenVaultStore => ({
  get: async (): Promise<TokenVault> =>
    parseRecord(TokenVaultRecord, await directory.get(TOKEN_VAULT_KEY), UPGRADES) ?? NEVER_MOVED,
  replace: (vault) =>
    directory.put(
      TOKEN_VAULT_KEY,
      versioned(vault, vault.resets && UPGRADES),
      vault.revision === NEVER_MOVED.revision + 1
        ? ABSENT
        : { condition: 'revision = :before', values: { ':before': vault.revision - 1 } },
    ),
});
