/**
 * Writes the digest of the last hours: the hashes of all log files that are in no earlier digest, so a file that arrives
 * late is in a later one. A digest is written each hour, also without files: then a missing one is evidence. After an
 * outage, one digest covers all hours: a digest for each would hide that they were not written in time.
 */
import type { KeyObject } from 'node:crypto';
import {
  digestEndOf,
  DIGESTS_PREFIX,
  digestKey,
  entriesSince,
  ENTRIES_PREFIX,
  hashValueOf,
  HOUR_MS,
  isSignedBy,
  LATE_MS,
  parseDigest,
  signingInput,
  statedKeyArn,
  type AuditDigest,
  type LogFile,
} from './audit-digest';
import type { LockDependencies } from './lock-log-files';
import type { TrailWriter } from './trail-bucket';

/** The newest digest, in a store that a principal with power over the bucket cannot write. */
export interface AuditHead {
  readonly digestS3Object: string;
  readonly hashValue: string;
}

export interface AuditHeadStore {
  get(): Promise<AuditHead | undefined>;
  /** @returns false if the head is no longer the one before */
  advance(before: AuditHead | undefined, after: AuditHead): Promise<boolean>;
}

export interface DigestSigner {
  readonly keyArn: string;
  /** Returns the signature in base64url (RFC 7518 section 3.4). */
  sign(input: string): Promise<string>;
  publicKey(): Promise<KeyObject>;
}

export interface DigestDependencies extends LockDependencies {
  readonly heads: AuditHeadStore;
  readonly signer: DigestSigner;
}

/** Files that are read at the same time. */
const PARALLEL = 8;

interface Recent {
  /** Versions of files that earlier digests have. */
  readonly listed: ReadonlySet<string>;
  /** A digest of the chain that is missing or changed. */
  readonly lost: string | undefined;
}

const idOf = ({ s3Object, s3ObjectVersionId }: Omit<LogFile, 'hashValue'>): string =>
  JSON.stringify([s3Object, s3ObjectVersionId]);

const endOf = (head: AuditHead): number => digestEndOf(head.digestS3Object) ?? 0;

/** Returns the version of the object that has this hash. */
async function textWithHash(bucket: TrailWriter, { digestS3Object, hashValue }: AuditHead) {
  for await (const version of bucket.list(digestS3Object, '')) {
    const bytes = version.deleteMarker ? undefined : await bucket.read(version);
    if (bytes && hashValueOf(bytes) === hashValue) return Buffer.from(bytes).toString('utf8');
  }
  return undefined;
}

/**
 * Records a digest that an earlier run wrote without recording it as the head. A digest that another principal left there
 * has no signature of the key, or does not continue the chain.
 */
async function recordUnrecorded({
  bucket,
  heads,
  signer,
}: DigestDependencies): Promise<AuditHead | undefined> {
  let head = await heads.get();
  let publicKey: KeyObject | undefined;
  for await (const version of bucket.list(DIGESTS_PREFIX, head?.digestS3Object ?? '')) {
    if (version.deleteMarker || digestEndOf(version.key) === undefined) continue;
    const bytes = await bucket.read(version);
    const text = Buffer.from(bytes ?? []).toString('utf8');
    const digest = parseDigest(text);
    if (digest?.digestS3Object !== version.key) continue;
    if (digest.previousDigestHashValue !== (head?.hashValue ?? null)) continue;
    publicKey ??= await signer.publicKey();
    if (!isSignedBy(text, [publicKey])) continue;
    const next = { digestS3Object: version.key, hashValue: hashValueOf(text) };
    if (!(await heads.advance(head, next))) return heads.get();
    head = next;
  }
  return head;
}

/** Follows the chain from the head to the digests that can have files of the keys since then. */
async function recentDigests(
  bucket: TrailWriter,
  head: AuditHead | undefined,
  since: number,
): Promise<Recent> {
  const listed = new Set<string>();
  let link = head;
  while (link && endOf(link) > since) {
    const text = await textWithHash(bucket, link);
    const digest = text === undefined ? undefined : parseDigest(text);
    if (!digest) return { listed, lost: link.digestS3Object };
    for (const file of digest.logFiles) listed.add(idOf(file));
    const { previousDigestS3Object: digestS3Object, previousDigestHashValue: hashValue } = digest;
    link = digestS3Object === null || hashValue === null ? undefined : { digestS3Object, hashValue };
  }
  return { listed, lost: undefined };
}

