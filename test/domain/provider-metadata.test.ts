/** The metadata of an authorization server: its own document, or an error. */
import { ProviderFailure } from '../../lambda/domain/oauth/provider-failure';
import { createMetadataReader, validatedMetadata } from '../../lambda/domain/oauth/provider-metadata';
import type { Transport } from '../../lambda/domain/oauth/transport';
import { caught } from './caught';
import { createFakeSystem } from './fake-system';

const issuer = 'https://provider.example/tenant';
const discoveryUrl = `${issuer}/.well-known/openid-configuration`;
const ACCOUNT = { loopback: false };
const document = {
  issuer,
  authorization_endpoint: `${issuer}/authorize`,
  token_endpoint: `${issuer}/token`,
  jwks_uri: `${issuer}/jwks`,
};

it("accepts the server's own metadata, and keeps only the members that are used", () => {
  expect(validatedMetadata(discoveryUrl, { ...document, unheard_of: 'x' }, ACCOUNT)).toEqual(document);
});

it('accepts an issuer that ends in a slash, as several servers have it', () => {
  const slashed = { ...document, issuer: `${issuer}/` };
  expect(validatedMetadata(discoveryUrl, slashed, ACCOUNT).issuer).toBe(`${issuer}/`);
});

it.each([
  ['http', 'http://provider.example/revoke'],
  ['on loopback', 'http://127.0.0.1/revoke'],
  ['with credentials', 'https://a:b@provider.example/revoke'],
  ['that is no text', 7],
])('ignores a revocation or introspection endpoint %s: tokens can still be obtained', (_what, endpoint) => {
  const own = { revocation_endpoint: endpoint, introspection_endpoint: endpoint };
  const methods = { revocation_endpoint_auth_methods_supported: 'client_secret_basic' };
  const taken = validatedMetadata(discoveryUrl, { ...document, ...own, ...methods }, ACCOUNT);
  expect(taken).toMatchObject(document);
  expect(taken.revocation_endpoint).toBeUndefined();
  expect(taken.introspection_endpoint).toBeUndefined();
  expect(taken.revocation_endpoint_auth_methods_supported).toBeUndefined();
});

it('accepts revocation and introspection endpoints with their authentication methods', () => {
  const own = {
    revocation_endpoint: `${issuer}/revoke`,
    revocation_endpoint_auth_methods_supported: ['client_secret_post'],
    introspection_endpoint: `${issuer}/introspect`,
    introspection_endpoint_auth_methods_supported: ['none'],
  };
  expect(validatedMetadata(discoveryUrl, { ...document, ...own }, ACCOUNT)).toEqual({ ...document, ...own });
});

it('accepts http on loopback only if the policy allows it', () => {
  const local = { issuer: 'http://127.0.0.1:9000', token_endpoint: 'http://127.0.0.1:9000/token' };
  const url = 'http://127.0.0.1:9000/.well-known/openid-configuration';
  expect(validatedMetadata(url, local, { loopback: true })).toEqual(local);
  expect(() => validatedMetadata(url, local, ACCOUNT)).toThrow(ProviderFailure);
});

it.each([
  ["another server's issuer", { issuer: 'https://evil.example' }],
  ['the issuer of another tenant', { issuer: 'https://provider.example/other' }],
  ['an issuer above the requested one', { issuer: 'https://provider.example' }],
  ['an issuer below the requested one', { issuer: `${issuer}/more` }],
  ['an issuer in different case', { issuer: 'https://Provider.example/tenant' }],
  ['an issuer with two slashes', { issuer: `${issuer}//` }],
  ['an issuer with a fragment', { issuer: `${issuer}#x` }],
  ['no issuer', { issuer: undefined }],
  ['an issuer that is not a string', { issuer: [issuer] }],
  [
    'an http pushed authorization request endpoint',
    { pushed_authorization_request_endpoint: 'http://provider.example/par' },
  ],
  [
    'a requirement for pushed requests that is not a boolean',
    { require_pushed_authorization_requests: 'yes' },
  ],
  ['an http token endpoint', { token_endpoint: 'http://provider.example/token' }],
  ['an http authorization endpoint', { authorization_endpoint: 'http://provider.example/authorize' }],
  ['an http URL of the keys', { jwks_uri: 'http://provider.example/jwks' }],
  ['a token endpoint on loopback', { token_endpoint: 'http://127.0.0.1/token' }],
  ['an authorization endpoint that is a script', { authorization_endpoint: 'javascript:alert(1)' }],
  ['a token endpoint with credentials', { token_endpoint: 'https://a:b@provider.example/token' }],
  ['a null endpoint', { token_endpoint: null }],
])('rejects %s', (_what, change) => {
  const failure = caught(() => validatedMetadata(discoveryUrl, { ...document, ...change }, ACCOUNT));
  expect(failure).toBeInstanceOf(ProviderFailure);
  expect(failure).toMatchObject({ code: 'invalid_metadata', unavailable: false });
});

