/** Which tokens of a transmitter are authentic, and how many requests for keys a flood of others causes. */
import { createEventTokenVerifier } from '../../lambda/adapters/http/event-token-verifier';
import { createTransport } from '../../lambda/adapters/http/transport';
import { system } from '../../lambda/adapters/system';
import type { Transport } from '../../lambda/domain/oauth/transport';
import type { EventTokens, ExpectedToken } from '../../lambda/domain/security-event/event-tokens';
import { ProviderFailure } from '../../lambda/domain/oauth/provider-failure';
import { createFakeSystem } from '../domain/fake-system';
import { FORGERIES, startIssuer, type TestIssuer } from '../flows/support/issuer';
import { ANOTHER_KEY, KEY_SETS_WITHOUT_KEYS, withOddKeys } from '../flows/support/key-sets';

let issuer: TestIssuer;
let requests: string[];
let tokens: EventTokens;
let expected: ExpectedToken;

beforeAll(async () => {
  issuer = await startIssuer();
});
afterAll(() => issuer.close());
beforeEach(() => {
  requests = [];
  const transport = createTransport({ loopback: true });
  const counted: Transport = (url, init) => {
    requests.push(url);
    return transport(url, init);
  };
  tokens = createEventTokenVerifier(counted, system);
  expected = {
    types: ['secevent+jwt'],
    isIssuer: (text) => text === issuer.issuer,
    audience: [issuer.audience],
    jwksUri: () => Promise.resolve(`${issuer.issuer}/jwks`),
    connection: {},
  };
});

const set = (claims: object = {}, header: Parameters<TestIssuer['token']>[2] = {}) =>
  issuer.token('ana', { ...claims }, { typ: 'secevent+jwt', ...header });

/** A token with another header, which does not have the signature for it. */
function withHeader(token: string, change: object): string {
  const [header = '', ...rest] = token.split('.');
  const parsed = JSON.parse(Buffer.from(header, 'base64url').toString()) as object;
  return [Buffer.from(JSON.stringify({ ...parsed, ...change })).toString('base64url'), ...rest].join('.');
}

it.each(['RS256', 'ES256', 'PS256', 'EdDSA'] as const)('accepts a signature by %s', async (alg) => {
  await expect(tokens.verify(await set({ jti: '1' }, { alg }), expected)).resolves.toMatchObject({
    jti: '1',
  });
});

it('accepts one of several audiences, and a type with its media type prefix', async () => {
  const token = await set({ aud: ['another', issuer.audience] }, { typ: 'application/secevent+JWT' });
  await expect(tokens.verify(token, expected)).resolves.toMatchObject({ sub: 'ana' });
});

it.each(FORGERIES)('refuses a token that is %s', async (forgery) => {
  const forged = withHeader(await issuer.forged(forgery, 'ana'), { typ: 'secevent+jwt' });
  await expect(tokens.verify(forged, expected)).rejects.toMatchObject({ code: 'invalid_key' });
});

it.each([
  ['a padded signature', async () => `${await set()}=`, 'invalid_request'],
  ['four parts', async () => `${await set()}.AAAA`, 'invalid_request'],
  [
    'claims that are no object',
    () =>
      Promise.resolve(
        `${Buffer.from('{"alg":"RS256","typ":"secevent+jwt"}').toString('base64url')}.W10.AAAA`,
      ),
    'invalid_request',
  ],
  ['a critical header parameter', () => set({}, { critical: 'made-up' }), 'invalid_key'],
  ['no type', () => set({}, { typ: undefined }), 'invalid_request'],
  ['a type that is no text', () => set({}, { typ: ['secevent+jwt'] }), 'invalid_request'],
  ['another issuer', () => set({ iss: 'https://other.example' }), 'invalid_issuer'],
  ['no issuer', () => set({ iss: undefined }), 'invalid_issuer'],
  ['another audience', () => set({ aud: ['other'] }), 'invalid_audience'],
  ['no audience', () => set({ aud: undefined }), 'invalid_audience'],
  ['no iat', () => set({ iat: undefined }), 'invalid_request'],
  [
    'an iat in the future',
    () => set({ iat: Math.floor(system.now() / 1000) + 120 }, { kid: 'unheard-of' }),
    'invalid_request',
  ],
  ['an audience inside of a list of a list', () => set({ aud: [[issuer.audience]] }), 'invalid_request'],
])('refuses a token with %s before it requests a key', async (_what, token, code) => {
  await expect(tokens.verify(await token(), expected)).rejects.toMatchObject({ code });
  expect(requests).toEqual([]);
});

