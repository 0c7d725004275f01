/** An identity provider reports that an account ended: the user's grants are revoked, and a real provider ends the tokens. */
import { randomUUID } from 'node:crypto';
import { localFunctionName } from '../../lib/local/gateway-event';
import type { InvokedHandler } from '../../lib/local/lambda';
import { moveClock } from './support/clock';
import { startIssuer, type TestIssuer } from './support/issuer';
import { AUDIENCE, issSub, now, RISC, Transmitter } from './support/transmitter';
import { World, type TestAgent } from './support/world';

let world: World;
let strict: TestIssuer;
let agent: TestAgent;

beforeAll(async () => {
  strict = await startIssuer();
  const reporting = ({ discoveryUrl, audience, issuer }: TestIssuer, id: string) => ({
    discoveryUrl,
    allowedAudience: [audience],
    securityEvents: {
      id,
      transmitter: { issuer, jwksUri: `${issuer}/jwks`, audience: [AUDIENCE] },
      ...(id === 'strict' && { revokeOnAccountDisabled: true }),
    },
  });
  world = await World.start(
    {
      ttl: { AccessToken: 3600 },
      issueRefreshToken: () => Promise.resolve(true),
      features: { revocation: { enabled: true } },
    },
    (issuer) => [reporting(issuer, 'people'), reporting(strict, 'strict')],
  );
  agent = await world.agent();
});
afterAll(async () => {
  await strict.close();
  await world.stop();
});

/** The user's provider grants the agent access; returns a workload access token for the user. */
async function connected(issuer: TestIssuer, subject: string): Promise<string> {
  const userToken = await issuer.token(subject, { iat: now() - 5 });
  const token = await agent.token({ userToken });
  const { authorizationUrl } = await agent.ask(token);
  await agent.complete(await agent.consent(authorizationUrl, subject), { userToken });
  expect(await agent.ask(token)).toMatchObject({ accessToken: expect.any(String) as string });
  return token;
}

async function report(issuer: TestIssuer, id: string, type: string, subject: string, event = {}) {
  const transmitter = new Transmitter(issuer, world.local.endpoint, `/events/${id}`);
  const { status } = await transmitter.push(RISC + type, issSub(issuer.issuer, subject), event);
  expect(status).toBe(202);
  return (await world.audit()).filter(({ operation }) => operation === 'ReceiveSecurityEvents').at(-1);
}

const sweep = async (): Promise<void> => {
  const name = localFunctionName('revocation');
  const handler = world.local.functions.get(name) as InvokedHandler;
  await handler({ sweep: true }, { awsRequestId: randomUUID(), invokedFunctionArn: name });
};

interface Progress {
  readonly status: string;
  readonly counts: { readonly matched: number; readonly confirmed: number };
}

/** Sweeps until the revocation has a status and this number of confirmed grants. */
async function progress(revocationId: unknown, status: string, confirmed = 1): Promise<void> {
  for (let tries = 0; tries < 50; tries += 1) {
    await sweep();
    const last = JSON.parse((await world.operate('GetRevocation', { revocationId })).body) as Progress;
    if (last.status === status && last.counts.confirmed === confirmed && last.counts.matched === 1) return;
  }
  throw new Error('the revocation makes no progress');
}

it('account-purged revokes the grants of the user, and no other, and the provider confirms it', async () => {
  const [purged, kept] = [await connected(world.issuer, 'purged'), await connected(world.issuer, 'kept')];
  const entry = await report(world.issuer, 'people', 'account-purged', 'purged');
  expect(entry).toMatchObject({ result: 'applied', revocation: expect.any(String) as string });
  await progress(entry?.revocation, 'IN_PROGRESS');
  // A grant that a request stored at the same time is found a minute later.
  moveClock(61);
  await progress(entry?.revocation, 'DONE');
  await expect(agent.ask(purged)).rejects.toMatchObject({ name: 'AccessDeniedException' });
  expect(await agent.ask(kept)).toMatchObject({ accessToken: expect.any(String) as string });
  expect(await world.audit()).toContainEqual(
    expect.objectContaining({
      operation: 'RevokeGrant',
      trustedIssuer: 'people',
      reason: 'account-purged',
      result: 'revoked',
    }),
  );
});

it('account-disabled keeps the grants, which are used again when the account is enabled', async () => {
  const token = await connected(world.issuer, 'away');
  const entry = await report(world.issuer, 'people', 'account-disabled', 'away');
  expect(entry).not.toHaveProperty('revocation');
  await report(world.issuer, 'people', 'account-enabled', 'away', { event_timestamp: now() + 1 });
  expect(await agent.ask(token)).toMatchObject({ accessToken: expect.any(String) as string });
});

it('account-disabled revokes the grants if the deployment says so for the issuer', async () => {
  const token = await connected(strict, 'left');
  const entry = await report(strict, 'strict', 'account-disabled', 'left');
  await progress(entry?.revocation, 'IN_PROGRESS');
  await report(strict, 'strict', 'account-enabled', 'left', { event_timestamp: now() + 1 });
  expect(await agent.ask(token)).toMatchObject({ authorizationUrl: expect.any(String) as string });
});
