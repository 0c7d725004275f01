/** Signing in to a consent portal at an identity provider of any behavior: only a genuine response to this sign-in counts. */
import { createRestrictionStore } from '../../lambda/adapters/dynamodb/directory-stores';
import { hashOf } from '../../lambda/domain/digest';
import { sessionHash, userHashOf } from '../../lambda/model/user';
import { moveClock } from './support/clock';
import { FORGERIES } from './support/issuer';
import { newSecret, tableOf, TestPortal } from './support/portal';
import { World, type TestAgent } from './support/world';

const CLIENT_ID = 'portal-client';

let agent: TestAgent;
let portal: TestPortal;
const world = World.ofFile({}, ({ discoveryUrl }) => [{ discoveryUrl, allowedAudience: [CLIENT_ID] }]);
beforeAll(async () => {
  agent = await world.agent();
  portal = await newPortal();
});

const newPortal = () =>
  TestPortal.create(world, {
    agents: [agent],
    identityProvider: {
      discoveryUrl: world.issuer.discoveryUrl,
      clientId: CLIENT_ID,
      clientSecret: 'secret-of-the-portal',
    },
  });

/** Begins a sign-in. Returns the browser's secret, and the parameters of the authorization request. */
async function begun(at = portal) {
  const secret = newSecret();
  const url = new URL(await at.signInUrl(secret));
  const request = Object.fromEntries(url.searchParams);
  return { secret, url, request, state: request.state ?? '', nonce: request.nonce ?? '' };
}

type Begun = Awaited<ReturnType<typeof begun>>;

/** The identity provider redeems every code for this ID token. Returns the requests that it gets. */
function issue(idToken: string, more: object = {}): URLSearchParams[] {
  const requests: URLSearchParams[] = [];
  world.issuer.tokenResponse = (request) => {
    requests.push(request);
    return Promise.resolve({
      body: { access_token: 'opaque', token_type: 'Bearer', expires_in: 60, id_token: idToken, ...more },
    });
  };
  return requests;
}

const finish = (
  { secret, state }: Pick<Begun, 'secret' | 'state'>,
  more: Record<string, string> = {},
  newSession = newSecret(),
) => portal.signInCallback(secret, new URLSearchParams({ code: 'the-code', state, ...more }), { newSession });

const idToken = ({ nonce }: Begun, claims: object = {}, header = {}) =>
  world.issuer.token('ana', { aud: CLIENT_ID, nonce, ...claims }, header);

const lastReason = async (): Promise<unknown> => (await world.audit()).at(-1)?.reason;

it('requests a code with PKCE, a nonce, and openid, and stores nothing before the response', async () => {
  const { url, request, secret } = await begun();
  expect(url.origin + url.pathname).toBe(`${world.issuer.issuer}/authorize`);
  expect(request).toEqual({
    response_type: 'code',
    client_id: CLIENT_ID,
    redirect_uri: portal.callbackUrl,
    scope: 'openid profile',
    state: expect.stringMatching(/^[\w-]{43}$/) as string,
    nonce: expect.stringMatching(/^[\w-]{43}$/) as string,
    code_challenge: expect.stringMatching(/^[\w-]{43}$/) as string,
    code_challenge_method: 'S256',
  });
  expect(new Set([request.state, request.nonce, request.code_challenge, secret]).size).toBe(4);
});

it('creates a session that ends with the ID token, and redeems the code with the verifier', async () => {
  const started = await begun();
  const exp = Math.floor(Date.now() / 1000) + 300;
  const requests = issue(await idToken(started, { exp, name: 'Ana\u202E Example' }));
  const newSession = newSecret();
  const result = await finish(started, {}, newSession);
  expect(result).toMatchObject({ session: { expiresAt: exp, personName: 'Ana Example' } });
  expect(await portal.view(newSession)).toHaveProperty('agents');
  expect(requests.map((request) => Object.fromEntries(request))).toEqual([
    {
      grant_type: 'authorization_code',
      code: 'the-code',
      redirect_uri: portal.callbackUrl,
      code_verifier: expect.stringMatching(/^[\w-]{43}$/) as string,
    },
  ]);
  expect(JSON.stringify(result)).not.toContain('opaque');
  expect(await world.audit()).toContainEqual(
    expect.objectContaining({
      operation: 'PortalSignInCallback',
      outcome: 'allowed',
      user: userHashOf({ kind: 'jwt', issuer: world.issuer.issuer, subject: 'ana' }),
      consentPortal: (await portal.read())?.arn,
      principal: (await portal.read())?.owner,
    }),
  );
});

