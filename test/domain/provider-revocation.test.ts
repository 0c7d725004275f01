/** Tokens are revoked as each vendor documents it, and counted as revoked only with a proof. */
import { VENDOR_NAMES, type VendorName } from '../../lambda/model/provider/vendor-names';
import { NotRevoked, revokeTokens, type RevocableTokens } from '../../lambda/domain/oauth/revoke-tokens';
import type { Metadata } from '../../lambda/domain/oauth/provider-metadata';
import type { ClientCredential } from '../../lambda/domain/oauth/client-authentication';
import type { Oauth2Provider } from '../../lambda/model/provider/record';
import { alsoEnds } from '../../lambda/domain/provider/revocation-reach';
import { REVOCATION_REACHES } from '../../lambda/model/records/revocation-outbox';
import { reachOf, vendorOf } from '../../lambda/domain/provider/vendors';
import { CLIENT, startRevokingVendor, type RevokingVendor } from './revoking-vendor';
import { REVOKING, WITHOUT_A_WAY } from './revoking-vendors';
import { createTokenClient, tokens } from './token-client';

type Server = Awaited<ReturnType<typeof startRevokingVendor>>;

const HELD: RevocableTokens = { accessToken: 'access-0', refreshToken: 'refresh-0' };

const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

async function at(
  name: VendorName,
  described: RevokingVendor,
  change: {
    metadata?: Partial<Metadata>;
    provider?: Partial<Oauth2Provider>;
    credential?: ClientCredential;
  } = {},
) {
  const server = await startRevokingVendor(described);
  servers.push(server);
  const { clientAuthentication: clientAuthenticationMethod } = vendorOf(name);
  const service = await createTokenClient(
    tokens,
    { vendor: name, clientId: CLIENT.id, clientAuthenticationMethod, ...change.provider },
    { token_endpoint: described.tokenEndpoint, ...change.metadata },
  );
  const client = {
    ...service.client,
    transport: server.transport,
    ...(change.credential && { credential: change.credential }),
  };
  return { server, revoke: (held: RevocableTokens = HELD) => revokeTokens(client, held) };
}

describe.each(REVOKING)('%s', (name, described) => {
  const refreshes = described.refusesRefresh !== undefined;
  const held = refreshes ? HELD : { accessToken: 'access-0' };

  it('gets the revocation request that it documents, and the token is then invalid', async () => {
    const { server, revoke } = await at(name, described);
    const kinds = server.seen;
    expect(await revoke(held)).toMatchObject({ state: 'CONFIRMED' });
    expect(server.complaints).toEqual([]);
    expect(kinds.some(({ what }) => what === 'revoke')).toBe(true);
    if (refreshes) expect(kinds.at(-1)).toMatchObject({ what: 'refresh', token: 'refresh-0' });
    if (described.revoke.endsBoth || described.revoke.takes.length === 2) {
      expect([...server.alive]).toEqual([]);
    } else {
      expect([...server.alive]).toEqual(['access-0']);
      expect(await revoke(held)).toMatchObject({
        detail: expect.stringMatching(/until it expires/) as string,
      });
    }
  });

  if (name === 'NotionOauth2' || name === 'YandexOauth2') {
    it('rejects a repeated revocation request: no documented response means "already revoked"', async () => {
      const { revoke } = await at(name, described);
      await revoke(held);
      await expect(revoke(held)).rejects.toMatchObject({ code: 'invalid_request', unavailable: false });
    });
  } else {
    it('confirms a repeated revocation request', async () => {
      const { server, revoke } = await at(name, described);
      await revoke(held);
      expect(await revoke(held)).toMatchObject({ state: 'CONFIRMED' });
      expect(server.complaints).toEqual([]);
    });
  }

  it('is reported as unavailable after a 503, with the time after which to retry', async () => {
    const { server, revoke } = await at(name, described);
    server.instead.revoke = { status: 503, headers: { 'retry-after': '120' } };
    await expect(revoke(held)).rejects.toMatchObject({
      name: 'ProviderFailure',
      unavailable: true,
      retryAfter: 120,
    });
  });

  if (refreshes) {
    it('has not revoked a refresh token that it still redeems, and the new tokens are not lost', async () => {
      const { server, revoke } = await at(name, described);
      server.instead.revoke = described.revoke.done;
      const failed = revoke(held).catch((error: unknown) => error);
      expect(await failed).toBeInstanceOf(NotRevoked);
      expect(await failed).toMatchObject({
        unavailable: true,
        replacement: { accessToken: 'access-1', refreshToken: 'refresh-1' },
      });
      expect([...server.alive]).toEqual(['access-1', 'refresh-1']);
    });
  }
});

