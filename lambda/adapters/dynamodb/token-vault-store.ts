/** The token vault's record in the directory table, which names the KMS key for vault keys. */
import * as v from 'valibot';
import { NEVER_MOVED, type TokenVault, type TokenVaultStore } from '../../domain/token-vault/token-vault';
import { TOKEN_VAULT_KEY } from '../../contract/table-keys';
import { parseRecord, versioned } from './record';
import { ABSENT, type Table } from './table';

const TokenVaultRecord = v.object({
  kmsKeyArn: v.exactOptional(v.string()),
  revision: v.number(),
  lastModifiedDate: v.number(),
  resets: v.exactOptional(v.array(v.object({ kmsKeyArn: v.string(), revision: v.number() }))),
});

export const createTokenVaultStore = (directory: Table): TokenVaultStore => ({
  get: async (): Promise<TokenVault> =>
    parseRecord(TokenVaultRecord, await directory.get(TOKEN_VAULT_KEY)) ?? NEVER_MOVED,
  replace: (vault) =>
    directory.put(
      TOKEN_VAULT_KEY,
      versioned(vault),
      vault.revision === NEVER_MOVED.revision + 1
        ? ABSENT
        : { condition: 'revision = :before', values: { ':before': vault.revision - 1 } },
    ),
});
