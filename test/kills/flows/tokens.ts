/** Consent and renewal: what stores tokens. */
import assert from 'node:assert/strict';
import type { Ask, TestAgent } from '../../flows/support/world';
import type { Flow, Run } from '../flow';
import { LIFETIME } from '../provider';
import { LEASE_OVER, type Stage } from '../stage';

const USER = 'ana';

const OWN: Ask = { oauth2Flow: 'M2M', scopes: ['a'] };

/** Seconds before the end of a token at which it is renewed in the background, and still valid after a killed renewal. */
const SOFT_WINDOW = 280;

/** Requests until the background renewal is done: more than a loaded computer needs. */
const REQUESTS = 10;

/** @param repetitions of a refresh token, which a process after a killed one presents once more */
function checkSingleUse({ provider }: Stage, from: number, repetitions = 0): void {
  const presented = provider.exchanges
    .slice(from)
    .flatMap(({ request }) => request.get('code') ?? request.get('refresh_token') ?? []);
  const repeated = presented.length - new Set(presented).size;
  assert.ok(repeated <= repetitions, `${repeated} codes or refresh tokens were presented again`);
}

/** The token is returned as it is to another process, and the provider accepts it. */
async function checkHeld(stage: Stage, agent: TestAgent, token: string, ask: Ask = {}): Promise<void> {
  const user = ask.oauth2Flow === 'M2M' ? undefined : USER;
  const asked = stage.provider.exchanges.length;
  const { accessToken } = await stage.ask(agent, user, ask);
  assert.ok(accessToken === token, 'the stored token is returned');
  assert.equal(stage.provider.exchanges.length, asked, 'a stored token needs no request to the provider');
  assert.ok(await stage.provider.accepts(token), 'the provider accepts the token');
}

const consent: Flow = {
  name: 'consent',
  leftovers: { 'Sessions SESSION': 1, 'Keys VAULT-KEY': 1 },
  async prepare(stage): Promise<Run> {
    const agent = await stage.agent();
    const from = stage.provider.exchanges.length;
    let outcome = { token: '', consents: 0 };
    return {
      run: async () => {
        outcome = await stage.obtain(agent, USER);
      },
      async check() {
        checkSingleUse(stage, from);
        await checkHeld(stage, agent, outcome.token);
        return { consentsAgain: outcome.consents - 1 };
      },
    };
  },
};

const moreScopes: Flow = {
  name: 'consent to more scopes',
  omittedFromQuick: true,
  leftovers: { 'Sessions SESSION': 1, 'Keys VAULT-KEY': 1 },
  async prepare(stage): Promise<Run> {
    const { agent, accessToken: earlier } = await stage.connected(USER);
    const more: Ask = { scopes: ['openid', 'a', 'b'] };
    const from = stage.provider.exchanges.length;
    let outcome = { token: '', consents: 0 };
    return {
      run: async () => {
        outcome = await stage.obtain(agent, USER, more);
      },
      async check() {
        checkSingleUse(stage, from);
        assert.ok(outcome.token !== earlier, 'the token is a new one');
        await checkHeld(stage, agent, outcome.token, more);
        return { consentsAgain: outcome.consents - 1 };
      },
    };
  },
};

const renewal = (rotates: boolean): Flow => ({
  name: `renewal, at a provider that ${rotates ? 'rotates refresh tokens' : 'keeps refresh tokens'}`,
  omittedFromQuick: !rotates,
  leftovers: { 'Sessions SESSION': rotates ? 1 : 0, 'Keys VAULT-KEY': rotates ? 1 : 0 },
  async prepare(stage): Promise<Run> {
    const { provider, cloud } = stage;
    const { agent, accessToken: earlier } = await stage.connected(USER);
    await cloud.moveClock(LIFETIME + 1);
    const from = provider.exchanges.length;
    let outcome = { token: '', consents: 0 };
    return {
      run: async () => {
        provider.rotates = rotates;
        outcome = await stage.obtain(agent, USER).finally(() => {
          provider.rotates = true;
        });
      },
      async check() {
        checkSingleUse(stage, from, 1);
        assert.ok(outcome.token !== earlier, 'the token is a new one');
        await checkHeld(stage, agent, outcome.token);
        return { consentsAgain: outcome.consents };
      },
    };
  },
});

const backgroundRenewal: Flow = {
  name: 'background renewal',
  leftovers: { 'Sessions SESSION': 1, 'Keys VAULT-KEY': 1 },
  async prepare(stage): Promise<Run> {
    const { provider, cloud } = stage;
    const { agent, accessToken: earlier } = await stage.connected(USER);
    await cloud.moveClock(LIFETIME - SOFT_WINDOW);
    const from = provider.exchanges.length;
    let outcome = { token: earlier, consents: 0 };
    const ask = async (): Promise<void> => {
      outcome = await stage.obtain(agent, USER);
      await cloud.quiet();
    };
    return {
      async run() {
        let { deaths } = cloud;
        // The first request gets the earlier token, which is valid, and has the next one obtained.
        for (let asked = 0; asked < REQUESTS && outcome.token === earlier; asked += 1) {
          await ask();
          if (cloud.deaths > deaths) {
            // Lambda delivers an event again if the function crashed.
            await cloud.deliverAgain();
            checkSingleUse(stage, from);
            await cloud.moveClock(LEASE_OVER);
          }
          ({ deaths } = cloud);
        }
      },
      async check() {
        assert.ok(outcome.token !== earlier, 'the token is a new one');
        checkSingleUse(stage, from, 1);
        const { length } = provider.exchanges;
        assert.ok((await cloud.deliverAgain()) > 0, 'the renewal was an event');
        assert.equal(provider.exchanges.length, length, 'an event that is delivered again sends nothing');
        await checkHeld(stage, agent, outcome.token);
        return { consentsAgain: outcome.consents };
      },
    };
  },
};

const machineToken = (isRenewal: boolean): Flow => ({
  name: isRenewal ? 'renewal by client credentials' : 'first token by client credentials',
  omittedFromQuick: true,
  async prepare(stage): Promise<Run> {
    const { provider, cloud } = stage;
    const agent = await stage.agent();
    if (isRenewal) {
      await stage.ask(agent, undefined, OWN);
      await cloud.moveClock(LIFETIME + 1);
    }
    const from = provider.exchanges.length;
    let token = '';
    return {
      run: async () => {
        const { accessToken = '' } = await stage.ask(agent, undefined, OWN);
        token = accessToken;
      },
      async check() {
        const requests = provider.exchanges.length - from;
        assert.ok(requests <= 2, `${requests} requests to the provider`);
        await checkHeld(stage, agent, token, OWN);
        return {};
      },
    };
  },
});

export const TOKEN_FLOWS: readonly Flow[] = [
  consent,
  moreScopes,
  renewal(true),
  renewal(false),
  backgroundRenewal,
  machineToken(false),
  machineToken(true),
];
