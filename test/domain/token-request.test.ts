/** The requests to a token endpoint, and how its responses are read. */
import type { VendorName } from '../../lambda/model/provider/vendor-names';
import { ProviderFailure } from '../../lambda/domain/oauth/provider-failure';
import {
  redeemCode,
  redeemRefreshToken,
  requestClientCredentials,
  type KeptCode,
} from '../../lambda/domain/oauth/token-request';
import { MAX_LIFETIME } from '../../lambda/domain/stated-lifetime';
import { createTokenClient, json, TOKEN_ENDPOINT, tokens } from './token-client';

type TokenClient = Awaited<ReturnType<typeof createTokenClient>>;

const CODE: KeptCode = {
  code: 'the-code',
  iss: 'https://provider.example',
  codeVerifier: 'v'.repeat(43),
  redirectUri: 'https://identity.example/callback',
};
const PLAIN = { scopes: ['a', 'b'], resources: [], audiences: [] };
const NARROWED = {
  ...PLAIN,
  resources: ['https://one.example', 'https://two.example'],
  audiences: ['three'],
};

const byCode = ({ client }: Pick<TokenClient, 'client'>, kept = CODE, change: object = {}) =>
  redeemCode(client, kept, {
    ...PLAIN,
    pkce: true,
    ...change,
  });
const byRefresh = ({ client }: Pick<TokenClient, 'client'>, change: object = {}) =>
  redeemRefreshToken(client, 'refresh-0', { ...PLAIN, ...change });
const byItself = ({ client }: Pick<TokenClient, 'client'>, change: object = {}) =>
  requestClientCredentials(client, { ...PLAIN, ...change });

/** A vendor that accepts the client secret in the header, but in the body for client credentials. */
const MACHINE_VENDOR: VendorName = 'PingOneOauth2';

const basic = (id: string) => `Basic ${Buffer.from(`${id}:secret`).toString('base64')}`;

describe('a request that redeems a code', () => {
  it('has the form of RFC 6749 section 4.1.3 and RFC 7636 section 4.5', async () => {
    const service = await createTokenClient(tokens);
    await byCode(service);
    expect(service.requests).toHaveLength(1);
    const [sent] = service.requests;
    expect(sent).toMatchObject({ url: TOKEN_ENDPOINT, method: 'POST' });
    expect(sent?.headers.get('authorization')).toBe(basic(service.provider.clientId));
    expect(sent?.headers.get('user-agent')).toBe('agent-identity');
    expect(Object.fromEntries(sent?.form ?? [])).toEqual({
      grant_type: 'authorization_code',
      code: 'the-code',
      redirect_uri: 'https://identity.example/callback',
      code_verifier: 'v'.repeat(43),
    });
  });

  it('has no verifier if there was no challenge', async () => {
    const service = await createTokenClient(tokens);
    await byCode(service, CODE, { pkce: false });
    expect(service.requests[0]?.form.has('code_verifier')).toBe(false);
  });

  it('repeats resource and audience for each value (RFC 8707 section 2.2)', async () => {
    const service = await createTokenClient(tokens);
    await byCode(service, CODE, NARROWED);
    expect(service.requests[0]?.form.getAll('resource')).toEqual(NARROWED.resources);
    expect(service.requests[0]?.form.getAll('audience')).toEqual(NARROWED.audiences);
  });

  it('has the client secret in the body if the provider is configured so', async () => {
    const service = await createTokenClient(tokens, { clientAuthenticationMethod: 'CLIENT_SECRET_POST' });
    await byCode(service);
    expect(service.requests[0]?.headers.has('authorization')).toBe(false);
    expect(service.requests[0]?.form.get('client_secret')).toBe('secret');
  });

  it.each([
    ['from another issuer', { ...CODE, iss: 'https://other.example' }],
    ['without the issuer that the server always names', { ...CODE, iss: undefined }],
  ])('is not sent if the authorization response came %s (RFC 9207 section 2.4)', async (_what, kept) => {
    const metadata = { authorization_response_iss_parameter_supported: true };
    const service = await createTokenClient(tokens, {}, metadata);
    await expect(byCode(service, kept)).rejects.toMatchObject({
      name: 'ProviderFailure',
      unavailable: false,
    });
    expect(service.requests).toEqual([]);
  });

  it('is sent without an issuer if the server does not state its name in responses', async () => {
    const service = await createTokenClient(tokens);
    expect(await byCode(service, { ...CODE, iss: undefined })).toMatchObject({ accessToken: 'access' });
  });
});

