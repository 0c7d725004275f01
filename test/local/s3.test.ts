/** The embedded Amazon S3 with the AWS SDK client: its objects, errors, and access. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { S3, type PutObjectCommandInput } from '@aws-sdk/client-s3';
import { newEmulatorCredentials } from '../../lib/local/emulator-access';
import { loadPrincipals, type PrincipalName, type Principals } from '../../lib/local/principals';
import { startS3, type LocalS3 } from '../../lib/local/s3';
import { ENVIRONMENT_VARIABLES } from '../../lib/local/setting-names';
import { send, signed, withHeader, type Handmade, type SigningChoices } from './handmade-request';
import { temporaryFolder } from '../environment/temporary-folder';

const AGENT = 'arn:aws:iam::000000000000:role/agent';
const Bucket = 'authorities';
const Key = 'of agents/ä+1.pem';
const DENIED = { name: 'AccessDenied', $metadata: { httpStatusCode: 403 } };
const credentials = newEmulatorCredentials();

const folder = temporaryFolder('s3');
let principals: Principals;
let service: LocalS3;

const file = () => join(folder, 'objects.json');
const start = async () => {
  service = await startS3({ path: file(), credentials, principals });
};
const client = (presented: { accessKeyId: string; secretAccessKey: string } = credentials) =>
  new S3({ endpoint: service.endpoint, region: 'us-east-1', credentials: presented, maxAttempts: 1 });
const as = (name: PrincipalName) => client(principals[name]);
const put = (by: S3, change: Partial<PutObjectCommandInput> = {}) =>
  by.putObject({ Bucket, Key, Body: 'content', ...change });
const ownedBy = (owner: string) => ({
  Tagging: new URLSearchParams({ 'agent-identity:owner': owner, team: 'a & b <c>' }).toString(),
});

beforeAll(async () => {
  principals = await loadPrincipals(folder, ENVIRONMENT_VARIABLES);
  await start();
});
afterAll(() => service.close());
beforeEach(() => client().deleteObject({ Bucket, Key }));

it('keeps an object and its tags across a restart, in a file for its owner', async () => {
  await put(client(), ownedBy('certificates/of the agent'));
  await service.close();
  await start();
  const { Body, ContentLength } = await client().getObject({ Bucket, Key });
  expect(await Body?.transformToString()).toBe('content');
  expect(ContentLength).toBe(7);
  const { TagSet } = await client().getObjectTagging({ Bucket, Key });
  expect(TagSet).toEqual([
    { Key: 'agent-identity:owner', Value: 'certificates/of the agent' },
    { Key: 'team', Value: 'a & b <c>' },
  ]);
  if (process.platform !== 'win32') expect((await stat(file())).mode & 0o777).toBe(0o600);
});

it('replaces an object together with its tags, and deletes it', async () => {
  await put(client(), ownedBy('certificates/a'));
  await put(client(), { Body: 'other' });
  const { TagSet } = await client().getObjectTagging({ Bucket, Key });
  expect(TagSet).toEqual([]);
  await client().deleteObject({ Bucket, Key });
  await expect(client().getObject({ Bucket, Key })).rejects.toMatchObject({
    name: 'NoSuchKey',
  });
});

it('has only buckets of the local account', async () => {
  await put(client());
  const read = (ExpectedBucketOwner: string) =>
    client().getObjectTagging({ Bucket, Key, ExpectedBucketOwner });
  expect(await read('000000000000')).toHaveProperty('TagSet');
  await expect(read('000000000001')).rejects.toMatchObject(DENIED);
});

it('rejects what it does not implement, and stores nothing', async () => {
  const attempts = [
    () => client().copyObject({ Bucket, Key, CopySource: `${Bucket}/other` }),
    () => client().getObjectAcl({ Bucket, Key }),
    () => client().listObjectsV2({ Bucket }),
    () => put(client(), { ContentEncoding: 'gzip' }),
    () => put(client(), { IfNoneMatch: '*' }),
  ];
  for (const attempt of attempts) await expect(attempt()).rejects.toMatchObject({ name: 'NotImplemented' });
  await expect(put(client(), { Body: Buffer.alloc(1024 * 1024 + 1) })).rejects.toMatchObject({
    name: 'EntityTooLarge',
  });
  await expect(put(client(), { Tagging: 'a=1&a=2' })).rejects.toMatchObject({ name: 'InvalidTag' });
  await expect(client().getObject({ Bucket, Key })).rejects.toMatchObject({
    name: 'NoSuchKey',
  });
});

describe('a local principal', () => {
  it('manages the objects whose tag names it, and reads none', async () => {
    await put(as('agent'), ownedBy(`certificates/${AGENT}`));
    await put(as('agent'), { Body: 'again', ...ownedBy(`certificates/${AGENT}`) });
    expect(await as('agent').getObjectTagging({ Bucket, Key })).toHaveProperty('TagSet');
    for (const name of ['agent', 'operator'] as const) {
      await expect(as(name).getObject({ Bucket, Key })).rejects.toMatchObject(DENIED);
    }
    for (const name of ['stranger', 'partner'] as const) {
      await expect(put(as(name))).rejects.toMatchObject(DENIED);
      await expect(as(name).deleteObject({ Bucket, Key })).rejects.toMatchObject(DENIED);
    }
    await as('operator').deleteObject({ Bucket, Key });
  });

  it('of another account stores nothing', async () => {
    await expect(put(as('partner'))).rejects.toMatchObject(DENIED);
  });

  const handmade = (choices: SigningChoices = {}): Promise<Handmade> =>
    signed(new URL(service.endpoint).host, {
      method: 'PUT',
      path: `/${Bucket}/by-hand`,
      body: 'content',
      service: 's3',
      credentials: principals.operator,
      ...choices,
    });

  it.each<[string, () => Promise<Handmade>, string]>([
    [
      'signed with another secret key',
      () => handmade({ credentials: { ...principals.operator, secretAccessKey: 'another' } }),
      'SignatureDoesNotMatch',
    ],
    ['signed for another service', () => handmade({ service: 'kms' }), 'SignatureDoesNotMatch'],
    [
      'to which a tag was added',
      async () => withHeader(await handmade(), 'x-amz-tagging', 'agent-identity%3Aowner=a'),
      'SignatureDoesNotMatch',
    ],
    [
      'whose body was changed',
      async () => ({ ...(await handmade()), body: 'other' }),
      'SignatureDoesNotMatch',
    ],
    [
      'of a web page',
      async () => withHeader(await handmade(), 'origin', 'https://a.example'),
      'AccessDenied',
    ],
    ['without a signature', async () => withHeader(await handmade(), 'authorization', ''), 'AccessDenied'],
  ])('sends a request in vain that is %s', async (_what, request, code) => {
    const { status, body } = await send(await request());
    expect([status, /<Code>(\w+)</.exec(body)?.[1]]).toEqual([403, code]);
  });
});
