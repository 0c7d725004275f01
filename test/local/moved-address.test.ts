/**
 * The service at another port with the same data folder: agents get tokens, grants stay, and the published keys
 * verify tokens. AWS SDK clients call `npm start` as a program.
 */
import { BedrockAgentCore } from '@aws-sdk/client-bedrock-agentcore';
import { BedrockAgentCoreControl } from '@aws-sdk/client-bedrock-agentcore-control';
import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from 'jose';
import { customProvider } from '../flows/support/custom-provider';
import { startIssuer, type TestIssuer } from '../flows/support/issuer';
import { startProvider, type TestProvider } from '../flows/support/provider';
import { RETURN_URL, TestAgent } from '../flows/support/world';
import { Programs, type Program, type Ready } from './program';
import { temporaryFolder } from '../environment/temporary-folder';

const NAMES = { agent: 'travel-agent', provider: 'calendar' } as const;

let folder: string;
let provider: TestProvider;
let issuer: TestIssuer;
const programs = new Programs();

beforeEach(async () => {
  folder = temporaryFolder('moved');
  provider = await startProvider({ issueRefreshToken: () => Promise.resolve(true) });
  issuer = await startIssuer();
});

afterEach(async () => {
  programs.kill();
  await Promise.all([provider.close(), issuer.close()]);
});

/** The service at an address, and the agent there. */
interface At {
  readonly program: Program;
  readonly endpoint: string;
  readonly control: BedrockAgentCoreControl;
  readonly agent: TestAgent;
  readonly userToken: () => Promise<string>;
}

function settings({ endpoint, region, principals }: Ready) {
  const { agent } = principals;
  if (!agent) throw new Error('no agent');
  const { accessKeyId, secretAccessKey } = agent;
  return {
    endpoint,
    region,
    credentials: { accessKeyId, secretAccessKey },
    maxAttempts: 1,
    ...{ signingName: 'execute-api' },
  };
}

/** @param port a free port by default */
async function startAt(port = '0'): Promise<At> {
  const program = programs.start({
    DATA_DIR: folder,
    PORT: port,
    TRUSTED_ISSUERS: JSON.stringify([
      { discoveryUrl: issuer.discoveryUrl, allowedAudience: [issuer.audience] },
    ]),
  });
  const ready = await program.ready();
  const control = new BedrockAgentCoreControl(settings(ready));
  const data = new BedrockAgentCore(settings(ready));
  const agent = new TestAgent(data, NAMES.agent, NAMES.provider, '');
  const userToken = async () => agent.token({ userToken: await issuer.token('ana') });
  return { program, endpoint: ready.endpoint, control, agent, userToken };
}

/** Returns the callback URL. */
async function register({ control }: At): Promise<string | undefined> {
  await control.createWorkloadIdentity({ name: NAMES.agent, allowedResourceOauth2ReturnUrls: [RETURN_URL] });
  const { discoveryUrl, clientId, clientSecret } = provider;
  const { callbackUrl } = await control.createOauth2CredentialProvider({
    name: NAMES.provider,
    ...customProvider(discoveryUrl, { clientId, clientSecret }),
  });
  provider.allowRedirect(callbackUrl ?? '');
  return callbackUrl;
}

/** The return URL after a consent. */
async function consented({ agent }: At, token: string): Promise<string> {
  const { authorizationUrl } = await agent.ask(token);
  const page = await agent.consent(authorizationUrl);
  return page.searchParams.get('session_id') ?? '';
}

/** Verifies as a resource server does, which knows only the service's address. */
const verified = (token: string, endpoint: string) =>
  jwtVerify(token, createRemoteJWKSet(new URL(`${endpoint}/.well-known/jwks.json`)), {
    issuer: endpoint,
    audience: endpoint,
  });

async function publishedKids(endpoint: string): Promise<string[]> {
  const answer = await fetch(`${endpoint}/.well-known/jwks.json`);
  return ((await answer.json()) as { keys: { kid: string }[] }).keys.map(({ kid }) => kid);
}

const kidOf = (token: string): string => decodeProtectedHeader(token).kid ?? '';

const OF_ANOTHER_ADDRESS = {
  name: 'UnauthorizedException',
  message: expect.stringContaining('was issued for another address of this service. Get a new one') as string,
};

it('continues at another port with its tokens, grants, keys, and a consent in progress', async () => {
  const before = await startAt();
  const registered = await register(before);
  const old = await before.userToken();
  await before.agent.complete(await consented(before, old), { userToken: await issuer.token('ana') });
  const { accessToken } = await before.agent.ask(old);
  expect(accessToken).toBeTruthy();
  // Another user has consented, and the application has not completed the session yet.
  const ben = await before.agent.token({ userId: 'ben' });
  const underWay = await consented(before, ben);
  // A third one has an authorization URL, and has not opened it yet.
  const { sessionUri } = await before.agent.ask(await before.agent.token({ userId: 'dan' }));
  await before.program.stop();

  const after = await startAt();
  expect(after.endpoint).not.toBe(before.endpoint);
  // The key of the next period can follow.
  expect((await publishedKids(after.endpoint))[0]).toBe(kidOf(old));
  const fresh = await after.userToken();
  expect(kidOf(fresh)).toBe(kidOf(old));
  await expect(verified(fresh, after.endpoint)).resolves.toBeDefined();
  expect(await after.agent.ask(fresh)).toMatchObject({ accessToken });

  await expect(after.agent.ask(old)).rejects.toMatchObject(OF_ANOTHER_ADDRESS);
  // Clients react to the word "expired" by getting a new token.
  await expect(after.agent.ask(old)).rejects.not.toMatchObject({
    message: expect.stringContaining('expired') as string,
  });

  await after.agent.complete(underWay, { userId: 'ben' });
  const held = await after.agent.ask(await after.agent.token({ userId: 'ben' }));
  expect(held.accessToken).toBeTruthy();

  // The callback URL has changed, and the operator must register it.
  const { callbackUrl } = await after.control.getOauth2CredentialProvider({ name: NAMES.provider });
  expect(callbackUrl).toMatch(new RegExp(`^${after.endpoint}/identities/oauth2/callback/`));
  provider.allowRedirect(callbackUrl ?? '');
  expect(await after.agent.connect('cleo')).toBeTruthy();

  // Only the beginning of the URLs has changed, so the new callback URL is known before a move.
  expect(callbackUrl?.replace(after.endpoint, before.endpoint)).toBe(registered);
  const unopened = await after.agent.ask(await after.agent.token({ userId: 'dan' }));
  expect(unopened.sessionUri).toBe(sessionUri);
  expect(unopened.authorizationUrl).toMatch(new RegExp(`^${after.endpoint}/identities/oauth2/authorize`));
  expect(await after.agent.connect('dan')).toBeTruthy();
});
