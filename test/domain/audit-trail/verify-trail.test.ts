/** What a verification finds after each way to tamper with the audit trail. */
import {
  HOUR_MS,
  LATE_MS,
  parseDigest,
  type AuditDigest,
} from '../../../lambda/domain/audit-trail/audit-digest';
import { BEGIN, InMemoryTrail, newKeys } from './in-memory-trail';

let trail: InMemoryTrail;

/** Hours for which Firehose can try to deliver a file. */
const LATE_HOURS = LATE_MS / HOUR_MS;

const digestAt = (hour: number): string => `digests/2026/11/26/20261126T${hour}0000Z.jws`;
const fileAt = (hour: string): string => `entries/2026/11/26/${hour}/file-2026-11-26T${hour}:20:00.000Z.gz`;
const digestIn = (key: string): AuditDigest => {
  const digest = parseDigest(trail.content(key));
  if (!digest) throw new Error(`${key} is not a digest`);
  return digest;
};

/** Replaces an object where nothing is locked. */
function replace(key: string, content: string): void {
  trail.destroy(key);
  trail.put(key, content);
}

beforeEach(async () => {
  trail = new InMemoryTrail();
  // Digests at 10, 11, 12, 13, and 14 o'clock.
  await trail.hours(5);
});

it('finds nothing in a trail as it was written', async () => {
  const shown: unknown[] = [];
  expect(await trail.verify({ progress: (state) => shown.push(state) })).toEqual({
    digests: 5,
    files: 5,
    startTime: '2026-11-26T09:00:00.000Z',
    endTime: '2026-11-26T14:00:00.000Z',
    newest: { digestS3Object: digestAt(14), hashValue: trail.hashOf(digestAt(14)) },
    anchored: true,
    problems: [],
  });
  expect(shown).toHaveLength(5);
  expect(shown[0]).toEqual({ digests: 1, files: 1, of: 5, endTime: '2026-11-26T14:00:00.000Z' });
});

describe('a log file', () => {
  it('that was changed is invalid', async () => {
    const at = trail.versions.findIndex(({ key }) => key === fileAt('11'));
    trail.versions[at] = { ...trail.versions[at]!, bytes: Buffer.from('other entries') };
    expect(await trail.problems()).toEqual([`invalid ${fileAt('11')}`]);
  });

  it('that was deleted is missing', async () => {
    trail.destroy(fileAt('11'));
    expect(await trail.problems()).toEqual([`missing ${fileAt('11')}`]);
  });

  it('that was replaced is missing, and its replacement hides it', async () => {
    replace(fileAt('11'), 'other entries');
    expect(await trail.problems()).toEqual([`missing ${fileAt('11')}`, `hidden ${fileAt('11')}`]);
  });

  it('is hidden by a new version and by a delete marker, and still verified', async () => {
    trail.put(fileAt('10'), 'other entries');
    trail.hide(fileAt('11'));
    const { problems, files } = await trail.verify();
    expect(files).toBe(5);
    expect(problems.map(({ problem, detail }) => [problem, detail])).toEqual([
      [
        'hidden',
        expect.stringMatching(/^A delete marker hides the log file, whose version v\d+ is in a digest/),
      ],
      ['hidden', expect.stringMatching(/^Another version of the log file hides version v\d+/)],
    ]);
  });

  it('that no digest lists is unlisted', async () => {
    trail.put('entries/2026/11/26/11/forged.gz', 'forged', BEGIN + HOUR_MS);
    expect(await trail.problems()).toEqual(['unlisted entries/2026/11/26/11/forged.gz']);
  });

  it('that was added later with the name of an earlier hour is unlisted, even if only that time is verified', async () => {
    await trail.hours(40);
    const forged = fileAt('11').replace('file', 'forged');
    trail.put(forged, 'entries that never were');
    const period = { from: BEGIN, to: trail.now - HOUR_MS };
    expect(await trail.problems(period)).toEqual([`unlisted ${forged}`]);
  });

  it('that arrived in the verified period is unlisted, however early the hour in its name', async () => {
    await trail.hours(40);
    const forged = 'entries/2026/10/15/03/forged.gz';
    trail.put(forged, 'entries that never were', trail.now - 2 * HOUR_MS);
    expect(await trail.problems({ from: trail.now - 5 * HOUR_MS })).toEqual([`unlisted ${forged}`]);
  });

  it('of a long time without digests is found if only the end of this time is verified', async () => {
    for (let hour = 0; hour < 90; hour++) {
      const time = new Date(trail.now).toISOString();
      trail.put(`entries/${time.slice(0, 13).replaceAll(/[-T]/g, '/')}/file-${time}.gz`, time);
      trail.now += HOUR_MS;
    }
    await trail.write();
    const { problems, files } = await trail.verify({ from: trail.now - 2 * HOUR_MS });
    expect(problems.map(({ problem }) => problem)).toEqual(['gap']);
    expect(files).toBeGreaterThan(LATE_HOURS);
  });

  it('that arrived after the newest digest is no problem', async () => {
    trail.put(fileAt('14'), 'entries of this hour');
    expect(await trail.problems()).toEqual([]);
  });
});

