/** The steps of the sequences: each changes the service and the model, or asks both for the same credential. */
import fc from 'fast-check';
import { type Consent, type HeldToken, type User, type VaultModel } from './vault-model';
import type { VaultUnderTest } from './vault-under-test';

type Step = fc.AsyncCommand<VaultModel, VaultUnderTest>;

const AGENTS = ['agent-a', 'agent-b'] as const;
const PROVIDERS = ['provider-a', 'provider-b'] as const;
const API_KEYS = ['key-a'] as const;
const USERS: readonly User[] = [
  { name: 'ana', signsIn: false },
  { name: 'ben', signsIn: false },
  { name: 'cleo', signsIn: true },
];

/** Most steps of a sequence. */
const MAX_STEPS = 60;

/** Seconds: a moment, a time after which workload access tokens live and nothing else does, and one after which none does. */
const PAUSES = [2, 700, 1000] as const;

/** The model and the service do not agree. */
function expectSame(what: string, expected: unknown, actual: unknown): void {
  const [first, second] = [expected, actual].map((value) => JSON.stringify(value) ?? 'nothing');
  if (first !== second) throw new Error(`${what}: expected ${first}, and got ${second}`);
}

const step = (
  text: string,
  run: (model: VaultModel, vault: VaultUnderTest) => Promise<void>,
  check: (model: Readonly<VaultModel>) => boolean = () => true,
): Step => ({
  check,
  run: async (model, vault) => {
    model.steps += 1;
    await run(model, vault);
  },
  toString: () => text,
});

const agent = fc.constantFrom(...AGENTS);
const provider = fc.constantFrom(...PROVIDERS);
const apiKeyName = fc.constantFrom(...API_KEYS);
const user = fc.constantFrom(...USERS);
const which = fc.nat({ max: 99 });

/** Any of the items, preferably a late one: the earlier ones expire. */
const chosen = <Item>(items: readonly Item[], choice: number): [Item, number] => {
  const index = items.length - 1 - (choice % Math.min(items.length, 6));
  return [items[index]!, index];
};

/** A step with a workload access token. */
const withToken = (
  text: string,
  choice: number,
  run: (model: VaultModel, vault: VaultUnderTest, token: HeldToken, index: number) => Promise<void>,
): Step =>
  step(
    `${text} by token ${choice}`,
    (model, vault) => run(model, vault, ...chosen(model.tokens, choice)),
    ({ tokens }) => tokens.length > 0,
  );

/** Compares what a request for the user's token returns, and returns the link if a consent is asked for. */
async function compareUserToken(
  model: VaultModel,
  vault: VaultUnderTest,
  [token, index]: [HeldToken, number],
  name: string,
): Promise<unknown> {
  const expected = model.expectedToken(token, name);
  const client = model.providers.get(name)?.client;
  model.requested(token, name);
  const actual = await vault.userTokenOf(index, name);
  model.compared(actual.what);
  if (typeof expected === 'string') {
    expectSame(`the token of ${name}`, expected, actual.what);
    return actual.what === 'consent' ? actual.authorizationUrl : undefined;
  }
  expectSame(
    `the token of ${name}`,
    `token ${expected.code}`,
    `${actual.what} ${actual.what === 'token' ? actual.origin?.split(' ')[0] : ''}`,
  );
  const origin = actual.what === 'token' ? actual.origin?.split(' ')[1] : undefined;
  expectSame('the client of the token', true, origin?.startsWith(String(client)));
  return undefined;
}

const apiKeyOf = (unique: number): string => `Api-Key-3nXb7QwZ-${unique}`;

const secretOf = (unique: number): string => `Client-Secret-7tVx3NqW-${unique}`;

