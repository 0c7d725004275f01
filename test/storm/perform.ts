/** Runs one scenario and returns its outcome. */
import { setTimeout as wait } from 'node:timers/promises';
import type { Grant } from '../../lambda/model/records/grant';
import type { Ask, TestAgent } from '../flows/support/world';
import { burst, type Burst } from './burst';
import type { Scenario } from './scenarios';
import type { Stage } from './stage';
import { wasGranted } from './strict-provider';

/** Lifetimes in seconds of a token that must expire soon, and of one that must not. */
const BRIEF = 5;
const LONG = 3600;

const USER = 'ana';

export interface Outcome extends Burst {
  readonly scenario: Scenario;
  /** Requests for the next token that the provider accepted, and that it rejected. */
  readonly redemptions: number;
  readonly refusals: number;
  /** The access token that the provider issued last. */
  readonly newest: string | undefined;
  /** Workers that were killed. */
  readonly killed: number;
  readonly before: Grant | undefined;
  readonly after: Grant | undefined;
  /** Whether the provider would still accept the last access token, and the last refresh token if there is one. */
  readonly alive: boolean;
}

export interface Size {
  readonly callers: number;
  readonly workers: number;
}

/** @param progress receives a short description of each step */
export async function perform(
  stage: Stage,
  scenario: Scenario,
  { callers, workers }: Size,
  progress: (step: string) => void,
): Promise<Outcome> {
  const { provider, killer } = stage;
  const { flow } = scenario;
  progress('preparing');
  await stage.workers.replenish(workers);
  provider.delay = 0;
  provider.lifetime = BRIEF;
  const ask: Ask = flow === 'M2M' ? { oauth2Flow: 'M2M', scopes: ['a'] } : {};
  const agent = await stage.agent();
  if (scenario.holds === 'expired token') await obtain(agent, ask);
  const before = await stage.grantOf(agent);
  const token = await workloadToken(agent, ask);

  progress(before ? 'waiting for the token to expire' : 'nothing stored');
  await untilExpired(before);
  provider.lifetime = LONG;
  provider.delay = scenario.delay;
  const seen = provider.exchanges.length;
  killer.arm(scenario.killedWhen);

  progress(`${callers} callers ask`);
  const clients = stage.callers(callers);
  const result = await burst(agent, clients, token, ask);
  const { killed } = killer;
  killer.arm(undefined);
  for (const client of clients) client.destroy();

  const grantType = flow === 'M2M' ? 'client_credentials' : 'refresh_token';
  const asked = provider.exchanges.slice(seen).filter((exchange) => exchange.grantType === grantType);
  const granted = asked.filter(wasGranted);
  const { access_token: newest, refresh_token: refresh } = granted.at(-1)?.answer ?? {};
  const last = [newest, refresh].filter((each) => typeof each === 'string');
  const accepted = await Promise.all(last.map((each) => provider.accepts(each)));
  return {
    ...result,
    scenario,
    redemptions: granted.length,
    refusals: asked.length - granted.length,
    newest: typeof newest === 'string' ? newest : undefined,
    killed,
    before,
    after: await stage.grantOf(agent),
    alive: accepted.length > 0 && accepted.every(Boolean),
  };
}

const workloadToken = (agent: TestAgent, { oauth2Flow }: Ask): Promise<string> =>
  agent.token(oauth2Flow === 'M2M' ? undefined : { userId: USER });

/** The first token, by the user's consent or by client credentials. It is not read again, because that might renew it. */
async function obtain(agent: TestAgent, ask: Ask): Promise<void> {
  const { authorizationUrl } = await agent.ask(await workloadToken(agent, ask), ask);
  if (ask.oauth2Flow === 'M2M') return;
  await agent.complete(await agent.consent(authorizationUrl, USER), { userId: USER });
}

/** Waits until the token expires; no clock is changed. */
async function untilExpired(grant: Grant | undefined): Promise<void> {
  const { expiresAt = 0 } = grant?.tokens ?? {};
  await wait(Math.max(0, expiresAt * 1000 - Date.now()));
}