it('is anchored only if the head was compared, whatever the result', async () => {
  const of = async (options: Parameters<InMemoryTrail['verify']>[0]) => {
    const { anchored, problems } = await trail.verify(options);
    return [anchored, ...problems.map(({ problem }) => problem)];
  };
  const forged = { digestS3Object: digestAt(14), hashValue: 'f'.repeat(64) };
  expect(await of({ head: undefined })).toEqual([false]);
  expect(await of({ head: forged })).toEqual([true, 'invalid']);
  // The head is outside the period.
  expect(await of({ head: forged, to: BEGIN + 3 * HOUR_MS })).toEqual([false]);
  expect(await of({ head: { hashValue: trail.hashOf(digestAt(11)) }, to: BEGIN + 3 * HOUR_MS })).toEqual([
    true,
  ]);
  trail.destroy(digestAt(14));
  expect(await of({})).toEqual([true, 'cut']);
});

it.each(['entries/!x', 'entries/2026/11/26/x.gz', 'entries/x.gz', 'digests/!x', 'digests/2026/11/26/x.jws'])(
  'an object with the name %s is unexpected, whenever it arrived',
  async (key) => {
    trail.put(key, 'entries that never were', BEGIN - 100 * HOUR_MS);
    trail.hide(key);
    expect(await trail.problems()).toEqual([`unexpected ${key}`]);
  },
);

it('errors of the delivery are below the hour of their log file', async () => {
  trail.put('entries/2026/11/26/14/processing-failed/file.gz', 'entries', trail.now);
  await trail.hours(1);
  expect(await trail.problems()).toEqual([]);
});

describe('a digest', () => {
  it('that was changed is invalid', async () => {
    const [header, , signature] = trail.content(digestAt(12)).split('.');
    const forged = Buffer.from(JSON.stringify({ ...digestIn(digestAt(12)), logFiles: [] })).toString(
      'base64url',
    );
    replace(digestAt(12), `${header}.${forged}.${signature}`);
    expect(await trail.problems()).toEqual([`invalid ${digestAt(12)}`]);
  });

  it.each([
    ['another key', () => trail.signed({ ...digestIn(digestAt(12)), logFiles: [] }, newKeys()), /signature/],
    [
      'the stolen key',
      () => trail.signed({ ...digestIn(digestAt(12)), logFiles: [] }),
      /digest after it names/,
    ],
    [
      'no algorithm',
      () => trail.content(digestAt(12)).replace(/^[^.]+/, btoa('{"alg":"none"}').replace(/=+$/, '')),
      /signature/,
    ],
    ['nothing', () => 'no digest', /signature/],
  ])('that was replaced by one that is signed by %s is invalid', async (_name, forged, detail) => {
    replace(digestAt(12), forged());
    const { problems } = await trail.verify();
    expect(problems).toMatchObject([{ problem: 'invalid', s3Object: digestAt(12) }]);
    expect(problems[0]?.detail).toMatch(detail);
  });

  it('that was deleted is missing, with the hour', async () => {
    trail.destroy(digestAt(12));
    expect(await trail.problems()).toEqual([`missing ${digestAt(12)}`]);
  });

  it('that a delete marker hides is verified, and reported', async () => {
    trail.hide(digestAt(12));
    expect(await trail.problems()).toEqual([`hidden ${digestAt(12)}`]);
    trail.versions = trail.versions.filter(({ key, deleteMarker }) => key !== digestAt(12) || deleteMarker);
    expect(await trail.problems()).toContain(`missing ${digestAt(12)}`);
  });

  it('that has the place of another hour is moved', async () => {
    const [eleven, twelve] = [trail.content(digestAt(11)), trail.content(digestAt(12))];
    replace(digestAt(11), twelve);
    replace(digestAt(12), eleven);
    expect(await trail.problems()).toEqual([`moved ${digestAt(12)}`, `moved ${digestAt(11)}`]);
  });

  it('that has the place of another hour over a locked version is moved, and the version is verified', async () => {
    trail.put(digestAt(11), trail.content(digestAt(12)));
    const { problems, digests } = await trail.verify();
    expect(problems).toMatchObject([
      { problem: 'moved', s3Object: digestAt(11), s3ObjectVersionId: expect.stringMatching(/^v/) as string },
    ]);
    expect(digests).toBe(5);
  });

  it('of another bucket is moved', async () => {
    expect(await trail.problems({ bucket: 'other' })).toContain(`moved ${digestAt(14)}`);
  });

  it('that is written twice is hidden by the second one', async () => {
    trail.put(digestAt(14), trail.signed({ ...digestIn(digestAt(14)), logFiles: [] }));
    expect(await trail.problems({ head: undefined })).toEqual([`hidden ${digestAt(14)}`]);
  });

  it('that was added by the stolen key is not in the chain', async () => {
    const key = 'digests/2026/11/26/20261126T113000Z.jws';
    trail.put(
      key,
      trail.signed({
        ...digestIn(digestAt(12)),
        digestS3Object: key,
        digestEndTime: '2026-11-26T11:30:00.000Z',
      }),
    );
    expect(await trail.problems()).toEqual([`invalid ${key}`]);
  });

  it('with times that its key does not have is invalid', async () => {
    replace(
      digestAt(14),
      trail.signed({ ...digestIn(digestAt(14)), digestEndTime: '2026-11-26T13:30:00.000Z' }),
    );
    expect(await trail.problems({ head: undefined })).toEqual([`invalid ${digestAt(14)}`]);
  });
});

