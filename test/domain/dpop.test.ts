/** Keys of bound tokens: where they can be decrypted, and what their proofs contain. */
import { createHash, type KeyObject } from 'node:crypto';
import { calculateJwkThumbprint, decodeJwt, EmbeddedJWK, jwtVerify } from 'jose';
import {
  checkDpopAlgorithm,
  dpopProof,
  newDpopKey,
  PROOF_KEYS,
  thumbprintOf,
} from '../../lambda/domain/oauth/dpop';
import { createExpiringCache } from '../../lambda/domain/expiring-cache';
import { sessionKeyContext } from '../../lambda/domain/consent/session';
import { openTokens, sealTokens, type TokenHolder } from '../../lambda/domain/grant/tokens';
import { BEGINNING, createFakeSystem } from './fake-system';
import { createInMemorySeal } from './in-memory-seal';
import { sampleGrantId, sampleIdentity, sampleProvider, sampleSession } from './samples';

const system = createFakeSystem();
const proofKeys = createExpiringCache<KeyObject>(PROOF_KEYS, system);
const seal = createInMemorySeal();
const owner: TokenHolder = {
  grantId: sampleGrantId(),
  provider: sampleProvider(),
  workloadArn: sampleIdentity().arn,
  resources: [],
  audiences: [],
};

it('a proof is signed with the key of its header, and has the claims of the request alone', async () => {
  const key = await newDpopKey();
  const request = { httpMethod: 'POST', httpUri: 'https://api.example/v1', nonce: 'n-1' };
  const { payload, protectedHeader } = await jwtVerify(
    dpopProof({ system, proofKeys }, key, 'access', request),
    EmbeddedJWK,
    { typ: 'dpop+jwt', algorithms: ['ES256'], currentDate: new Date(BEGINNING * 1000) },
  );
  expect(payload).toEqual({
    jti: expect.any(String) as string,
    htm: 'POST',
    htu: 'https://api.example/v1',
    iat: BEGINNING,
    ath: createHash('sha256').update('access').digest('base64url'),
    nonce: 'n-1',
  });
  expect(Object.keys(protectedHeader.jwk ?? {})).not.toContain('d');
  expect(await calculateJwkThumbprint(protectedHeader.jwk ?? { kty: '' })).toBe(await thumbprintOf(key));
});

it('two proofs of one request have different IDs', async () => {
  const key = await newDpopKey();
  const request = { httpMethod: 'GET', httpUri: 'https://api.example/' };
  const proofs = [1, 2].map(() => dpopProof({ system, proofKeys }, key, 'access', request));
  expect(new Set(proofs.map((proof) => decodeJwt(proof).jti)).size).toBe(2);
});

it("the key of a grant is encrypted with its tokens, and not in another user's grant", async () => {
  const dpopKey = await newDpopKey();
  const obtained = { accessToken: 'access', scopes: [], dpopKey };
  const tokens = await sealTokens({ seal, system }, owner, obtained, { requestedScopes: [] });
  expect(JSON.stringify(tokens)).not.toContain(dpopKey.d);
  expect(await openTokens(seal, owner, tokens)).toEqual({ accessToken: 'access', dpopKey });
  const other = { ...owner, grantId: { ...owner.grantId, userHash: 'another' } };
  await expect(openTokens(seal, other, tokens)).rejects.toThrow('where it does not belong');
});

it.each([
  ['session', { hash: 'another' }],
  ['user', { userHash: 'another' }],
  ['grant', { target: 'another' }],
])('the key of a consent session is not decrypted for another %s', async (_title, change) => {
  const session = sampleSession();
  const sealed = await seal.seal(sessionKeyContext(session), 'key');
  expect(await seal.open(sessionKeyContext(session), sealed)).toBe('key');
  await expect(seal.open(sessionKeyContext({ ...session, ...change }), sealed)).rejects.toThrow(
    'where it does not belong',
  );
});

it('the vault key of the key of a consent session is that of grants, which the public function lacks', () => {
  expect(sessionKeyContext(sampleSession()).purpose).toBe('grant');
});

it('rejects a server that accepts other algorithms only', () => {
  const server = { issuer: 'https://login.example' };
  expect(() => {
    checkDpopAlgorithm({ ...server, dpop_signing_alg_values_supported: ['RS256'] });
  }).toThrow('signed with ES256');
  checkDpopAlgorithm({ ...server, dpop_signing_alg_values_supported: ['RS256', 'ES256'] });
  checkDpopAlgorithm(server);
});
