/**
 * Failover to another Region: two embedded clouds with the same content of the tables and the same multi-Region KMS key,
 * each in its own Region. AWS SDK clients call `npm start` as a program, at the same address, as with a custom domain.
 */
import { cp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { BedrockAgentCore, type BedrockAgentCoreClientConfig } from '@aws-sdk/client-bedrock-agentcore';
import { BedrockAgentCoreControl } from '@aws-sdk/client-bedrock-agentcore-control';
import { DynamoDB } from '@aws-sdk/client-dynamodb';
import { KMS } from '@aws-sdk/client-kms';
import { decodeProtectedHeader } from 'jose';
import { OPERATIONS } from '../../lambda/operations';
import type { Route } from '../../lambda/operations/operation';
import { TABLES, WRITING_REGION_KEY, type TableName } from '../../lambda/model/table-keys';
import { createTable } from '../../lambda/adapters/dynamodb/table';
import { localTableName } from '../../lib/local/dynamodb';
import { startEmulators } from '../../lib/local/emulators';
import { send, signed } from './handmade-request';
import { customProvider } from '../flows/support/custom-provider';
import { startProvider, type TestProvider } from '../flows/support/provider';
import { RETURN_URL, TestAgent } from '../flows/support/world';
import { freePorts } from './free-ports';
import { Programs, type Program, type Ready } from './program';
import { createDynamoDb } from '../../lambda/adapters/dynamodb/sdk-client';
import { temporaryFolder } from '../environment/temporary-folder';

const HOME = 'us-east-1';
const OTHER = 'eu-west-1';
const NAMES = { agent: 'travel-agent', provider: 'calendar', apiKey: 'weather' } as const;
const API_KEY = 'the-api-key-of-the-agent';

let root: string;
let port: string;
let provider: TestProvider;
const programs = new Programs();

beforeEach(async () => {
  root = temporaryFolder('failover');
  port = String(await freePorts());
  provider = await startProvider({ issueRefreshToken: () => Promise.resolve(true) });
});

afterEach(async () => {
  programs.kill();
  await provider.close();
});

const folderOf = (region: string): string => join(root, region);

/** The service of one Region, and the agent there. */
class Deployment {
  readonly control: BedrockAgentCoreControl;
  readonly data: BedrockAgentCore;
  readonly agent: TestAgent;

  private constructor(
    readonly program: Program,
    readonly ready: Ready,
  ) {
    this.control = new BedrockAgentCoreControl(this.settings('agent'));
    this.data = new BedrockAgentCore(this.settings('agent'));
    this.agent = new TestAgent(this.data, NAMES.agent, NAMES.provider, '');
  }

  static async start(region: string): Promise<Deployment> {
    const program = programs.start({
      DATA_DIR: folderOf(region),
      PORT: port,
      LOCAL_REGION: region,
      LOCAL_IDENTITY_REGION: HOME,
    });
    return new Deployment(program, await program.ready());
  }

  settings(principal: string): BedrockAgentCoreClientConfig {
    const { endpoint, region, principals } = this.ready;
    const { accessKeyId = '', secretAccessKey = '' } = principals[principal] ?? {};
    return {
      endpoint,
      region,
      credentials: { accessKeyId, secretAccessKey },
      maxAttempts: 1,
      ...{ signingName: 'execute-api' },
    };
  }

  async register(): Promise<void> {
    await this.control.createWorkloadIdentity({
      name: NAMES.agent,
      allowedResourceOauth2ReturnUrls: [RETURN_URL],
    });
    await this.control.createApiKeyCredentialProvider({ name: NAMES.apiKey, apiKey: API_KEY });
    const { discoveryUrl, clientId, clientSecret } = provider;
    const { callbackUrl } = await this.control.createOauth2CredentialProvider({
      name: NAMES.provider,
      ...customProvider(discoveryUrl, { clientId, clientSecret }),
    });
    provider.allowRedirect(callbackUrl ?? '');
  }

  async accessToken(userId: string): Promise<string | undefined> {
    return (await this.agent.ask(await this.agent.token({ userId }))).accessToken;
  }

  async apiKey(): Promise<string | undefined> {
    const { apiKey } = await this.data.getResourceApiKey({
      workloadIdentityToken: await this.agent.token(),
      resourceCredentialProviderName: NAMES.apiKey,
    });
    return apiKey;
  }

  /** Has the token renewed with its refresh token, because the resource rejected it. */
  async renew(userId: string, rejectedAccessToken: string): Promise<string> {
    const { endpoint, region, principals } = this.ready;
    const { accessKeyId = '', secretAccessKey = '' } = principals.agent ?? {};
    const body = JSON.stringify({
      workloadIdentityToken: await this.agent.token({ userId }),
      resourceCredentialProviderName: NAMES.provider,
      scopes: ['openid', 'a'],
      oauth2Flow: 'USER_FEDERATION',
      rejectedAccessToken,
    });
    const response = await send(
      await signed(new URL(endpoint).host, {
        path: '/identities/RejectResourceOauth2Token',
        body,
        region,
        credentials: { accessKeyId, secretAccessKey },
      }),
    );
    expect(response).toMatchObject({ status: 200 });
    return (await this.accessToken(userId)) ?? '';
  }

  /** Returns the response to a reset of the token vault, for which the AWS SDK has no command yet. */
  async reset(): Promise<{ readonly status: number | undefined; readonly body: string }> {
    const { endpoint, region, principals } = this.ready;
    const { accessKeyId = '', secretAccessKey = '' } = principals.operator ?? {};
    return send(
      await signed(new URL(endpoint).host, {
        path: '/identities/reset-token-vault-key-material',
        body: JSON.stringify({ tokenVaultId: 'default' }),
        region,
        credentials: { accessKeyId, secretAccessKey },
      }),
    );
  }

  /** Returns the status of a request to each operation with state, as the principal that IAM allows to send it. */
  async statuses(): Promise<Record<string, number | undefined>> {
    const { endpoint, region, principals } = this.ready;
    const { accessKeyId = '', secretAccessKey = '' } = principals.operator ?? {};
    const statuses: Record<string, number | undefined> = {};
    for (const [name, route] of Object.entries<Route>(OPERATIONS)) {
      // The pages of portals have no state. They show what the internal function says.
      if (route.metadata || route.group === 'portal') continue;
      const request = await signed(new URL(endpoint).host, {
        method: route.method,
        path: route.path.replaceAll(/\{[^}]*\}/g, 'x'),
        body: route.method === 'POST' ? '{}' : '',
        region,
        credentials: { accessKeyId, secretAccessKey },
      });
      statuses[name] = (await send(request)).status;
    }
    return statuses;
  }

  /** Creates a multi-Region key, as the operator. */
  async newKmsKey(): Promise<string> {
    const { credentials } = this.settings('operator');
    const kms = new KMS({
      endpoint: this.ready.awsEndpoints.kms,
      region: this.ready.region,
      ...(credentials && { credentials }),
    });
    const { KeyMetadata } = await kms.createKey({ MultiRegion: true });
    kms.destroy();
    return KeyMetadata?.Arn ?? '';
  }

  stop(): Promise<void> {
    return this.program.stop();
  }
}