describe('the chain', () => {
  it('whose newest digests were removed is cut, which only the recorded head shows', async () => {
    for (const hour of [13, 14]) trail.destroy(digestAt(hour));
    expect(await trail.problems({ now: BEGIN + 3 * HOUR_MS })).toEqual([`cut ${digestAt(14)}`]);
    expect(await trail.problems({ now: BEGIN + 3 * HOUR_MS, head: undefined })).toEqual([]);
  });

  it('that was cut to an old head has no new digests', async () => {
    const { head } = trail;
    for (const hour of [13, 14]) trail.destroy(digestAt(hour));
    trail.head = { digestS3Object: digestAt(12), hashValue: trail.hashOf(digestAt(12)) };
    expect(await trail.problems()).toEqual([`gap ${digestAt(12)}`]);
    // Also after the function continued it.
    trail.now += HOUR_MS;
    await trail.write();
    expect(await trail.problems()).toEqual([`gap ${digestAt(15)}`]);
    expect(await trail.problems({ head: { hashValue: head?.hashValue ?? '' } })).toContain(
      'invalid digests/',
    );
  });

  it('that was removed as a whole is cut', async () => {
    trail.versions = [];
    expect(await trail.problems()).toEqual([`cut ${digestAt(14)}`]);
  });

  it('that begins again has a gap', async () => {
    const digest = { ...digestIn(digestAt(13)), previousDigestS3Object: null, previousDigestHashValue: null };
    replace(digestAt(13), trail.signed(digest));
    trail.destroy(digestAt(14));
    expect(await trail.problems({ head: undefined, now: BEGIN + 4 * HOUR_MS })).toEqual([
      `gap ${digestAt(13)}`,
    ]);
  });

  it('has a gap where an hour was left out', async () => {
    replace(
      digestAt(14),
      trail.signed({ ...digestIn(digestAt(14)), digestStartTime: '2026-11-26T13:30:00.000Z' }),
    );
    expect(await trail.problems({ head: undefined })).toEqual([`gap ${digestAt(14)}`]);
  });

  it('has a gap where the function did not run', async () => {
    trail.now += 2 * HOUR_MS;
    await trail.hours(1);
    expect(await trail.problems()).toEqual([`gap ${digestAt(17)}`]);
  });

  it('must contain the recorded digest', async () => {
    const head = { digestS3Object: digestAt(13), hashValue: trail.hashOf(digestAt(12)) };
    expect(await trail.problems({ head })).toEqual([`invalid ${digestAt(13)}`]);
    expect(await trail.problems({ head: { hashValue: trail.hashOf(digestAt(12)) } })).toEqual([]);
  });
});

describe('a period', () => {
  const period = { from: BEGIN + HOUR_MS, to: BEGIN + 3 * HOUR_MS };

  it('has the digests that end in it', async () => {
    expect(await trail.verify(period)).toMatchObject({
      digests: 2,
      startTime: '2026-11-26T10:00:00.000Z',
      endTime: '2026-11-26T12:00:00.000Z',
      problems: [],
    });
  });

  it('ends with the digest that the next one names', async () => {
    replace(digestAt(12), trail.signed({ ...digestIn(digestAt(12)), logFiles: [] }));
    expect(await trail.problems(period)).toEqual([`invalid ${digestAt(12)}`]);
    trail.destroy(digestAt(12));
    expect(await trail.problems(period)).toContain(`missing ${digestAt(12)}`);
  });

  it('begins with the digest that its first one names', async () => {
    trail.destroy(digestAt(11));
    expect(await trail.problems(period)).toEqual([`missing ${digestAt(11)}`]);
  });

  it('has a gap where its newest digests and all later ones were removed', async () => {
    for (const hour of [12, 13, 14]) trail.destroy(digestAt(hour));
    expect(await trail.problems({ ...period, head: undefined })).toEqual([`gap ${digestAt(11)}`]);
  });

  it('has a gap where all digests were removed', async () => {
    trail.versions = [];
    for (const times of [period, {}]) {
      expect(await trail.problems({ ...times, head: undefined })).toEqual(['gap digests/']);
    }
  });

  it('reads no digests and files of other periods', async () => {
    trail.reads = 0;
    await trail.verify(period);
    // Two digests, their files, and the digest after them.
    expect(trail.reads).toBe(5);
  });
});
