/**
 * A digest of the audit trail: the hashes of the log files that arrived in an hour, and the hash of the digest before it.
 * Members have the names of CloudTrail's digest files, and mean the same (CloudTrail user guide, "CloudTrail digest file
 * structure"). Unlike there, the signature is not in the metadata of the object, which copies lose: a digest is a JWS
 * (RFC 7515, compact, ES256), so one hash covers its content and its signature.
 */
import { createHash, verify, type KeyObject } from 'node:crypto';
import * as v from 'valibot';
import { isCompactJws } from '../compact-jws';
import { parseJsonObject } from '../json-object';

/** Keys of log files begin with it. */
export const ENTRIES_PREFIX = 'entries/';

/** Keys of digests begin with it. */
export const DIGESTS_PREFIX = 'digests/';

export const HOUR_MS = 3_600_000;

/**
 * Amazon Data Firehose names a file by the hour in which it received the first record, and tries to deliver it for up to
 * 24 hours.
 * Source: Amazon Data Firehose developer guide, "Handle data delivery failures".
 */
export const LATE_MS = 26 * HOUR_MS;

/** Returns the SHA-256 in lower-case hex, as CloudTrail writes it. */
export const hashValueOf = (bytes: string | Uint8Array): string =>
  createHash('sha256').update(bytes).digest('hex');

const HashValue = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/));
const Time = v.pipe(v.string(), v.isoTimestamp());

const LogFile = v.object({
  s3Object: v.string(),
  /** Object Lock holds versions: another object can later have the same key. */
  s3ObjectVersionId: v.string(),
  hashValue: HashValue,
});

const AuditDigestSchema = v.object({
  digestStartTime: Time,
  digestEndTime: Time,
  digestS3Bucket: v.string(),
  digestS3Object: v.string(),
  logFiles: v.array(LogFile),
  /** Null in the first digest of a chain. */
  previousDigestS3Object: v.nullable(v.string()),
  previousDigestHashValue: v.nullable(HashValue),
});

export type LogFile = v.InferOutput<typeof LogFile>;
export type AuditDigest = v.InferOutput<typeof AuditDigestSchema>;

/** Returns the key of the digest of the period that ends then. Keys sort by time. */
export function digestKey(endTime: number): string {
  const time = new Date(endTime).toISOString().replace('.000Z', 'Z');
  return `${DIGESTS_PREFIX}${time.slice(0, 10).replaceAll('-', '/')}/${time.replaceAll(/[-:]/g, '')}.jws`;
}

/** Returns the end of the period in epoch milliseconds; undefined if the key is not one of a digest. */
export function digestEndOf(key: string): number | undefined {
  const [, date, time] = /\/(\d{8})T(\d{6})Z\.jws$/.exec(key) ?? [];
  if (date === undefined || time === undefined) return undefined;
  const iso = `${date.replace(/(....)(..)(..)/, '$1-$2-$3')}T${time.replace(/(..)(..)(..)/, '$1:$2:$3')}Z`;
  const end = new Date(iso).getTime();
  return !Number.isNaN(end) && digestKey(end) === key ? end : undefined;
}

/** Returns a text before the keys of all log files that Firehose received since this time, and after all earlier ones. */
export const entriesSince = (time: number): string =>
  ENTRIES_PREFIX + new Date(time).toISOString().slice(0, 13).replaceAll(/[-T]/g, '/');

/** Returns whether the key is one of Amazon Data Firehose: below its hour, or below a folder for errors in its hour. */
export const isLogFileKey = (key: string): boolean =>
  key.startsWith(ENTRIES_PREFIX) && /^\d{4}(\/\d\d){3}\/./.test(key.slice(ENTRIES_PREFIX.length));

/** Returns the text that the signature covers. */
export function signingInput(digest: AuditDigest, keyArn: string): string {
  const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${encode({ alg: 'ES256', kid: keyArn })}.${encode(digest)}`;
}

/** Returns the digest without a check of its signature; undefined if it is not one. */
export function parseDigest(text: string): AuditDigest | undefined {
  if (!isCompactJws(text)) return undefined;
  const [, payload = ''] = text.split('.');
  const parsed = v.safeParse(
    AuditDigestSchema,
    parseJsonObject(Buffer.from(payload, 'base64url').toString('utf8')),
  );
  return parsed.success ? parsed.output : undefined;
}

const headerOf = (text: string) =>
  parseJsonObject(Buffer.from(text.split('.', 1).join(), 'base64url').toString('utf8')) ?? {};

/** Returns the ARN of the KMS key that the digest states, without a check of its signature; undefined if it states none. */
export function statedKeyArn(text: string): string | undefined {
  const { kid } = isCompactJws(text) ? headerOf(text) : {};
  return typeof kid === 'string' && /^arn:[\w-]+:kms:[\w-]+:\d{12}:key\/[\w-]+$/.test(kid) ? kid : undefined;
}

/** Returns whether one of the keys signed the digest (RFC 7518 section 3.4). */
export function isSignedBy(text: string, keys: readonly KeyObject[]): boolean {
  const [header = '', payload = '', signature = ''] = text.split('.');
  const { alg } = headerOf(text);
  if (alg !== 'ES256' || !isCompactJws(text)) return false;
  return keys.some((key) =>
    verify(
      'sha256',
      Buffer.from(`${header}.${payload}`),
      { key, dsaEncoding: 'ieee-p1363' },
      Buffer.from(signature, 'base64url'),
    ),
  );
}