/** Returns the files that no earlier digest lists, each locked before it is read. */
async function filesToList(
  { bucket, retentionMs, system }: LockDependencies,
  listed: Recent['listed'],
  { since, end }: { readonly since: number; readonly end: number },
): Promise<LogFile[]> {
  const found: Omit<LogFile, 'hashValue'>[] = [];
  for await (const { key, versionId, lastModified, deleteMarker } of bucket.list(
    ENTRIES_PREFIX,
    entriesSince(since),
  )) {
    const file = { s3Object: key, s3ObjectVersionId: versionId };
    if (!deleteMarker && lastModified < end && !listed.has(idOf(file))) found.push(file);
  }
  const files: LogFile[] = [];
  for (let at = 0; at < found.length; at += PARALLEL) {
    const hashed = found.slice(at, at + PARALLEL).map(async (file): Promise<LogFile> => {
      const { s3Object: key, s3ObjectVersionId: versionId } = file;
      await bucket.lock({ key, versionId }, system.now() + retentionMs);
      const bytes = await bucket.read({ key, versionId });
      if (!bytes) throw new Error('a version of a log file disappeared while the digest was made');
      return { ...file, hashValue: hashValueOf(bytes) };
    });
    files.push(...(await Promise.all(hashed)));
  }
  return files;
}

/** Returns what is in the place of the digest that this service would write. */
async function foreignDigest({ bucket, signer }: DigestDependencies, key: string): Promise<string> {
  const foreign = `${key} is not a digest of this service`;
  for await (const version of bucket.list(key, '')) {
    const bytes = await bucket.read(version);
    const stated = statedKeyArn(Buffer.from(bytes ?? []).toString('utf8'));
    if (stated !== undefined && stated !== signer.keyArn) {
      return `${foreign}. It states the key ${stated}. If another deployment has this key, give each deployment its own bucket.`;
    }
  }
  return foreign;
}

/** The new head; undefined if the digest of the last full hour was written already. */
export type WrittenDigest = AuditHead & { readonly files: number };

/**
 * @throws Error after it wrote the digest, if a digest of the last day is missing or changed: the chain continues, and
 *   the new digest still names the lost one
 */
export async function writeDigest(deps: DigestDependencies): Promise<WrittenDigest | undefined> {
  const { bucket, heads, signer, retentionMs, system } = deps;
  const end = Math.floor(system.now() / HOUR_MS) * HOUR_MS;
  const head = await recordUnrecorded(deps);
  if (head && endOf(head) >= end) return undefined;
  const start = head ? endOf(head) : end - HOUR_MS;
  const since = start - LATE_MS;
  const { listed, lost } = await recentDigests(bucket, head, since);
  const logFiles = await filesToList(deps, listed, { since, end });
  const digest: AuditDigest = {
    digestStartTime: new Date(start).toISOString(),
    digestEndTime: new Date(end).toISOString(),
    digestS3Bucket: bucket.name,
    digestS3Object: digestKey(end),
    logFiles,
    previousDigestS3Object: head?.digestS3Object ?? null,
    previousDigestHashValue: head?.hashValue ?? null,
  };
  const input = signingInput(digest, signer.keyArn);
  const text = `${input}.${await signer.sign(input)}`;
  const written = { digestS3Object: digest.digestS3Object, hashValue: hashValueOf(text) };
  if (!(await bucket.create(written.digestS3Object, text, system.now() + retentionMs))) {
    // A run at the same time was faster.
    const other = await recordUnrecorded(deps);
    if (other && endOf(other) >= end) return undefined;
    throw new Error(await foreignDigest(deps, written.digestS3Object));
  }
  // If another run has recorded it already, the head is the same.
  await heads.advance(head, written);
  if (lost !== undefined) throw new Error(`the digest ${lost} is missing or was changed`);
  return { ...written, files: logFiles.length };
}
