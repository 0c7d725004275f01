/**
 * Clients that a document of the service describes (client ID metadata documents), at a real authorization server that
 * reads them. The service has an https address here, and the authorization server reads the documents at it.
 */
import { DynamoDB } from '@aws-sdk/client-dynamodb';
import { calculateJwkThumbprint, decodeJwt, importJWK, jwtVerify, type JWK } from 'jose';
import { CALLBACKS, ClientMetadataWorld, SCOPES, type Client } from './support/client-metadata-world';
import { moveClock } from './support/clock';
import { signInAndConsent, startProvider, type TestProvider } from './support/provider';
import { PUBLIC_ADDRESS } from './support/tls-proxy';
import type { TestAgent } from './support/world';

/** The metadata of a server that takes public clients only. */
const WITHOUT_KEYS = { token_endpoint_auth_methods_supported: ['none'] };

let started: ClientMetadataWorld;
let world: ClientMetadataWorld['world'];
let mcp: ClientMetadataWorld['mcp'];
let read: string[];
let revocations: ClientMetadataWorld['revocations'];
beforeAll(async () => {
  started = await ClientMetadataWorld.start();
  ({ world, mcp, read, revocations } = started);
});
afterEach(() => {
  started.restore();
});
afterAll(() => started.close());

const create = (name: string, client?: Client) => started.create(name, client);
const update = (name: string, client?: Client) => started.update(name, client);
const agentFor = (name: string, callbackUrl: string) => started.agentFor(name, callbackUrl);
const consented = (agent: TestAgent, userId: string) => started.consented(agent, userId);
const connected = (agent: TestAgent, userId: string) => started.connected(agent, userId);

const BASE64URL_32 = expect.stringMatching(/^[\w-]{43}$/) as string;
const PUBLIC_KEY = {
  kty: 'EC',
  crv: 'P-256',
  x: BASE64URL_32,
  y: BASE64URL_32,
  kid: BASE64URL_32,
  alg: 'ES256',
  use: 'sig',
};

/**
 * Returns where the private half of a signing key is readable: the tables, which have `d` as a member or in JSON, and the log.
 */
async function privateHalves(): Promise<string[]> {
  const client = new DynamoDB({});
  const { TableNames = [] } = await client.listTables({});
  const items = await Promise.all(
    TableNames.map(async (TableName) => (await client.scan({ TableName })).Items ?? []),
  );
  const texts = [...items.flat().map((item) => JSON.stringify(item)), ...(await world.logLines())];
  expect(texts.some((line) => line.includes('publishedKey'))).toBe(true);
  return texts.filter((line) => /"d\\*":|BEGIN [A-Z ]*PRIVATE KEY/.test(line));
}

it('publishes the client, and gets a token for a server of which only the URL is known', async () => {
  const { callbackUrl, clientId, clientRegistration } = await create('notes');
  const callbackId = callbackUrl.split('/').at(-1) ?? '';
  expect(clientRegistration).toBe('METADATA_DOCUMENT');
  expect(clientId).toBe(`${PUBLIC_ADDRESS}/identities/oauth2/client-metadata/${callbackId}`);
  const response = await started.documentAt(clientId);
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toBe('application/json');
  expect(response.headers.get('cache-control')).toBe('public, max-age=300');
  expect(response.headers.get('x-content-type-options')).toBe('nosniff');
  expect(response.headers.get('set-cookie')).toBeNull();
  expect(await response.json()).toEqual({
    client_id: clientId,
    client_name: 'agent-identity',
    redirect_uris: [callbackUrl],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: 'private_key_jwt',
    token_endpoint_auth_signing_alg: 'ES256',
    jwks: { keys: [PUBLIC_KEY] },
  });

  const pushes = world.provider.pushes.length;
  const { accessToken } = await connected(await agentFor('notes', callbackUrl), 'ana');
  expect(await mcp.call(accessToken)).toBe(200);
  expect(new Set(read)).toEqual(new Set([clientId]));
  expect(world.provider.pushes).toHaveLength(pushes);
});

