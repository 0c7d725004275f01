/** `agent-identity audit verify`, of a copy of the bucket in a folder. Other tests verify a bucket. */
import { mkdir, rm, utimes, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { dirname, join } from 'node:path';
import { listenOnLoopback, type Listening } from '../../lib/local/loopback-server';
import { InMemoryTrail, newKeys } from '../domain/audit-trail/in-memory-trail';
import { Programs } from '../local/program';
import { runCommand, type Outcome } from './command-under-test';
import { temporaryFolder } from '../environment/temporary-folder';

let folder: string;
let trail: InMemoryTrail;

beforeEach(async () => {
  folder = temporaryFolder('audit-verify');
  trail = new InMemoryTrail();
  trail.now = Date.now() - 3 * 3_600_000;
  await trail.hours(3);
  for (const { key, bytes, lastModified } of trail.versions) {
    await mkdir(dirname(join(folder, key)), { recursive: true });
    await writeFile(join(folder, key), bytes);
    await utimes(join(folder, key), lastModified / 1000, lastModified / 1000);
  }
  await writeFile(join(folder, 'key.pem'), trail.keys.publicKey.export({ format: 'pem', type: 'spki' }));
});

const verify = (...options: string[]): Promise<Outcome> =>
  runCommand(['audit', 'verify', '--folder', folder, ...options]);
const withKey = (...options: string[]): Promise<Outcome> =>
  verify('--public-key', join(folder, 'key.pem'), ...options);

it('verifies the digests and the files, and says what it cannot prove', async () => {
  const { status, stdout, stderr } = await withKey('--bucket', 'trail');
  expect(stdout).toMatch(
    /^Verified 3 digests and 3 log files from \S+Z to \S+Z: no problem\.\nNewest digest: digests\/\S+\.jws, SHA-256 [0-9a-f]{64}\n$/,
  );
  expect(stderr).toContain(
    'Without --head-table or --head, newer digests that were removed are found only by their age.\n',
  );
  expect(status).toBe(0);
});

it('shows its progress', async () => {
  expect((await withKey()).stderr).toMatch(/^Verified 1 of 3 digests, 1 log file, down to \S+Z …$/m);
});

it('prints JSON for programs', async () => {
  const { status, stdout } = await withKey('--json', '--head', trail.head?.hashValue ?? '');
  expect(JSON.parse(stdout)).toEqual({
    digests: 3,
    files: 3,
    startTime: expect.any(String) as string,
    endTime: expect.any(String) as string,
    newest: trail.head && { digestS3Object: trail.head.digestS3Object, hashValue: trail.head.hashValue },
    problems: [],
    anchored: true,
  });
  expect(status).toBe(0);
});

it('names each problem, and fails', async () => {
  const [entry = ''] = trail.versions.map(({ key }) => key);
  await writeFile(join(folder, entry), 'forged');
  const { status, stdout } = await withKey();
  expect(stdout).toMatch(
    /^invalid {5}entries\/\S+\.gz {2}The log file was changed: its hash is not the one in the digest\.\nVerified 3 digests and 3 log files .*: 1 problem\.\n/,
  );
  expect(status).toBe(1);
  const json = await withKey('--json');
  expect(JSON.parse(json.stdout)).toMatchObject({ problems: [{ problem: 'invalid', s3Object: entry }] });
  expect(json.stderr).toContain('"name":"CheckFailed"');
});

it('finds that a recorded digest was removed', async () => {
  await rm(join(folder, trail.head?.digestS3Object ?? ''));
  const { status, stdout } = await withKey('--head', trail.head?.hashValue ?? '');
  expect(stdout).toContain('The chain does not contain the digest that was recorded with the hash');
  expect(status).toBe(1);
});

it('accepts the hash in capital letters', async () => {
  expect(await withKey('--head', (trail.head?.hashValue ?? '').toUpperCase())).toMatchObject({ status: 0 });
});

it('rejects digests of another key', async () => {
  const other = join(folder, 'other.pem');
  await writeFile(other, newKeys().publicKey.export({ format: 'pem', type: 'spki' }));
  const { status, stdout } = await verify('--public-key', other);
  expect(stdout).toMatch(/^invalid {5}digests\/\S+ {2}The signature of the digest is not one of the key\.$/m);
  expect(status).toBe(1);
});

it('fails if there is nothing to verify', async () => {
  const { status, stderr } = await withKey('--from', '2020-01-01', '--to', '2020-02-01');
  expect(stderr).toContain('There is no digest in this period. Check --bucket, --from, and --to.');
  expect(status).toBe(1);
});

it('continues to read the audit log without "read"', async () => {
  const log = join(folder, 'service.log');
  await writeFile(log, '');
  for (const command of [['audit'], ['audit', 'read']]) {
    expect((await runCommand([...command, '--log-file', log])).status).toBe(0);
  }
});

it.each([
  [['--from', '1h', '--to', '2h'], /--to must be after --from/],
  [['--from', 'yesterday'], /--from must be a duration/],
  [['--head', 'abc'], /--head must be a SHA-256 hash, which has 64 hexadecimal digits\./],
  [['--head', 'a'.repeat(64), '--head-table', 'y'], /Set --head-table or --head, not both/],
  [['--head-table', 'y'], /With --head-table, set --bucket too/],
])('rejects %j with status 2', async (options, message) => {
  const { status, stderr } = await withKey(...options);
  expect(stderr).toMatch(message);
  expect(status).toBe(2);
});

it.each([
  [['--folder', '/nonexistent'], /Set --key to the ARN of the KMS key/],
  [[], /Set --bucket to the bucket of the audit trail, or --folder/],
  [['--folder', '/nonexistent', '--key', 'alias/trail'], /--key must be the ARN of a KMS key/],
])('says what is missing for %j', async (options, message) => {
  const { status, stderr } = await runCommand(['audit', 'verify', ...options]);
  expect(stderr).toMatch(message);
  expect(status).toBe(2);
});

describe('of a bucket', () => {
  const KEY = 'arn:aws:kms:eu-west-3:000000000000:key/trail';
  let server: Listening;
  /** The Regions in the credential scopes of the requests: to AWS KMS, and then to the others. */
  let regions: (string | undefined)[];
  const programs = new Programs();

  beforeEach(async () => {
    regions = [];
    server = await listenOnLoopback(
      createServer((request, response) => {
        const target = String(request.headers['x-amz-target']);
        regions.push(/Credential=[^/]+\/\d+\/([^/]+)\//.exec(request.headers.authorization ?? '')?.[1]);
        request.resume();
        if (target.endsWith('.GetPublicKey')) {
          const key = trail.keys.publicKey.export({ format: 'der', type: 'spki' }).toString('base64');
          response.end(JSON.stringify({ PublicKey: key }));
        } else if (target.endsWith('.GetItem')) {
          const { digestS3Object = '', hashValue = '' } = trail.head ?? {};
          response.end(
            JSON.stringify({ Item: { digestS3Object: { S: digestS3Object }, hashValue: { S: hashValue } } }),
          );
        } else {
          response.end('<ListVersionsResult><IsTruncated>false</IsTruncated></ListVersionsResult>');
        }
      }),
      0,
    );
  });

  afterEach(async () => {
    programs.kill();
    await server.close();
  });

  /** The options that the stack prints. */
  const printed = ['audit', 'verify', '--bucket', 'trail', '--key', KEY, '--head-table', 'directory'];
  const env = (): Record<string, string> => ({
    AWS_ENDPOINT_URL: `http://127.0.0.1:${server.port}`,
    AWS_ACCESS_KEY_ID: 'a',
    AWS_SECRET_ACCESS_KEY: 'b',
  });

  it.each([
    [{}, [], 'eu-west-3'],
    [{ AWS_REGION: 'eu-west-1' }, [], 'eu-west-3'],
    [{ AWS_REGION: 'eu-west-1' }, ['--region', 'eu-west-2'], 'eu-west-2'],
  ])('reads it in the Region of the key, unless --region is set: %j %j', async (more, options, region) => {
    await runCommand([...printed, ...options], { env: { ...env(), ...more } });
    expect([regions[0], ...new Set(regions.slice(1))]).toEqual(['eu-west-3', region]);
  });

  it('prints no notice of the AWS SDK', async () => {
    const program = programs.startCommand(printed, env());
    expect(await program.ended).toBe(1);
    expect(program.stderr).toBe('A check failed.\n');
  });
});

it('says that the file of a public key does not exist', async () => {
  const { status, stderr } = await verify('--public-key', join(folder, 'none.pem'));
  expect(stderr).toMatch(/The file \S+none\.pem \(--public-key\) does not exist\./);
  expect(status).toBe(2);
});

it('says that a folder does not exist, and that it is no copy of a bucket, in place of a tampered trail', async () => {
  const key = join(folder, 'key.pem');
  const verified = (copy: string) => runCommand(['audit', 'verify', '--folder', copy, '--public-key', key]);
  const empty = join(folder, 'empty');
  await mkdir(empty);
  for (const [copy, message] of [
    [join(folder, 'none'), 'does not exist.'],
    [key, 'is not a folder.'],
    [empty, 'has neither digests/ nor entries/'],
  ] as const) {
    const { status, stdout, stderr } = await verified(copy);
    expect(stderr).toContain(message);
    expect(stdout).toBe('');
    expect(status).toBe(2);
  }
  // A copy whose digests were removed is still a copy, and is verified.
  await rm(join(folder, 'digests'), { recursive: true });
  expect((await verified(folder)).status).toBe(1);
});
