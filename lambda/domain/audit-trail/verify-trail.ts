/**
 * Verifies the audit trail, from the newest digest to the oldest: signatures, places, the chain, and the files that the
 * digests list. It reads only the bucket, so it needs no running service. Where CloudTrail knows a problem, it has that name
 * ("aws cloudtrail validate-logs"): invalid, missing, moved, gap.
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
  isLogFileKey,
  isSignedBy,
  LATE_MS,
  parseDigest,
  type AuditDigest,
  type LogFile,
} from './audit-digest';
import type { ObjectVersion, TrailReader } from './trail-bucket';

/**
 * - `invalid`: the content is not the one that was recorded, or a digest has no signature of the key or is not in the chain.
 * - `missing`: a digest or a log file does not exist.
 * - `moved`: a digest belongs to another key or another bucket.
 * - `gap`: for some hours, no digest was written in time, or the chain begins again.
 * - `cut`: newer digests than the newest one existed.
 * - `hidden`: a delete marker, or another object with the same key, hides the version that was recorded.
 * - `unlisted`: a log file that no digest lists.
 * - `unexpected`: an object with a name that neither log files nor digests have.
 */
export type ProblemType =
  'invalid' | 'missing' | 'moved' | 'gap' | 'cut' | 'hidden' | 'unlisted' | 'unexpected';

export interface Problem {
  readonly problem: ProblemType;
  readonly s3Object: string;
  readonly s3ObjectVersionId?: string;
  /** A sentence. */
  readonly detail: string;
}

export interface Verification {
  /** Verified digests and log files. */
  readonly digests: number;
  readonly files: number;
  /** The verified period; undefined without a verified digest. */
  readonly startTime?: string;
  readonly endTime?: string;
  /** The newest verified digest. */
  readonly newest?: { readonly digestS3Object: string; readonly hashValue: string };
  /** Whether the head was compared with the chain. It is not if it is outside the period. */
  readonly anchored: boolean;
  readonly problems: readonly Problem[];
}

export interface VerificationOptions {
  readonly reader: TrailReader;
  /** The bucket that the digests must name; undefined for any. */
  readonly bucket: string | undefined;
  /** One of these keys must have signed a digest. */
  readonly publicKeys: readonly KeyObject[];
  /** Epoch milliseconds. Digests of periods that end after this time are verified. */
  readonly from: number;
  /** Epoch milliseconds. Undefined: to the newest digest, which must not be older than an hour. */
  readonly to: number | undefined;
  /** A digest that must be in the chain. Without its key, it must be among the verified ones. */
  readonly head: { readonly digestS3Object?: string; readonly hashValue: string } | undefined;
  readonly now: number;
  readonly progress: (state: { digests: number; files: number; of: number; endTime: string }) => void;
}

/** The function writes a digest some minutes after the hour, and might run again. */
const GRACE_MS = HOUR_MS / 2;

/** Objects that are read at the same time. */
const PARALLEL = 16;

interface Loaded {
  readonly key: string;
  readonly hashValue: string;
  readonly digest: AuditDigest;
}

/** The digest that the next newer one names. `START` is before the first digest of a chain. */
type Link = { readonly key: string; readonly hashValue: string } | 'START' | undefined;

const timeOf = (iso: string): number => new Date(iso).getTime();

const isDigestKey = (key: string): boolean => digestEndOf(key) !== undefined;

/** A prefix of the bucket, and the names below it. */
interface Part {
  readonly prefix: string;
  readonly isNamed: (key: string) => boolean;
}

const DIGESTS: Part = { prefix: DIGESTS_PREFIX, isNamed: isDigestKey };
const ENTRIES: Part = { prefix: ENTRIES_PREFIX, isNamed: isLogFileKey };

class TrailVerification {
  private readonly problems: Problem[] = [];
  private readonly listed = new Set<string>();
  /** Hashes of the verified digests by their keys. */
  private readonly hashes = new Map<string, string>();
  /** Periods without a verified digest. Epoch milliseconds. */
  private readonly holes: { readonly start: number; readonly end: number }[] = [];
  private entries: ReadonlyMap<string, readonly ObjectVersion[]> = new Map();
  private digests = 0;
  private files = 0;
  private newest: Loaded | undefined;
  private oldest: Loaded | undefined;
  private cut = false;
  private anchored = false;