describe('a request that redeems a refresh token', () => {
  it('has the form of RFC 6749 section 6, without scopes', async () => {
    const service = await createTokenClient(tokens);
    await byRefresh(service, NARROWED);
    const [sent] = service.requests;
    expect(sent?.headers.get('authorization')).toBe(basic(service.provider.clientId));
    expect([...(sent?.form ?? [])].sort()).toEqual([
      ['audience', 'three'],
      ['grant_type', 'refresh_token'],
      ['refresh_token', 'refresh-0'],
      ['resource', 'https://one.example'],
      ['resource', 'https://two.example'],
    ]);
  });

  it('returns the new refresh token, or the old one if the response has none', async () => {
    const rotating = await createTokenClient(() => tokens({ refresh_token: 'refresh-1' }));
    expect(await byRefresh(rotating)).toMatchObject({ refreshToken: 'refresh-1' });
    expect(await byRefresh(await createTokenClient(tokens))).toMatchObject({ refreshToken: 'refresh-0' });
  });

  it.each(['refresh_token_expires_in', 'refresh_expires_in', 'x_refresh_token_expires_in'])(
    'returns the stated lifetime of the refresh token (%s)',
    async (name) => {
      const service = await createTokenClient(() => tokens({ refresh_token: 'r', [name]: 86_400 }));
      expect(await byRefresh(service)).toMatchObject({
        refreshExpiresAt: service.system.seconds() + 86_400,
      });
    },
  );

  it.each([
    ['0, which means no expiry', { refresh_token_expires_in: 0, refresh_token: 'r' }],
    ['a lifetime that is not a number', { refresh_token_expires_in: 'never', refresh_token: 'r' }],
    ['no lifetime for a new refresh token', { refresh_token: 'r' }],
  ])('returns no expiry of the refresh token if the response has %s', async (_what, answer) => {
    const service = await createTokenClient(() => tokens(answer));
    expect(await byRefresh(service, { refreshExpiresAt: 7 })).not.toHaveProperty('refreshExpiresAt');
  });

  it.each([1e200, '1e300', 'Infinity', '1e999'])(
    'returns an expiry of the refresh token that can be stored (%s)',
    async (seconds) => {
      const service = await createTokenClient(() =>
        tokens({ refresh_token: 'r', refresh_expires_in: seconds }),
      );
      expect(await byRefresh(service)).toMatchObject({
        refreshExpiresAt: service.system.seconds() + MAX_LIFETIME,
      });
    },
  );

  it.each([[true], [[7]], [-1], ['']])(
    'returns no expiry of the refresh token for %j in place of seconds',
    async (seconds) => {
      const service = await createTokenClient(() =>
        tokens({ refresh_token: 'r', refresh_expires_in: seconds }),
      );
      expect(await byRefresh(service)).not.toHaveProperty('refreshExpiresAt');
    },
  );

  it('returns the old expiry if the refresh token stays the same', async () => {
    expect(await byRefresh(await createTokenClient(tokens), { refreshExpiresAt: 7 })).toMatchObject({
      refreshExpiresAt: 7,
    });
  });

  it('returns no expiry if there is no refresh token', async () => {
    const service = await createTokenClient(() => tokens({ refresh_token_expires_in: 86_400 }));
    expect(await byCode(service)).not.toHaveProperty('refreshExpiresAt');
  });
});

describe('a request for client credentials', () => {
  it('has the form of RFC 6749 section 4.4.2', async () => {
    const service = await createTokenClient(tokens);
    await byItself(service, NARROWED);
    const [sent] = service.requests;
    expect(sent?.headers.get('authorization')).toBe(basic(service.provider.clientId));
    expect([...(sent?.form ?? [])].sort()).toEqual([
      ['audience', 'three'],
      ['grant_type', 'client_credentials'],
      ['resource', 'https://one.example'],
      ['resource', 'https://two.example'],
      ['scope', 'a b'],
    ]);
  });

  it('has no scope if none is requested', async () => {
    const service = await createTokenClient(tokens);
    await byItself(service, { scopes: [] });
    expect(service.requests[0]?.form.has('scope')).toBe(false);
  });

  it('authenticates as the provider is configured', async () => {
    const service = await createTokenClient(tokens, { clientAuthenticationMethod: 'CLIENT_SECRET_POST' });
    await byItself(service);
    expect(service.requests[0]?.form.get('client_secret')).toBe('secret');
  });

  it('authenticates as the vendor requires for client credentials, if that differs', async () => {
    const service = await createTokenClient(tokens, { vendor: MACHINE_VENDOR });
    await byItself(service);
    await byRefresh(service);
    expect(service.requests.map(({ form }) => form.has('client_secret'))).toEqual([true, false]);
  });

  it('returns no refresh token', async () => {
    expect(await byItself(await createTokenClient(tokens))).not.toHaveProperty('refreshToken');
  });

  it('is not sent to a vendor that does not support client credentials', async () => {
    const service = await createTokenClient(tokens, { vendor: 'GithubOauth2' });
    await expect(Promise.resolve().then(() => byItself(service))).rejects.toMatchObject({
      name: 'ValidationException',
      message: expect.stringContaining('M2M is not supported for GithubOauth2') as unknown,
      fieldList: [{ name: 'oauth2Flow' }],
    });
    expect(service.requests).toEqual([]);
  });
});

