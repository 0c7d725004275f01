/**
 * `npm run soak`: agents get tokens and API keys, users consent and revoke, and tokens are renewed, for ten minutes, from four
 * processes that share only the database. A model says what each response must be. Prints figures; ends with status 1 for an
 * error, a wrong response, memory that grows, or a grant that does not open at the end.
 *
 * The waiting times are measured with everything on one machine, including the callers and the authorization server.
 */
import '../program/quiet';
import { randomBytes } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { BedrockAgentCoreControl } from '@aws-sdk/client-bedrock-agentcore-control';
import { send, signed } from '../local/handmade-request';
import { ProviderRecords } from '../flows/support/provider-records';
import { runProgram } from '../program/command-line';
import { Stage } from '../storm/stage';
import { wasGranted } from '../storm/strict-provider';
import { Holder, SharedApiKey } from './holder';
import { keepBusy, type Tally } from './mix';
import { faultsOf, growthOf, reportOf, type MemorySample, type Outcome, type Remainder } from './report';
import { parseSettings, type Settings } from './settings';

const PROCESSES = 4;

/** Seconds. Each grant is renewed about once in this time. */
const TOKEN_LIFETIME = 60;

/** Milliseconds between two samples of the memory. */
const SAMPLE_INTERVAL = 15_000;

/** Milliseconds for which the revocations at the authorization server can continue after the run. */
const SETTLING_TIME = 90_000;

const print = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

const newKey = (): string => randomBytes(24).toString('base64url');

interface People {
  readonly holders: readonly Holder[];
  readonly changeApiKey: (holder: Holder) => Promise<void>;
}

/** Creates agents with their providers, and users who have not consented yet. */
async function invite(stage: Stage, { agents, users }: Settings): Promise<People> {
  const control = new BedrockAgentCoreControl(stage.settings);
  const { endpoint, credentials } = stage.settings;
  const revoke = async (input: object): Promise<void> => {
    const request = { path: '/identities/RevokeResourceGrant', body: JSON.stringify(input), credentials };
    const { status } = await send(await signed(new URL(endpoint).host, request));
    if (status !== 200) throw new Error(`RevokeResourceGrant returned status ${status}`);
  };
  const keys = new Map<Holder, SharedApiKey>();
  for (let number = 1; number <= agents; number += 1) {
    const agent = await stage.agent();
    const first = newKey();
    const apiKey = new SharedApiKey(`key-of-${agent.name}`, first);
    await control.createApiKeyCredentialProvider({ name: apiKey.providerName, apiKey: first });
    for (let user = 1; user <= users; user += 1) {
      const userId = `user-${number}-${user}`;
      keys.set(new Holder({ agent, userId, apiKey, provider: stage.provider, revoke }), apiKey);
    }
  }
  return {
    holders: [...keys.keys()],
    changeApiKey: async (holder) => keys.get(holder)?.change(control, newKey()),
  };
}

/** Opens each grant from each process, and waits until all revocations are done. */
async function remainderOf(
  stage: Stage,
  holders: readonly Holder[],
  records: ProviderRecords,
): Promise<Remainder> {
  const granted = holders.filter(({ connected }) => connected);
  const unopened = new Set<Holder>();
  await stage.throughEach(async () => {
    for (const holder of granted) await holder.read().catch(() => unopened.add(holder));
  });
  const opened = granted.length - unopened.size;
  const deadline = Date.now() + SETTLING_TIME;
  while (records.countLive('RefreshToken') > granted.length && Date.now() < deadline) await wait(500);
  return { grants: granted.length, opened, refreshTokens: records.countLive('RefreshToken') };
}

async function soak(stage: Stage, settings: Settings, records: ProviderRecords): Promise<Outcome> {
  stage.provider.lifetime = TOKEN_LIFETIME;
  await stage.workers.replenish(PROCESSES);
  const { holders, changeApiKey } = await invite(stage, settings);
  print(
    `Agents: ${settings.agents}. Users of each: ${settings.users}. Grants: up to ${holders.length}. Callers: ${settings.callers}.`,
  );
  const tally: Tally = { waits: new Map(), errors: new Map() };
  const begun = Date.now();
  const samples: MemorySample[] = [];
  const sampling = new AbortController();
  const sample = async (): Promise<void> => {
    while (!sampling.signal.aborted) {
      await wait(SAMPLE_INTERVAL, undefined, { signal: sampling.signal }).catch(() => undefined);
      if (sampling.signal.aborted) return;
      const workers = await stage.workers.memory();
      samples.push({ at: (Date.now() - begun) / 1000, workers });
      const done = [...tally.waits.values()].reduce((sum, { length }) => sum + length, 0);
      const errors = [...tally.errors.values()].reduce((sum, count) => sum + count, 0);
      print(`${Math.round((Date.now() - begun) / 1000)} s: ${done} operations, ${errors} errors.`);
    }
  };
  const sampled = sample();
  await keepBusy({ holders, changeApiKey }, settings.callers, begun + settings.seconds * 1000, tally);
  const seconds = (Date.now() - begun) / 1000;
  sampling.abort();
  await sampled;
  const remainder = await remainderOf(stage, holders, records);
  // The service also redeems a refresh token that it revoked, to see that the authorization server rejects it.
  const renewals = stage.provider.exchanges.filter(
    (exchange) => exchange.grantType === 'refresh_token' && wasGranted(exchange),
  ).length;
  const logged = await stage.workers.failures();
  return { ...remainder, seconds, tally, samples, renewals, logged };
}

/** @returns whether nothing is wrong */
function tell(outcome: Outcome): boolean {
  const faults = faultsOf(outcome);
  print(`\n${reportOf(outcome)}\n`);
  const growth = growthOf(outcome.samples);
  if (!growth) print('The run was too short to say whether the memory grows.');
  for (const fault of faults) print(`FAULT ${fault}`);
  if (faults.length === 0) print('No error, no wrong response, and every grant opens.');
  return faults.length === 0;
}

runProgram(async (untilInterrupted) => {
  const settings = parseSettings(process.argv.slice(2));
  const records = new ProviderRecords();
  const stage = await Stage.set({
    adapter: records.adapter,
    features: { revocation: { enabled: true } },
  });
  process.on('exit', () => {
    stage.workers.killNow();
  });
  try {
    return tell(await untilInterrupted(soak(stage, settings, records))) ? 0 : 1;
  } finally {
    await stage.close();
  }
});