it('each vendor either revokes tokens or has no way to', () => {
  expect([...REVOKING.map(([name]) => name), ...WITHOUT_A_WAY].sort()).toEqual([...VENDOR_NAMES].sort());
});

it.each(WITHOUT_A_WAY)('%s has no way to revoke: nothing is sent', async (name) => {
  const described = REVOKING.find(([known]) => known === 'OktaOauth2')?.[1];
  if (!described) throw new Error('no such vendor');
  const { server, revoke } = await at(name, described);
  const { userRemoves = '' } = vendorOf(name).revocation;
  expect(await revoke()).toEqual({
    state: 'NOT_PROVABLE',
    detail: expect.stringContaining(userRemoves) as string,
  });
  expect(server.seen).toEqual([]);
});

/** A plain server whose metadata names the endpoints. */
const PLAIN: RevokingVendor = {
  tokenEndpoint: 'https://provider.example/token',
  refusesRefresh: { status: 400, body: { error: 'invalid_grant' } },
  revoke: {
    url: 'https://provider.example/revoke',
    method: 'POST',
    client: 'basic',
    body: 'form',
    also: ['token_type_hint'],
    takes: ['access', 'refresh'],
    endsBoth: true,
    done: { status: 200 },
    dead: { status: 200 },
  },
  introspect: { url: 'https://provider.example/introspect', body: 'form', client: 'basic' },
};
const PUBLISHED: Partial<Metadata> = {
  revocation_endpoint: 'https://provider.example/revoke',
  introspection_endpoint: 'https://provider.example/introspect',
};
const ACCESS_ONLY: RevocableTokens = { accessToken: 'access-0' };

