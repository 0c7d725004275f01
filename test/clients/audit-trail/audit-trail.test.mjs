/**
 * The audit trail on an independent Amazon S3, AWS KMS, and Amazon DynamoDB (MiniStack): the digest function writes it, and
 * `agent-identity audit verify` verifies it after each attack.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { DynamoDB } from '@aws-sdk/client-dynamodb';
import { KMS } from '@aws-sdk/client-kms';
import { S3 } from '@aws-sdk/client-s3';
import { startEmulator } from '../../deployed/emulator/process.mjs';

const ROOT = join(import.meta.dirname, '../../..');
const load = createRequire(import.meta.url);
const tsx = load.resolve('tsx/cjs');
const HANDLER = load.resolve('../../../lambda/functions/audit-digest.ts');
const TABLE = 'directory';
const HOUR = 3_600_000;
/** Key of the record of the newest digest. */
const head = () => ({ pk: { S: 'AUDIT-HEAD' }, sk: { S: bucket } });

const folder = await mkdtemp(join(tmpdir(), 'agent-identity-audit-trail-'));
const emulator = await startEmulator();
Object.assign(process.env, emulator.environment, { DIRECTORY_TABLE: TABLE });
const s3 = new S3({});
const kms = new KMS({});
const db = new DynamoDB({});

/** The clock of the functions. */
const realNow = Date.now;
let shift = 0;
Date.now = () => realNow() + shift;

let bucket;
let key;
let writeDigest;
let lock;
let runs = 0;

