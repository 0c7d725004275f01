/** What the digests list, and that the chain continues after each interruption. */
import {
  isSignedBy,
  parseDigest,
  HOUR_MS,
  type AuditDigest,
} from '../../../lambda/domain/audit-trail/audit-digest';
import { writeDigest } from '../../../lambda/domain/audit-trail/write-digest';
import { BEGIN, InMemoryTrail, newKeys, RETENTION_MS } from './in-memory-trail';

let trail: InMemoryTrail;

const digestAt = (hour: number): string =>
  `digests/2026/11/26/20261126T${String(hour).padStart(2, '0')}0000Z.jws`;
const filesIn = (key: string): string[] =>
  digestIn(key).logFiles.map(({ s3Object }) => s3Object.replace(/^entries\/2026\/11\/26\//, ''));
function digestIn(key: string): AuditDigest {
  const digest = parseDigest(trail.content(key));
  if (!digest) throw new Error(`${key} is not a digest`);
  return digest;
}
const file = (name: string, lastModified?: number) =>
  trail.put(`entries/2026/11/26/${name}`, `entries of ${name}`, lastModified);

beforeEach(() => {
  trail = new InMemoryTrail();
});

it('lists the versions of the last hour with their hashes, in a chain that is signed', async () => {
  const { versionId } = file('09/a.gz');
  trail.now += HOUR_MS;
  const written = await trail.write();
  const { publicKey } = trail.keys;
  expect(written).toEqual({ digestS3Object: digestAt(10), hashValue: trail.hashOf(digestAt(10)), files: 1 });
  expect(digestIn(digestAt(10))).toEqual({
    digestStartTime: '2026-11-26T09:00:00.000Z',
    digestEndTime: '2026-11-26T10:00:00.000Z',
    digestS3Bucket: 'trail',
    digestS3Object: digestAt(10),
    logFiles: [
      {
        s3Object: 'entries/2026/11/26/09/a.gz',
        s3ObjectVersionId: versionId,
        hashValue: trail.hashOf('entries/2026/11/26/09/a.gz'),
      },
    ],
    previousDigestS3Object: null,
    previousDigestHashValue: null,
  });
  trail.now += HOUR_MS;
  await trail.write();
  expect(digestIn(digestAt(11))).toMatchObject({
    digestStartTime: '2026-11-26T10:00:00.000Z',
    logFiles: [],
    previousDigestS3Object: digestAt(10),
    previousDigestHashValue: trail.hashOf(digestAt(10)),
  });
  expect(trail.head).toMatchObject({ digestS3Object: digestAt(11) });
  for (const hour of [10, 11]) expect(isSignedBy(trail.content(digestAt(hour)), [publicKey])).toBe(true);
  expect(isSignedBy(trail.content(digestAt(11)), [newKeys().publicKey])).toBe(false);
});

it('is locked, and locks the files that it lists', async () => {
  const listed = file('09/a.gz');
  trail.now += HOUR_MS;
  await trail.write();
  expect(listed.lockedUntil).toBe(trail.now + RETENTION_MS);
  const [digest] = trail.versions.filter(({ key }) => key === digestAt(10));
  expect(digest?.lockedUntil).toBe(trail.now + RETENTION_MS);
});

it('writes one digest for an hour', async () => {
  trail.now += HOUR_MS;
  await trail.write();
  expect(await trail.write()).toBeUndefined();
  expect(trail.digestKeys()).toEqual([digestAt(10)]);
});

it('lists a late file in the next digest, and no file twice', async () => {
  file('09/a.gz');
  trail.now += HOUR_MS;
  await trail.write();
  // Its upload began in the hour of the digest that did not see it.
  file('09/late.gz', BEGIN);
  file('10/b.gz');
  trail.now += HOUR_MS;
  await trail.write();
  trail.now += 22 * HOUR_MS;
  file('09/very-late.gz');
  trail.now += HOUR_MS;
  await trail.write();
  expect(filesIn(digestAt(11))).toEqual(['09/late.gz', '10/b.gz']);
  expect(filesIn('digests/2026/11/27/20261127T100000Z.jws')).toEqual(['09/very-late.gz']);
  expect(await trail.problems()).toEqual(['gap digests/2026/11/27/20261127T100000Z.jws']);
});

it('leaves files of the current hour and delete markers to a later digest', async () => {
  trail.now = BEGIN + HOUR_MS;
  file('10/a.gz');
  trail.hide('entries/2026/11/26/09/hidden.gz');
  await trail.write();
  expect(filesIn(digestAt(10))).toEqual([]);
});

it('covers an outage with one digest, which lists the files of all hours', async () => {
  await trail.hours(1);
  for (let hour = 10; hour < 13; hour++) {
    file(`${hour}/a.gz`);
    trail.now += HOUR_MS;
  }
  await trail.write();
  expect(digestIn(digestAt(13))).toMatchObject({ digestStartTime: '2026-11-26T10:00:00.000Z' });
  expect(filesIn(digestAt(13))).toEqual(['10/a.gz', '11/a.gz', '12/a.gz']);
});

describe('after a run that stopped before it recorded its digest', () => {
  beforeEach(async () => {
    await trail.hours(2);
    const head = trail.head;
    await trail.hours(1);
    trail.head = head;
  });

  it('the next run records it, and continues the chain', async () => {
    await trail.hours(1);
    expect(await trail.problems()).toEqual([]);
  });

  it('a run in the same hour records it, and writes none', async () => {
    expect(await trail.write()).toBeUndefined();
    expect(trail.head).toEqual({ digestS3Object: digestAt(12), hashValue: trail.hashOf(digestAt(12)) });
  });
});

it.each([
  ['is signed by another key', (digest: AuditDigest) => trail.signed(digest, newKeys())],
  [
    'does not continue the chain',
    (digest: AuditDigest) => trail.signed({ ...digest, previousDigestHashValue: null }),
  ],
  ['names another key', (digest: AuditDigest) => trail.signed({ ...digest, digestS3Object: digestAt(20) })],
  ['is no digest', () => 'planted'],
])('does not record a digest that %s', async (_name, forged) => {
  await trail.hours(2);
  const digest: AuditDigest = {
    ...digestIn(digestAt(11)),
    digestS3Object: digestAt(12),
    digestStartTime: '2026-11-26T11:00:00.000Z',
    digestEndTime: '2026-11-26T12:00:00.000Z',
    previousDigestS3Object: digestAt(11),
    previousDigestHashValue: trail.hashOf(digestAt(11)),
  };
  trail.put(digestAt(12), forged(digest));
  trail.now += HOUR_MS;
  await expect(trail.write()).rejects.toThrow(`${digestAt(12)} is not a digest of this service`);
  expect(trail.head).toMatchObject({ digestS3Object: digestAt(11) });
  // The next hour has another key.
  trail.now += HOUR_MS;
  await trail.write();
  expect(await trail.problems()).toEqual([`gap ${digestAt(13)}`, `invalid ${digestAt(12)}`]);
});

it('names the key of another deployment that writes into the same bucket', async () => {
  const other = new InMemoryTrail();
  const keyArn = 'arn:aws:kms:eu-central-1:111122223333:key/other';
  const signer = { ...other.dependencies.signer, keyArn };
  trail.now += HOUR_MS;
  await writeDigest({
    ...other.dependencies,
    signer,
    bucket: trail.bucket,
    system: trail.dependencies.system,
  });
  await expect(trail.write()).rejects.toThrow(
    `${digestAt(10)} is not a digest of this service. It states the key ${keyArn}.`,
  );
});

it('leaves the digest to a run that was faster', async () => {
  await trail.hours(1);
  trail.now += HOUR_MS;
  const real = trail.bucket;
  const bucket = {
    ...trail.bucket,
    create: async (key: string, text: string, until: number) => {
      await trail.write();
      return real.create(key, text, until);
    },
  };
  expect(await writeDigest({ ...trail.dependencies, bucket })).toBeUndefined();
  expect(await trail.problems()).toEqual([]);
});

it.each([
  ['removed', (key: string) => trail.destroy(key)],
  [
    'changed',
    (key: string) => {
      trail.destroy(key);
      trail.put(key, 'changed');
    },
  ],
])('continues the chain when its newest digest was %s, and fails', async (_name, tamper) => {
  await trail.hours(3);
  const lost = trail.hashOf(digestAt(12));
  tamper(digestAt(12));
  trail.now += HOUR_MS;
  await expect(trail.write()).rejects.toThrow(`the digest ${digestAt(12)} is missing or was changed`);
  expect(digestIn(digestAt(13))).toMatchObject({
    previousDigestS3Object: digestAt(12),
    previousDigestHashValue: lost,
  });
});

it('finds the newest digest again when the recorded head was removed', async () => {
  await trail.hours(3);
  trail.head = undefined;
  await trail.hours(1);
  expect(await trail.problems()).toEqual([]);
});

it('fails when a file disappears while it is read', async () => {
  file('09/a.gz');
  trail.now += HOUR_MS;
  const bucket = { ...trail.bucket, read: () => Promise.resolve(undefined) };
  await expect(writeDigest({ ...trail.dependencies, bucket })).rejects.toThrow('disappeared');
  expect(trail.digestKeys()).toEqual([]);
});