describe('a server whose metadata names its endpoints', () => {
  it('gets the refresh token and then the access token (RFC 7009 section 2.1)', async () => {
    const { server, revoke } = await at('CustomOauth2', PLAIN, { metadata: PUBLISHED });
    expect(await revoke()).toEqual({ state: 'CONFIRMED' });
    expect(server.seen.map(({ what, token }) => [what, token])).toEqual([
      ['revoke', 'refresh-0'],
      ['revoke', 'access-0'],
      ['refresh', 'refresh-0'],
    ]);
    expect(server.complaints).toEqual([]);
  });

  it('proves the end of an access token by introspection', async () => {
    const { server, revoke } = await at('CustomOauth2', PLAIN, { metadata: PUBLISHED });
    expect(await revoke(ACCESS_ONLY)).toEqual({ state: 'CONFIRMED' });
    expect(server.seen.map(({ what }) => what)).toEqual(['introspect', 'revoke', 'introspect']);
  });

  it('proves nothing by an introspection that never says "active"', async () => {
    const { server, revoke } = await at('CustomOauth2', PLAIN, { metadata: PUBLISHED });
    server.instead.introspect = { status: 200, body: { active: false } };
    expect(await revoke(ACCESS_ONLY)).toMatchObject({ state: 'ACCEPTED' });
  });

  it('proves nothing by an introspection that fails', async () => {
    const { server, revoke } = await at('CustomOauth2', PLAIN, { metadata: PUBLISHED });
    server.instead.introspect = { status: 403, body: { error: 'access_denied' } };
    expect(await revoke(ACCESS_ONLY)).toMatchObject({ state: 'ACCEPTED' });
  });

  it('has not revoked a token that stays active', async () => {
    const { server, revoke } = await at('CustomOauth2', PLAIN, { metadata: PUBLISHED });
    server.instead.introspect = { status: 200, body: { active: true } };
    await expect(revoke(ACCESS_ONLY)).rejects.toMatchObject({ name: 'NotRevoked', unavailable: true });
  });

  it('accepts an access token without a proof where there is no introspection', async () => {
    const metadata = { revocation_endpoint: PLAIN.revoke.url };
    const { revoke } = await at('CustomOauth2', PLAIN, { metadata });
    expect(await revoke(ACCESS_ONLY)).toMatchObject({ state: 'ACCEPTED' });
  });

  it.each([
    ['invalid_client', 401],
    ['invalid_request', 400],
  ])('rejects the request for good: %s', async (error, status) => {
    const { server, revoke } = await at('CustomOauth2', PLAIN, { metadata: PUBLISHED });
    server.instead.revoke = { status, body: { error, error_description: 'words of the server' } };
    await expect(revoke()).rejects.toMatchObject({
      code: error,
      unavailable: false,
      detail: `revocation endpoint responded with ${status} ${error}: "words of the server"`,
    });
    expect(server.seen.map(({ what }) => what)).toEqual(['revoke']);
  });

  it('does not revoke tokens of this kind (RFC 7009 section 2.2.1)', async () => {
    const { server, revoke } = await at('CustomOauth2', PLAIN, { metadata: PUBLISHED });
    server.instead.revoke = { status: 400, body: { error: 'unsupported_token_type' } };
    expect(await revoke()).toEqual({
      state: 'NOT_PROVABLE',
      detail: 'the provider does not revoke tokens of this kind',
    });
  });

  it('is not proved while the token endpoint is unavailable', async () => {
    const { server, revoke } = await at('CustomOauth2', PLAIN, { metadata: PUBLISHED });
    server.instead.refresh = { status: 502 };
    await expect(revoke()).rejects.toMatchObject({ unavailable: true });
  });

  it.each<[string[], Partial<Oauth2Provider>, 'basic' | 'post' | 'client-id']>([
    [['client_secret_post'], {}, 'post'],
    [['client_secret_post', 'client_secret_basic'], {}, 'basic'],
    [['client_secret_basic'], { clientAuthenticationMethod: 'CLIENT_SECRET_POST' }, 'basic'],
    [['none'], {}, 'client-id'],
  ])('gets the client as it lists for the endpoint: %j', async (methods, provider, client) => {
    const metadata = {
      revocation_endpoint: PLAIN.revoke.url,
      revocation_endpoint_auth_methods_supported: methods,
    };
    const { server, revoke } = await at(
      'CustomOauth2',
      { ...PLAIN, revoke: { ...PLAIN.revoke, client } },
      { metadata, provider },
    );
    expect(await revoke()).toEqual({ state: 'CONFIRMED' });
    expect(server.complaints).toEqual([]);
  });

  describe('that requires the member client_secret, of a public client', () => {
    async function withMember(error: string, provider: Partial<Oauth2Provider>) {
      const service = await createTokenClient(
        tokens,
        { vendor: 'CustomOauth2', clientId: CLIENT.id, ...provider },
        { token_endpoint: PLAIN.tokenEndpoint, ...PUBLISHED },
      );
      const sent: (string | undefined)[] = [];
      const client = {
        ...service.client,
        ...(provider.clientAuthenticationMethod === 'NONE' && { credential: { secret: undefined } }),
        transport: (url: string, { body }: { body?: unknown }) => {
          const form = new URLSearchParams(String(body));
          if (url === PLAIN.tokenEndpoint) {
            return Promise.resolve(Response.json({ error: 'invalid_grant' }, { status: 400 }));
          }
          sent.push(form.get('client_secret') ?? undefined);
          return Promise.resolve(
            form.has('client_secret') && form.get('client_id') === CLIENT.id
              ? new Response(null)
              : Response.json({ error }, { status: 400 }),
          );
        },
      };
      return { sent, revoked: revokeTokens(client, HELD) };
    }

    it('gets the request once more, with an empty secret', async () => {
      const { sent, revoked } = await withMember('invalid_request', { clientAuthenticationMethod: 'NONE' });
      expect(await revoked).toEqual({ state: 'CONFIRMED' });
      expect(sent).toEqual([undefined, '', undefined, '']);
    });

    it.each([
      ['another error', 'invalid_client', 'NONE' as const],
      ['a client with a secret', 'invalid_request', 'CLIENT_SECRET_BASIC' as const],
    ])('gets it once after %s', async (_what, error, clientAuthenticationMethod) => {
      const { sent, revoked } = await withMember(error, { clientAuthenticationMethod });
      await expect(revoked).rejects.toMatchObject({ code: error });
      expect(sent).toEqual([undefined]);
    });
  });

  it('gets no request from a client without a credential for it', async () => {
    const metadata = { ...PUBLISHED, revocation_endpoint_auth_methods_supported: ['tls_client_auth'] };
    const { server, revoke } = await at('CustomOauth2', PLAIN, { metadata });
    await expect(revoke()).rejects.toMatchObject({ code: 'invalid_metadata', unavailable: false });
    expect(server.seen).toEqual([]);
  });

  it('gets no assertion at another server than the token endpoint', async () => {
    const audiences: string[] = [];
    const credential: ClientCredential = {
      assert: (audience) => {
        audiences.push(audience);
        return Promise.resolve('assertion');
      },
    };
    const metadata = { revocation_endpoint: 'https://other.example/revoke' };
    const elsewhere = await at('CustomOauth2', PLAIN, { metadata, credential });
    await expect(elsewhere.revoke()).rejects.toMatchObject({ code: 'invalid_metadata' });
    expect([elsewhere.server.seen, audiences]).toEqual([[], []]);
    const there = await at('CustomOauth2', PLAIN, { metadata: PUBLISHED, credential });
    await there.revoke();
    expect(new Set(audiences)).toEqual(new Set([PLAIN.tokenEndpoint]));
  });
});