const RESOURCES: readonly fc.Arbitrary<Step>[] = [
  agent.map((name) =>
    step(`create ${name}`, async (model, vault) => {
      const isNew = !model.agents.has(name);
      expectSame('creation', isNew, await vault.createAgent(name));
      if (isNew) model.agents.set(name, model.next());
    }),
  ),
  agent.map((name) =>
    step(`delete ${name}`, async (model, vault) => {
      expectSame('deletion', model.agents.has(name), await vault.deleteAgent(name));
      model.agents.delete(name);
    }),
  ),
  fc.tuple(provider, fc.constantFrom('a', 'b')).map(([name, which]) =>
    step(`create ${name} with client ${which}`, async (model, vault) => {
      const isNew = !model.providers.has(name);
      const [client, incarnation] = [`${name}-client-${which}`, model.next()];
      // A rejected creation must not change the secret that the server expects.
      if (isNew)
        expectSame('creation', true, await vault.createProvider(name, client, secretOf(incarnation)));
      if (isNew) model.providers.set(name, { incarnation, client });
    }),
  ),
  fc.tuple(provider, fc.constantFrom('a', 'b')).map(([name, which]) =>
    step(
      `update ${name} to client ${which} with a new secret`,
      async (model, vault) => {
        const client = `${name}-client-${which}`;
        expectSame('update', true, await vault.updateProvider(name, client, secretOf(model.next())));
        const { incarnation } = model.providers.get(name)!;
        model.providers.set(name, { incarnation, client });
      },
      ({ providers }) => providers.has(name),
    ),
  ),
  provider.map((name) =>
    step(`delete ${name}`, async (model, vault) => {
      expectSame('deletion', model.providers.has(name), await vault.deleteProvider(name));
      model.providers.delete(name);
    }),
  ),
  fc.tuple(apiKeyName, fc.constantFrom('Create', 'Update')).map(([name, how]) =>
    step(`${how} ${name}`, async (model, vault) => {
      const key = apiKeyOf(model.next());
      const isAccepted = model.apiKeys.has(name) === (how === 'Update');
      expectSame(how, isAccepted, await vault.writeApiKey(how, name, key));
      if (isAccepted) model.apiKeys.set(name, key);
    }),
  ),
  apiKeyName.map((name) =>
    step(`delete ${name}`, async (model, vault) => {
      expectSame('deletion', model.apiKeys.has(name), await vault.deleteApiKey(name));
      model.apiKeys.delete(name);
    }),
  ),
];

/** The user gives a consent, which is completed in a later step. */
async function begin(
  model: VaultModel,
  vault: VaultUnderTest,
  chosenToken: [HeldToken, number],
  name: string,
): Promise<Consent | undefined> {
  const [token] = chosenToken;
  const wasOpen = model.isOpen(token, name);
  const link = await compareUserToken(model, vault, chosenToken, name);
  // The link of an open consent is used up.
  if (link === undefined || wasOpen) return undefined;
  const code = `Code-8wLs4TfH-${model.next()}-${vault.name}`;
  expectSame('the answer of the server', true, await vault.answer(link, name, code));
  const consent = {
    token,
    providerName: name,
    provider: model.providers.get(name)!,
    code,
    begunAt: model.now,
    isOver: false,
  };
  model.consents.push(consent);
  return consent;
}

/** @returns a new workload access token, if the service issues one, with its index */
async function issue(
  model: VaultModel,
  vault: VaultUnderTest,
  name: string,
  of: User,
): Promise<[HeldToken, number] | undefined> {
  const expected = model.canIssue(name, of);
  expectSame('the workload access token', expected, await vault.issue(name, of));
  if (!expected) return undefined;
  const token = { agent: name, incarnation: model.agents.get(name)!, user: of, issuedAt: model.now };
  return [token, model.tokens.push(token) - 1];
}

async function complete(
  model: VaultModel,
  vault: VaultUnderTest,
  [consent, index]: [Consent, number],
): Promise<void> {
  const expected = model.completes(consent);
  expectSame('the completion', expected, await vault.complete(index, consent.token.user));
  consent.isOver = true;
  if (expected) model.completed(consent);
}