describe('a token response', () => {
  it.each<[string, string | undefined, string[]]>([
    ['the requested scopes if it states none', undefined, ['a', 'b']],
    ['the stated scopes', 'a', ['a']],
    ['more scopes than requested, if it states them', 'b c a', ['b', 'c', 'a']],
    ['no scopes if it states an empty scope', '', []],
    ['the stated scopes, with any number of spaces', ' a  b ', ['a', 'b']],
    ['the stated scopes, one on each line', 'a\r\nb\n', ['a', 'b']],
    ['scopes with commas as one', 'a,b', ['a,b']],
    ['each scope once', 'b a b', ['b', 'a']],
  ])('grants %s', async (_what, scope, granted) => {
    const service = await createTokenClient(() => tokens({ scope }));
    expect((await byCode(service)).scopes).toEqual(granted);
    expect((await byRefresh(service)).scopes).toEqual(granted);
    expect((await byItself(service)).scopes).toEqual(granted);
  });

  const scopesOf = (characters: number) => 'ab '.repeat(characters / 3 + 1).slice(0, characters);

  it('can have scopes with as many characters as a request can have', async () => {
    const service = await createTokenClient(() => tokens({ scope: scopesOf(32_768) }));
    expect((await byItself(service)).scopes).toEqual(['ab']);
  });

  it('can have 1,000 scopes', async () => {
    const scopes = Array.from({ length: 1_001 }, (_, index) => String(index));
    const service = await createTokenClient(() => tokens({ scope: scopes.slice(1).join(' ') }));
    expect((await byItself(service)).scopes).toHaveLength(1_000);
    const more = await createTokenClient(() => tokens({ scope: scopes.join(' ') }));
    await expect(byItself(more)).rejects.toMatchObject({
      code: 'invalid_response',
      detail: 'token endpoint: more than 1000 scopes',
    });
  });

  it.each([
    ['a code', byCode],
    ['a refresh token', byRefresh],
    ['the client itself', byItself],
  ])('is rejected if the scopes have more characters (%s)', async (_by, request) => {
    const service = await createTokenClient(() => tokens({ scope: scopesOf(32_769) }));
    await expect(request(service)).rejects.toMatchObject({
      code: 'invalid_response',
      detail: 'token endpoint: the scopes have more than 32768 characters',
    });
  });

  it.each([
    ['a control character', 'a b\u001b[31m'],
    ['a character that changes the direction of text', 'a\u202eb'],
    ['a quote', 'a "b"'],
    ['white space that is no separator', 'a\u00a0b'],
  ])('is rejected if a scope has %s', async (_what, scope) => {
    const service = await createTokenClient(() => tokens({ scope }));
    await expect(byCode(service)).rejects.toMatchObject({
      code: 'invalid_response',
      detail: 'token endpoint: the scopes have characters that scopes cannot have (RFC 6749 section 3.3)',
    });
  });

  it.each([
    ['signed with the client secret', 'eyJhbGciOiJIUzI1NiJ9.e30.c2ln'],
    ['that is no JWT', 'x'],
    ['that is no text', 7],
  ])('is returned with an ID token %s, which is not needed', async (_what, id_token) => {
    for (const request of [byCode, byRefresh, byItself]) {
      const service = await createTokenClient(() => tokens({ id_token }));
      expect(await request(service)).toMatchObject({ accessToken: 'access' });
    }
  });

  it('is returned if members that are not needed are nested too deeply to be written again', async () => {
    const nested = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    const body = `{"access_token":"access","token_type":"Bearer","id_token":"x","details":${nested}}`;
    for (const request of [byCode, byRefresh, byItself]) {
      const headers = { 'content-type': 'application/json' };
      const service = await createTokenClient(() => new Response(body, { headers }));
      expect(await request(service)).toMatchObject({ accessToken: 'access' });
    }
  });

  it('has a lifetime that begins before the request', async () => {
    const service = await createTokenClient(() => {
      service.system.advance(4);
      return tokens();
    });
    const before = service.system.seconds();
    expect((await byRefresh(service)).expiresAt).toBe(before + 3600);
  });

  it.each([1e200, 1.7e308, '1e200', MAX_LIFETIME + 1])(
    'with a lifetime of more than ten years is limited to ten years (%s)',
    async (seconds) => {
      const service = await createTokenClient(() => tokens({ expires_in: seconds }));
      const expiresAt = service.system.seconds() + MAX_LIFETIME;
      expect(await byCode(service)).toMatchObject({ expiresAt });
      expect(await byRefresh(service)).toMatchObject({ expiresAt });
      expect(await byItself(service)).toMatchObject({ expiresAt });
    },
  );

  it.each(['Infinity', 'soon', -1, true])(
    'is rejected for a lifetime that is not valid (%s)',
    async (seconds) => {
      const service = await createTokenClient(() => tokens({ expires_in: seconds }));
      await expect(byRefresh(service)).rejects.toMatchObject({
        code: 'invalid_response',
        unavailable: false,
      });
    },
  );

  it('without a lifetime expires after an hour, if the token can be refreshed', async () => {
    const service = await createTokenClient(() => tokens({ expires_in: undefined }));
    expect((await byRefresh(service)).expiresAt).toBe(service.system.seconds() + 3600);
    expect(await byItself(service)).not.toHaveProperty('expiresAt');
  });

  it("without a lifetime expires after the vendor's known lifetime", async () => {
    const service = await createTokenClient(() => tokens({ expires_in: undefined, refresh_token: 'r' }), {
      vendor: 'SalesforceOauth2',
    });
    const { expiresAt = 0 } = await byCode(service);
    expect(expiresAt - service.system.seconds()).toBe(900);
  });

  it('is not requested over http, except on loopback if the policy allows it', async () => {
    const plain = { token_endpoint: 'http://127.0.0.1:9/token' };
    const service = await createTokenClient(tokens, {}, plain);
    await expect(byRefresh(service)).rejects.toBeInstanceOf(ProviderFailure);
    expect(service.requests).toEqual([]);
    const client = { ...service.client, endpointPolicy: { loopback: true } };
    expect(await byRefresh({ client })).toMatchObject({ accessToken: 'access' });
  });
});