it('requests the keys once for any number of tokens, and once more for unknown keys', async () => {
  await Promise.all(Array.from({ length: 5 }, async () => tokens.verify(await set(), expected)));
  expect(requests).toHaveLength(1);
  const unknown = await set({}, { kid: 'unheard-of' });
  const flood = await Promise.allSettled(Array.from({ length: 50 }, () => tokens.verify(unknown, expected)));
  expect(flood.every(({ status }) => status === 'rejected')).toBe(true);
  await expect(tokens.verify(unknown, expected)).rejects.toMatchObject({
    type: 'ThrottlingException',
    retryAfter: 5,
  });
  expect(requests).toHaveLength(2);
  // Known keys are not affected.
  await expect(tokens.verify(await set(), expected)).resolves.toMatchObject({ sub: 'ana' });
});

it('refuses a token of more than an hour ago whose key is still unknown, without another request', async () => {
  const ago = (seconds: number) =>
    set({ iat: Math.floor(system.now() / 1000) - seconds }, { kid: 'unheard-of' });
  await expect(tokens.verify(await ago(0), expected)).rejects.toMatchObject({ code: 'invalid_key' });
  await expect(tokens.verify(await ago(3000), expected)).rejects.toMatchObject({
    type: 'ThrottlingException',
  });
  await expect(tokens.verify(await ago(4000), expected)).rejects.toMatchObject({ code: 'invalid_key' });
  expect(requests).toHaveLength(1);
});

it.each<[string, () => Promise<Response>]>([
  [
    'does not respond',
    () => Promise.reject(new ProviderFailure('unreachable', 'no response in 5000 ms', { unavailable: true })),
  ],
  ['responds with 503', () => Promise.resolve(new Response('', { status: 503 }))],
  ['responds with a page', () => Promise.resolve(new Response('<html>'))],
])('requests the keys once if the server %s, and again a second later', async (_what, fail) => {
  const clock = createFakeSystem(Math.floor(Date.now() / 1000));
  let isDown = true;
  const transport = createTransport({ loopback: true });
  const unreachable: Transport = (url, init) => {
    requests.push(url);
    if (!isDown) return transport(url, init);
    clock.advance(4);
    return fail();
  };
  const verifier = createEventTokenVerifier(unreachable, clock);
  for (let delivered = 0; delivered < 50; delivered += 1) {
    await expect(verifier.verify(await set(), expected)).rejects.toMatchObject({
      type: 'InternalServerException',
    });
  }
  expect(requests).toHaveLength(1);
  isDown = false;
  clock.advance(1);
  await expect(verifier.verify(await set(), expected)).resolves.toMatchObject({ sub: 'ana' });
});

it('keeps a failure to trust the server from those who trust other authorities', async () => {
  const transport = createTransport({ loopback: true });
  const verifier = createEventTokenVerifier(
    (url, { connection, ...init }) =>
      connection?.authorities
        ? Promise.reject(new ProviderFailure('unreachable', 'unknown authority', { unavailable: true }))
        : transport(url, init),
    system,
  );
  const distrusting = { ...expected, connection: { authorities: { certificates: 'of another authority' } } };
  await expect(verifier.verify(await set(), distrusting)).rejects.toMatchObject({
    type: 'InternalServerException',
  });
  await expect(verifier.verify(await set(), expected)).resolves.toMatchObject({ sub: 'ana' });
});