/** The identity provider redeems the first code for this ID token, and no other. Returns the requests that it gets. */
function issueOnce(idToken: string): URLSearchParams[] {
  const requests = issue(idToken);
  const redeem = world.issuer.tokenResponse;
  world.issuer.tokenResponse = async (request) => {
    const response = await redeem(request);
    return requests.length === 1 ? response : { status: 400, body: { error: 'invalid_grant' } };
  };
  return requests;
}

it('finds the session that the first invocation created when it is repeated, and redeems no code', async () => {
  const started = await begun();
  const exp = Math.floor(Date.now() / 1000) + 300;
  const requests = issueOnce(await idToken(started, { exp, name: 'Ana' }));
  const newSession = newSecret();
  expect(await finish(started, {}, newSession)).toMatchObject({ session: { personName: 'Ana' } });
  // No record has the name of a person.
  expect(await finish(started, {}, newSession)).toMatchObject({ session: { expiresAt: exp } });
  expect(requests).toHaveLength(1);
  expect(await portal.view(newSession)).toHaveProperty('agents');
  // The session of a portal is not one of another portal.
  const other = await newPortal();
  const elsewhere = await begun(other);
  const response = new URLSearchParams({ code: 'the-code', state: elsewhere.state });
  expect(await other.signInCallback(elsewhere.secret, response, { newSession })).toMatchObject({
    refused: 'login_failed',
  });
});

it('one of many responses to a sign-in redeems its code, and the others create no session', async () => {
  const started = await begun();
  const requests = issue(await idToken(started));
  const answers = Array.from({ length: 20 }, (_, at) => ({ code: `code-${at}`, session: newSecret() }));
  const results = await Promise.all(
    answers.map(async ({ code, session }) => ({ session, result: await finish(started, { code }, session) })),
  );
  expect(requests).toHaveLength(1);
  const signedIn = results.filter(({ result }) => 'session' in result);
  expect(signedIn).toHaveLength(1);
  const [refused] = results.filter(({ result }) => 'refused' in result);
  expect(refused?.result).toMatchObject({ refused: 'login_failed' });
  expect(await portal.view(refused?.session ?? '')).toMatchObject({ refused: 'signed-out' });
  expect(await portal.view(signedIn[0]?.session ?? '')).toHaveProperty('agents');
});

it('a code that is rejected uses up the sign-in', async () => {
  const started = await begun();
  const requests = issue(await idToken(started, { nonce: 'another' }));
  expect(await finish(started)).toMatchObject({ refused: 'login_failed' });
  expect(await finish(started, { code: 'another-code' })).toMatchObject({ refused: 'login_failed' });
  expect(requests).toHaveLength(1);
  expect(await lastReason()).toBe('the sign-in had a response before');
});

it.each([
  ['another nonce', { nonce: 'another' }],
  ['no nonce', { nonce: undefined }],
  ['another audience', { aud: 'another-client' }],
  ['several audiences without azp', { aud: [CLIENT_ID, 'another-client'] }],
  ['another authorized party', { aud: [CLIENT_ID, 'another-client'], azp: 'another-client' }],
  ['another issuer', { iss: 'https://issuer.example' }],
  ['an end in the past', { exp: 1_600_000_000 }],
  ['no end', { exp: undefined }],
  ['an issue in the future', { iat: Math.floor(Date.now() / 1000) + 3600 }],
  ['no subject', { sub: undefined }],
  ['security events', { events: {} }],
])('rejects an ID token with %s', async (_what, claims) => {
  const started = await begun();
  issue(await idToken(started, claims));
  expect(await finish(started)).toEqual({
    refused: 'login_failed',
    portal: expect.objectContaining({ portalId: portal.id }) as object,
  });
});

