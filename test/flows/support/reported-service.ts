/** A service whose users come from an identity provider that reports: security events, logout tokens, and revocations. */
import { hashOf } from '../../../lambda/domain/digest';
import { startIssuer, type TestIssuer } from './issuer';
import { AUDIENCE, AUTHORIZATION, issSub, now, Transmitter } from './transmitter';
import { World, type TestAgent } from './world';

/** The client that logout tokens are for. */
export const CLIENT = 'assistant';

/** A request for a token of a user who has granted nothing, if it is allowed. */
export const allowed = { authorizationUrl: expect.any(String) as string };

export const ENDED = {
  name: 'UnauthorizedException',
  message:
    'The session of the user ended at the identity provider. Sign the user in again, and get a new workload access token.',
};
export const DISABLED = {
  name: 'AccessDeniedException',
  message:
    'The identity provider disabled the account of this user. Ask the administrator of the identity provider.',
};

/** Starts the service before the tests of the file, and stops it after them. */
export function startReportedService() {
  let world: World;
  /** Signs the events: another server than the issuer of user tokens, as at Okta. */
  let keys: TestIssuer;
  /** Another trusted issuer, with its own transmitter. */
  let partner: TestIssuer;
  let transmitter: Transmitter;
  let agent: TestAgent;
  let users = 0;

  beforeAll(async () => {
    [keys, partner] = await Promise.all([startIssuer(), startIssuer()]);
    world = await World.start({ ttl: { AccessToken: 3600 } }, ({ discoveryUrl, audience }) => [
      {
        discoveryUrl,
        allowedAudience: [audience],
        securityEvents: {
          id: 'people',
          transmitter: {
            issuer: keys.issuer,
            jwksUri: `${keys.issuer}/jwks`,
            audience: [AUDIENCE],
            authorizationHash: hashOf(AUTHORIZATION),
            verificationState: 'requested',
          },
          backChannelLogout: { clientIds: [CLIENT] },
          globalTokenRevocation: { issuer: keys.issuer, jwksUri: `${keys.issuer}/jwks` },
        },
      },
      {
        discoveryUrl: partner.discoveryUrl,
        allowedAudience: [partner.audience],
        securityEvents: {
          id: 'partner',
          transmitter: { issuer: partner.issuer, jwksUri: `${partner.issuer}/jwks`, audience: [AUDIENCE] },
        },
      },
    ]);
    transmitter = new Transmitter(keys, world.local.endpoint, '/events/people');
    agent = await world.agent();
  });
  afterAll(async () => {
    await Promise.all([keys.close(), partner.close()]);
    await world.stop();
  });

  const newUser = (): string => `user-${(users += 1)}`;
  const of = (subject: string) => issSub(world.issuer.issuer, subject);
  const complex = (subject: string, sid: string) => ({
    format: 'complex',
    user: of(subject),
    session: { format: 'opaque', id: sid },
  });

  /** A user token that was issued before the events of the test, unless `claims` say otherwise. */
  const userToken = (subject: string, claims: object = {}) =>
    world.issuer.token(subject, { iat: now() - 5, ...claims });
  const mint = async (subject: string, claims: object = {}) =>
    agent.token({ userToken: await userToken(subject, claims) });
  /** A read with a workload access token. The user has granted nothing, so an allowed one returns a link. */
  const read = (token: string) => agent.ask(token);

  const lastEntry = async () => (await world.audit()).at(-1);

  /** A pushed SET that is taken: 202, without a body. */
  async function taken(answer: ReturnType<Transmitter['post']>, result: string): Promise<void> {
    const { status, body } = await answer;
    expect([status, body]).toEqual([202, '']);
    expect(await lastEntry()).toMatchObject({
      operation: 'ReceiveSecurityEvents',
      outcome: 'allowed',
      trustedIssuer: 'people',
      result,
    });
  }

  /** A pushed SET that is refused: 400 with a code, in the form of RFC 8935 section 2.3. */
  async function refused(answer: ReturnType<Transmitter['post']>, err: string): Promise<void> {
    const { status, headers, body } = await answer;
    expect([status, headers['content-type'], headers['content-language']]).toEqual([
      400,
      'application/json',
      'en',
    ]);
    expect(JSON.parse(body)).toEqual({ err, description: expect.any(String) as string });
    expect(await lastEntry()).toMatchObject({
      operation: 'ReceiveSecurityEvents',
      outcome: 'denied',
      reason: expect.stringContaining(err) as string,
    });
  }

  return {
    get world() {
      return world;
    },
    get keys() {
      return keys;
    },
    get partner() {
      return partner;
    },
    get transmitter() {
      return transmitter;
    },
    get agent() {
      return agent;
    },
    newUser,
    of,
    complex,
    userToken,
    mint,
    read,
    lastEntry,
    taken,
    refused,
  };
}
