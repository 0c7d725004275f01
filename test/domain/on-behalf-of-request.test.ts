/** The on-behalf-of requests to a token endpoint, and how responses are read. */
import type { OnBehalfOfConfig, SubjectTokenType } from '../../lambda/model/provider/on-behalf-of';
import { VENDOR_NAMES } from '../../lambda/model/provider/vendor-names';
import { exchangeOnBehalfOf, type OnBehalfOfRequest } from '../../lambda/domain/oauth/token-exchange';
import { TOKEN_TYPE } from '../../lambda/domain/oauth/subject-token-type';
import { onBehalfOfConfigOf } from '../../lambda/domain/provider/on-behalf-of';
import { BEGINNING } from './fake-system';
import { sampleProvider } from './samples';
import { createTokenClient, json, TOKEN_ENDPOINT, tokens } from './token-client';

type TokenClient = Awaited<ReturnType<typeof createTokenClient>>;

const EXCHANGE: OnBehalfOfConfig = {
  grantType: 'TOKEN_EXCHANGE',
  tokenExchangeGrantTypeConfig: { actorTokenContent: 'NONE' },
};
const JWT_GRANT: OnBehalfOfConfig = { grantType: 'JWT_AUTHORIZATION_GRANT' };
const type = (name: string) => `urn:ietf:params:oauth:token-type:${name}`;

const REQUEST: OnBehalfOfRequest = {
  subjectToken: "the user's own",
  actor: undefined,
  scopes: ['a', 'b'],
  resources: [],
  audiences: [],
  customParameters: {},
};

const exchanged = (
  { client }: TokenClient,
  config: OnBehalfOfConfig,
  change: Partial<OnBehalfOfRequest> = {},
) => exchangeOnBehalfOf(client, config, { ...REQUEST, ...change });

/** Returns the form of the only request that was sent. */
const formOf = ({ requests }: TokenClient): Record<string, string> => {
  expect(requests).toHaveLength(1);
  return Object.fromEntries(requests[0]?.form ?? []);
};

describe('a token exchange request', () => {
  const subject = {
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    subject_token: "the user's own",
    subject_token_type: type('jwt'),
    scope: 'a b',
  };

  it.each<[string, Partial<OnBehalfOfRequest>, object]>([
    ['without an actor', {}, {}],
    [
      "with the agent's own access token",
      { actor: { type: TOKEN_TYPE.accessToken, token: "the agent's own" } },
      { actor_token: "the agent's own", actor_token_type: type('access_token') },
    ],
    [
      'with an AWS token for the agent',
      { actor: { type: TOKEN_TYPE.jwt, token: 'a JWT' } },
      { actor_token: 'a JWT', actor_token_type: type('jwt') },
    ],
    [
      'for another type of token',
      { customParameters: { requested_token_type: type('access_token'), requested_token_use: 'x' } },
      { requested_token_type: type('access_token'), requested_token_use: 'x' },
    ],
    [
      'with a subject token of another type',
      { customParameters: { subject_token_type: type('id_token') } },
      { subject_token_type: type('id_token') },
    ],
  ])('is sent %s (RFC 8693 section 2.1)', async (_how, change, parameters) => {
    const service = await createTokenClient(tokens);
    await exchanged(service, EXCHANGE, change);
    expect(formOf(service)).toEqual({ ...subject, ...parameters });
    expect(service.requests[0]).toMatchObject({ url: TOKEN_ENDPOINT, method: 'POST' });
    expect(service.requests[0]?.headers.get('authorization')).toMatch(/^Basic /);
  });
});