/** Replicates the tables, and the keys with their ids and material. IAM is the same in every Region. */
async function replicate(from: string, to: string): Promise<void> {
  await rm(folderOf(to), { recursive: true, force: true });
  await cp(folderOf(from), folderOf(to), { recursive: true });
}

/** Writes the record of the writing Region, as the runbook does. */
async function fail(over: {
  readonly to: string;
  readonly in: string;
  readonly since: number;
}): Promise<void> {
  const { access, close } = await startEmulators(folderOf(over.in));
  const dynamodb = new DynamoDB({
    endpoint: access.endpoints.dynamodb,
    region: HOME,
    credentials: access.credentials,
  });
  const directory = createTable(createDynamoDb(dynamodb), localTableName('Directory'));
  const { to: region, since } = over;
  await directory.put(WRITING_REGION_KEY, { region, since, recordVersion: 1 });
  dynamodb.destroy();
  await close();
}

async function recordsIn(region: string): Promise<string> {
  const { access, close } = await startEmulators(folderOf(region));
  const dynamodb = new DynamoDB({
    endpoint: access.endpoints.dynamodb,
    region: HOME,
    credentials: access.credentials,
  });
  const all = { condition: 'attribute_exists(pk)' };
  const pages = await Promise.all(
    (Object.keys(TABLES) as TableName[]).map((name) =>
      createTable(createDynamoDb(dynamodb), localTableName(name)).scan(all, { limit: 1000 }),
    ),
  );
  dynamodb.destroy();
  await close();
  return JSON.stringify(pages);
}

const BEGINNING = 0;
const kidOf = (token: string): string => decodeProtectedHeader(token).kid ?? '';

const ANOTHER_REGION = {
  name: 'InternalServerException',
  message: expect.stringContaining('another Region is the writing Region') as string,
};

const publishedKeys = async ({ ready }: Deployment): Promise<{ kid: string }[]> => {
  const response = await fetch(`${ready.endpoint}/.well-known/jwks.json`);
  return ((await response.json()) as { keys: { kid: string }[] }).keys;
};

