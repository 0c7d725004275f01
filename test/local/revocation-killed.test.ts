/**
 * A revocation survives the end of its process. `npm start` runs as a program and is killed, first while the provider is
 * down, and again in the middle of an attempt. The provider is a real authorization server (`oidc-provider`), which is
 * asked at the end whether the tokens are valid.
 */
import { resolve } from 'node:path';
import { BedrockAgentCore } from '@aws-sdk/client-bedrock-agentcore';
import { BedrockAgentCoreControl } from '@aws-sdk/client-bedrock-agentcore-control';
import { customProvider } from '../flows/support/custom-provider';
import { startProvider, type TestProvider } from '../flows/support/provider';
import { hideDate, RETURN_URL, TestAgent } from '../flows/support/world';
import { send, signed } from './handmade-request';
import { Programs, type Program, type Ready } from './program';
import { temporaryFolder } from '../environment/temporary-folder';

const NAMES = { agent: 'travel-agent', provider: 'calendar' } as const;

/** What the provider does with a revocation request: processes it, returns 503, or holds it before or after that. */
type Behavior = 'works' | 'down' | 'holds-before' | 'holds-after';

let folder: string;
let provider: TestProvider;
let behavior: Behavior;
/** Called when the provider holds a request. */
let onHeld: () => void;
const programs = new Programs();

beforeEach(async () => {
  folder = temporaryFolder('killed');
  behavior = 'works';
  provider = await startProvider(
    {
      ttl: { AccessToken: 3600 },
      issueRefreshToken: () => Promise.resolve(true),
      features: { revocation: { enabled: true }, introspection: { enabled: true } },
    },
    {
      prepare: (server) =>
        server.use(async (ctx, next) => {
          if (ctx.path !== '/token/revocation' || behavior === 'works') {
            await next();
          } else if (behavior === 'down') {
            ctx.status = 503;
          } else {
            if (behavior === 'holds-after') await next();
            onHeld();
            await new Promise(() => undefined);
          }
        }),
    },
  );
});

afterEach(async () => {
  programs.kill();
  await provider.close();
});

interface Running {
  readonly program: Program;
  readonly ready: Ready;
}

/** @param ahead seconds by which the clock of the service is ahead */
async function start(ahead = 0): Promise<Running> {
  const program = programs.start({ DATA_DIR: folder, CLOCK_AHEAD: String(ahead) }, [
    '--require',
    resolve(__dirname, 'clock-ahead.cjs'),
  ]);
  return { program, ready: await program.ready() };
}

async function kill({ program }: Running): Promise<void> {
  program.child.kill('SIGKILL');
  await program.ended;
}

function credentialsOf({ principals }: Ready, name: 'agent' | 'operator') {
  const principal = principals[name];
  if (!principal) throw new Error(`no ${name}`);
  const { accessKeyId, secretAccessKey } = principal;
  return { accessKeyId, secretAccessKey };
}

const settings = (ready: Ready) => ({
  endpoint: ready.endpoint,
  region: ready.region,
  credentials: credentialsOf(ready, 'agent'),
  ...{ signingName: 'execute-api' },
});

function agentOf({ ready }: Running): TestAgent {
  const client = new BedrockAgentCore(settings(ready));
  client.middlewareStack.add(hideDate, { step: 'deserialize', priority: 'low' });
  return new TestAgent(client, NAMES.agent, NAMES.provider, '');
}

async function register({ ready }: Running): Promise<void> {
  const control = new BedrockAgentCoreControl(settings(ready));
  const allowedResourceOauth2ReturnUrls = [RETURN_URL];
  await control.createWorkloadIdentity({ name: NAMES.agent, allowedResourceOauth2ReturnUrls });
  const { discoveryUrl, clientId, clientSecret } = provider;
  const { callbackUrl } = await control.createOauth2CredentialProvider({
    name: NAMES.provider,
    ...customProvider(discoveryUrl, { clientId, clientSecret }),
  });
  provider.allowRedirect(callbackUrl ?? '');
  control.destroy();
}

interface Revocation {
  readonly revocationId: string;
  readonly status: string;
  readonly matched: number;
  readonly grants: readonly {
    readonly state: string;
    readonly attempts: number;
    readonly lastError?: string;
  }[];
}

async function operate({ ready }: Running, operation: string, input: object): Promise<Revocation> {
  const credentials = credentialsOf(ready, 'operator');
  const request = { path: `/operator/${operation}`, body: JSON.stringify(input), credentials };
  const { status, body } = await send(await signed(new URL(ready.endpoint).host, request));
  expect([status, body]).toEqual([200, expect.any(String)]);
  return JSON.parse(body) as Revocation;
}

/** The revocation when it is as expected; the service continues it each second. */
async function revocationWhen(
  running: Running,
  revocationId: string,
  isExpected: (revocation: Revocation) => boolean,
): Promise<Revocation> {
  for (let tries = 0; tries < 200; tries += 1) {
    const revocation = await operate(running, 'GetRevocation', { revocationId });
    if (isExpected(revocation)) return revocation;
    await new Promise((wait) => setTimeout(wait, 100));
  }
  throw new Error('the revocation never was as expected');
}

async function postToProvider(path: string, parameters: Record<string, string>) {
  const { clientId, clientSecret } = provider;
  const response = await fetch(`${provider.issuer}${path}`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}` },
    body: new URLSearchParams(parameters),
  });
  return (await response.json()) as Record<string, unknown>;
}

const isActive = async (token: string): Promise<unknown> =>
  (await postToProvider('/token/introspection', { token })).active;

it.each([
  ['has not revoked the tokens yet', 'holds-before'],
  ['has revoked the tokens, and its response was lost', 'holds-after'],
] as const)(
  'a killed service revokes the grant after its restart, if the provider %s',
  async (_what, held) => {
    const first = await start();
    await register(first);
    const accessToken = await agentOf(first).connect('ana');
    const refreshToken = String(provider.exchanges.at(-1)?.answer.refresh_token);
    expect(await isActive(accessToken)).toBe(true);

    // The provider is down: the grant is revoked in the service only.
    behavior = 'down';
    const { revocationId, matched } = await operate(first, 'RevokeGrants', { workloadName: NAMES.agent });
    expect(matched).toBe(1);
    const token = await agentOf(first).token({ userId: 'ana' });
    expect(await agentOf(first).ask(token)).not.toHaveProperty('accessToken');
    const failing = await revocationWhen(
      first,
      revocationId,
      ({ grants }) => grants[0]?.lastError !== undefined,
    );
    expect(failing).toMatchObject({ status: 'IN_PROGRESS', grants: [{ state: 'PENDING' }] });
    expect(await isActive(accessToken)).toBe(true);
    await kill(first);

    // The next attempt is due, and the service is killed in the middle of it.
    const isHeld = new Promise<void>((called) => {
      onHeld = called;
    });
    behavior = held;
    const second = await start(60);
    await isHeld;
    await kill(second);

    // The lease of the killed attempt is over, and the provider works again.
    behavior = 'works';
    const third = await start(200);
    const done = await revocationWhen(third, revocationId, ({ status }) => status === 'DONE');
    expect(done.grants).toMatchObject([{ state: 'CONFIRMED' }]);
    expect(await isActive(accessToken)).toBe(false);
    const refreshed = { grant_type: 'refresh_token', refresh_token: refreshToken };
    expect(await postToProvider('/token', refreshed)).toMatchObject({ error: 'invalid_grant' });
    const again = await agentOf(third).token({ userId: 'ana' });
    expect(await agentOf(third).ask(again)).not.toHaveProperty('accessToken');
    await third.program.stop();
  },
);
