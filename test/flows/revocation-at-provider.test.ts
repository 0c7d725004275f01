/** Tokens of a real authorization server (`oidc-provider`) are revoked there, with a proof. */
import type { Provider } from 'oidc-provider';
import { createTransport } from '../../lambda/adapters/http/transport';
import { system } from '../../lambda/adapters/system';
import { createMetadataReader } from '../../lambda/domain/oauth/provider-metadata';
import { revokeTokens, type RevocableTokens } from '../../lambda/domain/oauth/revoke-tokens';
import { redeemRefreshToken, type ProviderClient } from '../../lambda/domain/oauth/token-request';
import { sampleProvider } from '../domain/samples';
import { Browser } from './support/browser';
import { signInAndConsent, startProvider, type TestProvider } from './support/provider';

const BACK = 'http://127.0.0.1:9/back';
const CLIENTS = ['agents', 'others'].map((id) => ({
  client_id: id,
  client_secret: `secret-of-${id}`,
  redirect_uris: [BACK],
  grant_types: ['authorization_code', 'refresh_token', 'client_credentials'],
}));
const policy = { loopback: true };
const transport = createTransport(policy);

let server: TestProvider;
/** Answers the revocation request in place of the server. */
let outage: { readonly status: number; readonly retryAfter: string } | undefined;

const start = (enabled: boolean) =>
  startProvider(
    {
      clients: CLIENTS,
      features: { revocation: { enabled }, introspection: { enabled }, clientCredentials: { enabled: true } },
    },
    {
      prepare(provider: Provider) {
        provider.use(async (ctx, next) => {
          if (!outage || ctx.path !== '/token/revocation') {
            await next();
            return;
          }
          ctx.status = outage.status;
          ctx.set('retry-after', outage.retryAfter);
          ctx.body = 'Maintenance';
        });
      },
    },
  );

beforeAll(async () => {
  server = await start(true);
});
afterAll(() => server.close());
afterEach(() => {
  outage = undefined;
});

async function clientAt(
  at: TestProvider,
  id = 'agents',
  secret = `secret-of-${id}`,
): Promise<ProviderClient> {
  const { discoveryUrl } = at;
  const metadata = await createMetadataReader(transport, policy, system).read({ discoveryUrl }, {});
  const provider = sampleProvider({ clientId: id, discovery: { discoveryUrl } });
  return { provider, metadata, credential: { secret }, transport, endpointPolicy: policy, system };
}

async function requestTokens(at: TestProvider, parameters: Record<string, string>) {
  const response = await fetch(`${at.issuer}/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from('agents:secret-of-agents').toString('base64')}` },
    body: new URLSearchParams(parameters),
  });
  return (await response.json()) as { access_token: string; refresh_token?: string };
}

/** A user signs in and consents. */
async function consent(at: TestProvider): Promise<RevocableTokens & { readonly refreshToken: string }> {
  at.allowRedirect(BACK);
  const query = new URLSearchParams({
    client_id: 'agents',
    response_type: 'code',
    redirect_uri: BACK,
    scope: 'openid offline_access',
    prompt: 'consent',
  });
  const page = await signInAndConsent(new Browser(), `${at.issuer}/auth?${query.toString()}`, 'ana', BACK);
  const code = new URL(page.url).searchParams.get('code') ?? '';
  const answer = await requestTokens(at, { grant_type: 'authorization_code', code, redirect_uri: BACK });
  return { accessToken: answer.access_token, refreshToken: answer.refresh_token ?? '' };
}

/** The status with which a resource of the server answers the access token. */
const userinfo = async (at: TestProvider, { accessToken }: RevocableTokens): Promise<number> =>
  (await fetch(`${at.issuer}/me`, { headers: { authorization: `Bearer ${accessToken}` } })).status;

it('revokes refresh token and access token, and a repetition is confirmed too', async () => {
  const tokens = await consent(server);
  expect(await userinfo(server, tokens)).toBe(200);
  const client = await clientAt(server);
  expect(await revokeTokens(client, tokens)).toEqual({ state: 'CONFIRMED' });
  expect(await userinfo(server, tokens)).toBe(401);
  expect(server.exchanges.at(-1)).toMatchObject({ status: 400, answer: { error: 'invalid_grant' } });
  expect(await revokeTokens(client, tokens)).toEqual({ state: 'CONFIRMED' });
});

it("revokes the client's own token, and introspection confirms it", async () => {
  const { access_token: accessToken } = await requestTokens(server, { grant_type: 'client_credentials' });
  const client = await clientAt(server);
  expect(await revokeTokens(client, { accessToken })).toEqual({ state: 'CONFIRMED' });
  // It is not active any more, so a repetition finds no proof.
  expect(await revokeTokens(client, { accessToken })).toMatchObject({ state: 'ACCEPTED' });
});

it.each([
  ['with a wrong client secret', 'agents', 'wrong', 'invalid_client'],
  ['for tokens of another client', 'others', 'secret-of-others', 'invalid_request'],
])('is rejected permanently %s, and the tokens stay valid', async (_what, id, secret, code) => {
  const tokens = await consent(server);
  await expect(revokeTokens(await clientAt(server, id, secret), tokens)).rejects.toMatchObject({
    name: 'ProviderFailure',
    code,
    unavailable: false,
  });
  expect(await userinfo(server, tokens)).toBe(200);
});

it('can be repeated after an outage, when the server asks for it', async () => {
  const tokens = await consent(server);
  const client = await clientAt(server);
  outage = { status: 503, retryAfter: '7' };
  await expect(revokeTokens(client, tokens)).rejects.toMatchObject({ unavailable: true, retryAfter: 7 });
  outage = undefined;
  expect(await revokeTokens(client, tokens)).toEqual({ state: 'CONFIRMED' });
});

it('revokes nothing at a server without a revocation endpoint', async () => {
  const other = await start(false);
  try {
    const tokens = await consent(other);
    const client = await clientAt(other);
    expect(await revokeTokens(client, tokens)).toEqual({
      state: 'NOT_PROVABLE',
      detail: 'the provider has no revocation endpoint',
    });
    const none = { scopes: [], resources: [], audiences: [] };
    expect(await redeemRefreshToken(client, tokens.refreshToken ?? '', none)).toHaveProperty('accessToken');
  } finally {
    await other.close();
  }
});
