/**
 * The seal: compact JWE (RFC 7516), A256GCMKW under the vault key, A256GCM for the content. `kid` names the
 * key's version; `ctx` in the protected header holds the whole context and is checked before anything is opened.
 */
import * as v from 'valibot';
import {
  UnreadableError,
  type Seal,
  type SealInspection,
  type SealingContext,
} from '../../domain/sealing/sealing';
import { decryptJwe, encryptJwe, readHeader } from './jwe';
import type { VaultKeys } from './vault-keys';
import type { VaultKey } from './vault-key-maker';

/** Returns the context in an unambiguous form. */
function canonical({ purpose, ownerId, ownerArn, binding }: SealingContext): string {
  const sorted = Object.entries(binding).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([purpose, ownerId, ownerArn, sorted]);
}

const encrypt = ({ version, key }: VaultKey, context: SealingContext, plaintext: string): string =>
  encryptJwe(key, { kid: version, ctx: canonical(context) }, plaintext);

/** @throws UnreadableError for an error of the format or of the authentication tag */
function decrypt({ key }: VaultKey, sealed: string, header: ReturnType<typeof readHeader>): string {
  try {
    return decryptJwe(key, sealed, header);
  } catch (cause) {
    throw new UnreadableError('a sealed record was altered', { cause });
  }
}

export const createSeal = (keys: Pick<VaultKeys, 'current' | 'version'>): Seal => ({
  seal: async (context, plaintext) => encrypt(await keys.current(context), context, plaintext),
  async open(context, sealed) {
    const header = readHeader(sealed);
    const { kid, ctx } = header ?? {};
    if (typeof kid !== 'string' || ctx !== canonical(context)) {
      throw new UnreadableError('a sealed record was found where it does not belong');
    }
    return decrypt(await keys.version(context, kid), sealed, header);
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
    const stated = v.safeParse(StatedContext, readHeader(sealed)?.ctx);
    return stated.success ? stated.output[2] : undefined;
  },
};

/** Seals with a new key for this record, for functions that can seal but not open. */
export const createSealOnly = (keys: Pick<VaultKeys, 'fresh'>): Pick<Seal, 'seal'> => ({
  seal: async (context, plaintext) => encrypt(await keys.fresh(context), context, plaintext),
});