describe('the subject token type', () => {
  const encoded = (part: unknown): string => Buffer.from(JSON.stringify(part)).toString('base64url');
  const userToken = (header: unknown, payload: unknown): string =>
    `${encoded(header)}.${encoded(payload)}.signature`;
  const PLAIN = userToken({ typ: 'JWT' }, { sub: 'ana' });
  const ACCESS_TOKEN = userToken({ typ: 'at+jwt' }, { sub: 'ana' });

  const typeSent = async (
    subjectToken: string,
    subjectTokenType?: SubjectTokenType,
    customParameters: Record<string, string> = {},
  ) => {
    const service = await createTokenClient(tokens);
    const tokenExchangeGrantTypeConfig = {
      actorTokenContent: 'NONE' as const,
      ...(subjectTokenType && { subjectTokenType }),
    };
    await exchanged(
      service,
      { grantType: 'TOKEN_EXCHANGE', tokenExchangeGrantTypeConfig },
      {
        subjectToken,
        customParameters,
      },
    );
    return formOf(service).subject_token_type;
  };

  it.each<[string, unknown, unknown]>([
    ['the header type of RFC 9068', { typ: 'at+jwt' }, {}],
    ['the media type of RFC 9068', { typ: 'application/AT+JWT' }, {}],
    ["the claim of Keycloak's access tokens", { typ: 'JWT' }, { typ: 'Bearer' }],
    ["the claim of Amazon Cognito's access tokens", {}, { token_use: 'access' }],
  ])('is access_token for a user token with %s', async (_what, header, payload) => {
    expect(await typeSent(userToken(header, payload))).toBe(type('access_token'));
  });

  it.each<[string, string]>([
    ['a plain JWT', PLAIN],
    ['an ID token of Keycloak', userToken({ typ: 'JWT' }, { typ: 'ID' })],
    ['an ID token of Amazon Cognito', userToken({}, { token_use: 'id' })],
    ['a type that only begins with the type of RFC 9068', userToken({ typ: 'at+jwt2' }, {})],
    ['parts that are not objects', userToken(['at+jwt'], 'Bearer')],
    ['members that are not strings', userToken({ typ: ['at+jwt'] }, { typ: ['Bearer'] })],
    ['a string that is not a JWT', 'text'],
    ['an empty string', ''],
  ])('is jwt for %s', async (_what, subjectToken) => {
    expect(await typeSent(subjectToken)).toBe(type('jwt'));
  });

  it.each<[SubjectTokenType, string]>([
    ['ACCESS_TOKEN', 'access_token'],
    ['ID_TOKEN', 'id_token'],
    ['JWT', 'jwt'],
  ])("is the owner's configured type, whatever the user token states: %s", async (configured, sent) => {
    expect(await typeSent(PLAIN, configured)).toBe(type(sent));
    expect(await typeSent(ACCESS_TOKEN, configured)).toBe(type(sent));
  });

  it('can be chosen by the agent only if the owner has configured none', async () => {
    const own = { subject_token_type: type('saml2') };
    expect(await typeSent(PLAIN, undefined, own)).toBe(type('saml2'));
    expect(await typeSent(PLAIN, 'ACCESS_TOKEN', own)).toBe(type('access_token'));
  });
});

it('a JWT grant request has the user token as the assertion (RFC 7523 section 2.1)', async () => {
  const service = await createTokenClient(tokens);
  await exchanged(service, JWT_GRANT, { actor: { type: TOKEN_TYPE.jwt, token: 'of no use here' } });
  expect(formOf(service)).toEqual({
    grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
    assertion: "the user's own",
    scope: 'a b',
  });
});

describe.each([
  ['token exchange', EXCHANGE],
  ['JWT grant', JWT_GRANT],
])('%s request', (_which, config) => {
  it('contains no scope if none is requested', async () => {
    const service = await createTokenClient(tokens);
    await exchanged(service, config, { scopes: [] });
    expect(service.requests[0]?.form.has('scope')).toBe(false);
  });

  it('without a client contains neither its ID nor its secret, and the client of the agent is not sent', async () => {
    const service = await createTokenClient(tokens);
    const client_id = 'of-the-agent';
    const onBehalfOfAuthenticationConfig = { clientAuthenticationMethod: 'NO_CLIENT' } as const;
    await exchanged(
      service,
      { ...config, onBehalfOfAuthenticationConfig },
      { customParameters: { client_id } },
    );
    const [request] = service.requests;
    expect(request?.form.has('scope')).toBe(true);
    expect(request?.form.has('client_id')).toBe(false);
    expect(request?.form.has('client_secret')).toBe(false);
    expect(request?.headers.has('authorization')).toBe(false);
  });

  it('without a client contains no assertion of it either', async () => {
    const service = await createTokenClient(tokens);
    const client = {
      ...service.client,
      credential: { assert: () => Promise.reject(new Error('no assertion is needed')) },
    };
    const onBehalfOfAuthenticationConfig = { clientAuthenticationMethod: 'NO_CLIENT' } as const;
    await exchangeOnBehalfOf(client, { ...config, onBehalfOfAuthenticationConfig }, REQUEST);
    expect(service.requests[0]?.form.has('client_assertion')).toBe(false);
  });

  it('repeats resource and audience for each value', async () => {
    const service = await createTokenClient(tokens);
    const narrowing = { resources: ['https://one.example', 'https://two.example'], audiences: ['three'] };
    await exchanged(service, config, narrowing);
    expect(service.requests[0]?.form.getAll('resource')).toEqual(narrowing.resources);
    expect(service.requests[0]?.form.getAll('audience')).toEqual(narrowing.audiences);
  });

  it.each([
    'grant_type',
    'client_id',
    'client_secret',
    'client_assertion',
    'client_assertion_type',
    'subject_token',
    'actor_token',
    'actor_token_type',
    'assertion',
    'scope',
    'resource',
    'audience',
    'requested_subject',
    'authorization_details',
    'requested.subject',
    'Subject_Token',
  ])("does not contain %s from the agent's custom parameters", async (name) => {
    const service = await createTokenClient(tokens);
    await exchanged(service, config, {
      customParameters: { [name]: 'of-the-agent', other: 'x' },
      scopes: [],
    });
    expect(service.requests[0]?.body).not.toContain('of-the-agent');
    expect(service.requests[0]?.form.get('other')).toBe('x');
  });
});

