/**
 * The key that signs for a provider: a complete configuration, and a key of the provider's owner.
 */
import type { PrivateKeyJwt } from '../../lambda/model/provider/record';
import {
  checkSigningKey,
  privateKeyJwtConfigOf,
  resolvePrivateKeyJwt,
  type DescribedKey,
} from '../../lambda/domain/provider/private-key-jwt';
import { caught } from './caught';
import { ARN_PREFIX, OWNER } from './samples';

const MEMBER = 'config';
const CONFIG = 'oauth2ProviderConfigInput.customOauth2ProviderConfig.privateKeyJwtConfig';
const keyArn = 'arn:aws:kms:eu-central-1:123456789012:key/9e6cf18a-872a-4230-8564-f8f399d8c50b';
const source = { kmsKeySource: { kmsKeyArn: keyArn } };
const present: PrivateKeyJwt = {
  keyArn,
  algorithm: 'RS256',
  headerClaims: { kid: 'one' },
  payloadClaims: { tenant: 't' },
};

describe('the configuration', () => {
  it('is stored as given, and returned in the form that AWS uses', () => {
    const input = {
      privateKeySource: source,
      signingAlgorithm: 'PS256',
      additionalHeaderClaims: { kid: 'one' },
      additionalPayloadClaims: { aud: 'https://idp.example/token' },
    } as const;
    const settled = resolvePrivateKeyJwt(MEMBER, input, undefined);
    expect(settled).toEqual({
      keyArn,
      algorithm: 'PS256',
      headerClaims: { kid: 'one' },
      payloadClaims: { aud: 'https://idp.example/token' },
    });
    expect(privateKeyJwtConfigOf(settled)).toEqual(input);
  });

  it('keeps omitted members in an update', () => {
    expect(resolvePrivateKeyJwt(MEMBER, undefined, present)).toEqual(present);
    expect(resolvePrivateKeyJwt(MEMBER, { signingAlgorithm: 'ES256' }, present)).toEqual({
      ...present,
      algorithm: 'ES256',
    });
    expect(resolvePrivateKeyJwt(MEMBER, { additionalHeaderClaims: { kid: 'two' } }, present)).toEqual({
      ...present,
      headerClaims: { kid: 'two' },
    });
  });

  it.each([
    [{ signingAlgorithm: 'RS256' } as const, 'config.privateKeySource'],
    [{ privateKeySource: source }, 'config.signingAlgorithm'],
    [undefined, 'config.privateKeySource'],
  ])('is rejected in a creation if it is not complete: %j', (input, member) => {
    expect(caught(() => resolvePrivateKeyJwt(MEMBER, input, undefined))).toMatchObject({
      name: 'ValidationException',
      fieldList: [{ name: member }],
    });
  });

  it.each([
    ...['alg', 'typ', 'crit', 'b64'].map((claim) => ['additionalHeaderClaims', claim]),
    ...['iss', 'sub', 'jti', 'exp', 'iat', 'nbf'].map((claim) => ['additionalPayloadClaims', claim]),
  ])('is rejected with a claim that the service sets: %s %s', (name = '', claim = '') => {
    expect(caught(() => resolvePrivateKeyJwt(MEMBER, { [name]: { [claim]: 'x' } }, present))).toMatchObject({
      fieldList: [{ name: `config.${name}`, message: expect.stringContaining(claim) as string }],
    });
  });
});

describe('the key', () => {
  const key: DescribedKey = {
    arn: keyArn,
    enabled: true,
    usage: 'SIGN_VERIFY',
    spec: 'RSA_2048',
    tags: { 'agent-identity:owner': OWNER },
  };
  const config: PrivateKeyJwt = { keyArn, algorithm: 'RS256' };
  const asked: string[] = [];
  beforeEach(() => {
    asked.length = 0;
  });

  const check = (
    described: Partial<DescribedKey> | undefined,
    change: Partial<PrivateKeyJwt> = {},
    naming = {},
  ) => {
    const deps = {
      arnPrefix: ARN_PREFIX,
      keyDescriptions: {
        describe(arn: string) {
          asked.push(arn);
          return Promise.resolve(described && { ...key, ...described });
        },
      },
    };
    return checkSigningKey(deps, { owner: OWNER, ...naming }, { ...config, ...change });
  };

  it.each([
    ['RS256', 'RSA_2048'],
    ['RS256', 'RSA_4096'],
    ['PS256', 'RSA_3072'],
    ['ES256', 'ECC_NIST_P256'],
  ] as const)('is accepted for %s if it is %s', async (algorithm, spec) => {
    await expect(check({ spec }, { algorithm })).resolves.toBeUndefined();
  });

  it.each([
    ['RS256', { spec: 'ECC_NIST_P256' }],
    ['ES256', { spec: 'RSA_2048' }],
    ['ES256', { spec: 'ECC_NIST_P384' }],
    ['RS256', { usage: 'ENCRYPT_DECRYPT' }],
    ['RS256', { enabled: false }],
  ] as const)('is rejected for %s if it is %j', async (algorithm, described) => {
    await expect(check(described, { algorithm })).rejects.toMatchObject({
      fieldList: [{ name: `${CONFIG}.signingAlgorithm` }],
    });
  });

  const NOT_THE_OWNERS = {
    name: 'ValidationException',
    fieldList: [{ name: `${CONFIG}.privateKeySource.kmsKeySource.kmsKeyArn` }],
  };

  it.each([
    ['does not exist', undefined],
    ['has no tag', { tags: {} }],
    [
      'is tagged for another principal',
      { tags: { 'agent-identity:owner': 'arn:aws:iam::123456789012:role/other' } },
    ],
    ['has another ARN than the stated one', { arn: `${keyArn.slice(0, -1)}0` }],
  ])('is rejected with one message if it %s', async (_what, described) => {
    await expect(check(described)).rejects.toMatchObject(NOT_THE_OWNERS);
  });

  it("can also have the owner's unique ID in its tag, and is then rejected for a recreated principal", async () => {
    const tagged = { tags: { 'agent-identity:owner': `${OWNER} AROAFIRST` } };
    await expect(check(tagged, {}, { ownerId: 'AROAFIRST' })).resolves.toBeUndefined();
    for (const naming of [{ ownerId: 'AROAAGAIN' }, {}]) {
      await expect(check(tagged, {}, naming)).rejects.toMatchObject(NOT_THE_OWNERS);
    }
  });

  it.each([
    ['another account', keyArn.replace('123456789012', '210987654321')],
    ['another Region', keyArn.replace('eu-central-1', 'us-east-1')],
  ])('is not described in KMS if it is in %s', async (_whose, other) => {
    await expect(check({ arn: other }, { keyArn: other })).rejects.toMatchObject(NOT_THE_OWNERS);
    expect(asked).toEqual([]);
  });
});
