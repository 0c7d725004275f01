/**
 * The JWTs of an issuer that are valid user tokens: of the right type, complete, and not expired
 * (user-token-signatures.test.ts has their signatures).
 */
import { system } from '../../lambda/adapters/system';
import { createTransport } from '../../lambda/adapters/http/transport';
import { createUserTokenVerifier } from '../../lambda/adapters/http/user-token-verifier';
import type { Transport } from '../../lambda/domain/oauth/transport';
import { createMetadataReader } from '../../lambda/domain/oauth/provider-metadata';
import type { UserTokenVerifier } from '../../lambda/domain/identity/user-token';
import { startIssuer, type TestIssuer } from '../flows/support/issuer';
import { KEY_SETS_WITHOUT_KEYS, withOddKeys } from '../flows/support/key-sets';

const LOOPBACK = { loopback: true };

let issuer: TestIssuer;
let verifier: UserTokenVerifier;
let trustsNone: UserTokenVerifier;
beforeAll(async () => {
  issuer = await startIssuer();
  const transport = createTransport(LOOPBACK);
  const metadata = createMetadataReader(transport, LOOPBACK, system);
  const trusted = [{ discoveryUrl: issuer.discoveryUrl, allowedAudience: [issuer.audience] }];
  verifier = createUserTokenVerifier(trusted, metadata, transport, system);
  trustsNone = createUserTokenVerifier([], metadata, transport, system);
});
afterAll(() => issuer.close());

const now = () => Math.floor(Date.now() / 1000);
const token = (claims: object = {}, header: Parameters<TestIssuer['token']>[2] = {}) =>
  issuer.token('ana', { ...claims }, header);

const refused = (presented: string, reason: string) =>
  expect(verifier.verify(presented, {})).rejects.toMatchObject({
    type: 'UnauthorizedException',
    message: expect.not.stringContaining('expired') as string,
    detail: `user token: ${reason}`,
  });

it('rejects a token with a message that names the settings for trusted issuers if there are none', async () => {
  await expect(trustsNone.verify(await token(), {})).rejects.toMatchObject({
    type: 'UnauthorizedException',
    message: expect.stringContaining('--trusted-issuers or TRUSTED_ISSUERS for the local service') as string,
    detail: 'user token: no issuer is trusted',
  });
});

describe('a key set', () => {
  /** A verifier that receives another response than the issuer's for its keys. */
  function receiving(respond: (published: object) => Response): UserTokenVerifier {
    const transport = createTransport(LOOPBACK);
    const trusted = [{ discoveryUrl: issuer.discoveryUrl, allowedAudience: [issuer.audience] }];
    const between: Transport = async (url, init) => {
      const response = await transport(url, init);
      return url.endsWith('/jwks') ? respond(JSON.parse(await response.text()) as object) : response;
    };
    const metadata = createMetadataReader(transport, LOOPBACK, system);
    return createUserTokenVerifier(trusted, metadata, between, system);
  }

  it.each(KEY_SETS_WITHOUT_KEYS)('that is %s says nothing about a token: try again', async (_what, body) => {
    await expect(receiving(() => new Response(body)).verify(await token(), {})).rejects.toMatchObject({
      type: 'InternalServerException',
      message: expect.stringContaining('are unavailable (unreachable). Try again shortly.') as string,
      detail: 'JWKS has no usable key',
    });
  });

  it('verifies by its other keys if some are not understood, and rejects what they did not sign', async () => {
    const verifierOfOdd = receiving((published) => Response.json(withOddKeys(published)));
    expect(await verifierOfOdd.verify(await token(), {})).toMatchObject({ user: { subject: 'ana' } });
    await expect(verifierOfOdd.verify(await token({}, { kid: 'incomplete' }), {})).rejects.toMatchObject({
      type: 'UnauthorizedException',
      detail: 'user token: signing key unknown',
    });
  });
});

