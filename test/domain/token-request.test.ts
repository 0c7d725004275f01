/** What is asked of a token endpoint, and what is made of its answer. */
import { ProviderFailure } from '../../lambda/domain/oauth/provider-failure';
import {
  redeemCode,
  redeemRefreshToken,
  requestClientCredentials,
  type KeptCode,
} from '../../lambda/domain/oauth/token-request';
import type { VendorName } from '../../lambda/domain/provider/vendors';
import { MAX_LIFETIME } from '../../lambda/domain/stated-lifetime';
import { createTokenClient, json, TOKEN_ENDPOINT, tokens } from './token-client';

type TokenClient = Awaited<ReturnType<typeof createTokenClient>>;

const CODE: KeptCode = { code: 'the-code', iss: 'https://provider.example', codeVerifier: 'v'.repeat(43) };
const PLAIN = { scopes: ['a', 'b'], resources: [], audiences: [] };
const NARROWED = {
  ...PLAIN,
  resources: ['https://one.example', 'https://two.example'],
  audiences: ['three'],
};

const byCode = ({ client }: Pick<TokenClient, 'client'>, kept = CODE, change: object = {}) =>
  redeemCode(client, kept, {
    ...PLAIN,
    redirectUri: 'https://identity.example/callback',
    pkce: true,
    ...change,
  });
const byRefresh = ({ client }: Pick<TokenClient, 'client'>, change: object = {}) =>
  redeemRefreshToken(client, 'refresh-0', { ...PLAIN, ...change });
const byItself = ({ client }: Pick<TokenClient, 'client'>, change: object = {}) =>
  requestClientCredentials(client, { ...PLAIN, ...change });

/** It takes the client's secret in the header, but from applications in the body. */
const MACHINE_VENDOR: VendorName = 'PingOneOauth2';

const basic = (id: string) => `Basic ${Buffer.from(`${id}:secret`).toString('base64')}`;

