/**
 * Broken responses for each reader of third parties, without the rest of the service, and so in greater number: also in the
 * ways in which the vendors' responses differ. A reader returns what can be used, or says that the third party failed.
 */
import { VENDOR_NAMES, type VendorName } from '../../lambda/model/provider/vendor-names';
import fc from 'fast-check';
import * as oauth from 'oauth4webapi';
import { createIssuerKeys, signatureFault, unverifiedJwt } from '../../lambda/adapters/http/issuer-keys';
import { registerClient } from '../../lambda/domain/oauth/register-client';
import { withoutEchoedSecrets } from '../../lambda/domain/oauth/echoed-secret';
import { requestIdentityAssertion } from '../../lambda/domain/oauth/identity-assertion-grant';
import { findProtectedResource } from '../../lambda/domain/oauth/protected-resource-discovery';
import { ProviderFailure } from '../../lambda/domain/oauth/provider-failure';
import { createMetadataReader, type Metadata } from '../../lambda/domain/oauth/provider-metadata';
import { pushAuthorizationRequest } from '../../lambda/domain/oauth/pushed-authorization';
import { revokeTokens } from '../../lambda/domain/oauth/revoke-tokens';
import { redeemSignIn } from '../../lambda/domain/oauth/sign-in';
import { redeemRefreshToken, type ProviderClient } from '../../lambda/domain/oauth/token-request';
import { exchangeOnBehalfOf } from '../../lambda/domain/oauth/token-exchange';
import type { Transport } from '../../lambda/domain/oauth/transport';
import { MAX_LIFETIME } from '../../lambda/domain/stated-lifetime';
import { createFakeSystem } from '../domain/fake-system';
import { sampleProvider } from '../domain/samples';
import { credentialsOf, type ValidResponse } from './responding-server';
import { brokenResponse, contentOf, DEEP, VALID, withMember, type BrokenResponse } from './broken-responses';
import { MARKER } from './request-values';
import { casesOf, report, TIMEOUT_MS } from './runs';

const ISSUER = 'https://provider.example';
const RESOURCE = 'https://mcp.example/mcp';
const REDIRECT_URI = 'https://agents.example/identities/oauth2/callback/1';
const SECRET = 'Client-Secret-7tVx3NqW';
const policy = { loopback: false };
const system = createFakeSystem();

const METADATA = {
  issuer: ISSUER,
  authorization_endpoint: `${ISSUER}/auth`,
  token_endpoint: `${ISSUER}/token`,
  jwks_uri: `${ISSUER}/jwks`,
  revocation_endpoint: `${ISSUER}/revoke`,
  introspection_endpoint: `${ISSUER}/introspect`,
  registration_endpoint: `${ISSUER}/register`,
  pushed_authorization_request_endpoint: `${ISSUER}/par`,
  code_challenge_methods_supported: ['S256'],
} satisfies Metadata;

const TOKENS = {
  access_token: `access-${MARKER}`,
  refresh_token: `refresh-${MARKER}`,
  token_type: 'Bearer',
  expires_in: 600,
  refresh_token_expires_in: 86_400,
  scope: 'a b',
};