const createKey = async () =>
  (await kms.createKey({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' })).KeyMetadata.Arn;

before(async () => {
  const keyOf = (AttributeName, KeyType) => ({ AttributeName, KeyType });
  await db.createTable({
    TableName: TABLE,
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: ['pk', 'sk'].map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
    KeySchema: [keyOf('pk', 'HASH'), keyOf('sk', 'RANGE')],
  });
});

after(async () => {
  Date.now = realNow;
  await emulator.stop();
  await rm(folder, { recursive: true, force: true });
});

/** A new bucket with Object Lock as that of the constructs, a new key, and four hours with a log file each. */
beforeEach(async () => {
  bucket = `trail-${++runs}`;
  key = await createKey();
  await s3.createBucket({
    Bucket: bucket,
    ObjectLockEnabledForBucket: true,
    CreateBucketConfiguration: { LocationConstraint: process.env.AWS_REGION },
  });
  Object.assign(process.env, {
    ...{ TRAIL_BUCKET: bucket, RETENTION_MODE: 'GOVERNANCE', RETENTION_DAYS: '30' },
    DIGEST_KEY_ARN: key,
  });
  // The composition root reads the environment when it is loaded.
  delete load.cache[HANDLER];
  const { handler } = load(HANDLER);
  writeDigest = () => handler({ digest: 'audit-trail' });
  lock = () => handler({ lock: 'log-files' });
  shift = 0;
  for (let hour = 0; hour < 4; hour++) await anHour();
});

afterEach(() => db.deleteItem({ TableName: TABLE, Key: head() }));

/** Firehose delivers a file, and the function writes the digest of its hour. */
async function anHour() {
  const time = new Date(realNow()).toISOString();
  await put(`entries/${time.slice(0, 13).replaceAll(/[-T]/g, '/')}/${shift / HOUR}.gz`, `entries ${shift}`);
  shift += HOUR;
  await writeDigest();
}

const put = (Key, Body) => s3.putObject({ Bucket: bucket, Key, Body });
const get = async (Key, VersionId) =>
  (await s3.getObject({ Bucket: bucket, Key, VersionId })).Body.transformToString();
const headRecord = async () => (await db.getItem({ TableName: TABLE, Key: head() })).Item;

async function versions(Prefix) {
  const { Versions = [] } = await s3.listObjectVersions({ Bucket: bucket, Prefix });
  return Versions;
}
const keys = async (prefix) => [...new Set((await versions(prefix)).map(({ Key }) => Key))].sort();

/** What only a principal can do that bypasses the lock. */
async function destroy(Key) {
  for (const { VersionId } of await versions(Key)) {
    await s3.deleteObject({ Bucket: bucket, Key, VersionId, BypassGovernanceRetention: true });
  }
}
async function replace(Key, body) {
  await destroy(Key);
  await put(Key, body);
}

async function run(...options) {
  const child = spawn(
    process.execPath,
    ['--require', tsx, join(ROOT, 'bin/agent-identity.ts'), 'audit', 'verify', ...options],
    { env: process.env, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (chunk) => (stdout += chunk));
  child.stderr.setEncoding('utf8').on('data', (chunk) => (stderr += chunk));
  const [status] = await once(child, 'close');
  return { status, stdout, stderr };
}

/** Verifies with the options that the stack prints. */
const verify = (...more) => run('--bucket', bucket, '--key', key, '--head-table', TABLE, ...more);

/** Asserts what the verification finds: the problems with their objects, in order. */
async function finds(expected, ...more) {
  const { status, stdout, stderr } = await verify('--json', ...more);
  const { problems } = JSON.parse(stdout);
  // All files have the time of the test, so those of a lost digest look as if no digest ever listed them.
  const found = problems.filter(({ problem }) => problem !== 'unlisted');
  assert.deepEqual(
    found.map(({ problem, s3Object }) => [problem, s3Object]),
    expected,
    stdout,
  );
  assert.equal(status, expected.length === 0 ? 0 : 1, stderr);
}

describe('the audit trail', () => {
  it('is verified as it was written', async () => {
    const { status, stdout } = await verify();
    assert.match(
      stdout,
      /^Verified 4 digests and 4 log files from \S+ to \S+: no problem\.\nNewest digest: digests\/\S+, SHA-256 [0-9a-f]{64}\n$/,
    );
    assert.equal(status, 0);
  });

  it('has one digest for an hour', async () => {
    await writeDigest();
    assert.equal((await versions('digests/')).length, 4);
  });

  it('is held by Object Lock', async () => {
    const [[digest], [file]] = [await versions('digests/'), await versions('entries/')];
    for (const { Key, VersionId } of [digest, file]) {
      const version = { Bucket: bucket, Key, VersionId };
      await assert.rejects(s3.deleteObject(version), /Access Denied/);
      const { Retention } = await s3.getObjectRetention(version);
      assert.equal(Retention.Mode, 'GOVERNANCE');
    }
  });

  it('holds a file minutes after its delivery, before a digest lists it', async () => {
    // Amazon S3 has the real time.
    shift = 0;
    const Key = `entries/${new Date(Date.now()).toISOString().slice(0, 13).replaceAll(/[-T]/g, '/')}/new.gz`;
    const { VersionId } = await put(Key, 'entries');
    const version = { Bucket: bucket, Key, VersionId };
    await lock();
    const { Retention } = await s3.getObjectRetention(version);
    await lock();
    assert.deepEqual((await s3.getObjectRetention(version)).Retention, Retention);
    await assert.rejects(s3.deleteObject(version), /Access Denied/);
  });

  it('shows a changed log file', async () => {
    const [file] = await keys('entries/');
    await replace(file, 'forged');
    await finds([
      ['missing', file],
      ['hidden', file],
    ]);
  });

  it('shows a new version over a log file, and still verifies the recorded one', async () => {
    const [file] = await keys('entries/');
    await put(file, 'forged');
    await finds([['hidden', file]]);
  });

  it('shows a deleted version, and one that a delete marker hides', async () => {
    const [first, second] = await keys('entries/');
    await destroy(first);
    await s3.deleteObject({ Bucket: bucket, Key: second });
    await finds([
      ['hidden', second],
      ['missing', first],
    ]);
  });

  it('shows two hours that were swapped', async () => {
    const [, second, third] = await keys('digests/');
    const texts = [await get(second), await get(third)];
    await replace(second, texts[1]);
    await replace(third, texts[0]);
    await finds([
      ['moved', third],
      ['moved', second],
    ]);
  });

  it('shows a missing hour', async () => {
    const [, second] = await keys('digests/');
    await destroy(second);
    await finds([['missing', second]]);
  });

  it('shows that its newest hours were removed, and the function reports it', async () => {
    const [, , third, fourth] = await keys('digests/');
    await destroy(third);
    await destroy(fourth);
    await finds([['cut', fourth]]);
    shift += HOUR;
    await assert.rejects(writeDigest(), /The invocation failed/);
    // The new digest names the lost one.
    await finds([['missing', fourth]]);
  });

  it('shows that it was cut to an old head', async () => {
    const [, second, third, fourth] = await keys('digests/');
    const { hashValue } = await headRecord();
    await destroy(third);
    await destroy(fourth);
    const text = await get(second);
    const old = {
      digestS3Object: { S: second },
      hashValue: { S: createHash('sha256').update(text).digest('hex') },
    };
    await db.putItem({ TableName: TABLE, Item: { ...head(), ...old, recordVersion: { N: '1' } } });
    shift += HOUR;
    await writeDigest();
    const [, , fifth] = await keys('digests/');
    await finds([['gap', fifth]]);
    const { status, stdout } = await run('--bucket', bucket, '--key', key, '--head', hashValue.S, '--json');
    assert.match(stdout, /The chain does not contain the digest/);
    assert.equal(status, 1);
  });

  it('shows a digest that another key signed', async () => {
    const [, second] = await keys('digests/');
    const [header, payload] = (await get(second)).split('.');
    const { joseSignature } = load('../../../lambda/adapters/kms/assertion-keys.ts');
    const { Signature } = await kms.sign({
      KeyId: await createKey(),
      Message: Buffer.from(`${header}.${payload}`),
      MessageType: 'RAW',
      SigningAlgorithm: 'ECDSA_SHA_256',
    });
    await replace(second, `${header}.${payload}.${joseSignature(Signature).toString('base64url')}`);
    await finds([['invalid', second]]);
  });

  it('shows an object that was planted where the next digest belongs', async () => {
    shift += HOUR;
    const hour = new Date(Math.floor(Date.now() / HOUR) * HOUR).toISOString();
    const day = hour.slice(0, 10).replaceAll('-', '/');
    const planted = `digests/${day}/${hour.slice(0, 19).replaceAll(/[-:]/g, '')}Z.jws`;
    await put(planted, 'planted');
    await assert.rejects(writeDigest(), /The invocation failed/);
    await anHour();
    const newest = (await keys('digests/')).at(-1);
    await finds([
      ['gap', newest],
      ['invalid', planted],
    ]);
  });

  it('is verified in a copy, with the public key as a file', async () => {
    const copy = join(folder, bucket);
    for (const name of [...(await keys('entries/')), ...(await keys('digests/'))]) {
      await mkdir(dirname(join(copy, name)), { recursive: true });
      await writeFile(join(copy, name), await get(name));
    }
    const { PublicKey } = await kms.getPublicKey({ KeyId: key });
    const pem = `-----BEGIN PUBLIC KEY-----\n${Buffer.from(PublicKey).toString('base64')}\n-----END PUBLIC KEY-----\n`;
    await writeFile(join(folder, 'key.pem'), pem);
    const { hashValue } = await headRecord();
    const options = ['--folder', copy, '--public-key', join(folder, 'key.pem'), '--head', hashValue.S];
    assert.deepEqual(await run(...options).then(({ status }) => status), 0);
    await writeFile(join(copy, (await keys('entries/'))[0]), 'forged');
    const { status, stdout } = await run(...options);
    assert.match(stdout, /^invalid {5}entries\/\S+ {2}The log file was changed/);
    assert.equal(status, 1);
  });
});