describe('a code is redeemed', () => {
  it('as RFC 6749 section 4.1.3 and RFC 7636 section 4.5 have it', async () => {
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

  it('without verifier where there was no challenge', async () => {
    const service = await createTokenClient(tokens);
    await byCode(service, CODE, { pkce: false });
    expect(service.requests[0]?.form.has('code_verifier')).toBe(false);
  });

  it('with what narrows the token, as often as there are values (RFC 8707 section 2.2)', async () => {
    const service = await createTokenClient(tokens);
    await byCode(service, CODE, NARROWED);
    expect(service.requests[0]?.form.getAll('resource')).toEqual(NARROWED.resources);
    expect(service.requests[0]?.form.getAll('audience')).toEqual(NARROWED.audiences);
  });

  it('by a client that has no place in the header in the body', async () => {
    const service = await createTokenClient(tokens, { clientAuthenticationMethod: 'CLIENT_SECRET_POST' });
    await byCode(service);
    expect(service.requests[0]?.headers.has('authorization')).toBe(false);
    expect(service.requests[0]?.form.get('client_secret')).toBe('secret');
  });

  it.each([
    ['of another issuer', { ...CODE, iss: 'https://other.example' }],
    ['without the issuer that the server always names', { ...CODE, iss: undefined }],
  ])('not at all when it came %s (RFC 9207 section 2.4)', async (_what, kept) => {
    const metadata = { authorization_response_iss_parameter_supported: true };
    const service = await createTokenClient(tokens, {}, metadata);
    await expect(byCode(service, kept)).rejects.toMatchObject({
      name: 'ProviderFailure',
      unavailable: false,
    });
    expect(service.requests).toEqual([]);
  });

  it('without an issuer at a server that does not name itself', async () => {
    const service = await createTokenClient(tokens);
    expect(await byCode(service, { ...CODE, iss: undefined })).toMatchObject({ accessToken: 'access' });
  });
});

describe('a refresh token is redeemed', () => {
  it('as RFC 6749 section 6 has it, for the scopes that it has', async () => {
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

  it('and the next one is kept, or the same where there is none', async () => {
    const rotating = await createTokenClient(() => tokens({ refresh_token: 'refresh-1' }));
    expect(await byRefresh(rotating)).toMatchObject({ refreshToken: 'refresh-1' });
    expect(await byRefresh(await createTokenClient(tokens))).toMatchObject({ refreshToken: 'refresh-0' });
  });

  it.each(['refresh_token_expires_in', 'refresh_expires_in', 'x_refresh_token_expires_in'])(
    'and its own end is kept (%s)',
    async (name) => {
      const service = await createTokenClient(() => tokens({ refresh_token: 'r', [name]: 86_400 }));
      expect(await byRefresh(service)).toMatchObject({
        refreshExpiresAt: service.system.seconds() + 86_400,
      });
    },
  );

  it.each([
    ['0, for one without end', { refresh_token_expires_in: 0, refresh_token: 'r' }],
    ['no number', { refresh_token_expires_in: 'never', refresh_token: 'r' }],
    ['nothing, for another one', { refresh_token: 'r' }],
  ])('and has no end that is known when the server says %s', async (_what, answer) => {
    const service = await createTokenClient(() => tokens(answer));
    expect(await byRefresh(service, { refreshExpiresAt: 7 })).not.toHaveProperty('refreshExpiresAt');
  });

  it.each([1e200, '1e300', 'Infinity', '1e999'])(
    'and has an end that can be stored (%s)',
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
    'and has no end that is known for %j in place of seconds',
    async (seconds) => {
      const service = await createTokenClient(() =>
        tokens({ refresh_token: 'r', refresh_expires_in: seconds }),
      );
      expect(await byRefresh(service)).not.toHaveProperty('refreshExpiresAt');
    },
  );

  it('and keeps its end when it stays', async () => {
    expect(await byRefresh(await createTokenClient(tokens), { refreshExpiresAt: 7 })).toMatchObject({
      refreshExpiresAt: 7,
    });
  });

  it('and an end is nothing without a refresh token', async () => {
    const service = await createTokenClient(() => tokens({ refresh_token_expires_in: 86_400 }));
    expect(await byCode(service)).not.toHaveProperty('refreshExpiresAt');
  });
});

describe('the client asks for itself', () => {
  it('as RFC 6749 section 4.4.2 has it', async () => {
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

  it('without scope when it wants none in particular', async () => {
    const service = await createTokenClient(tokens);
    await byItself(service, { scopes: [] });
    expect(service.requests[0]?.form.has('scope')).toBe(false);
  });

  it('as the provider is configured to authenticate', async () => {
    const service = await createTokenClient(tokens, { clientAuthenticationMethod: 'CLIENT_SECRET_POST' });
    await byItself(service);
    expect(service.requests[0]?.form.get('client_secret')).toBe('secret');
  });

  it('as the vendor wants it of applications, where that differs', async () => {
    const service = await createTokenClient(tokens, { vendor: MACHINE_VENDOR });
    await byItself(service);
    await byRefresh(service);
    expect(service.requests.map(({ form }) => form.has('client_secret'))).toEqual([true, false]);
  });

  it('and gets no refresh token, nor the want of one', async () => {
    expect(await byItself(await createTokenClient(tokens))).not.toHaveProperty('refreshToken');
  });

  it('and gets none where the vendor has none for applications: nothing is sent', async () => {
    const service = await createTokenClient(tokens, { vendor: 'GithubOauth2' });
    await expect(Promise.resolve().then(() => byItself(service))).rejects.toMatchObject({
      name: 'ValidationException',
      message: expect.stringContaining('M2M is not supported for GithubOauth2') as unknown,
      fieldList: [{ name: 'oauth2Flow' }],
    });
    expect(service.requests).toEqual([]);
  });
});

describe('the answer', () => {
  it.each<[string, string | undefined, string[]]>([
    ['what was asked when it does not say', undefined, ['a', 'b']],
    ['what it says', 'a', ['a']],
    ['more, when it says so', 'b c a', ['b', 'c', 'a']],
    ['none, when it says so', '', []],
    ['those that it says, whatever lies between', ' a  b ', ['a', 'b']],
  ])('grants %s', async (_what, scope, granted) => {
    const service = await createTokenClient(() => tokens({ scope }));
    expect((await byCode(service)).scopes).toEqual(granted);
    expect((await byRefresh(service)).scopes).toEqual(granted);
    expect((await byItself(service)).scopes).toEqual(granted);
  });

  const scopesOf = (characters: number) => 'ab '.repeat(characters / 3 + 1).slice(0, characters);

  it('grants scopes of as many characters as a request can have', async () => {
    const service = await createTokenClient(() => tokens({ scope: scopesOf(32_768) }));
    expect((await byItself(service)).scopes).toHaveLength(10_923);
  });

  it.each([
    ['a code', byCode],
    ['a refresh token', byRefresh],
    ['the client itself', byItself],
  ])('grants nothing by more characters (%s)', async (_by, request) => {
    const service = await createTokenClient(() => tokens({ scope: scopesOf(32_769) }));
    await expect(request(service)).rejects.toMatchObject({
      code: 'invalid_response',
      detail: 'token endpoint: the scopes have more than 32768 characters',
    });
  });

  it('counts its time from before it was asked for', async () => {
    const service = await createTokenClient(() => {
      service.system.advance(4);
      return tokens();
    });
    const before = service.system.seconds();
    expect((await byRefresh(service)).expiresAt).toBe(before + 3600);
  });

  it.each([1e200, 1.7e308, '1e200', MAX_LIFETIME + 1])(
    'that names an end beyond ten years: ten years, and the tokens are kept (%s)',
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

  it('that names no end: an hour, for a token that can be refreshed', async () => {
    const service = await createTokenClient(() => tokens({ expires_in: undefined }));
    expect((await byRefresh(service)).expiresAt).toBe(service.system.seconds() + 3600);
    expect(await byItself(service)).not.toHaveProperty('expiresAt');
  });

  it('that names no end: as long as is known of the vendor', async () => {
    const service = await createTokenClient(() => tokens({ expires_in: undefined, refresh_token: 'r' }), {
      vendor: 'SalesforceOauth2',
    });
    const { expiresAt = 0 } = await byCode(service);
    expect(expiresAt - service.system.seconds()).toBe(900);
  });

  it('is not taken over a line that can be read, but on a laptop', async () => {
    const plain = { token_endpoint: 'http://127.0.0.1:9/token' };
    const service = await createTokenClient(tokens, {}, plain);
    await expect(byRefresh(service)).rejects.toBeInstanceOf(ProviderFailure);
    expect(service.requests).toEqual([]);
    const client = { ...service.client, endpointPolicy: { loopback: true } };
    expect(await byRefresh({ client })).toMatchObject({ accessToken: 'access' });
  });
});

describe('an answer as a form, of a custom provider', () => {
  const FORM = 'application/x-www-form-urlencoded';
  const form = (body: string, status = 200, headers: Record<string, string> = {}) =>
    new Response(body, { status, headers: { 'content-type': FORM, ...headers } });
  const TOKENS = 'access_token=gho_%2B1+x&token_type=Bearer&expires_in=3600&scope=a+b&refresh_token=next';

  it.each([FORM, `${FORM}; charset=utf-8`, 'Application/X-WWW-Form-URLEncoded'])(
    'is read like JSON, whatever the grant (%s)',
    async (type) => {
      const service = await createTokenClient(() => form(TOKENS, 200, { 'content-type': type }));
      const expiresAt = service.system.seconds() + 3600;
      const read = { accessToken: 'gho_+1 x', refreshToken: 'next', scopes: ['a', 'b'], expiresAt };
      expect(await byCode(service)).toEqual(read);
      expect(await byRefresh(service)).toEqual(read);
      expect(await byItself(service)).toEqual(read);
    },
  );

  it('may leave out what JSON may, and has what comes without a value left out', async () => {
    const service = await createTokenClient(() => form('access_token=a&token_type=bearer&expires_in=&scope'));
    expect(await byItself(service)).toEqual({ accessToken: 'a', scopes: ['a', 'b'] });
  });

  it('that is JSON in truth is read as JSON', async () => {
    const body = JSON.stringify({ access_token: 'a', token_type: 'bearer' });
    expect(await byItself(await createTokenClient(() => form(body)))).toMatchObject({ accessToken: 'a' });
  });

  it.each([
    ['two access tokens', 'access_token=a&access_token=b&token_type=bearer'],
    ['two access tokens, one of them encoded', 'access_token=a&acces%73_token=b&token_type=bearer'],
    ['no type of token', 'access_token=a'],
    ['an empty access token', 'access_token=&token_type=bearer'],
    ['a type that is no bearer token', 'access_token=a&token_type=mac'],
    ['a lifetime that only begins like a number', 'access_token=a&token_type=bearer&expires_in=36e9x'],
    ['a lifetime below zero', 'access_token=a&token_type=bearer&expires_in=-1'],
    ['what is not encoded', 'access_token=%zz&token_type=bearer'],
    ['what is no UTF-8', 'access_token=%ff&token_type=bearer'],
    ['an error with the status of success', 'error=invalid_grant'],
    ['a page', '<html><body>access_token=a&token_type=bearer</body></html>'],
    ['nothing', ''],
  ])('is refused with %s', async (_what, body) => {
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
    'is none under another name (%s)',
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
  ])('tells an error: %s with status %i', async (body, status, code, unavailable) => {
    const service = await createTokenClient(() => form(body, status));
    for (const request of [byCode, byRefresh, byItself]) {
      await expect(request(service)).rejects.toMatchObject({ code, unavailable });
    }
  });

  it('keeps the time after which to ask again', async () => {
    const service = await createTokenClient(() => form('error=slow_down', 429, { 'retry-after': '7' }));
    await expect(byRefresh(service)).rejects.toMatchObject({ unavailable: true, retryAfter: 7 });
  });
});

describe('a vendor', () => {
  it('that wants JSON gets JSON', async () => {
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
    'that wants a form gets a form: %s',
    async (vendor) => {
      const service = await createTokenClient(tokens, { vendor });
      await byRefresh(service);
      expect(service.requests[0]?.headers.get('content-type')).toMatch(/^application\/x-www-form-urlencoded/);
      expect(service.requests[0]?.form.get('refresh_token')).toBe('refresh-0');
    },
  );

  it('whose errors come with status 200 is understood all the same', async () => {
    const service = await createTokenClient(() => json({ error: 'bad_refresh_token' }), {
      vendor: 'GithubOauth2',
    });
    await expect(byRefresh(service)).rejects.toMatchObject({ code: 'invalid_grant', unavailable: false });
  });
});

it.each([
  ['bound to a key', { token_type: 'DPoP' }],
  ['of no use by itself', { token_type: 'N_A' }],
  ['with a line break in it', { access_token: 'a\r\nb' }],
  ['with a character that no header has', { access_token: 'a€' }],
])('a token %s is not taken for a bearer token', async (_which, change) => {
  for (const by of [byCode, byRefresh, byItself]) {
    const service = await createTokenClient(() => tokens(change));
    await expect(by(service)).rejects.toMatchObject({ code: 'invalid_response' });
  }
});