  constructor(private readonly options: VerificationOptions) {}

  private add(problem: ProblemType, object: string | ObjectVersion, detail: string): void {
    const at =
      typeof object === 'string'
        ? { s3Object: object }
        : { s3Object: object.key, s3ObjectVersionId: object.versionId };
    this.problems.push({ problem, ...at, detail });
  }

  async verify(): Promise<Verification> {
    const { from, to } = this.options;
    const all = await this.versionsOf(DIGESTS, digestKey(from));
    const keys = [...all.keys()].sort().reverse();
    // The next newer digest names the newest one of the period.
    const firstAfter = keys.filter((key) => to !== undefined && (digestEndOf(key) ?? 0) > to).at(-1);
    const wanted = keys.filter((key) => to === undefined || (digestEndOf(key) ?? 0) <= to);
    // Those of all times: a catch-up digest lists files from before its hour, and a forged file can have any earlier name.
    this.entries = await this.versionsOf(ENTRIES);
    this.checkCut(keys[0]);
    let link: Link;
    if (firstAfter !== undefined) {
      const after = await this.load(firstAfter, all.get(firstAfter) ?? [], undefined);
      if (after) link = previousOf(after);
    }
    let newer: Loaded | undefined;
    for (const key of wanted) {
      link = this.reportMissing(link, key);
      if (link === undefined) newer = undefined;
      if (link !== undefined && link !== 'START' && link.key < key) {
        this.add('invalid', key, `It is not in the chain: the digest after it follows ${link.key}.`);
        continue;
      }
      const loaded = await this.load(key, all.get(key) ?? [], link);
      if (!loaded) {
        link = undefined;
        continue;
      }
      this.compareWithNewer(loaded, newer, link);
      await this.verifyFiles(loaded, wanted.length);
      [link, newer] = [previousOf(loaded), loaded];
      this.record(loaded);
    }
    this.reportMissing(link, digestKey(from));
    if (firstAfter === undefined) this.checkAge(wanted[0]);
    this.checkHead();
    this.checkUnlisted();
    return this.result();
  }

  /** Returns the versions by key, of each key the newest first, and reports the objects with other names. */
  private async versionsOf({ prefix, isNamed }: Part, after = '') {
    const found = new Map<string, ObjectVersion[]>();
    for await (const version of this.options.reader.list(prefix, '')) {
      if (!isNamed(version.key)) this.reportUnexpected(version);
      else if (version.key > after) {
        const others = found.get(version.key);
        if (others) others.push(version);
        else found.set(version.key, [version]);
      }
    }
    return found;
  }

  private reportUnexpected(version: ObjectVersion): void {
    if (version.deleteMarker) return;
    this.add(
      'unexpected',
      version,
      'The trail does not use this name, so no digest covers the object. Do not read it as a log file or a digest.',
    );
  }

  private record(loaded: Loaded): void {
    const { oldest } = this;
    const end = timeOf(loaded.digest.digestEndTime);
    const start = oldest ? timeOf(oldest.digest.digestStartTime) : end;
    if (end < start) this.holes.push({ start: end, end: start });
    this.hashes.set(loaded.key, loaded.hashValue);
    this.newest ??= loaded;
    this.oldest = loaded;
  }

  /** A chain does not show that its newest digests were removed: the head that was recorded elsewhere does. */
  private checkCut(newestKey: string | undefined): void {
    const { head, to } = this.options;
    const end = digestEndOf(head?.digestS3Object ?? '');
    if (head?.digestS3Object === undefined || end === undefined || (to !== undefined && end > to)) return;
    if (newestKey !== undefined && newestKey >= head.digestS3Object) return;
    this.cut = true;
    this.anchored = true;
    this.add(
      'cut',
      head.digestS3Object,
      `The newest recorded digest does not exist. The newest one that exists is ${newestKey ?? 'none'}.`,
    );
  }