const unsigned = (header: object, claims: object): string =>
  [header, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .concat('c2lnbmF0dXJl')
    .join('.');

/** Later than the clock of this process, which oauth4webapi reads. */
const LATER = 9_999_999_999;

const JWT = unsigned({ alg: 'ES256', kid: '1' }, { sub: 'ana' });

const ASSERTION = unsigned(
  { alg: 'ES256', typ: 'oauth-id-jag+jwt' },
  { iss: ISSUER, aud: ISSUER, client_id: 'agents', sub: 'ana', jti: '1', exp: LATER },
);

const NONCE = 'nonce-of-the-sign-in';

const ID_TOKEN = unsigned(
  { alg: 'RS256' },
  { iss: ISSUER, sub: 'ana', aud: 'agents', nonce: NONCE, iat: 1, exp: LATER },
);

function clientOf(transport: Transport, vendor: VendorName): ProviderClient {
  const provider = sampleProvider({ vendor });
  return {
    provider,
    metadata: METADATA,
    credential: { secret: SECRET },
    transport,
    endpointPolicy: policy,
    system,
  };
}

const narrowing = { scopes: ['a'], resources: [], audiences: [] };

/** A reader, a valid response to its request, and what makes its result usable. */
interface Reader {
  readonly name: string;
  readonly valid: ValidResponse;
  readonly read: (transport: Transport, vendor: VendorName) => Promise<unknown>;
  readonly isUsable: (result: never) => boolean;
}

const isTime = (time: number | undefined): boolean =>
  time === undefined || (time >= system.seconds() && time <= system.seconds() + MAX_LIFETIME);

const areTokens = (tokens: Awaited<ReturnType<typeof redeemRefreshToken>>): boolean =>
  /^[\x20-\x7e]+$/.test(tokens.accessToken) &&
  isTime(tokens.expiresAt) &&
  isTime(tokens.refreshExpiresAt) &&
  (tokens.refreshToken === undefined || typeof tokens.refreshToken === 'string') &&
  tokens.scopes.every((scope) => /^[\x21-\x7e]+$/.test(scope));

const isEndpoint = (text: string | undefined): boolean =>
  text === undefined || (text.startsWith('https://') && URL.canParse(text));

const areMetadata = (metadata: Metadata): boolean =>
  metadata.issuer === ISSUER &&
  [metadata.authorization_endpoint, metadata.token_endpoint, metadata.revocation_endpoint].every(isEndpoint);

const reader = <Result>(
  name: string,
  document: object | undefined,
  read: (transport: Transport, vendor: VendorName) => Promise<Result>,
  isUsable: (result: Result) => boolean,
  status = 200,
): Reader => ({ name, valid: { status, document }, read, isUsable });

const READERS: readonly Reader[] = [
  reader(
    'tokens for a refresh token',
    TOKENS,
    (transport, vendor) => redeemRefreshToken(clientOf(transport, vendor), `old-${MARKER}`, narrowing),
    areTokens,
  ),
  reader(
    'tokens of a user, as Slack returns them',
    { ok: true, authed_user: TOKENS },
    (transport) => redeemRefreshToken(clientOf(transport, 'SlackOauth2'), `old-${MARKER}`, narrowing),
    areTokens,
  ),
  reader(
    'tokens on behalf of a user',
    { ...TOKENS, issued_token_type: 'urn:ietf:params:oauth:token-type:access_token' },
    (transport) =>
      exchangeOnBehalfOf(
        clientOf(transport, 'CustomOauth2'),
        { grantType: 'TOKEN_EXCHANGE', tokenExchangeGrantTypeConfig: { actorTokenContent: 'NONE' } },
        { ...narrowing, subjectToken: JWT, actor: undefined, customParameters: {} },
      ),
    areTokens,
  ),
  reader(
    'tokens of a sign-in',
    { ...TOKENS, id_token: ID_TOKEN },
    (transport) =>
      redeemSignIn(
        clientOf(transport, 'CustomOauth2'),
        oauth.validateAuthResponse(METADATA, { client_id: 'agents' }, new URLSearchParams({ code: 'a' })),
        {
          redirectUri: REDIRECT_URI,
          binding: { state: 'a', nonce: NONCE, codeVerifier: 'a'.repeat(43) },
          pkce: true,
        },
      ),
    ({ idToken, accessToken }) => idToken !== '' && typeof accessToken === 'string',
  ),
  reader(
    'identity assertions',
    {
      access_token: ASSERTION,
      issued_token_type: 'urn:ietf:params:oauth:token-type:id-jag',
      token_type: 'N_A',
    },
    (transport) =>
      requestIdentityAssertion(clientOf(transport, 'CustomOauth2'), {
        ...narrowing,
        idToken: JWT,
        audience: ISSUER,
        clientId: 'agents',
      }),
    (assertion) => typeof assertion === 'string',
  ),
  reader(
    'metadata of an authorization server',
    METADATA,
    (transport) =>
      createMetadataReader(transport, policy, system).read(
        { discoveryUrl: `${ISSUER}/.well-known/openid-configuration` },
        {},
      ),
    areMetadata,
  ),
  reader(
    'metadata of a protected resource',
    { resource: RESOURCE, authorization_servers: [ISSUER], scopes_supported: ['a'] },
    (transport) =>
      findProtectedResource(
        {
          endpointPolicy: policy,
          transport: (url, init) =>
            url.startsWith(ISSUER) ? Promise.resolve(Response.json(METADATA)) : transport(url, init),
        },
        'https://mcp.example/.well-known/oauth-protected-resource/mcp',
      ),
    ({ protectedResource }) => protectedResource.resource === RESOURCE && protectedResource.issuer === ISSUER,
  ),
  reader(
    'registered clients',
    {
      client_id: 'registered',
      client_secret: `secret-${MARKER}`,
      client_secret_expires_at: 0,
      token_endpoint_auth_method: 'client_secret_basic',
      redirect_uris: [REDIRECT_URI],
      grant_types: ['authorization_code'],
      registration_client_uri: `${ISSUER}/clients/registered`,
      registration_access_token: `registration-${MARKER}`,
    },
    (transport) =>
      registerClient({ transport, endpointPolicy: policy }, METADATA, { redirectUri: REDIRECT_URI }),
    ({ clientId, clientSecret, clientAuthenticationMethod, management }) =>
      /^[\x20-\x7e]+$/.test(clientId) &&
      (clientAuthenticationMethod === 'NONE' || /^[\x20-\x7e]+$/.test(clientSecret ?? '')) &&
      (management === undefined || new URL(management.clientUri).origin === ISSUER),
    201,
  ),
  reader(
    'pushed authorization requests',
    { request_uri: 'urn:example:pushed-1', expires_in: 60 },
    (transport) =>
      pushAuthorizationRequest(clientOf(transport, 'CustomOauth2'), new URLSearchParams({ scope: 'a' })),
    ({ requestUri, expiresIn }) =>
      /^[\x21-\x7e]+$/.test(requestUri) && expiresIn >= 0 && expiresIn <= MAX_LIFETIME,
    201,
  ),
  reader(
    'revocations',
    { active: false },
    (transport, vendor) => revokeTokens(clientOf(transport, vendor), { accessToken: TOKENS.access_token }),
    ({ state }) => ['CONFIRMED', 'ACCEPTED', 'NOT_PROVABLE'].includes(state),
  ),
  reader(
    'revocations of refresh tokens',
    undefined,
    (transport, vendor) =>
      revokeTokens(clientOf(transport, vendor), {
        accessToken: TOKENS.access_token,
        refreshToken: TOKENS.refresh_token,
      }),
    ({ state }) => ['CONFIRMED', 'ACCEPTED', 'NOT_PROVABLE'].includes(state),
  ),
  reader(
    'keys of issuers',
    {
      keys: [
        {
          kty: 'EC',
          crv: 'P-256',
          alg: 'ES256',
          use: 'sig',
          kid: '1',
          x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
          y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0',
        },
      ],
    },
    (transport) =>
      createIssuerKeys(transport, system)
        .verify(
          `${ISSUER}/jwks`,
          JWT,
          unverifiedJwt(JWT, () => new Error('no token')),
          {},
        )
        .then(() => 'verified')
        .catch((error: unknown) => {
          const fault = signatureFault(error);
          if (fault === undefined) throw error;
          return fault;
        }),
    // No key signed the token.
    (outcome) => outcome !== 'verified',
  ),
];

/** A transport that responds to each request in the same way, and that handles statuses and echoes as the real one. */
const responding =
  (response: BrokenResponse, valid: ValidResponse): Transport =>
  (_url, { headers, body }) => {
    const sent = body?.toString() ?? '';
    const form = Object.fromEntries(new URLSearchParams(sent));
    const credentials = credentialsOf(headers.authorization);
    const content = contentOf(response, valid, { kind: 'code', form, credentials, body: sent });
    const status = response.status ?? valid.status;
    const text = withoutEchoedSecrets(status, content.toString(), { headers, body: sent });
    const fields = new Headers();
    try {
      if (response.contentType !== undefined) fields.append('content-type', response.contentType);
      for (const [name, value] of response.headers) fields.append(name, value);
      const isBodiless = [204, 205, 304].includes(status);
      return Promise.resolve(new Response(isBodiless ? null : text, { status, headers: fields }));
    } catch {
      return Promise.reject(new ProviderFailure('unreachable', 'no response', { unavailable: true }));
    }
  };

interface Case {
  readonly reader: number;
  readonly vendor: VendorName;
  readonly response: BrokenResponse;
}

/** Valid responses, and responses that failed unexpectedly before. */
const EXAMPLES = READERS.flatMap((_reader, which) =>
  [
    VALID,
    ...['expires_in', 'scope', 'refresh_token_expires_in'].flatMap((member) =>
      [DEEP, '{"toString":1}'].map((json) => withMember(member, json)),
    ),
  ].flatMap((response) =>
    (['CustomOauth2', 'SlackOauth2'] as const).map((vendor): [Case] => [{ reader: which, vendor, response }]),
  ),
);

it(
  'each reader returns what can be used, or a failure of the third party without a secret',
  async () => {
    const outcomes = new Map<string, [usable: number, failed: number]>();
    const meet = async ({ reader: which, vendor, response }: Case): Promise<void> => {
      const { name, valid, read, isUsable } = READERS[which % READERS.length]!;
      const [usable, failed] = outcomes.get(name) ?? [0, 0];
      let result;
      try {
        result = await read(responding(response, valid), vendor);
      } catch (error) {
        if (!(error instanceof ProviderFailure)) throw error;
        const { code, detail, message } = error;
        if (!/^[\w.-]{1,64}$/.test(code)) throw new Error('code of the failure', { cause: error });
        const shown = [code, detail, message].join('\n');
        for (const secret of [SECRET, MARKER])
          if (shown.includes(secret)) throw new Error(`a secret in ${shown}`, { cause: error });
        outcomes.set(name, [usable, failed + 1]);
        return;
      }
      if (!isUsable(result as never)) throw new Error(`not usable: ${JSON.stringify(result)}`);
      outcomes.set(name, [usable + 1, failed]);
    };
    const anyCase = fc.record({
      reader: fc.nat({ max: READERS.length - 1 }),
      vendor: fc.constantFrom(...VENDOR_NAMES),
      response: brokenResponse,
    });
    await fc.assert(fc.asyncProperty(anyCase, meet), { ...casesOf(0.2), examples: EXAMPLES });
    const sum = (index: 0 | 1) => [...outcomes.values()].reduce((total, each) => total + each[index], 0);
    report(`${sum(0) + sum(1)} responses to ${outcomes.size} readers, ${sum(0)} usable and ${sum(1)} failed`);
    const never = READERS.filter(({ name }) => !outcomes.get(name)?.[0]).map(({ name }) => name);
    expect(never).toEqual([]);
  },
  TIMEOUT_MS,
);