describe('a form-encoded response of a custom provider', () => {
  const FORM = 'application/x-www-form-urlencoded';
  const form = (body: string, status = 200, headers: Record<string, string> = {}) =>
    new Response(body, { status, headers: { 'content-type': FORM, ...headers } });
  const TOKENS = 'access_token=gho_%2B1+x&token_type=Bearer&expires_in=3600&scope=a+b&refresh_token=next';

  it.each([FORM, `${FORM}; charset=utf-8`, 'Application/X-WWW-Form-URLEncoded'])(
    'is read like JSON, for every grant type (%s)',
    async (type) => {
      const service = await createTokenClient(() => form(TOKENS, 200, { 'content-type': type }));
      const expiresAt = service.system.seconds() + 3600;
      const read = { accessToken: 'gho_+1 x', scopes: ['a', 'b'], expiresAt };
      expect(await byCode(service)).toEqual({ ...read, refreshToken: 'next' });
      expect(await byRefresh(service)).toEqual({ ...read, refreshToken: 'next' });
      expect(await byItself(service)).toEqual(read);
    },
  );

  it('can omit the same members as JSON, and members without a value are omitted', async () => {
    const service = await createTokenClient(() => form('access_token=a&token_type=bearer&expires_in=&scope'));
    expect(await byItself(service)).toEqual({ accessToken: 'a', scopes: ['a', 'b'] });
  });

  it('that contains JSON is read as JSON', async () => {
    const body = JSON.stringify({ access_token: 'a', token_type: 'bearer' });
    expect(await byItself(await createTokenClient(() => form(body)))).toMatchObject({ accessToken: 'a' });
  });

  it.each([
    ['two access tokens', 'access_token=a&access_token=b&token_type=bearer'],
    ['two access tokens, one of them encoded', 'access_token=a&acces%73_token=b&token_type=bearer'],
    ['no token type', 'access_token=a'],
    ['an empty access token', 'access_token=&token_type=bearer'],
    ['a token type other than bearer', 'access_token=a&token_type=mac'],
    ['a lifetime that only begins with a number', 'access_token=a&token_type=bearer&expires_in=36e9x'],
    ['a negative lifetime', 'access_token=a&token_type=bearer&expires_in=-1'],
    ['an invalid encoding', 'access_token=%zz&token_type=bearer'],
    ['bytes that are not UTF-8', 'access_token=%ff&token_type=bearer'],
    ['an error with status 200', 'error=invalid_grant'],
    ['a page', '<html><body>access_token=a&token_type=bearer</body></html>'],
    ['an empty body', ''],
  ])('is rejected with %s', async (_what, body) => {
    const service = await createTokenClient(() => form(body));
    for (const request of [byCode, byRefresh, byItself]) {
      await expect(request(service)).rejects.toMatchObject({
        name: 'ProviderFailure',
        code: 'invalid_response',
        unavailable: false,
      });
    }
  });

  it.each(['text/plain', 'text/html', 'application/json', `${FORM}x`])(
    'is not recognized with another content type (%s)',
    async (type) => {
      const service = await createTokenClient(() => form(TOKENS, 200, { 'content-type': type }));
      await expect(byRefresh(service)).rejects.toMatchObject({ name: 'ProviderFailure' });
    },
  );

  it.each<[body: string, status: number, code: string, unavailable: boolean]>([
    ['error=invalid_grant&error_description=it+is+over', 400, 'invalid_grant', false],
    ['error=invalid_client', 401, 'invalid_client', false],
    ['error=invalid_grant', 503, 'temporarily_unavailable', true],
    ['error=a&error=b', 400, 'invalid_response', false],
  ])('reports the error: %s with status %i', async (body, status, code, unavailable) => {
    const service = await createTokenClient(() => form(body, status));
    for (const request of [byCode, byRefresh, byItself]) {
      await expect(request(service)).rejects.toMatchObject({ code, unavailable });
    }
  });

  it('reports the time of Retry-After', async () => {
    const service = await createTokenClient(() => form('error=slow_down', 429, { 'retry-after': '7' }));
    await expect(byRefresh(service)).rejects.toMatchObject({ unavailable: true, retryAfter: 7 });
  });
});