it.each([
  [
    { token_endpoint: 'http://provider.example/token' },
    'discovery document: token_endpoint: not an acceptable endpoint',
  ],
  [{ issuer: 'https://evil.example' }, 'discovery document: issuer does not match the discovery URL'],
])('tells the operator what is wrong with %j', (change, detail) => {
  const failure = caught(() => validatedMetadata(discoveryUrl, { ...document, ...change }, ACCOUNT));
  expect(failure).toMatchObject({ detail });
});

it.each([
  { code_challenge_methods_supported: `\u001b[31m\u202e${'x'.repeat(100_000)}` },
  { code_challenge_methods_supported: [{ ['\u001b[31m']: 1 }] },
  { require_pushed_authorization_requests: 'IGNORE\nALL' },
])('repeats no text of the document', (change) => {
  const failure = caught(() => validatedMetadata(discoveryUrl, { ...document, ...change }, ACCOUNT));
  expect(failure).toMatchObject({
    detail: expect.stringMatching(/^discovery document: [a-z_.0]+: Invalid type: Expected \w+$/) as unknown,
  });
});

it('keeps only as much of lists as it uses', () => {
  const scopes_supported = ['a'.repeat(100_000), 'offline_access', ...Array<string>(50_000).fill('b')];
  const names = ['x'.repeat(65), ...Array<string>(50_000).fill('y')];
  const metadata = validatedMetadata(
    discoveryUrl,
    {
      ...document,
      scopes_supported,
      code_challenge_methods_supported: ['S256', ...names],
      grant_types_supported: names,
    },
    ACCOUNT,
  );
  expect(metadata.scopes_supported).toEqual(['offline_access']);
  expect(metadata.code_challenge_methods_supported?.[0]).toBe('S256');
  expect(JSON.stringify(metadata).length).toBeLessThan(2500);
});

it('tells the operator that a document is not an object', () => {
  const failure = caught(() => validatedMetadata(discoveryUrl, 1, ACCOUNT));
  expect(failure).toMatchObject({
    detail: expect.stringMatching(/^discovery document: document: /) as unknown,
  });
});

it.each([undefined, null, 'x', 1, []])('rejects a document that is %p', (junk) => {
  expect(() => validatedMetadata(discoveryUrl, junk, ACCOUNT)).toThrow(ProviderFailure);
});

