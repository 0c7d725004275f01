/**
 * The seal: compact JWE (RFC 7516), A256GCMKW under the vault key, A256GCM for the content. `kid` names the
 * key's version; `ctx` in the protected header holds the whole context and is checked before anything is opened.
 */
import { compactDecrypt, CompactEncrypt, decodeProtectedHeader } from 'jose';
import type { Seal, SealingContext } from '../../domain/sealing/sealing';
import type { VaultKeys } from './vault-keys';
import type { VaultKey } from './vault-key-maker';

const ALGORITHMS = { keyManagementAlgorithms: ['A256GCMKW'], contentEncryptionAlgorithms: ['A256GCM'] };

/** Returns the context in an unambiguous form. */
function canonical({ purpose, ownerId, ownerArn, binding }: SealingContext): string {
  const sorted = Object.entries(binding).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([purpose, ownerId, ownerArn, sorted]);
}

const encrypt = ({ version, key }: VaultKey, context: SealingContext, plaintext: string): Promise<string> =>
  new CompactEncrypt(new TextEncoder().encode(plaintext))
    .setProtectedHeader({ alg: 'A256GCMKW', enc: 'A256GCM', kid: version, ctx: canonical(context) })
    .encrypt(key);

export const createSeal = (keys: Pick<VaultKeys, 'current' | 'version'>): Seal => ({
  seal: async (context, plaintext) => encrypt(await keys.current(context), context, plaintext),
  async open(context, sealed) {
    const { kid, ctx } = decodeProtectedHeader(sealed);
    if (typeof kid !== 'string' || ctx !== canonical(context)) {
      throw new Error('a sealed record was found where it does not belong');
    }
    const { key } = await keys.version(context, kid);
    const { plaintext } = await compactDecrypt(sealed, key, ALGORITHMS);
    return new TextDecoder().decode(plaintext);
  },
});

/** Seals with a new key for this record, for functions that can seal but not open. */
export const createSealOnly = (keys: Pick<VaultKeys, 'fresh'>): Pick<Seal, 'seal'> => ({
  seal: async (context, plaintext) => encrypt(await keys.fresh(context), context, plaintext),
});