describe('a token type', () => {
  it.each(['JWT', 'jwt', 'at+jwt', 'application/at+jwt', 'application/at+JWT', undefined])(
    'is accepted: %p',
    async (typ) => {
      expect(await verifier.verify(await token({}, { typ }), {})).toMatchObject({ user: { subject: 'ana' } });
    },
  );

  it.each([
    'logout+jwt',
    'application/logout+jwt',
    'secevent+jwt',
    'workload-access-token+jwt',
    'dpop+jwt',
    'client-authentication+jwt',
    'token-introspection+jwt',
    'oauth-authz-req+jwt',
    'application/application/jwt',
    'text/jwt',
    'JWT ',
    '',
    ['JWT'],
    null,
    0,
  ])('is rejected: %p', async (typ) => {
    await refused(await token({}, { typ }), 'typ names another kind of token');
  });

  it.each([{ 'http://schemas.openid.net/event/backchannel-logout': {} }, {}, null, []])(
    'does not matter if the token has the events %p, and the token is rejected',
    async (events) => {
      await refused(await token({ events }), 'a security event, not a user token');
      await refused(await token({ events }, { typ: 'JWT' }), 'a security event, not a user token');
    },
  );
});

describe('a user token', () => {
  it.each([0, -1, -30, -59, -3600])(
    'is rejected if it expires in %i seconds, without tolerance',
    async (left) => {
      await refused(await token({ exp: now() + left }), 'expired');
    },
  );

  it('is accepted if it expires in a moment', async () => {
    expect(await verifier.verify(await token({ exp: now() + 30 }), {})).toMatchObject({
      user: { subject: 'ana' },
    });
  });

  it("is accepted if it begins a moment later by the service's clock", async () => {
    const begun = await token({ nbf: now() + 30, iat: now() + 30 });
    expect(await verifier.verify(begun, {})).toMatchObject({ user: { subject: 'ana' } });
    await refused(await token({ nbf: now() + 300 }), 'not valid yet');
  });

  it('is rejected if it was issued later than that, because it would outlive the end of its session', async () => {
    await refused(await token({ iat: now() + 90 }), 'issued in the future (iat)');
  });

  it('that is bound to a key is no bearer token', async () => {
    await refused(await token({ cnf: { jkt: 'thumbprint' } }), 'bound to a key (cnf)');
  });

  it('with an actor is a token of its user', async () => {
    expect(await verifier.verify(await token({ act: { sub: 'another-service' } }), {})).toMatchObject({
      user: { subject: 'ana' },
    });
  });

  it.each(['exp', 'iat', 'nbf'])('is rejected with the reason %s if this is not a number', async (claim) => {
    for (const value of [String(now() + 600), [now() + 600], { at: now() + 600 }, true, null]) {
      await refused(await token({ [claim]: value }), `claim ${claim} is malformed`);
    }
  });

  it.each([
    ['iss', 7],
    ['sub', ['ana']],
    ['jti', {}],
    ['aud', { 0: 'app' }],
    ['aud', ['app', 7]],
    ['scope', { agents: true }],
    ['scp', ['agents', '']],
  ])('is rejected with the reason %s if this is %j', async (claim, value) => {
    await refused(await token({ [claim]: value }), `claim ${claim} is malformed`);
  });

  it.each([
    ['alg', 7],
    ['kid', ['a']],
  ])('is rejected with the reason %s if this member of its header is %j', async (member, value) => {
    const [header = '', ...others] = (await token()).split('.');
    const changed = { ...JSON.parse(Buffer.from(header, 'base64url').toString()), [member]: value } as object;
    const encoded = Buffer.from(JSON.stringify(changed)).toString('base64url');
    await refused([encoded, ...others].join('.'), `header ${member} is malformed`);
  });

  it.each([
    { scope: ['openid', 'agents'] },
    { scope: undefined, scp: ['openid', 'agents'] },
    { scope: undefined, scp: 'openid agents' },
    { scope: 'openid agents', scp: ['agents', 'openid'] },
  ])('has the scopes that it states as %j', async (claims) => {
    expect(await verifier.verify(await token(claims), {})).toMatchObject({ scopes: ['openid', 'agents'] });
  });
});

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

describe('a token in another encoding', () => {
  it.each<[string, (token: string) => string]>([
    ['padded', (text) => `${text}=`],
    ['padded twice', (text) => `${text}==`],
    ['with a padded header', (text) => text.replace('.', '=.')],
    // 256 bytes leave four unused bits in the last character.
    [
      'with other bits after the last byte',
      (text) => text.slice(0, -1) + LETTERS.charAt(LETTERS.indexOf(text.slice(-1)) + 1),
    ],
    ['in base64', (text) => text.replaceAll('-', '+').replaceAll('_', '/')],
    ['with a fourth part', (text) => `${text}.`],
  ])('is rejected: %s', async (_what, spell) => {
    const [plain, spelled] = [await token(), spell(await token())];
    expect(spelled).not.toBe(plain);
    await refused(spelled, 'not a JWT');
  });
});
