/**
 * The seal: compact JWE (RFC 7516), A256GCMKW under the vault key, A256GCM for the content. `kid` names the
 * key's version; `ctx` in the protected header holds the whole context and is checked before anything is opened.
 */
import { compactDecrypt, CompactEncrypt, decodeProtectedHeader } from 'jose';
import * as v from 'valibot';
import {
  UnreadableError,
  type Seal,
  type SealInspection,
  type SealingContext,
} from '../../domain/sealing/sealing';
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

/** @throws UnreadableError for an error of the format or of the authentication tag */
async function readable<T>(read: () => T | Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    throw new UnreadableError('a sealed record was altered', { cause });
  }
}

/** Returns the protected header; empty for anything other than a JWE. */
function headerOf(sealed: string): Record<string, unknown> {
  try {
    return decodeProtectedHeader(sealed);
  } catch {
    return {};
  }
}

export const createSeal = (keys: Pick<VaultKeys, 'current' | 'version'>): Seal => ({
  seal: async (context, plaintext) => encrypt(await keys.current(context), context, plaintext),
  async open(context, sealed) {
    const { kid, ctx } = headerOf(sealed);
    if (typeof kid !== 'string' || ctx !== canonical(context)) {
      throw new UnreadableError('a sealed record was found where it does not belong');
    }
    const { key } = await keys.version(context, kid);
    const { plaintext } = await readable(() => compactDecrypt(sealed, key, ALGORITHMS));
    return new TextDecoder().decode(plaintext);
  },
});

/** The canonical form of a context: purpose, owner ID, owner ARN, and binding. */
const StatedContext = v.pipe(
  v.string(),
  v.parseJson(),
  v.tuple([v.string(), v.string(), v.string(), v.array(v.unknown())]),
);

export const sealInspection: SealInspection = {
  ownerArnOf(sealed) {
    const stated = v.safeParse(StatedContext, headerOf(sealed).ctx);
    return stated.success ? stated.output[2] : undefined;
  },
};

/** Seals with a new key for this record, for functions that can seal but not open. */
export const createSealOnly = (keys: Pick<VaultKeys, 'fresh'>): Pick<Seal, 'seal'> => ({
  seal: async (context, plaintext) => encrypt(await keys.fresh(context), context, plaintext),
});