describe('discovery', () => {
  /** A server that returns the given response, and records its requests. */
  function server(answer: () => Response) {
    const asked: string[] = [];
    const transport: Transport = (url) => {
      asked.push(url);
      return Promise.resolve(answer());
    };
    return { asked, transport };
  }

  it('caches the metadata for ten minutes', async () => {
    const system = createFakeSystem();
    const { asked, transport } = server(() => Response.json(document));
    const reader = createMetadataReader(transport, ACCOUNT, system);
    await reader.read({ discoveryUrl }, {});
    system.advance(599);
    await reader.read({ discoveryUrl }, {});
    expect(asked).toEqual([discoveryUrl]);
    system.advance(1);
    await reader.read({ discoveryUrl }, {});
    expect(asked).toHaveLength(2);
  });

  it.each([
    ['status 404, not retryable', () => new Response('', { status: 404 }), 'discovery_failed', false],
    ['status 503, retryable', () => new Response('', { status: 503 }), 'discovery_failed', true],
    [
      'a redirect, which it does not follow',
      () => new Response(null, { status: 302, headers: { location: 'https://evil.example' } }),
      'discovery_failed',
      false,
    ],
    ['text that is not JSON', () => new Response('<html>'), 'invalid_metadata', false],
  ])('fails for %s, and caches the failure for five seconds', async (_what, answer, code, unavailable) => {
    const system = createFakeSystem();
    const { asked, transport } = server(answer);
    const reader = createMetadataReader(transport, ACCOUNT, system);
    const fails = () =>
      expect(reader.read({ discoveryUrl }, {})).rejects.toMatchObject({ code, unavailable });
    await fails();
    system.advance(4);
    await fails();
    expect(asked).toEqual([discoveryUrl]);
    system.advance(1);
    await fails();
    expect(asked).toHaveLength(2);
  });

  it('requests JSON, and states the status of a failure in the detail', async () => {
    const inits: unknown[] = [];
    const transport: Transport = (_url, init) => {
      inits.push(init);
      return Promise.resolve(new Response('', { status: 500, headers: { 'retry-after': '7' } }));
    };
    const reader = createMetadataReader(transport, ACCOUNT, createFakeSystem());
    await expect(reader.read({ discoveryUrl }, {})).rejects.toMatchObject({
      unavailable: true,
      retryAfter: 7,
      detail: 'discovery responded with 500',
    });
    expect(inits).toEqual([{ method: 'GET', headers: { accept: 'application/json' }, connection: {} }]);
  });

  it('succeeds after the server has recovered', async () => {
    const system = createFakeSystem();
    const answers = [new Response('', { status: 503 }), Response.json(document)];
    const { transport } = server(() => answers.shift() ?? new Response('', { status: 500 }));
    const reader = createMetadataReader(transport, ACCOUNT, system);
    await expect(reader.read({ discoveryUrl }, {})).rejects.toBeInstanceOf(ProviderFailure);
    system.advance(5);
    expect(await reader.read({ discoveryUrl }, {})).toEqual(document);
    expect(await reader.read({ discoveryUrl }, {})).toEqual(document);
  });

  it('sends one request for concurrent calls, whether it succeeds or fails', async () => {
    const { asked, transport } = server(() => Response.json(document));
    const reader = createMetadataReader(transport, ACCOUNT, createFakeSystem());
    const all = await Promise.all(Array.from({ length: 20 }, () => reader.read({ discoveryUrl }, {})));
    expect(all).toEqual(all.map(() => document));
    expect(asked).toEqual([discoveryUrl]);

    const down = server(() => new Response('', { status: 500 }));
    const failing = createMetadataReader(down.transport, ACCOUNT, createFakeSystem());
    const failed = await Promise.allSettled(
      Array.from({ length: 20 }, () => failing.read({ discoveryUrl }, {})),
    );
    expect(failed.map(({ status }) => status)).toEqual(failed.map(() => 'rejected'));
    expect(down.asked).toEqual([discoveryUrl]);
  });

  it('sends another request after five seconds, even if the first one never ends', async () => {
    const system = createFakeSystem();
    const answers = [new Promise<Response>(() => undefined), Promise.resolve(Response.json(document))];
    const asked: string[] = [];
    const reader = createMetadataReader(
      (url) => {
        asked.push(url);
        return answers.shift() ?? Promise.reject(new Error('asked too often'));
      },
      ACCOUNT,
      system,
    );
    const dead = reader.read({ discoveryUrl }, {});
    system.advance(4);
    const joined = reader.read({ discoveryUrl }, {});
    expect(asked).toHaveLength(1);
    system.advance(1);
    expect(await reader.read({ discoveryUrl }, {})).toEqual(document);
    expect(asked).toHaveLength(2);
    const still = Symbol('still waiting');
    for (const waiting of [dead, joined]) {
      expect(await Promise.race([waiting, Promise.resolve(still)])).toBe(still);
    }
  });

  it('does not cache an error that is not an error of the server', async () => {
    const fault = new TypeError('a fault');
    let asked = 0;
    const failing: Transport = () => {
      asked += 1;
      return Promise.reject(fault);
    };
    const reader = createMetadataReader(failing, ACCOUNT, createFakeSystem());
    for (const time of [1, 2]) {
      await expect(reader.read({ discoveryUrl }, {})).rejects.toBe(fault);
      expect(asked).toBe(time);
    }
  });

  it('caches the responses of different servers separately', async () => {
    const other = 'https://other.example/.well-known/openid-configuration';
    const { asked, transport } = server(() => Response.json(document));
    const reader = createMetadataReader(transport, ACCOUNT, createFakeSystem());
    const [own, foreign] = await Promise.allSettled([
      reader.read({ discoveryUrl }, {}),
      reader.read({ discoveryUrl: other }, {}),
    ]);
    expect(own).toMatchObject({ status: 'fulfilled' });
    expect(foreign).toMatchObject({ reason: { code: 'invalid_metadata' } });
    expect(asked).toEqual([discoveryUrl, other]);
  });

  describe('of RFC 8414 metadata, at an issuer with a path,', () => {
    const appended = `${issuer}/.well-known/oauth-authorization-server`;
    const inserted = 'https://provider.example/.well-known/oauth-authorization-server/tenant';

    /** A server that has its document at one address only. */
    function serverAt(address: string, content: object = document) {
      const asked: string[] = [];
      const transport: Transport = (url) => {
        asked.push(url);
        return Promise.resolve(url === address ? Response.json(content) : new Response('', { status: 404 }));
      };
      return { asked, reader: createMetadataReader(transport, ACCOUNT, createFakeSystem()) };
    }

    it('finds the document where section 3.1 puts it, and caches it under the configured URL', async () => {
      const { asked, reader } = serverAt(inserted);
      for (let time = 0; time < 2; time += 1) {
        expect(await reader.read({ discoveryUrl: appended }, {})).toEqual(document);
      }
      expect(asked).toEqual([appended, inserted]);
    });

    it('uses the document at the configured URL if there is one', async () => {
      const { asked, reader } = serverAt(appended);
      expect(await reader.read({ discoveryUrl: appended }, {})).toEqual(document);
      expect(asked).toEqual([appended]);
    });

    it.each([
      ['oauth-authorization-server', inserted],
      ['openid-configuration', 'https://provider.example/.well-known/openid-configuration/tenant'],
      ['a slash at its end', `${inserted}/`],
    ])('reads a configured URL that has the path at its end: %s', async (_what, url) => {
      const { asked, reader } = serverAt(url);
      expect(await reader.read({ discoveryUrl: url }, {})).toEqual(document);
      expect(asked).toEqual([url]);
    });

    it.each([
      ['another path', 'https://provider.example/other'],
      ['no path', 'https://provider.example'],
      ['the well-known URL', inserted],
    ])(
      'rejects a document at a URL that has the path at its end, of an issuer with %s',
      async (_what, other) => {
        const { reader } = serverAt(inserted, { ...document, issuer: other });
        await expect(reader.read({ discoveryUrl: inserted }, {})).rejects.toMatchObject({
          code: 'invalid_metadata',
        });
      },
    );

    it('still requires the document to name the configured issuer', async () => {
      const { reader } = serverAt(inserted, { ...document, issuer: 'https://provider.example' });
      await expect(reader.read({ discoveryUrl: appended }, {})).rejects.toMatchObject({
        code: 'invalid_metadata',
      });
    });

    it.each([
      ['after both URLs failed', appended, 2],
      ['for an issuer without a path', 'https://bare.example/.well-known/oauth-authorization-server', 1],
      [
        'for OpenID Connect, which has one URL',
        'https://provider.example/one-tenant-of-many/.well-known/openid-configuration',
        1,
      ],
    ])('tries no other URL: %s', async (_what, url, times) => {
      const { asked, reader } = serverAt('https://nowhere.example/');
      await expect(reader.read({ discoveryUrl: url }, {})).rejects.toMatchObject({
        code: 'discovery_failed',
      });
      expect(asked).toHaveLength(times);
    });

    it('tries no other URL if the server is unavailable', async () => {
      const { asked, transport } = server(() => new Response('', { status: 503 }));
      const reader = createMetadataReader(transport, ACCOUNT, createFakeSystem());
      await expect(reader.read({ discoveryUrl: appended }, {})).rejects.toMatchObject({ unavailable: true });
      expect(asked).toEqual([appended]);
    });
  });

  it('sends no request if the operator stated the metadata', async () => {
    const { asked, transport } = server(() => Response.json(document));
    const stated = { issuer, authorizationEndpoint: `${issuer}/a`, tokenEndpoint: `${issuer}/t` };
    const reader = createMetadataReader(transport, ACCOUNT, createFakeSystem());
    expect(await reader.read({ authorizationServerMetadata: stated }, {})).toEqual({
      issuer,
      authorization_endpoint: `${issuer}/a`,
      token_endpoint: `${issuer}/t`,
    });
    expect(asked).toEqual([]);
  });
});