it('accepts a token that its sender kept until the issuer published the key', async () => {
  const clock = createFakeSystem(Math.floor(Date.now() / 1000));
  const transport = createTransport({ loopback: true });
  let isPublished = false;
  const lagging: Transport = (url, init) =>
    isPublished ? transport(url, init) : Promise.resolve(Response.json({ keys: [ANOTHER_KEY] }));
  const verifier = createEventTokenVerifier(lagging, clock);
  const kept = { ...expected, isKept: true };
  const token = await set();
  await expect(verifier.verify(token, kept)).rejects.toMatchObject({ type: 'ThrottlingException' });
  clock.advance(6);
  await expect(verifier.verify(token, expected)).rejects.toMatchObject({ code: 'invalid_key' });
  clock.advance(6);
  isPublished = true;
  await expect(verifier.verify(token, kept)).resolves.toMatchObject({ sub: 'ana' });
});

it('accepts a token with an iat in the next hour, which its sender keeps until then', async () => {
  const clock = createFakeSystem(Math.floor(Date.now() / 1000));
  const verifier = createEventTokenVerifier(createTransport({ loopback: true }), clock);
  const kept = { ...expected, isKept: true };
  const at = (seconds: number) => set({ iat: clock.now() / 1000 + seconds });
  const [soon, late] = [await at(3_600), await at(3_661)];
  await expect(verifier.verify(soon, kept)).rejects.toMatchObject({ type: 'ThrottlingException' });
  await expect(verifier.verify(late, kept)).rejects.toMatchObject({ code: 'invalid_request' });
  await expect(verifier.verify(soon, expected)).rejects.toMatchObject({ code: 'invalid_request' });
  clock.advance(3_540);
  await expect(verifier.verify(soon, kept)).resolves.toMatchObject({ sub: 'ana' });
});

it('refuses a kept token of more than an hour ago whose key is unknown', async () => {
  const old = await set({ iat: Math.floor(system.now() / 1000) - 4000 }, { kid: 'unheard-of' });
  await expect(tokens.verify(old, { ...expected, isKept: true })).rejects.toMatchObject({
    code: 'invalid_key',
  });
});

describe('a key set', () => {
  /** A verifier that receives another response than the issuer's for its keys. */
  const receiving = (respond: (published: object) => Response) =>
    createEventTokenVerifier(async () => {
      const response = await fetch(`${issuer.issuer}/jwks`);
      return respond((await response.json()) as object);
    }, system);

  it.each(KEY_SETS_WITHOUT_KEYS)(
    'that is %s refuses no token: its sender repeats it',
    async (_what, body) => {
      const verifier = receiving(() => new Response(body));
      await expect(verifier.verify(await set(), expected)).rejects.toMatchObject({
        type: 'InternalServerException',
      });
    },
  );

  it('verifies by its other keys if some are not understood, and refuses what they did not sign', async () => {
    const verifier = receiving((published) => Response.json(withOddKeys(published)));
    await expect(verifier.verify(await set(), expected)).resolves.toMatchObject({ sub: 'ana' });
    await expect(verifier.verify(await set({}, { kid: 'incomplete' }), expected)).rejects.toMatchObject({
      code: 'invalid_key',
    });
  });

  it('that is unavailable later keeps the keys that are known', async () => {
    let isDown = false;
    const verifier = receiving((published) => (isDown ? new Response('<html>') : Response.json(published)));
    await verifier.verify(await set(), expected);
    isDown = true;
    await expect(verifier.verify(await set({}, { kid: 'new' }), expected)).rejects.toMatchObject({
      type: 'InternalServerException',
    });
    await expect(verifier.verify(await set(), expected)).resolves.toMatchObject({ sub: 'ana' });
  });
});

it('asks for a retry if the keys are unavailable', async () => {
  const nowhere = { ...expected, jwksUri: () => Promise.resolve(`${issuer.issuer}/nowhere`) };
  await expect(tokens.verify(await set(), nowhere)).rejects.toMatchObject({
    type: 'InternalServerException',
  });
});