it.each(FORGERIES)(
  'rejects an ID token that is %s, although the metadata allow its algorithm',
  async (forgery) => {
    const started = await begun();
    issue(await world.issuer.forged(forgery, 'ana', { aud: CLIENT_ID, nonce: started.nonce }));
    expect(await finish(started)).toMatchObject({ refused: 'login_failed' });
  },
);

it('rejects a response without an ID token', async () => {
  const started = await begun();
  issue('', { id_token: undefined });
  expect(await finish(started)).toMatchObject({ refused: 'login_failed' });
});

it.each([
  ['the state of another sign-in', (other: Begun) => ({ state: other.state })],
  ['no state', () => ({ state: '' })],
  ['another issuer', () => ({ iss: 'https://issuer.example' })],
])('rejects a response with %s before it redeems the code', async (_what, change) => {
  const started = await begun();
  const other = await begun();
  const requests = issue(await idToken(started));
  expect(await finish(started, change(other))).toMatchObject({ refused: 'login_failed' });
  expect(requests).toEqual([]);
});

it('rejects the code of another sign-in: its nonce and its code challenge belong to another browser', async () => {
  const [victim, attacker] = [await begun(), await begun()];
  const requests = issue(await idToken(attacker));
  expect(await finish(victim)).toMatchObject({ refused: 'login_failed' });
  // The identity provider compares the verifier with the challenge of the request that the code was issued for.
  const challenge = hashOf(requests[0]?.get('code_verifier') ?? '');
  expect(challenge).toBe(victim.request.code_challenge);
  expect(challenge).not.toBe(attacker.request.code_challenge);
});

it('rejects the secret of a sign-in in another portal with the same client', async () => {
  const other = await newPortal();
  const started = await begun(other);
  const requests = issue(await idToken(started));
  expect(await finish(started)).toMatchObject({ refused: 'login_failed' });
  expect(requests).toEqual([]);
});

it.each([
  ['access_denied', 'login_rejected'],
  ['invalid_scope', 'login_failed'],
  ['temporarily_unavailable', 'login_unavailable'],
])('tells the error %s of the identity provider as %s', async (error, refused) => {
  const { secret, state } = await begun();
  expect(await portal.signInCallback(secret, new URLSearchParams({ error, state }))).toMatchObject({
    refused,
  });
});

it("has the identity provider's own words in the audit entry alone", async () => {
  const { secret, state } = await begun();
  const query = { error: 'invalid_request', state, error_description: 'The redirect URI is not registered.' };
  const result = await portal.signInCallback(secret, new URLSearchParams(query));
  expect(JSON.stringify(result)).not.toContain('redirect');
  expect(await lastReason()).toBe(
    'invalid_request: the identity provider returned an error: "The redirect URI is not registered."',
  );
});

it('tells an identity provider that fails from one that rejects', async () => {
  const started = await begun();
  world.issuer.tokenResponse = () => Promise.resolve({ status: 503, body: {} });
  expect(await finish(started)).toMatchObject({ refused: 'login_unavailable' });
});

it('tells an identity provider whose keys are unavailable from an ID token that it did not sign', async () => {
  // Past the pause after an unknown key.
  moveClock(10);
  const started = await begun();
  issue(await idToken(started, {}, { kid: 'new' }));
  world.issuer.keysBody = '<html>We are back soon</html>';
  expect(await finish(started)).toMatchObject({ refused: 'login_unavailable' });
  world.issuer.keysBody = undefined;
});