describe('the key of the document', () => {
  interface Published {
    readonly jwks: { readonly keys: readonly [JWK] };
    readonly token_endpoint_auth_method: string;
  }
  const published = async (clientId: string) =>
    (await (await started.documentAt(clientId)).json()) as Published;
  const keyOf = async (clientId: string) => (await published(clientId)).jwks.keys[0];
  const assertionOf = (request: URLSearchParams) => request.get('client_assertion') ?? '';

  it('authenticates the requests for tokens, refreshes, and revocations, for the issuer alone', async () => {
    const { callbackUrl, clientId, clientAuthenticationMethod } = await create('keyed');
    expect(clientAuthenticationMethod).toBe('PRIVATE_KEY_JWT');
    const agent = await agentFor('keyed', callbackUrl);
    const first = world.provider.exchanges.length;
    await connected(agent, 'ana');
    moveClock(590);
    const { accessToken = '' } = await agent.ask(await agent.token({ userId: 'ana' }), { scopes: SCOPES });
    expect(await mcp.call(accessToken)).toBe(200);
    const key = await keyOf(clientId);
    expect(key.kid).toBe(await calculateJwkThumbprint(key));
    const exchanges = world.provider.exchanges.slice(first);
    expect(exchanges.map(({ grantType }) => grantType)).toEqual(['authorization_code', 'refresh_token']);
    const assertions = exchanges.map(({ request }) => assertionOf(request));
    const claims = await Promise.all(
      assertions.map(async (assertion) => {
        const { payload, protectedHeader } = await jwtVerify(assertion, await importJWK(key, 'ES256'), {
          currentDate: new Date(),
          clockTolerance: 1200,
        });
        expect(protectedHeader).toEqual({ alg: 'ES256', typ: 'JWT', kid: key.kid });
        expect([payload.iss, payload.sub, payload.aud]).toEqual([clientId, clientId, world.provider.issuer]);
        expect(payload.exp! - payload.iat!).toBe(190);
        return payload.jti;
      }),
    );
    expect(new Set(claims).size).toBe(2);
    expect(exchanges.some(({ request }) => request.has('client_secret'))).toBe(false);

    await started.remove('keyed');
    for (let tries = 0; tries < 100 && revocations.length === 0; tries += 1) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(revocations[0]).toEqual({ clientId, status: 200, aud: world.provider.issuer });

    // The private half is in no record, log line, and response.
    const secrets = await privateHalves();
    expect(secrets).toEqual([]);
  });

  it('stays with updates, and is replaced with the client', async () => {
    const { clientId, clientRegistration, clientAuthenticationMethod } = await create('kept');
    const { kid } = await keyOf(clientId);
    // As Get returns it.
    await update('kept', { clientId, clientRegistration, clientAuthenticationMethod } as Client);
    expect((await update('kept')).clientAuthenticationMethod).toBe('PRIVATE_KEY_JWT');
    expect((await keyOf(clientId)).kid).toBe(kid);
    const other = await update('kept', { clientId: 'agents-by-hand' });
    expect([other.clientId, other.clientAuthenticationMethod]).toEqual(['agents-by-hand', undefined]);
    const again = await update('kept', { clientRegistration: 'METADATA_DOCUMENT' });
    expect((await keyOf(again.clientId)).kid).not.toBe(kid);
    const agent = await agentFor('kept', (await update('kept')).callbackUrl);
    expect(await mcp.call((await connected(agent, 'ana')).accessToken)).toBe(200);
  });

  it('is not used without its document, or by an owner who names no KMS key', async () => {
    await create('named');
    await expect(
      update('named', {
        clientId: 'agents-by-hand',
        clientAuthenticationMethod: 'PRIVATE_KEY_JWT',
      } as Client),
    ).rejects.toMatchObject({ message: expect.stringMatching(/privateKeySource: is required/) as string });
  });
});

it('returns the same response for each URL without a document', async () => {
  const { clientId, callbackUrl } = await create('hidden', { clientRegistration: 'DYNAMIC' });
  expect(clientId).not.toContain(PUBLIC_ADDRESS);
  const dynamic = callbackUrl.replace('/callback/', '/client-metadata/');
  const { clientId: deleted } = await create('forgotten');
  await started.remove('forgotten');
  const unknown = `${PUBLIC_ADDRESS}/identities/oauth2/client-metadata/`;
  const responses = await Promise.all(
    [
      dynamic,
      deleted,
      `${unknown}6f0c1a52-1b7e-4c8e-9f53-0a4f6d0c9d11`,
      `${unknown}hidden`,
      `${unknown}${'a'.repeat(3000)}`,
      deleted
        .toUpperCase()
        .replace(PUBLIC_ADDRESS.toUpperCase(), PUBLIC_ADDRESS)
        .replace('/IDENTITIES/OAUTH2/CLIENT-METADATA/', '/identities/oauth2/client-metadata/'),
    ].map(async (url) => {
      const response = await started.documentAt(url);
      return [response.status, response.headers.get('cache-control'), await response.text()];
    }),
  );
  expect(new Set(responses.map((response) => JSON.stringify(response))).size).toBe(1);
  expect(responses[0]?.slice(0, 2)).toEqual([404, 'no-store']);
});