it('fails over: tokens, grants, API keys, consents, and renewals continue in the other Region, and back', async () => {
  const home = await Deployment.start(HOME);
  await home.register();
  const connected = await home.agent.connect('ana');
  const token = await home.agent.token({ userId: 'ana' });
  // Another user has consented, and the application has not completed the session yet.
  const { authorizationUrl } = await home.agent.ask(await home.agent.token({ userId: 'ben' }));
  const underWay = await home.agent.consent(authorizationUrl, 'ben');
  const identity = await home.control.getWorkloadIdentity({ name: NAMES.agent });
  await home.stop();
  await replicate(HOME, OTHER);

  const standby = await Deployment.start(OTHER);
  await expect(standby.agent.token()).rejects.toMatchObject(ANOTHER_REGION);
  await expect(standby.agent.ask(token)).rejects.toMatchObject(ANOTHER_REGION);
  const statuses = await standby.statuses();
  expect(Object.keys(statuses).length).toBeGreaterThan(40);
  expect(Object.entries(statuses).filter(([, status]) => status !== 500)).toEqual([]);
  expect((await publishedKeys(standby)).map(({ kid }) => kid)).toContain(kidOf(token));
  await standby.stop();
  await fail({ to: OTHER, in: OTHER, since: BEGINNING });

  const other = await Deployment.start(OTHER);
  expect(other.ready.region).toBe(OTHER);
  // Tokens that the first Region issued, and those of the same signing key.
  expect(await other.agent.ask(token)).toMatchObject({ accessToken: connected });
  expect(kidOf(await other.agent.token())).toBe(kidOf(token));
  expect(await other.apiKey()).toBe(API_KEY);
  expect(await other.control.getWorkloadIdentity({ name: NAMES.agent })).toMatchObject({
    workloadIdentityArn: identity.workloadIdentityArn,
  });
  await other.agent.complete(underWay, { userId: 'ben' });
  expect(await other.accessToken('ben')).toBeTruthy();
  const renewed = await other.renew('ana', connected);
  expect(renewed).not.toBe(connected);
  const ofCleo = await other.agent.connect('cleo');
  await other.stop();
  // What is stored does not depend on the Region that wrote it.
  expect(await recordsIn(OTHER)).not.toContain(`:${OTHER}:`);

  await replicate(OTHER, HOME);
  const fenced = await Deployment.start(HOME);
  await expect(fenced.agent.token()).rejects.toMatchObject(ANOTHER_REGION);
  await fenced.stop();
  await fail({ to: HOME, in: HOME, since: BEGINNING });

  const back = await Deployment.start(HOME);
  expect(await back.accessToken('ana')).toBe(renewed);
  expect(await back.accessToken('cleo')).toBe(ofCleo);
});

it('moves the token vault to another multi-Region key, and reads it in the other Region', async () => {
  const home = await Deployment.start(HOME);
  await home.register();
  const connected = await home.agent.connect('ana');
  const kmsKeyArn = await home.newKmsKey();
  const operator = new BedrockAgentCoreControl(home.settings('operator'));
  const kmsConfiguration = { keyType: 'CustomerManagedKey', kmsKeyArn } as const;
  await operator.setTokenVaultCMK({ kmsConfiguration });
  await home.stop();
  await replicate(HOME, OTHER);
  await fail({ to: OTHER, in: OTHER, since: BEGINNING });

  const other = await Deployment.start(OTHER);
  expect(await other.accessToken('ana')).toBe(connected);
  expect(await other.apiKey()).toBe(API_KEY);
  const there = new BedrockAgentCoreControl(other.settings('operator'));
  expect(await there.getTokenVault({})).toMatchObject({ kmsConfiguration });
  // Whether the key is deleted, only the Region in its ARN can say.
  const reset = await other.reset();
  expect([reset.status, reset.body]).toEqual([400, expect.stringContaining('cannot say whether')]);
  const inOther = { ...kmsConfiguration, kmsKeyArn: kmsKeyArn.replace(HOME, OTHER) };
  await expect(there.setTokenVaultCMK({ kmsConfiguration: inOther })).rejects.toMatchObject({
    name: 'ValidationException',
    message: expect.stringContaining(`in the Region ${HOME}`) as string,
  });
  await there.setTokenVaultCMK({ kmsConfiguration: { keyType: 'ServiceManagedKey' } });
  expect(await other.accessToken('ana')).toBe(connected);
});

it('shows anyone who opens a page outside the writing Region why it is not there, and reports no failure', async () => {
  const { ready } = await Deployment.start(OTHER);
  for (const path of [
    ...['/portals/p', '/portals/p/login', '/portals/p/connect/callback?session_id=urn%3Aa'],
    ...['/identities/oauth2/authorize?request_uri=urn%3Aa', '/identities/oauth2/callback/x?code=a&state=b'],
  ]) {
    const response = await fetch(`${ready.endpoint}${path}`, { headers: { accept: 'text/html' } });
    const page = await response.text();
    expect([path, response.status, page.includes('This page has moved for now')]).toEqual([path, 503, true]);
  }
  const log = await readFile(join(folderOf(OTHER), 'service.log'), 'utf8');
  expect(log).toContain(`${OTHER} is not the writing Region`);
  expect(log).not.toContain('"unexpected"');
});

it('serves in no Region before the time in the record', async () => {
  const home = await Deployment.start(HOME);
  await home.register();
  await home.stop();
  await fail({ to: HOME, in: HOME, since: Math.floor(Date.now() / 1000) + 3600 });
  const early = await Deployment.start(HOME);
  await expect(early.agent.token()).rejects.toMatchObject(ANOTHER_REGION);
});