describe('a vendor', () => {
  it('that expects JSON gets JSON', async () => {
    const service = await createTokenClient(tokens, {
      vendor: 'AtlassianOauth2',
      clientAuthenticationMethod: 'CLIENT_SECRET_POST',
    });
    await byRefresh(service);
    const [sent] = service.requests;
    expect(sent?.headers.get('content-type')).toBe('application/json');
    expect(JSON.parse(sent?.body ?? '')).toEqual({
      client_id: service.provider.clientId,
      client_secret: 'secret',
      grant_type: 'refresh_token',
      refresh_token: 'refresh-0',
    });
  });

  it.each<VendorName>(['CustomOauth2', 'GithubOauth2'])(
    'that expects a form gets a form: %s',
    async (vendor) => {
      const service = await createTokenClient(tokens, { vendor });
      await byRefresh(service);
      expect(service.requests[0]?.headers.get('content-type')).toMatch(/^application\/x-www-form-urlencoded/);
      expect(service.requests[0]?.form.get('refresh_token')).toBe('refresh-0');
    },
  );

  it('that returns errors with status 200 causes an error', async () => {
    const service = await createTokenClient(() => json({ error: 'bad_refresh_token' }), {
      vendor: 'GithubOauth2',
    });
    await expect(byRefresh(service)).rejects.toMatchObject({ code: 'invalid_grant', unavailable: false });
  });
});

it.each([
  ['bound to a key', { token_type: 'DPoP' }],
  ['of type N_A', { token_type: 'N_A' }],
  ['with a line break', { access_token: 'a\r\nb' }],
  ['with a character that no header can contain', { access_token: 'a€' }],
])('rejects a token %s', async (_which, change) => {
  for (const by of [byCode, byRefresh, byItself]) {
    const service = await createTokenClient(() => tokens(change));
    await expect(by(service)).rejects.toMatchObject({ code: 'invalid_response' });
  }
});
