/**
 * A deployment whose KMS key has one Region (single-region-records.json has its records and keys): it moves to a multi-Region
 * key, and its records then open in another Region.
 */
import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BedrockAgentCore } from '@aws-sdk/client-bedrock-agentcore';
import { BedrockAgentCoreControl } from '@aws-sdk/client-bedrock-agentcore-control';
import { DynamoDB } from '@aws-sdk/client-dynamodb';
import { KMS } from '@aws-sdk/client-kms';
import { decodeProtectedHeader } from 'jose';
import { createTable } from '../../lambda/adapters/dynamodb/table';
import { periodAt } from '../../lambda/domain/workload-token/signing-key';
import { signingKeyKey, WRITING_REGION_KEY, type Key, type TableName } from '../../lambda/model/table-keys';
import { localTableName } from '../../lib/local/dynamodb';
import { startEmulators } from '../../lib/local/emulators';
import { TestAgent } from '../flows/support/world';
import singleRegion from './single-region-records.json';
import { Programs, type Ready } from './program';
import { createDynamoDb } from '../../lambda/adapters/dynamodb/sdk-client';
import { temporaryFolder } from '../environment/temporary-folder';

const HOME = 'us-east-1';
const OTHER = 'eu-west-1';

interface KeyFile {
  readonly keyId: string;
  readonly created?: readonly { readonly keyId: string }[];
}

let root: string;
let home: string;
const programs = new Programs();

/** Signing keys are of a period, so that of these records is of the present one here. */
function inThisPeriod(item: Key): Key {
  if (item.pk !== 'SIGNING-KEY') return item;
  const period = periodAt(Date.now() / 1000);
  const moved: Key & { readonly period: number } = { ...item, ...signingKeyKey(period), period };
  return moved;
}

async function put(folder: string, records: Partial<Record<TableName, object[]>>): Promise<void> {
  const { access, close } = await startEmulators(folder);
  const { endpoints, credentials } = access;
  const dynamodb = new DynamoDB({ endpoint: endpoints.dynamodb, region: HOME, credentials });
  for (const [name, items] of Object.entries(records)) {
    const table = createTable(createDynamoDb(dynamodb), localTableName(name as TableName));
    for (const { pk, sk, ...members } of (items as Key[]).map(inThisPeriod)) {
      await table.put({ pk, sk }, members);
    }
  }
  dynamodb.destroy();
  await close();
}

const writePrivate = (folder: string, name: string, content: object): Promise<void> =>
  writeFile(join(folder, name), JSON.stringify(content), { mode: 0o600 });

beforeEach(async () => {
  root = temporaryFolder('single-region');
  home = join(root, 'home');
  // Creates the folder, and keys that those of the records replace.
  await put(home, {});
  const { ownerId } = singleRegion.tables.Directory[0] ?? {};
  const principals = JSON.parse(await readFile(join(home, 'principals.json'), 'utf8')) as {
    agent: { accessKeyId: string };
  };
  principals.agent.accessKeyId = `AKIA${ownerId?.slice('AROA'.length)}`;
  await writePrivate(home, 'principals.json', principals);
  await writePrivate(home, 'kms.json', singleRegion.kms);
  await put(home, singleRegion.tables);
});

afterEach(() => {
  programs.kill();
});

async function start(folder: string, environment: Record<string, string> = {}) {
  const program = programs.start({ DATA_DIR: folder, ...environment });
  const ready: Ready = await program.ready();
  const { endpoint, region, principals } = ready;
  const settings = (name: 'agent' | 'operator') => {
    const { accessKeyId = '', secretAccessKey = '' } = principals[name] ?? {};
    return {
      endpoint,
      region,
      credentials: { accessKeyId, secretAccessKey },
      ...{ signingName: 'execute-api' },
    };
  };
  const data = new BedrockAgentCore(settings('agent'));
  const agent = new TestAgent(data, 'travel-agent', 'calendar', '');
  return {
    ready,
    operator: new BedrockAgentCoreControl(settings('operator')),
    kms: new KMS({
      endpoint: ready.awsEndpoints.kms,
      region,
      credentials: settings('operator').credentials,
    }),
    stop: () => program.stop(),
    kid: async () => decodeProtectedHeader(await agent.token()).kid,
    async credentials() {
      const token = await agent.token({ userId: 'ana' });
      const { accessToken } = await agent.ask(token);
      const { apiKey } = await data.getResourceApiKey({
        workloadIdentityToken: token,
        resourceCredentialProviderName: 'weather',
      });
      return { accessToken, apiKey };
    },
  };
}

const { accessToken, apiKey } = singleRegion;
const CREDENTIALS = { accessToken, apiKey };
const [FIRST_KID] = singleRegion.tables.Directory.flatMap(({ kid }) => kid ?? []);

it('reads grants, API keys, and signing keys under the key of one Region', async () => {
  const service = await start(home);
  expect(await service.credentials()).toEqual(CREDENTIALS);
  expect(await service.kid()).toBe(FIRST_KID);
});

it('moves to a multi-Region key without losing anything, and is then readable in another Region', async () => {
  const before = await start(home);
  const { KeyMetadata } = await before.kms.createKey({ MultiRegion: true });
  const kmsKeyArn = KeyMetadata?.Arn ?? '';
  const kmsConfiguration = { keyType: 'CustomerManagedKey', kmsKeyArn } as const;
  await before.operator.setTokenVaultCMK({ kmsConfiguration });
  await before.stop();

  // The next deployment has the new key as its own, and still has the earlier one.
  const { created = [], ...single } = JSON.parse(await readFile(join(home, 'kms.json'), 'utf8')) as KeyFile;
  const [multiRegion] = created;
  expect(multiRegion?.keyId).toMatch(/^mrk-/);
  await writePrivate(home, 'kms.json', { ...multiRegion, created: [single] });
  const moved = await start(home);
  expect(await moved.credentials()).toEqual(CREDENTIALS);
  expect(await moved.kid()).toBe(FIRST_KID);
  await moved.stop();

  const other = join(root, 'other');
  await cp(home, other, { recursive: true });
  // The single-Region key has no replica.
  await writePrivate(other, 'kms.json', { ...multiRegion });
  await put(other, { Directory: [{ ...WRITING_REGION_KEY, region: OTHER, since: 0, recordVersion: 1 }] });
  const there = await start(other, { LOCAL_REGION: OTHER, LOCAL_IDENTITY_REGION: HOME });
  expect(await there.credentials()).toEqual(CREDENTIALS);
  // A signing key that no key of this Region opens is replaced, and stays published for the tokens that it signed.
  const kid = await there.kid();
  expect(kid).not.toBe(FIRST_KID);
  const published = (await (await fetch(`${there.ready.endpoint}/.well-known/jwks.json`)).json()) as {
    keys: { kid: string }[];
  };
  // The key of the next period can follow.
  expect(published.keys.map((key) => key.kid).slice(0, 2)).toEqual([FIRST_KID, kid]);
});
