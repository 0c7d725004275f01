/**
 * Asymmetric KMS keys that sign client assertions: describes a key that a provider names, and signs with it. If KMS
 * refuses a key (missing, denied, disabled), its owner must correct it. If KMS is unreachable, that is an error.
 * Source: AWS KMS API reference, DescribeKey, ListResourceTags, Sign.
 */
import type { SigningAlgorithm } from '../../model/provider/client';
import { createHash } from 'node:crypto';
import type { SigningAlgorithmSpec } from '@aws-sdk/client-kms';
import type { System } from '../../domain/system';
import { createExpiringCache } from '../../domain/expiring-cache';
import type { AssertionKeys } from '../../domain/oauth/client-assertion';
import type { KeyDescriptions } from '../../domain/provider/private-key-jwt';
import { isNamedBy, OWNER_TAG } from '../../domain/ownership';
import { accessDenied } from '../../domain/service-error';
import { unlessRefusedBy } from '../refusals';
import type { Kms } from './client';

const unlessRefused = unlessRefusedBy([
  'AccessDeniedException',
  'DisabledException',
  'InvalidArnException',
  'InvalidKeyUsageException',
  'KMSInvalidStateException',
  'KeyUnavailableException',
  'NotFoundException',
  'UnsupportedOperationException',
]);

/** KMS's names for the algorithms of RFC 7518 section 3.1. */
const ALGORITHMS: Readonly<Record<SigningAlgorithm, SigningAlgorithmSpec>> = {
  RS256: 'RSASSA_PKCS1_V1_5_SHA_256',
  PS256: 'RSASSA_PSS_SHA_256',
  ES256: 'ECDSA_SHA_256',
};

/** Caches up to 1,000 owner tags for 5 minutes. */
const OWNER_CACHE = { milliseconds: 5 * 60 * 1000, maxEntries: 1000 };

/** A key has up to 50 tags, and one page holds 1,000. */
async function tagsOf(client: Kms, KeyId: string): Promise<Record<string, string> | undefined> {
  const response = await unlessRefused(client.send('ListResourceTags', { KeyId }));
  return (
    response &&
    Object.fromEntries(
      (response.Tags ?? []).map(({ TagKey = '', TagValue = '' }) => [TagKey, TagValue] as const),
    )
  );
}

export const createKeyDescriptions = (client: Kms): KeyDescriptions => ({
  async describe(keyArn) {
    const response = await unlessRefused(client.send('DescribeKey', { KeyId: keyArn }));
    const tags = response && (await tagsOf(client, keyArn));
    const {
      Arn: arn,
      KeyState: state,
      KeyUsage: usage = '',
      KeySpec: spec = '',
    } = response?.KeyMetadata ?? {};
    if (arn === undefined || !tags) return undefined;
    return { arn, enabled: state === 'Enabled', usage, spec, tags };
  },
});

/** Bytes of each half of a P-256 signature. */
const HALF = 32;

/** Converts an unsigned integer of a DER signature (X.690 section 8.3) to its JWS form: 32 bytes without a sign. */
function half(der: Uint8Array, at: number): { bytes: Buffer; next: number } {
  const length = der[at + 1] ?? 0;
  const value = Buffer.from(der.subarray(at + 2, at + 2 + length));
  const unsigned = value.subarray(Math.max(0, value.length - HALF));
  return { bytes: Buffer.concat([Buffer.alloc(HALF - unsigned.length), unsigned]), next: at + 2 + length };
}

/** Converts an ECDSA signature from KMS's DER (ANSI X9.62) to JWS, which concatenates R and S (RFC 7518 section 3.4). */
export function joseSignature(der: Uint8Array): Buffer {
  const r = half(der, 2);
  return Buffer.concat([r.bytes, half(der, r.next).bytes]);
}

/** @param system for the age of what is kept in memory */
export function createAssertionKeys(client: Kms, system: Pick<System, 'now'>): AssertionKeys {
  const owners = createExpiringCache<string>(OWNER_CACHE, system);

  async function ownerOf(keyArn: string): Promise<string | undefined> {
    const known = owners.get(keyArn);
    if (known !== undefined) return known;
    const tags = await tagsOf(client, keyArn);
    const owner = tags && Object.hasOwn(tags, OWNER_TAG) ? tags[OWNER_TAG] : undefined;
    if (owner !== undefined) owners.set(keyArn, owner);
    return owner;
  }

  return {
    async sign({ keyArn, algorithm, signingInput, ...owned }) {
      const refusal = (detail: string) =>
        accessDenied(
          `The signing key of the credential provider cannot be used. The owner must make sure that the KMS key exists, is enabled, has the tag ${OWNER_TAG} with the owner's ARN, and allows this service to sign.`,
          `signing key ${keyArn}: ${detail}`,
        );
      if (!isNamedBy(await ownerOf(keyArn), owned))
        throw refusal('it does not exist, or its owner tag names another owner');
      const response = await unlessRefused(
        client.send('Sign', {
          KeyId: keyArn,
          Message: createHash('sha256').update(signingInput).digest(),
          MessageType: 'DIGEST',
          SigningAlgorithm: ALGORITHMS[algorithm],
        }),
      );
      if (!response?.Signature) throw refusal('KMS refuses to sign with it');
      const signature =
        algorithm === 'ES256' ? joseSignature(response.Signature) : Buffer.from(response.Signature);
      return signature.toString('base64url');
    },
  };
}
