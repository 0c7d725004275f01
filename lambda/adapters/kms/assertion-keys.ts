/**
 * Asymmetric KMS keys that sign client assertions: described for who names one, and signed with for who sends a
 * request. What KMS refuses for one key (missing, denied, disabled) is the owner's to put right; that KMS cannot be
 * reached at all is an error.
 * Source: AWS KMS API reference, DescribeKey, ListResourceTags, Sign.
 */
import { createHash } from 'node:crypto';
import {
  DescribeKeyCommand,
  KMSServiceException,
  ListResourceTagsCommand,
  SignCommand,
  type KMSClient,
  type SigningAlgorithmSpec,
} from '@aws-sdk/client-kms';
import type { System } from '../../domain/system';
import { createExpiringCache } from '../../domain/expiring-cache';
import type { AssertionKeys } from '../../domain/oauth/client-assertion';
import type { KeyDescriptions, SigningAlgorithm } from '../../domain/provider/private-key-jwt';
import { isNamedBy } from '../../domain/ownership';
import { accessDenied } from '../../domain/service-error';
import { OWNER_TAG } from '../../domain/sealing/external-secret';
import { unlessRefusedBy } from '../refusals';

const unlessRefused = unlessRefusedBy(KMSServiceException, [
  'AccessDeniedException',
  'DisabledException',
  'InvalidArnException',
  'InvalidKeyUsageException',
  'KMSInvalidStateException',
  'KeyUnavailableException',
  'NotFoundException',
  'UnsupportedOperationException',
]);

/** RFC 7518 section 3.1's names in KMS's. */
const ALGORITHMS: Readonly<Record<SigningAlgorithm, SigningAlgorithmSpec>> = {
  RS256: 'RSASSA_PKCS1_V1_5_SHA_256',
  PS256: 'RSASSA_PSS_SHA_256',
  ES256: 'ECDSA_SHA_256',
};

/** Owners as tags name them: five minutes, a thousand. */
const KEPT = { milliseconds: 5 * 60 * 1000, most: 1000 };

/** A key has fifty tags at most, and one page of the answer a thousand. */
async function tagsOf(client: KMSClient, KeyId: string): Promise<Record<string, string> | undefined> {
  const answer = await unlessRefused(client.send(new ListResourceTagsCommand({ KeyId })));
  return (
    answer &&
    Object.fromEntries(
      (answer.Tags ?? []).map(({ TagKey = '', TagValue = '' }) => [TagKey, TagValue] as const),
    )
  );
}

export const createKeyDescriptions = (client: KMSClient): KeyDescriptions => ({
  async describe(keyArn) {
    const answer = await unlessRefused(client.send(new DescribeKeyCommand({ KeyId: keyArn })));
    const tags = answer && (await tagsOf(client, keyArn));
    const { Arn: arn, KeyState: state, KeyUsage: usage = '', KeySpec: spec = '' } = answer?.KeyMetadata ?? {};
    if (arn === undefined || !tags) return undefined;
    return { arn, enabled: state === 'Enabled', usage, spec, tags };
  },
});

/** Bytes of each half of a P-256 signature. */
const HALF = 32;

/** One unsigned integer of a DER signature (X.690 section 8.3), as a JWS has it: without sign, 32 bytes. */
function half(der: Uint8Array, at: number): { bytes: Buffer; next: number } {
  const length = der[at + 1] ?? 0;
  const value = Buffer.from(der.subarray(at + 2, at + 2 + length));
  const unsigned = value.subarray(Math.max(0, value.length - HALF));
  return { bytes: Buffer.concat([Buffer.alloc(HALF - unsigned.length), unsigned]), next: at + 2 + length };
}

/** KMS answers ECDSA in DER (ANSI X9.62); a JWS has R and S one after the other (RFC 7518 section 3.4). */
export function joseSignature(der: Uint8Array): Buffer {
  const r = half(der, 2);
  return Buffer.concat([r.bytes, half(der, r.next).bytes]);
}

/** @param system for the age of what is kept in memory */
export function createAssertionKeys(client: KMSClient, system: Pick<System, 'now'>): AssertionKeys {
  const owners = createExpiringCache<string>(KEPT, system);

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
          `The key that signs for the credential provider may not be used. Its owner must see to it that the KMS key exists, is enabled, has the tag ${OWNER_TAG} with the owner's ARN, and lets this service sign.`,
          `signing key ${keyArn}: ${detail}`,
        );
      if (!isNamedBy(await ownerOf(keyArn), owned))
        throw refusal('it is gone, or its owner tag names another');
      const answer = await unlessRefused(
        client.send(
          new SignCommand({
            KeyId: keyArn,
            Message: createHash('sha256').update(signingInput).digest(),
            MessageType: 'DIGEST',
            SigningAlgorithm: ALGORITHMS[algorithm],
          }),
        ),
      );
      if (!answer?.Signature) throw refusal('KMS refuses to sign with it');
      const signature =
        algorithm === 'ES256' ? joseSignature(answer.Signature) : Buffer.from(answer.Signature);
      return signature.toString('base64url');
    },
  };
}