const CREDENTIALS: readonly fc.Arbitrary<Step>[] = [
  fc.tuple(agent, user, provider).map(([name, of, at]) =>
    step(`get the token of ${at} by ${name} for ${of.name}`, async (model, vault) => {
      const token = await issue(model, vault, name, of);
      if (token) await compareUserToken(model, vault, token, at);
    }),
  ),
  fc.tuple(agent, user, provider).map(([name, of, at]) =>
    step(`consent at ${at} to ${name} for ${of.name}`, async (model, vault) => {
      const token = await issue(model, vault, name, of);
      const consent = token && (await begin(model, vault, token, at));
      if (consent) await complete(model, vault, [consent, model.consents.length - 1]);
    }),
  ),
  fc.tuple(which, provider).map(([choice, name]) =>
    withToken(`get the token of ${name}`, choice, async (model, vault, ...token) => {
      await compareUserToken(model, vault, token, name);
    }),
  ),
  fc.tuple(which, provider).map(([choice, name]) =>
    withToken(`begin a consent at ${name}`, choice, async (model, vault, ...token) => {
      await begin(model, vault, token, name);
    }),
  ),
  which.map((choice) =>
    step(
      `complete consent ${choice}`,
      (model, vault) => complete(model, vault, chosen(model.consents, choice)),
      ({ consents }) => consents.length > 0,
    ),
  ),
  fc.tuple(which, user).map(([choice, other]) =>
    step(
      `complete consent ${choice} as ${other.name}`,
      async (model, vault) => {
        const [consent, index] = chosen(model.consents, choice);
        if (consent.token.user === other) return;
        expectSame('the completion by another user', false, await vault.complete(index, other));
        consent.isOver = true;
      },
      ({ consents }) => consents.length > 0,
    ),
  ),
  fc.tuple(which, provider).map(([choice, name]) =>
    withToken(`decline a consent at ${name}`, choice, async (model, vault, ...token) => {
      const wasOpen = model.isOpen(token[0], name);
      const link = await compareUserToken(model, vault, token, name);
      if (link !== undefined && !wasOpen) await vault.answer(link, name, undefined);
    }),
  ),
  fc.tuple(which, provider).map(([choice, name]) =>
    withToken(`forget the token of ${name}`, choice, async (model, vault, token, index) => {
      const isAdmitted = model.expectedToken(token, name) !== 'error';
      const { what } = await vault.userTokenOf(index, name, { forceAuthentication: true });
      expectSame('forceAuthentication', isAdmitted ? 'consent' : 'error', what);
      if (isAdmitted) model.revokeOne(token, name);
    }),
  ),
  fc.tuple(which, provider).map(([choice, name]) =>
    withToken(`get the agent's own token of ${name}`, choice, async (model, vault, token, index) => {
      const client = model.expectedClient(token, name);
      model.compared(client === undefined ? 'error' : 'token');
      const origin = await vault.machineTokenOf(index, name);
      expectSame('the own token', client && `none ${client}-${vault.name}`, origin);
    }),
  ),
  fc.tuple(which, apiKeyName).map(([choice, name]) =>
    withToken(`get ${name}`, choice, async (model, vault, token, index) => {
      const apiKey = await vault.apiKeyOf(index, name);
      model.compared(apiKey === undefined ? 'error' : 'API key');
      expectSame(name, model.expectedApiKey(token, name), apiKey);
    }),
  ),
  fc.tuple(which, provider).map(([choice, name]) =>
    withToken(`steal the token of ${name}`, choice, async (_model, vault, _token, index) => {
      expectSame('a stolen token', false, await vault.isStolenTokenUsable(index, name));
    }),
  ),
];

