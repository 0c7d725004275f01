/** A bucket with versions, a head, and a key, in memory. A test can do to the bucket what its owner can. */
import { generateKeyPairSync, sign } from 'node:crypto';
import {
  HOUR_MS,
  hashValueOf,
  signingInput,
  type AuditDigest,
} from '../../../lambda/domain/audit-trail/audit-digest';
import type { ObjectVersion, TrailWriter } from '../../../lambda/domain/audit-trail/trail-bucket';
import { verifyTrail, type VerificationOptions } from '../../../lambda/domain/audit-trail/verify-trail';
import { writeDigest, type AuditHead } from '../../../lambda/domain/audit-trail/write-digest';

interface Stored extends ObjectVersion {
  readonly bytes: Buffer;
  /** Epoch milliseconds; undefined for a version without a lock. */
  lockedUntil?: number;
}

/** The beginning of the trail, in the middle of an hour. */
export const BEGIN = new Date('2026-11-26T09:20:00Z').getTime();

export const RETENTION_MS = 365 * 24 * HOUR_MS;

export const newKeys = () => generateKeyPairSync('ec', { namedCurve: 'P-256' });

export class InMemoryTrail {
  now = BEGIN;
  head: AuditHead | undefined;
  versions: Stored[] = [];
  readonly keys = newKeys();
  reads = 0;
  private made = 0;

  put(key: string, content: string | Buffer, lastModified = this.now): Stored {
    return this.add({ key, lastModified, deleteMarker: false, bytes: Buffer.from(content) });
  }

  /** As a deletion without a version ID does. */
  hide(key: string): void {
    this.add({ key, lastModified: this.now, deleteMarker: true, bytes: Buffer.of() });
  }

  /** As a deletion of all versions does, which Object Lock prevents. */
  destroy(key: string): void {
    this.versions = this.versions.filter((version) => version.key !== key);
  }

  content(key: string): string {
    const found = this.versions.find((version) => version.key === key);
    if (!found) throw new Error(`there is no ${key}`);
    return found.bytes.toString('utf8');
  }

  digestKeys(): string[] {
    return this.versions.map(({ key }) => key).filter((key) => key.startsWith('digests/'));
  }

  signed(digest: AuditDigest, { privateKey } = this.keys): string {
    const input = signingInput(digest, 'arn:aws:kms:eu-central-1:111122223333:key/trail');
    const signature = sign('sha256', Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363' });
    return `${input}.${signature.toString('base64url')}`;
  }

  readonly bucket: TrailWriter = {
    name: 'trail',
    list: (prefix, after) => this.list(prefix, after),
    read: ({ key, versionId }) => {
      this.reads += 1;
      const found = this.versions.find((each) => each.key === key && each.versionId === versionId);
      return Promise.resolve(found?.bytes);
    },
    create: (key, text, until) => {
      const [latest] = this.versions.filter((each) => each.key === key).reverse();
      if (latest && !latest.deleteMarker) return Promise.resolve(false);
      this.put(key, text).lockedUntil = until;
      return Promise.resolve(true);
    },
    lock: ({ versionId }, until) => {
      const found = this.versions.find((each) => each.versionId === versionId);
      if (found) found.lockedUntil ??= until;
      return Promise.resolve();
    },
  };

  readonly dependencies = {
    bucket: this.bucket,
    heads: {
      get: () => Promise.resolve(this.head),
      advance: (before: AuditHead | undefined, after: AuditHead) => {
        if (before?.digestS3Object !== this.head?.digestS3Object) return Promise.resolve(false);
        this.head = after;
        return Promise.resolve(true);
      },
    },
    signer: {
      keyArn: 'arn:aws:kms:eu-central-1:111122223333:key/trail',
      sign: (input: string) =>
        Promise.resolve(
          sign('sha256', Buffer.from(input), {
            key: this.keys.privateKey,
            dsaEncoding: 'ieee-p1363',
          }).toString('base64url'),
        ),
      publicKey: () => Promise.resolve(this.keys.publicKey),
    },
    retentionMs: RETENTION_MS,
    system: { now: () => this.now },
  };

  write() {
    return writeDigest(this.dependencies);
  }

  /** Lets hours pass, each with a log file and a digest. */
  async hours(count: number): Promise<void> {
    for (let hour = 0; hour < count; hour++) {
      const time = new Date(this.now).toISOString();
      this.put(`entries/${time.slice(0, 13).replaceAll(/[-T]/g, '/')}/file-${time}.gz`, `entries of ${time}`);
      this.now += HOUR_MS;
      await this.write();
    }
  }

  verify(options: Partial<VerificationOptions> = {}) {
    return verifyTrail({
      reader: this.bucket,
      bucket: 'trail',
      publicKeys: [this.keys.publicKey],
      from: BEGIN - 24 * HOUR_MS,
      to: undefined,
      head: this.head,
      now: this.now,
      progress: () => undefined,
      ...options,
    });
  }

  async problems(options: Partial<VerificationOptions> = {}): Promise<string[]> {
    const { problems } = await this.verify(options);
    return problems.map(({ problem, s3Object }) => `${problem} ${s3Object}`);
  }

  hashOf(key: string): string {
    return hashValueOf(this.content(key));
  }

  private add(version: Omit<Stored, 'versionId'>): Stored {
    const added = { ...version, versionId: `v${++this.made}` };
    this.versions.push(added);
    return added;
  }

  private async *list(prefix: string, after: string): AsyncIterable<ObjectVersion> {
    await Promise.resolve();
    const newestFirst = [...this.versions].reverse();
    const keys = [...new Set(newestFirst.map(({ key }) => key))].sort();
    for (const key of keys) {
      if (!key.startsWith(prefix) || key <= after) continue;
      yield* newestFirst.filter((version) => version.key === key);
    }
  }
}