describe('without a connected user', () => {
  it('withdraws the document with its provider, also for a user who is about to consent', async () => {
    const { callbackUrl, clientId } = await create('deleted');
    const agent = await agentFor('deleted', callbackUrl);
    const { authorizationUrl = '' } = await agent.ask(await agent.token({ userId: 'ana' }), {
      scopes: SCOPES,
    });
    const user = started.browser();
    const { headers } = await user.step(authorizationUrl);
    await started.remove('deleted');
    expect((await started.documentAt(clientId)).status).toBe(404);
    const refused = await user.step(headers.get('location') ?? '');
    expect([refused.status, refused.headers.get('location')]).toEqual([400, null]);
    expect(refused.html).toContain('invalid_client');
  });
});

it('keeps the document for a day after the deletion if tokens are left to revoke', async () => {
  const { callbackUrl, clientId } = await create('revoked');
  await connected(await agentFor('revoked', callbackUrl), 'ana');
  await started.remove('revoked');
  expect((await started.documentAt(clientId)).status).toBe(200);
  moveClock(24 * 3600);
  expect((await started.documentAt(clientId)).status).toBe(404);
});

it('moves to another kind of client and back, and withdraws the document that is no longer used', async () => {
  const { clientId, callbackUrl } = await create('moved');
  const callbacks = [callbackUrl];
  const seen: [string | undefined, number, number][] = [];
  for (const client of [
    {},
    { clientId, clientRegistration: 'METADATA_DOCUMENT' as const },
    { clientRegistration: 'DYNAMIC' as const },
    {},
    { clientRegistration: 'METADATA_DOCUMENT' as const },
    { clientId: 'agents-by-hand' },
    { clientRegistration: 'METADATA_DOCUMENT' as const },
  ]) {
    const updated = await update('moved', client);
    if (callbacks.at(-1) !== updated.callbackUrl) callbacks.push(updated.callbackUrl);
    const statuses = callbacks.map(
      async (url) => (await started.documentAt(url.replace('/callback/', '/client-metadata/'))).status,
    );
    const published = (await Promise.all(statuses)).filter((status) => status === 200).length;
    seen.push([updated.clientRegistration, callbacks.length, published]);
  }
  // Any server can have read the document, so that its callback URL ends with it.
  expect(seen).toEqual([
    ['METADATA_DOCUMENT', 1, 1],
    ['METADATA_DOCUMENT', 1, 1],
    ['DYNAMIC', 2, 0],
    ['DYNAMIC', 2, 0],
    ['METADATA_DOCUMENT', 2, 1],
    [undefined, 3, 0],
    ['METADATA_DOCUMENT', 3, 1],
  ]);
  expect(new Set(callbacks).size).toBe(3);
  const { accessToken } = await connected(await agentFor('moved', callbacks.at(-1) ?? ''), 'ana');
  expect(await mcp.call(accessToken)).toBe(200);
});

it('registers a client at a server that does not read documents, or whose responses have no iss', async () => {
  started.metadataChange = { client_id_metadata_document_supported: undefined };
  expect((await create('registered')).clientRegistration).toBe('DYNAMIC');
  started.metadataChange = { authorization_response_iss_parameter_supported: undefined };
  expect((await create('without-iss')).clientRegistration).toBe('DYNAMIC');
});

it.each([
  ['does not read documents', { client_id_metadata_document_supported: 'yes' }, /does not read client ID/],
  [
    'does not say who it is',
    { authorization_response_iss_parameter_supported: false },
    /have no iss \(RFC 9207\)/,
  ],
])('rejects a document for a server that %s', async (_what, change, reason) => {
  started.metadataChange = change;
  const created = () => create('rejected', { clientRegistration: 'METADATA_DOCUMENT' });
  const rejection = await created().catch((error: unknown) => error);
  expect(rejection).toMatchObject({
    name: 'ValidationException',
    message: expect.stringMatching(reason) as string,
    fieldList: [
      {
        name: expect.stringMatching(/\.clientRegistration$/) as string,
        message: expect.stringMatching(/; set it to DYNAMIC, or omit it$/) as string,
      },
    ],
  });
  started.metadataChange = { ...change, registration_endpoint: undefined };
  await expect(created()).rejects.toThrow(/registers no clients; register a client there, and set clientId$/);
});