  /** Reports the digest of the link as missing if it is newer than the key. */
  private reportMissing(link: Link, key: string): Link {
    if (link === undefined || link === 'START' || link.key <= key) return link;
    this.add('missing', link.key, 'The digest after it names it, but it does not exist.');
    return undefined;
  }

  /** Returns the version that the chain has, or else the first one that is valid. */
  private async load(
    key: string,
    versions: readonly ObjectVersion[],
    link: Link,
  ): Promise<Loaded | undefined> {
    const { reader, bucket, publicKeys } = this.options;
    if (versions[0]?.deleteMarker) this.add('hidden', versions[0], 'A delete marker hides the digest.');
    const faults: [ProblemType, ObjectVersion, string][] = [];
    let chosen: Loaded | undefined;
    // The oldest version first: the function writes each digest once.
    for (const version of versions.filter(({ deleteMarker }) => !deleteMarker).reverse()) {
      const bytes = await reader.read(version);
      if (!bytes) {
        faults.push(['missing', version, 'The digest disappeared while it was verified.']);
        continue;
      }
      const text = Buffer.from(bytes).toString('utf8');
      const digest = parseDigest(text);
      const hashValue = hashValueOf(bytes);
      const isLinked = typeof link === 'object' && link.hashValue === hashValue;
      if (!digest || !isSignedBy(text, publicKeys)) {
        faults.push(['invalid', version, 'The signature of the digest is not one of the key.']);
      } else if (
        digest.digestS3Object !== key ||
        digest.digestS3Bucket !== (bucket ?? digest.digestS3Bucket)
      ) {
        const place = `${digest.digestS3Bucket}/${digest.digestS3Object}`;
        faults.push(['moved', version, `The digest was moved from ${place}.`]);
      } else if (typeof link === 'object' && !isLinked) {
        faults.push(['invalid', version, 'The digest is not the one that the digest after it names.']);
      } else if (chosen) {
        faults.push([
          'hidden',
          version,
          'Another digest with the same key hides the one that was written first.',
        ]);
      } else {
        chosen = { key, hashValue, digest };
      }
    }
    if (versions.every(({ deleteMarker }) => deleteMarker)) {
      this.add('missing', key, 'The digest was deleted: only its delete marker exists.');
    }
    for (const fault of faults) this.add(...fault);
    return chosen;
  }

  private compareWithNewer({ digest, key }: Loaded, newer: Loaded | undefined, link: Link): void {
    const { digestStartTime: start, digestEndTime: end } = digest;
    if (timeOf(end) !== digestEndOf(key) || timeOf(start) >= timeOf(end)) {
      this.add('invalid', key, 'The times of the digest are not those of its key.');
    } else if (timeOf(end) - timeOf(start) > HOUR_MS) {
      this.add(
        'gap',
        key,
        `No digest was written in time between ${start} and ${end}: this one covers all of it.`,
      );
    }
    if (!newer) return;
    if (link === 'START') {
      this.add('gap', newer.key, `The chain begins again here, and does not continue ${key}.`);
    } else if (newer.digest.digestStartTime !== end) {
      this.add(
        'gap',
        newer.key,
        `It begins at ${newer.digest.digestStartTime}, but the digest before it ends at ${end}.`,
      );
    }
  }

  private async verifyFiles({ digest }: Loaded, of: number): Promise<void> {
    const { logFiles, digestEndTime: endTime } = digest;
    for (let at = 0; at < logFiles.length; at += PARALLEL) {
      await Promise.all(logFiles.slice(at, at + PARALLEL).map((file) => this.verifyFile(file)));
    }
    this.digests += 1;
    this.options.progress({ digests: this.digests, files: this.files, of, endTime });
  }

