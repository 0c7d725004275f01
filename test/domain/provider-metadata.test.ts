/** An authorization server's metadata: its own or none. */
import { ProviderFailure } from '../../lambda/domain/grants/provider-failure';
import { createMetadataReader, judgeMetadata } from '../../lambda/domain/grants/provider-metadata';
import type { Transport } from '../../lambda/domain/grants/transport';
import { caught } from './caught';
import { createFakeAmbient } from './fake-ambient';

const issuer = 'https://provider.example/tenant';
const discoveryUrl = `${issuer}/.well-known/openid-configuration`;
const ACCOUNT = { loopback: false };
const document = {
  issuer,
  authorization_endpoint: `${issuer}/authorize`,
  token_endpoint: `${issuer}/token`,
  jwks_uri: `${issuer}/jwks`,
};

it("takes a server's own metadata, and of it only what is used", () => {
  expect(judgeMetadata(discoveryUrl, { ...document, unheard_of: 'x' }, ACCOUNT)).toEqual(document);
});

it('takes an issuer that ends in a slash, as several servers have it', () => {
  const slashed = { ...document, issuer: `${issuer}/` };
  expect(judgeMetadata(discoveryUrl, slashed, ACCOUNT).issuer).toBe(`${issuer}/`);
});

it('takes http on loopback by policy only', () => {
  const local = { issuer: 'http://127.0.0.1:9000', token_endpoint: 'http://127.0.0.1:9000/token' };
  const url = 'http://127.0.0.1:9000/.well-known/openid-configuration';
  expect(judgeMetadata(url, local, { loopback: true })).toEqual(local);
  expect(() => judgeMetadata(url, local, ACCOUNT)).toThrow(ProviderFailure);
});

it.each([
  ["another server's issuer", { issuer: 'https://evil.example' }],
  ['the issuer of another tenant', { issuer: 'https://provider.example/other' }],
  ['an issuer above the one asked', { issuer: 'https://provider.example' }],
  ['an issuer below the one asked', { issuer: `${issuer}/more` }],
  ['an issuer of another case', { issuer: 'https://Provider.example/tenant' }],
  ['an issuer with two slashes', { issuer: `${issuer}//` }],
  ['an issuer with a fragment', { issuer: `${issuer}#x` }],
  ['no issuer', { issuer: undefined }],
  ['an issuer that is no text', { issuer: [issuer] }],
  ['an http token endpoint', { token_endpoint: 'http://provider.example/token' }],
  ['an http authorization endpoint', { authorization_endpoint: 'http://provider.example/authorize' }],
  ['http keys', { jwks_uri: 'http://provider.example/jwks' }],
  ['a token endpoint on loopback', { token_endpoint: 'http://127.0.0.1/token' }],
  ['an authorization endpoint that runs', { authorization_endpoint: 'javascript:alert(1)' }],
  ['a token endpoint with credentials', { token_endpoint: 'https://a:b@provider.example/token' }],
  ['a null endpoint', { token_endpoint: null }],
])('refuses %s', (_what, change) => {
  const failure = caught(() => judgeMetadata(discoveryUrl, { ...document, ...change }, ACCOUNT));
  expect(failure).toBeInstanceOf(ProviderFailure);
  expect(failure).toMatchObject({ code: 'invalid_metadata', unavailable: false });
});

it.each([undefined, null, 'x', 1, []])('refuses a document that is %p', (junk) => {
  expect(() => judgeMetadata(discoveryUrl, junk, ACCOUNT)).toThrow(ProviderFailure);
});

describe('read by discovery', () => {
  /** A server that answers as told, and counts. */
  function server(answer: () => Response) {
    const asked: string[] = [];
    const transport: Transport = (url) => {
      asked.push(url);
      return Promise.resolve(answer());
    };
    return { asked, transport };
  }

  it('is kept for ten minutes', async () => {
    const ambient = createFakeAmbient();
    const { asked, transport } = server(() => Response.json(document));
    const reader = createMetadataReader(transport, ACCOUNT, ambient);
    await reader.read({ discoveryUrl });
    ambient.advance(599);
    await reader.read({ discoveryUrl });
    expect(asked).toEqual([discoveryUrl]);
    ambient.advance(1);
    await reader.read({ discoveryUrl });
    expect(asked).toHaveLength(2);
  });

  it.each([
    ['404: not retryable', () => new Response('', { status: 404 }), 'discovery_failed', false],
    ['503: retryable', () => new Response('', { status: 503 }), 'discovery_failed', true],
    [
      'a redirect: not followed',
      () => new Response(null, { status: 302, headers: { location: 'https://evil.example' } }),
      'discovery_failed',
      false,
    ],
    ['what is not JSON', () => new Response('<html>'), 'invalid_metadata', false],
  ])('fails on %s, and is not kept', async (_what, answer, code, unavailable) => {
    const { asked, transport } = server(answer);
    const reader = createMetadataReader(transport, ACCOUNT, createFakeAmbient());
    for (const time of [1, 2]) {
      await expect(reader.read({ discoveryUrl })).rejects.toMatchObject({ code, unavailable });
      expect(asked).toHaveLength(time);
    }
  });

  it('is not asked for where the operator stated it', async () => {
    const { asked, transport } = server(() => Response.json(document));
    const stated = { issuer, authorizationEndpoint: `${issuer}/a`, tokenEndpoint: `${issuer}/t` };
    const reader = createMetadataReader(transport, ACCOUNT, createFakeAmbient());
    expect(await reader.read({ authorizationServerMetadata: stated })).toEqual({
      issuer,
      authorization_endpoint: `${issuer}/a`,
      token_endpoint: `${issuer}/t`,
    });
    expect(asked).toEqual([]);
  });
});