it('leaves out an agent whose issuer is unavailable, if another agent admits the person', async () => {
  const asleep = await world.agent();
  const failingPath = '/.well-known/oauth-authorization-server';
  const discoveryUrl = `${world.issuer.issuer}${failingPath}`;
  const authorizerConfiguration = { customJWTAuthorizer: { discoveryUrl, allowedAudience: [CLIENT_ID] } };
  await world.post('UpdateWorkloadIdentity', { name: asleep.name, authorizerConfiguration });
  world.issuer.failingPath = failingPath;
  const { discoveryUrl: signInUrl } = world.issuer;
  const identityProvider = { discoveryUrl: signInUrl, clientId: CLIENT_ID, clientSecret: 'secret' };
  const finished = async (agents: TestAgent[]) => {
    const other = await TestPortal.create(world, { agents, identityProvider });
    const started = await begun(other);
    issue(await idToken(started));
    const response = new URLSearchParams({ code: 'the-code', state: started.state });
    const newSession = newSecret();
    return [
      await other.signInCallback(started.secret, response, { newSession }),
      await other.view(newSession),
    ];
  };
  const [result, view] = await finished([asleep, agent]);
  expect(result).toHaveProperty('session');
  expect(view).toMatchObject({ agents: [{ name: agent.name }] });
  expect((await finished([asleep]))[0]).toMatchObject({ refused: 'login_unavailable' });
  world.issuer.failingPath = undefined;
});

it('rejects a person whom no agent admits, as a user token of that person', async () => {
  const client = { ...world.issuer, clientId: 'another-client', clientSecret: 'secret' };
  const other = await TestPortal.create(world, { agents: [agent], identityProvider: client });
  const signIn = async (more: object = {}) => {
    const started = await begun(other);
    issue(await idToken(started, { aud: 'another-client' }), more);
    return other.signInCallback(
      started.secret,
      new URLSearchParams({ code: 'the-code', state: started.state }),
    );
  };
  expect(await signIn()).toMatchObject({ refused: 'login_rejected' });
  expect(await lastReason()).toContain('audience not allowed');
  // The access token of the sign-in can have the audience of the agent.
  const tokenOf = (user: string) => world.issuer.token(user, { aud: CLIENT_ID });
  expect(await signIn({ access_token: await tokenOf('ben') })).toMatchObject({ refused: 'login_rejected' });
  expect(await signIn({ access_token: await tokenOf('ana') })).toHaveProperty('session');
});

describe('a restricted person', () => {
  const hashOfUser = (subject: string) => userHashOf({ kind: 'jwt', issuer: world.issuer.issuer, subject });
  const restrictions = () => createRestrictionStore(tableOf('Directory'));
  async function signedIn(subject: string, claims: object = {}): Promise<string> {
    const started = await begun();
    issue(await world.issuer.token(subject, { aud: CLIENT_ID, nonce: started.nonce, ...claims }));
    const newSession = newSecret();
    const result = await finish(started, {}, newSession);
    if (!('session' in result)) throw new Error(JSON.stringify(result));
    return newSession;
  }

  it('cannot sign in while suspended, and an open session ends', async () => {
    const session = await signedIn('cleo');
    const user = { issuer: world.issuer.issuer, subject: 'cleo' };
    await world.operate('SuspendUser', { user });
    expect(await portal.view(session)).toMatchObject({ refused: 'signed-out' });
    const started = await begun();
    issue(await world.issuer.token('cleo', { aud: CLIENT_ID, nonce: started.nonce }));
    expect(await finish(started)).toMatchObject({ refused: 'login_rejected' });
    await world.operate('ResumeUser', { user });
    expect(await portal.view(session)).toHaveProperty('agents');
  });

  it('is signed out when the session ends at the identity provider, and only there', async () => {
    const ended = await signedIn('dora', { sid: 'session-1' });
    const other = await signedIn('dora', { sid: 'session-2' });
    const now = Math.floor(Date.now() / 1000) + 1;
    await restrictions().putUser({
      userHash: hashOfUser('dora'),
      endedSessions: { [sessionHash(world.issuer.issuer, 'session-1')]: now },
      revision: 1,
    });
    expect(await portal.view(ended)).toMatchObject({ refused: 'signed-out' });
    expect(await portal.view(other)).toHaveProperty('agents');
  });
});