const ENDS: readonly fc.Arbitrary<Step>[] = [
  fc.tuple(which, provider).map(([choice, name]) =>
    withToken(`revoke the grant at ${name}`, choice, async (model, vault, token, index) => {
      // Without a grant, there is nothing to revoke.
      const isRevoked = await vault.revokeOwn(index, name);
      if (isRevoked) expectSame('the revocation by a token that is not valid', true, model.admits(token));
      else if (typeof model.expectedToken(token, name) === 'object')
        throw new Error('the grant is not revoked');
      if (isRevoked) model.revokeOne(token, name);
    }),
  ),
  agent.map((name) =>
    step(`operator: revoke the grants of ${name}`, async (model, vault) => {
      await vault.revokeBy({ agent: name });
      model.revoke((token) => token.agent === name);
    }),
  ),
  user.map((of) =>
    step(`operator: revoke the grants of ${of.name}`, async (model, vault) => {
      await vault.revokeBy({ user: of });
      model.revoke((token) => token.user.name === of.name);
    }),
  ),
  provider.map((name) =>
    step(`operator: revoke the grants at ${name}`, async (model, vault) => {
      await vault.revokeBy({ provider: name });
      model.revoke((_token, at) => at === name);
    }),
  ),
  which.map((choice) =>
    step(
      `withdraw consent ${choice} at the server`,
      async (model, vault) => {
        const [code] = chosen(model.codes(), choice);
        vault.withdraw(code);
        model.withdrawn.add(code);
        return Promise.resolve();
      },
      (model) => model.codes().length > 0,
    ),
  ),
  fc.tuple(agent, fc.constantFrom('Suspend', 'Resume')).map(([name, how]) =>
    step(`operator: ${how} ${name}`, async (model, vault) => {
      await vault.suspendAgent(name, how);
      model.suspendedAgents[how === 'Suspend' ? 'add' : 'delete'](name);
    }),
  ),
  fc.tuple(user, fc.constantFrom('Suspend', 'Resume')).map(([of, how]) =>
    step(`operator: ${how} ${of.name}`, async (model, vault) => {
      await vault.suspendUser(of, how);
      model.suspendedUsers[how === 'Suspend' ? 'add' : 'delete'](of.name);
    }),
  ),
  fc.constantFrom(...USERS.filter(({ signsIn }) => signsIn)).map((of) =>
    step(`the sessions of ${of.name} end`, async (model, vault) => {
      await vault.endSessions(of);
      model.sessionEnds.set(of.name, model.now);
      // A later sign-in is in a later second.
      pause(model, vault, 2);
    }),
  ),
];

function pause(model: VaultModel, vault: VaultUnderTest, seconds: number): void {
  vault.advance(seconds);
  model.now += seconds;
}

const CHANGES_OF_KEYS: readonly fc.Arbitrary<Step>[] = [
  fc.constantFrom(...PAUSES).map((seconds) =>
    step(`${seconds} seconds pass`, (model, vault) => {
      pause(model, vault, seconds);
      return Promise.resolve();
    }),
  ),
  fc.constant(step('rotate the signing key', (_model, vault) => vault.rotateSigningKey())),
  agent.map((name) =>
    step(
      `rotate the vault keys of ${name}`,
      (_model, vault) => vault.rotateVaultKeys(name),
      ({ agents }) => agents.has(name),
    ),
  ),
  fc
    .nat({ max: 2 })
    .map((key) => step(`move the vault to key ${key}`, (_model, vault) => vault.moveVault(key))),
  fc.constant(step('revoke at the servers what is due', (_model, vault) => vault.sweep())),
];

/** What most sequences need: agents, providers, an API key, and consents. */
export async function prepare(model: VaultModel, vault: VaultUnderTest): Promise<void> {
  for (const name of AGENTS) {
    expectSame('creation', true, await vault.createAgent(name));
    model.agents.set(name, model.next());
  }
  for (const name of PROVIDERS) {
    const [client, incarnation] = [`${name}-client-a`, model.next()];
    expectSame('creation', true, await vault.createProvider(name, client, secretOf(incarnation)));
    model.providers.set(name, { incarnation, client });
  }
  for (const name of API_KEYS) {
    const key = apiKeyOf(model.next());
    expectSame('creation', true, await vault.writeApiKey('Create', name, key));
    model.apiKeys.set(name, key);
  }
  for (const of of USERS) {
    const token = await issue(model, vault, AGENTS[0], of);
    const consent = token && (await begin(model, vault, token, PROVIDERS[0]));
    if (consent) await complete(model, vault, [consent, model.consents.length - 1]);
  }
}

/** Deletes what is left, because a principal can have a limited number of providers. */
export async function cleanUp(model: VaultModel, vault: VaultUnderTest): Promise<void> {
  for (const name of model.providers.keys()) await vault.deleteProvider(name);
  for (const name of model.apiKeys.keys()) await vault.deleteApiKey(name);
  for (const name of model.agents.keys()) await vault.deleteAgent(name);
}

/** Credentials are got more often than anything else changes, and resources are changed the least often. */
export const sequences: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 12, arbitrary: fc.oneof(...CREDENTIALS) },
    { weight: 2, arbitrary: fc.oneof(...ENDS) },
    { weight: 3, arbitrary: fc.oneof(...CHANGES_OF_KEYS) },
    { weight: 2, arbitrary: fc.oneof(...RESOURCES) },
  ),
  { minLength: 1, maxLength: MAX_STEPS, size: 'max' },
);
