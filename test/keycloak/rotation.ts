/** Refresh tokens that Keycloak accepts only once: a second use of one would end the grant. */
import assert from 'node:assert/strict';
import { setTimeout as wait } from 'node:timers/promises';
import type { Checks } from '../deployed/checks';
import { burst } from '../storm/burst';
import { agentAt } from './clients';
import { askAgain, connect, STRICT, userNameOf } from './consent';
import { USERNAME } from './people';
import { REFRESH_EVENTS, type World } from './world';

const CALLERS = 20;

/** Lifetime of an access token in seconds. */
const LIFETIME = 5;
const PAST_THE_END = (LIFETIME + 1) * 1000;

export async function checkRotation(checks: Checks, { service, calendar }: World): Promise<void> {
  checks.chapter('Refresh tokens that can be used only once');
  const { agent, clientId } = await agentAt(
    service,
    calendar,
    {},
    { ...STRICT, attributes: { ...STRICT.attributes, 'access.token.lifespan': String(LIFETIME) } },
  );
  const refreshes = async () => (await calendar.events(clientId, REFRESH_EVENTS)).map(({ type }) => type);

  const first = await checks.step('a user consents', () => connect(agent));
  await wait(PAST_THE_END);
  await checks.check(`${CALLERS} concurrent callers with an expired token cause one refresh`, async () => {
    const clients = Array.from({ length: CALLERS }, () => service.data());
    const token = await agent.token({ userId: USERNAME });
    const { tokens, distinct, errors } = await burst(agent, clients, token, {
      scopes: ['openid', 'profile'],
    });
    assert.deepEqual([...errors], []);
    assert.equal(tokens, CALLERS);
    assert.equal(distinct.size, 1);
    assert.ok(!distinct.has(first));
    assert.deepEqual(await refreshes(), ['REFRESH_TOKEN']);
  });
  await wait(PAST_THE_END);
  await checks.check('the new refresh token works', async () => {
    const { accessToken } = await askAgain(agent);
    assert.equal(await userNameOf(calendar, accessToken ?? ''), USERNAME);
    assert.deepEqual(await refreshes(), ['REFRESH_TOKEN', 'REFRESH_TOKEN']);
  });
}