it('rejects how the client is provided, together with a client of the owner', async () => {
  const both = { clientId: 'agents-by-hand', clientRegistration: 'METADATA_DOCUMENT' } as const;
  await expect(create('rejected', both)).rejects.toMatchObject({
    message: expect.stringMatching(/clientRegistration: must be omitted/) as string,
  });
});

it('takes no secret and no method for a client that a document describes, which has its own key', async () => {
  const { clientId } = await create('described');
  for (const [members, message] of [
    [
      { clientSecret: 'a-secret' },
      /clientSecret: must be omitted: the service describes this client, so you have no secret for it/,
    ],
    ...(['AWS_IAM_ID_TOKEN_JWT', 'CLIENT_SECRET_BASIC'] as const).map(
      (clientAuthenticationMethod) =>
        [
          { clientAuthenticationMethod },
          /clientAuthenticationMethod: must be omitted: the service describes this client, and chose the method/,
        ] as const,
    ),
  ] as const) {
    await expect(update('described', { clientId, ...members })).rejects.toMatchObject({
      name: 'ValidationException',
      message: expect.stringMatching(message) as string,
    });
  }
  expect((await update('described', { clientId })).clientId).toBe(clientId);
});

describe('an authorization response', () => {
  let agent: TestAgent;
  let other: TestProvider;
  beforeAll(async () => {
    agent = await agentFor('mixed', (await create('mixed')).callbackUrl);
    other = await startProvider(started.readsDocuments(), started.extension);
  });
  afterAll(() => other.close());

  it.each<[string, (location: URL) => void]>([
    [
      'without iss',
      (location) => {
        location.searchParams.delete('iss');
      },
    ],
    [
      'with the iss of another server',
      (location) => {
        location.searchParams.set('iss', other.issuer);
      },
    ],
    [
      'with the iss and a slash',
      (location) => {
        location.searchParams.set('iss', `${world.provider.issuer}/`);
      },
    ],
    [
      'with two iss',
      (location) => {
        location.searchParams.append('iss', world.provider.issuer);
      },
    ],
  ])('is rejected %s, and its code is not redeemed', async (_what, change) => {
    started.redirected = change;
    const exchanges = world.provider.exchanges.length;
    const { url, page } = await consented(agent, 'eve');
    expect(url.startsWith(CALLBACKS)).toBe(true);
    expect(page.status).toBe(400);
    expect(world.provider.exchanges).toHaveLength(exchanges);
  });

  it('completes a request whose client assertion another server rejects, which reads the same document', async () => {
    const { callbackUrl, clientId } = await create('for-one');
    await connected(await agentFor('for-one', callbackUrl), 'ana');
    const { request, status } = world.provider.exchanges.at(-1)!;
    expect([status, decodeJwt(request.get('client_assertion') ?? '').aud]).toEqual([
      200,
      world.provider.issuer,
    ]);
    const response = await fetch(`${other.issuer}/token`, { method: 'POST', body: request });
    expect(read).toContain(clientId);
    expect([response.status, await response.json()]).toMatchObject([401, { error: 'invalid_client' }]);
    other.exchanges.length = 0;
  });

  it('of another server, which reads the same document, completes nothing', async () => {
    const { callbackUrl, clientId } = await create('same-id');
    const victim = await agentFor('same-id', callbackUrl);
    const token = await victim.token({ userId: 'ana' });
    const { authorizationUrl = '' } = await victim.ask(token, { scopes: SCOPES });
    const user = started.browser();
    const { headers } = await user.step(authorizationUrl);
    // The attacker's server has the user sign in there, with the request of the victim's session.
    const request = new URL(headers.get('location') ?? '');
    const { url } = await signInAndConsent(user, `${other.issuer}/auth${request.search}`, 'ana', CALLBACKS);
    expect(read).toContain(clientId);
    expect(new URL(url).searchParams.get('iss')).toBe(other.issuer);
    expect((await user.step(url)).status).toBe(400);
    expect(other.exchanges).toEqual([]);
  });
});

