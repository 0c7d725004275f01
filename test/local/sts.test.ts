/** The embedded STS with the AWS SDK client: its tokens, validated by a server that trusts their issuer. */
import { STS, type GetWebIdentityTokenRequest } from '@aws-sdk/client-sts';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { newEmulatorCredentials } from '../../lib/local/emulator-access';
import { startSts, type LocalSts } from '../../lib/local/sts';

const credentials = newEmulatorCredentials();
let sts: LocalSts;
beforeAll(async () => {
  sts = await startSts(credentials);
});
afterAll(() => sts.close());
afterEach(() => {
  sts.federation = true;
});

const AUDIENCE = 'https://provider.example/token?a=1&b=2';

const token = async (change: Partial<GetWebIdentityTokenRequest> = {}, presented = credentials) => {
  const client = new STS({ endpoint: sts.endpoint, region: 'us-east-1', credentials: presented });
  const request = { Audience: [AUDIENCE], SigningAlgorithm: 'RS256', ...change };
  return client.getWebIdentityToken(request);
};

/** Verifies as a server does that knows only the issuer. */
async function checked(jwt = '') {
  const discovery = await fetch(`${sts.endpoint}/.well-known/openid-configuration`);
  const { issuer, jwks_uri: keys } = (await discovery.json()) as { issuer: string; jwks_uri: string };
  return jwtVerify(jwt, createRemoteJWKSet(new URL(keys)), { issuer, audience: AUDIENCE });
}

it.each(['RS256', 'ES384'])(
  'issues a token with an %s signature, the principal, the audience, and the tags',
  async (alg) => {
    const Tags = [
      { Key: 'agent-identity:workload-identity', Value: 'arn:aws:x:y/z' },
      { Key: 'empty', Value: '' },
    ];
    const { WebIdentityToken, Expiration } = await token({
      SigningAlgorithm: alg,
      DurationSeconds: 120,
      Tags,
    });
    const { payload, protectedHeader } = await checked(WebIdentityToken);
    expect(protectedHeader.alg).toBe(alg);
    expect(payload).toMatchObject({
      sub: 'arn:aws:iam::000000000000:role/agent-identity-local',
      aud: AUDIENCE,
      jti: expect.any(String) as string,
      'https://sts.amazonaws.com/': {
        aws_account: '000000000000',
        request_tags: { 'agent-identity:workload-identity': 'arn:aws:x:y/z', empty: '' },
      },
    });
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(120);
    expect(Expiration).toEqual(new Date((payload.exp ?? 0) * 1000));
  },
);

it('issues a token for 5 minutes without tags by default', async () => {
  const { payload } = await checked((await token()).WebIdentityToken);
  expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(300);
  expect(payload['https://sts.amazonaws.com/']).not.toHaveProperty('request_tags');
});

it('issues a token for several audiences', async () => {
  const { WebIdentityToken } = await token({ Audience: ['https://other.example', AUDIENCE] });
  expect((await checked(WebIdentityToken)).payload.aud).toEqual(['https://other.example', AUDIENCE]);
});

it.each<[string, Partial<GetWebIdentityTokenRequest>]>([
  ['without an audience', { Audience: [] }],
  ['with too long an audience', { Audience: ['a'.repeat(1001)] }],
  ['with too short a lifetime', { DurationSeconds: 59 }],
  ['with too long a lifetime', { DurationSeconds: 3601 }],
  ['with another algorithm', { SigningAlgorithm: 'HS256' }],
  ['with a tag that contains characters that are not valid', { Tags: [{ Key: 'a', Value: 'a,b' }] }],
  ['with too long a tag', { Tags: [{ Key: 'a', Value: 'a'.repeat(257) }] }],
  ['with too many tags', { Tags: Array.from({ length: 51 }, (_, at) => ({ Key: `k${at}`, Value: '' })) }],
])('rejects a request for a token %s', async (_, change) => {
  await expect(token(change)).rejects.toMatchObject({ name: 'ValidationError' });
});

it('issues no token if the account has the federation disabled', async () => {
  sts.federation = false;
  await expect(token()).rejects.toMatchObject({ name: 'OutboundWebIdentityFederationDisabledException' });
});

it('issues tokens only to the process that started it, although its access key is public', async () => {
  await expect(token({}, newEmulatorCredentials())).rejects.toMatchObject({ name: 'AccessDenied' });
  expect((await fetch(`${sts.endpoint}/.well-known/jwks.json`)).status).toBe(200);
  expect(
    (await fetch(`${sts.endpoint}/`, { method: 'POST', body: 'Action=GetWebIdentityToken' })).status,
  ).toBe(403);
});