it.each([
  [
    ['private_key_jwt', 'none'],
    ['revoke', 'revoke', 'refresh'],
  ],
  [['client_secret_basic'], 'invalid_metadata'],
])('an endpoint that lists %j gets an assertion, or no request', async (methods, expected) => {
  const credential: ClientCredential = { assert: () => Promise.resolve('assertion') };
  const metadata = { ...PUBLISHED, revocation_endpoint_auth_methods_supported: methods };
  const { server, revoke } = await at('CustomOauth2', PLAIN, { metadata, credential });
  if (typeof expected === 'string') {
    await expect(revoke()).rejects.toMatchObject({ code: expected, unavailable: false });
    expect(server.seen).toEqual([]);
    return;
  }
  expect(await revoke()).toEqual({ state: 'CONFIRMED' });
  expect(server.seen.map(({ what }) => what)).toEqual(expected);
});

it('a rejected refresh for another reason than the token proves nothing', async () => {
  const { server, revoke } = await at('CustomOauth2', PLAIN, { metadata: PUBLISHED });
  server.instead.refresh = { status: 400, body: { error: 'invalid_scope' } };
  expect(await revoke()).toMatchObject({ state: 'ACCEPTED' });
  expect(server.seen.map(({ what }) => what)).toEqual(['revoke', 'revoke', 'refresh', 'revoke']);
});

it('counts a rejection by an endpoint that is not documented as no way to revoke', async () => {
  for (const name of ['AtlassianOauth2', 'LinkedinOauth2'] as const) {
    const described = REVOKING.find(([known]) => known === name)?.[1];
    if (!described) throw new Error('no such vendor');
    const { server, revoke } = await at(name, described);
    server.instead.revoke = { status: 404 };
    expect(await revoke()).toMatchObject({ state: 'NOT_PROVABLE' });
  }
});

it('cannot revoke an access token of a vendor that revokes refresh tokens only', async () => {
  for (const name of ['CognitoOauth2', 'Auth0Oauth2', 'HubspotOauth2'] as const) {
    const described = REVOKING.find(([known]) => known === name)?.[1];
    if (!described) throw new Error('no such vendor');
    const { server, revoke } = await at(name, described);
    expect(await revoke(ACCESS_ONLY)).toMatchObject({ state: 'NOT_PROVABLE' });
    expect(server.seen).toEqual([]);
  }
});

it('cannot revoke a Yandex token that was issued without a device', async () => {
  const described = REVOKING.find(([known]) => known === 'YandexOauth2')?.[1];
  if (!described) throw new Error('no such vendor');
  const { server, revoke } = await at('YandexOauth2', described);
  server.instead.revoke = { status: 400, body: { error: 'unsupported_token_type' } };
  expect(await revoke()).toMatchObject({ state: 'NOT_PROVABLE' });
});

it('has a sentence about what else ends for each reach, and a reach for each vendor', () => {
  expect(new Set(REVOCATION_REACHES.map(alsoEnds)).size).toBe(REVOCATION_REACHES.length);
  expect(reachOf('GoogleOauth2')).toBe('user-and-project');
  expect(VENDOR_NAMES.filter((name) => reachOf(name) === 'none')).toEqual([
    'MicrosoftOauth2',
    'SpotifyOauth2',
  ]);
});