it('keeps no user of a document for the client that replaces it', async () => {
  const { callbackUrl } = await create('ends');
  const begun = await consented(await agentFor('ends', callbackUrl), 'ana');
  const registered = await update('ends', { clientRegistration: 'DYNAMIC' });
  const agent = await agentFor('ends', registered.callbackUrl);
  const exchanges = world.provider.exchanges.length;
  await expect(
    agent.complete(new URL(begun.page.headers.get('location') ?? ''), { userId: 'ana' }),
  ).rejects.toMatchObject({ message: 'Invalid or expired session' });

  const { authorizationUrl = '' } = await agent.ask(await agent.token({ userId: 'eve' }), { scopes: SCOPES });
  const user = started.browser();
  const { headers } = await user.step(authorizationUrl);
  const request = new URL(headers.get('location') ?? '').searchParams;
  // From a server that read the document, and sets no iss.
  const response = new URL(callbackUrl);
  response.searchParams.set('code', 'a-code');
  response.searchParams.set('state', request.get('state') ?? '');
  expect((await user.step(response.href)).status).toBe(400);
  expect(world.provider.exchanges).toHaveLength(exchanges);
});

it('has the server reject the document of another provider, and another redirect URI', async () => {
  const [one, two] = [await create('one'), await create('two')];
  const authorize = (clientId: string, redirectUri: string) =>
    started.browser().step(
      `${world.provider.issuer}/auth?${new URLSearchParams({
        response_type: 'code',
        client_id: clientId,
        redirect_uri: redirectUri,
        code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
        code_challenge_method: 'S256',
        scope: 'notes',
      }).toString()}`,
    );
  expect((await authorize(one.clientId, one.callbackUrl)).status).toBe(303);
  for (const redirectUri of [two.callbackUrl, 'https://attacker.example/', `${one.callbackUrl}/`]) {
    const { status, html, headers } = await authorize(one.clientId, redirectUri);
    expect([status, headers.get('location')]).toEqual([400, null]);
    expect(html).toContain('redirect_uri');
  }
});

it('sends no token request by client credentials', async () => {
  const agent = await agentFor('notes', '');
  await expect(
    agent.ask(await agent.token(), {
      oauth2Flow: 'M2M',
      scopes: ['notes'],
      resourceOauth2ReturnUrl: undefined,
    }),
  ).rejects.toMatchObject({
    message: expect.stringMatching(/M2M is not supported for the client of/) as string,
  });
});

// The last tests move the clock ever further, because the metadata that they change are cached.
it('sends nothing to a server that no longer supports the method of the document', async () => {
  const { callbackUrl } = await create('strict');
  const agent = await agentFor('strict', callbackUrl);
  const { token } = await connected(agent, 'ana');
  const exchanges = world.provider.exchanges.length;
  started.metadataChange = WITHOUT_KEYS;
  moveClock(601);
  const refused = { message: expect.stringMatching(/invalid_metadata/) as string };
  const fresh = await agent.token({ userId: 'ana' });
  await expect(agent.ask(fresh, { scopes: SCOPES })).rejects.toMatchObject(refused);
  const other = await agent.token({ userId: 'ben' });
  await expect(agent.ask(other, { scopes: SCOPES })).rejects.toMatchObject(refused);
  expect(world.provider.exchanges).toHaveLength(exchanges);
  expect(token).toBeDefined();
});

describe('a server that takes public clients only', () => {
  it('gets a public client, and refreshes with the client ID alone', async () => {
    started.metadataChange = WITHOUT_KEYS;
    moveClock(2000);
    const { callbackUrl, clientId, clientAuthenticationMethod } = await create('refreshed');
    expect(clientAuthenticationMethod).toBeUndefined();
    const document = (await (await started.documentAt(clientId)).json()) as Record<string, unknown>;
    expect([document.token_endpoint_auth_method, document.jwks]).toEqual(['none', undefined]);
    const agent = await agentFor('refreshed', callbackUrl);
    await connected(agent, 'ana');
    moveClock(590);
    const { accessToken = '' } = await agent.ask(await agent.token({ userId: 'ana' }), { scopes: SCOPES });
    expect(await mcp.call(accessToken)).toBe(200);
    const { grantType, request } = world.provider.exchanges.at(-1)!;
    expect([
      grantType,
      request.get('client_id'),
      request.has('client_secret'),
      request.has('client_assertion'),
    ]).toEqual(['refresh_token', clientId, false, false]);
    // An update keeps the method, because servers cache the document.
    started.metadataChange = {};
    expect((await update('refreshed')).clientAuthenticationMethod).toBeUndefined();
  });
});

it('asks no user to consent at a server that no longer says who it is', async () => {
  const late = await agentFor('late', (await create('late')).callbackUrl);
  started.metadataChange = { authorization_response_iss_parameter_supported: false };
  moveClock(4000);
  await expect(late.ask(await late.token({ userId: 'ana' }), { scopes: SCOPES })).rejects.toMatchObject({
    message: expect.stringMatching(/invalid_metadata/) as string,
  });
});