  private async verifyFile({
    s3Object: key,
    s3ObjectVersionId: versionId,
    hashValue,
  }: LogFile): Promise<void> {
    this.files += 1;
    const versions = this.entries.get(key) ?? [];
    // A copy of the bucket has no versions.
    const version = versions.find((each) => each.versionId === versionId || each.versionId === '');
    if (version) this.listed.add(idOf(version));
    const bytes = version && (await this.options.reader.read(version));
    if (!bytes) {
      this.add('missing', key, `Version ${versionId} of the log file does not exist.`);
    } else if (hashValueOf(bytes) !== hashValue) {
      this.add('invalid', version, 'The log file was changed: its hash is not the one in the digest.');
    }
    const [latest] = versions;
    if (!latest || latest === version) return;
    this.listed.add(idOf(latest));
    this.add(
      'hidden',
      latest,
      latest.deleteMarker
        ? `A delete marker hides the log file, whose version ${versionId} is in a digest.`
        : `Another version of the log file hides version ${versionId}, which is in a digest.`,
    );
  }

  /**
   * Digests are written each hour, also without entries, so a verified period without a later digest must end with one.
   */
  private checkAge(newestKey: string | undefined): void {
    const { from, to = Infinity, now } = this.options;
    const expected = Math.floor(Math.min(to, now - GRACE_MS) / HOUR_MS) * HOUR_MS;
    const end = digestEndOf(newestKey ?? '') ?? from;
    if (this.cut || end >= expected) return;
    const since = new Date(end).toISOString();
    this.add(
      'gap',
      newestKey ?? DIGESTS_PREFIX,
      `There is no digest since ${since}: none was written, or newer ones were removed.`,
    );
  }

  private checkHead(): void {
    const { head, from, to } = this.options;
    if (!head || this.cut) return;
    const { digestS3Object: key, hashValue } = head;
    const isVerified =
      key === undefined ? [...this.hashes.values()].includes(hashValue) : this.hashes.get(key) === hashValue;
    const end = digestEndOf(key ?? '');
    const isOutside = end !== undefined && (end <= from || (to !== undefined && end > to));
    this.anchored = isVerified || !isOutside;
    if (isVerified || isOutside) return;
    this.add(
      'invalid',
      key ?? DIGESTS_PREFIX,
      `The chain does not contain the digest that was recorded with the hash ${hashValue}.`,
    );
  }

  private checkUnlisted(): void {
    if (!this.newest || !this.oldest) return;
    const start = timeOf(this.oldest.digest.digestStartTime);
    const covered = timeOf(this.newest.digest.digestEndTime);
    // A file can be listed by the digest after the one of the hour in which its upload began.
    const end = covered - HOUR_MS;
    // Nothing is known about the files of a digest that is lost.
    const arrived = ({ lastModified: at }: ObjectVersion): boolean =>
      at >= start && at < end && !this.holes.some((hole) => at >= hole.start && at < hole.end);
    // A file of these hours cannot have arrived later. One that did was given the name of an earlier hour.
    const isNamedInPeriod = ({ key }: ObjectVersion): boolean =>
      this.holes.length === 0 && key >= entriesSince(start) && key < entriesSince(covered - LATE_MS);
    for (const version of [...this.entries.values()].flat()) {
      if (version.deleteMarker || this.listed.has(idOf(version))) continue;
      if (!arrived(version) && !isNamedInPeriod(version)) continue;
      this.add('unlisted', version, 'No digest lists this log file: the function did not see it in time.');
    }
  }

  private result(): Verification {
    const { newest, oldest, anchored, problems, digests, files } = this;
    return {
      digests,
      files,
      ...(oldest && { startTime: oldest.digest.digestStartTime }),
      ...(newest && {
        endTime: newest.digest.digestEndTime,
        newest: { digestS3Object: newest.key, hashValue: newest.hashValue },
      }),
      anchored,
      problems,
    };
  }
}

const idOf = ({ key, versionId }: ObjectVersion): string => JSON.stringify([key, versionId]);

function previousOf({ digest }: Loaded): Link {
  const { previousDigestS3Object: key, previousDigestHashValue: hashValue } = digest;
  return key === null || hashValue === null ? 'START' : { key, hashValue };
}

export const verifyTrail = (options: VerificationOptions): Promise<Verification> =>
  new TrailVerification(options).verify();