describe('a request to Microsoft', () => {
  const microsoft = () => createTokenClient(tokens, { vendor: 'MicrosoftOauth2' });

  it('states the use of the token', async () => {
    const service = await microsoft();
    await exchanged(service, JWT_GRANT);
    expect(formOf(service)).toMatchObject({ requested_token_use: 'on_behalf_of' });
  });

  it('states the use that the agent names', async () => {
    const service = await microsoft();
    await exchanged(service, JWT_GRANT, { customParameters: { requested_token_use: 'something_else' } });
    expect(formOf(service)).toMatchObject({ requested_token_use: 'something_else' });
  });
});

describe('the on-behalf-of configuration', () => {
  it('is the configuration of the provider', () => {
    expect(onBehalfOfConfigOf(sampleProvider({ onBehalfOf: EXCHANGE }))).toBe(EXCHANGE);
  });

  it('is built in for Microsoft only', () => {
    const built = VENDOR_NAMES.filter((vendor) => onBehalfOfConfigOf({ vendor, onBehalfOf: undefined }));
    expect(built).toEqual(['MicrosoftOauth2']);
    expect(onBehalfOfConfigOf({ vendor: 'MicrosoftOauth2' })).toEqual(JWT_GRANT);
  });
});

describe('the response to an exchange', () => {
  it('is read as the token, the granted scopes, and the expiry, without a refresh token', async () => {
    const answer = {
      scope: 'a',
      expires_in: 60,
      refresh_token: 'refresh',
      issued_token_type: type('access_token'),
    };
    const service = await createTokenClient(() => tokens(answer));
    expect(await exchanged(service, EXCHANGE)).toStrictEqual({
      accessToken: 'access',
      scopes: ['a'],
      expiresAt: BEGINNING + 60,
    });
  });

  it('that names neither scopes nor expiry grants the requested scopes', async () => {
    const service = await createTokenClient(() => tokens({ expires_in: undefined }));
    expect(await exchanged(service, EXCHANGE)).toStrictEqual({ accessToken: 'access', scopes: ['a', 'b'] });
  });

  it.each<[string, object]>([
    ['that names a JWT', { issued_token_type: type('jwt') }],
    ['that does not name its type', {}],
    ['with a token type in lower case', { token_type: 'bearer' }],
  ])('%s is accepted', async (_what, answer) => {
    const service = await createTokenClient(() => tokens(answer));
    expect(await exchanged(service, EXCHANGE)).toMatchObject({ accessToken: 'access' });
  });

  it.each<[string, object]>([
    ['with a token that is not an access token', { token_type: 'N_A', issued_token_type: type('saml2') }],
    ['with a refresh token', { issued_token_type: type('refresh_token') }],
    ['with an ID token', { issued_token_type: type('id_token') }],
    ['with an issued token type that is not a string', { issued_token_type: {} }],
    ['with a token that is bound to a key', { token_type: 'DPoP' }],
    ['without a token', { access_token: undefined }],
  ])('%s is rejected with an OAuth error code', async (_what, answer) => {
    const service = await createTokenClient(() => tokens(answer));
    await expect(exchanged(service, EXCHANGE)).rejects.toMatchObject({
      name: 'ProviderFailure',
      code: 'invalid_response',
      unavailable: false,
      detail: expect.stringMatching(/^token endpoint: \S/) as string,
    });
  });

  it('with an OAuth error is reported with the error code', async () => {
    const service = await createTokenClient(() => json({ error: 'invalid_target' }, 400));
    await expect(exchanged(service, EXCHANGE)).rejects.toMatchObject({ code: 'invalid_target' });
  });
});
