/** What the outbox must do when providers, records, and configurations are not what they were. */
import { decodeProtectedHeader } from 'jose';
import { newDpopKey } from '../../../lambda/domain/oauth/dpop';
import { ProviderFailure } from '../../../lambda/domain/oauth/provider-failure';
import { deferRevocation } from '../../../lambda/domain/revocation/begin';
import { enqueueTokens } from '../../../lambda/domain/revocation/enqueue';
import type { OutboxItem } from '../../../lambda/model/records/revocation-outbox';
import { openContent } from '../../../lambda/domain/revocation/outbox-content';
import { revokeSelected } from '../../../lambda/domain/revocation/select';
import { UnstorableError } from '../../../lambda/domain/unstorable';
import { sampleProvider } from '../samples';
import {
  createRevocationService,
  RevokingServer,
  unavailable,
  type RevocationService,
} from './revocation-service';

async function revoked(service: RevocationService, users: readonly string[]): Promise<string> {
  for (const user of users) await service.grant(user);
  const revocationId = await service.begin({ workloadId: service.identity.id });
  await service.select(revocationId);
  return revocationId;
}

async function itemOf(service: RevocationService) {
  const [due] = (await service.stores.revocations.dueItems(Infinity)).items;
  const item = await service.stores.revocations.getItem(due?.id ?? '');
  if (!item) throw new Error('no item is due');
  return item;
}

const statesOf = async (service: RevocationService, revocationId: string) =>
  (await service.items(revocationId)).map(({ state, lastError }) => [state, lastError]);

it('a provider that is down is tried again later each time, until it confirms', async () => {
  const service = await createRevocationService();
  const revocationId = await revoked(service, ['alice']);
  service.server.instead = unavailable;
  await service.sweepFor(3600);
  const [item] = await service.items(revocationId);
  expect(item).toMatchObject({ state: 'PENDING', lastError: 'temporarily_unavailable' });
  // 5, 10, 20, … seconds, as far as a sweep each minute can: fewer than one attempt for each sweep.
  expect(item?.attempts).toBeGreaterThan(5);
  expect(item?.attempts).toBeLessThan(12);
  service.server.instead = undefined;
  await service.sweepFor(3600);
  expect(await statesOf(service, revocationId)).toEqual([['CONFIRMED', undefined]]);
  expect([...service.server.alive]).toEqual([]);
});

it('a provider that stays down is given up after 24 hours, and nothing encrypted is left', async () => {
  const service = await createRevocationService();
  const revocationId = await revoked(service, ['alice']);
  service.server.instead = unavailable;
  const { itemId } = await itemOf(service);
  await service.sweepFor(23 * 3600, 600);
  expect(await statesOf(service, revocationId)).toEqual([['PENDING', 'temporarily_unavailable']]);
  await service.sweepFor(2 * 3600, 600);
  expect(await statesOf(service, revocationId)).toEqual([['UNCONFIRMED', 'temporarily_unavailable']]);
  expect(await service.stores.revocations.getItem(itemId)).not.toHaveProperty('sealed');
  const last = service.entries.at(-1);
  expect(last).toMatchObject({ operation: 'RevokeAtProvider', outcome: 'failed', result: 'UNCONFIRMED' });
});

it('a Retry-After is obeyed', async () => {
  const service = await createRevocationService();
  await revoked(service, ['alice']);
  service.server.instead = () => unavailable({ 'retry-after': '1800' });
  await service.sweep();
  const sent = service.server.requests.length;
  await service.sweepFor(1700);
  expect(service.server.requests).toHaveLength(sent);
});

it('a provider that is down does not delay the others, and gets few requests', async () => {
  const service = await createRevocationService();
  const other = new RevokingServer('https://other.example');
  service.servers.push(other);
  const otherProvider = sampleProvider({
    discovery: { discoveryUrl: 'https://other.example/.well-known/openid-configuration' },
  });
  await service.addProvider(otherProvider);
  const users = Array.from({ length: 60 }, (_, index) => `user-${index}`);
  for (const user of users) await service.grant(user, otherProvider, other);
  other.instead = unavailable;
  const revocationId = await revoked(service, ['alice', 'bob']);
  await service.sweep();
  const items = await service.items(revocationId);
  expect(items.filter(({ state }) => state === 'CONFIRMED')).toHaveLength(2);
  expect(items.filter(({ state }) => state === 'PENDING')).toHaveLength(60);
  // 2 in parallel until the third failure, and none after that.
  expect(other.requests.length).toBeLessThanOrEqual(4);
});

it('a provider that was reconfigured after the revocation gets neither the tokens nor the secret', async () => {
  const service = await createRevocationService();
  const revocationId = await revoked(service, ['alice']);
  const attacker = new RevokingServer('https://attacker.example');
  service.servers.push(attacker);
  const discovery = { discoveryUrl: 'https://attacker.example/.well-known/openid-configuration' };
  const changed = { ...service.provider, discovery, revision: 2 };
  expect(await service.stores.providers.replace(changed)).toBe(true);
  await service.sweep();
  expect(attacker.requests).toEqual([]);
  expect(await statesOf(service, revocationId)).toEqual([['CONFIRMED', undefined]]);
  expect([...service.server.alive]).toEqual([]);
});

it('a provider that was reconfigured before the revocation gets no request', async () => {
  const service = await createRevocationService();
  await service.grant('alice');
  const attacker = new RevokingServer('https://attacker.example');
  service.servers.push(attacker);
  const discovery = { discoveryUrl: 'https://attacker.example/.well-known/openid-configuration' };
  await service.stores.providers.replace({ ...service.provider, discovery, revision: 2 });
  const revocationId = await service.begin({ workloadId: service.identity.id });
  await service.select(revocationId);
  await service.sweep();
  expect(attacker.requests).toEqual([]);
  expect(await statesOf(service, revocationId)).toEqual([['NOT_PROVABLE', 'client_unknown']]);
  expect(await service.stored(service.grantIdOf('alice'))).not.toHaveProperty('tokens');
});

it('a provider that was deleted and created again under its name is not used', async () => {
  const service = await createRevocationService();
  const revocationId = await revoked(service, ['alice']);
  await service.stores.providers.markDeleted(service.provider);
  await service.stores.providers.remove(service.provider);
  await service.stores.clientSecrets.remove(service.provider.id);
  const attacker = new RevokingServer('https://attacker.example');
  service.servers.push(attacker);
  const discovery = { discoveryUrl: 'https://attacker.example/.well-known/openid-configuration' };
  await service.addProvider(sampleProvider({ name: service.provider.name, discovery }));
  await service.sweep();
  expect(attacker.requests).toEqual([]);
  expect(await statesOf(service, revocationId)).toEqual([['CONFIRMED', undefined]]);
});

it.each([
  ['the user', { userHash: 'another' }],
  ['the agent', { workloadId: 'another' }],
  ['the target', { target: 'USER_FEDERATION#another#x' }],
])('a record with another value for %s sends nothing', async (_of, change) => {
  const service = await createRevocationService();
  const revocationId = await revoked(service, ['alice']);
  const item = await itemOf(service);
  const altered = { ...item, revision: 2, grantId: { ...item.grantId, ...change } };
  expect(await service.stores.revocations.advanceItem(altered)).toBe(true);
  await service.sweepFor(25 * 3600, 300);
  expect(service.server.requests).toEqual([]);
  expect(await statesOf(service, revocationId)).toEqual([['UNCONFIRMED', 'tokens_unreadable']]);
});

it('a ciphertext that is copied to another item sends nothing', async () => {
  const service = await createRevocationService();
  await revoked(service, ['alice']);
  const item = await itemOf(service);
  const copy = { ...item, itemId: 'copy', revision: 1 };
  await service.stores.revocations.removeItem(item);
  await service.stores.revocations.createItem(copy);
  await service.sweep();
  expect(service.server.requests).toEqual([]);
});

it('an error of a provider is stored as a code of limited length, and never as text', async () => {
  const service = await createRevocationService();
  const revocationId = await revoked(service, ['alice']);
  const error = 'x'.repeat(100_000);
  service.server.instead = () =>
    Response.json({ error, error_description: 'secret of the provider' }, { status: 400 });
  await service.sweep();
  const [[state, lastError] = []] = await statesOf(service, revocationId);
  expect(state).toBe('UNCONFIRMED');
  expect(lastError?.length).toBeLessThanOrEqual(64);
  expect(JSON.stringify(service.entries)).not.toContain('secret of the provider');
});

it('tokens that were stored after all are not revoked', async () => {
  const service = await createRevocationService();
  const grantId = await service.grant('alice');
  const { tokens } = (await service.stored(grantId)) ?? {};
  if (!tokens) throw new Error('no tokens');
  const { arn: workloadArn } = service.identity;
  await enqueueTokens(service.deps, {
    grantId,
    workloadArn,
    provider: service.provider,
    tokens,
    cause: 'not-stored',
  });
  await service.sweepFor(600);
  expect(service.server.requests).toEqual([]);
  expect((await service.stored(grantId))?.tokens).toEqual(tokens);
  expect(await service.stores.revocations.dueItems(Infinity)).toEqual({ items: [] });
});

it('tokens of an interrupted forceAuthentication are dropped and revoked', async () => {
  const service = await createRevocationService();
  const grantId = await service.grant('alice');
  const { tokens } = (await service.stored(grantId)) ?? {};
  if (!tokens) throw new Error('no tokens');
  const enqueued = { grantId, workloadArn: service.identity.arn, provider: service.provider, tokens };
  await enqueueTokens(service.deps, { ...enqueued, cause: 'forced' });
  await service.sweepFor(600);
  expect(await service.stored(grantId)).not.toHaveProperty('tokens');
  expect([...service.server.alive]).toEqual([]);
});

it('the tokens of an earlier consent stay, if their revocation could end the new ones', async () => {
  const service = await createRevocationService();
  const grantId = await service.grant('alice');
  const { tokens } = (await service.stored(grantId)) ?? {};
  if (!tokens) throw new Error('no tokens');
  const enqueued = { grantId, workloadArn: service.identity.arn, provider: service.provider, tokens };
  await enqueueTokens(service.deps, { ...enqueued, cause: 'forced' });
  await service.grant('alice');
  await service.sweepFor(600);
  expect(service.server.requests).toEqual([]);
  expect(service.entries.at(-1)).toMatchObject({ outcome: 'allowed', result: 'superseded' });
});

describe('at a vendor whose revocation ends all tokens of the user', () => {
  async function atWideVendor() {
    const service = await createRevocationService();
    const google = sampleProvider({ vendor: 'GoogleOauth2' });
    await service.addProvider(google);
    return { service, google };
  }

  it.each(['forced', 'not-stored'] as const)(
    'the provider gets no request for tokens of the cause %s, and they are deleted here',
    async (cause) => {
      const { service, google } = await atWideVendor();
      const grantId = await service.grant('alice', google);
      const { tokens } = (await service.stored(grantId)) ?? {};
      if (!tokens) throw new Error('no tokens');
      const { arn: workloadArn } = service.identity;
      await enqueueTokens(service.deps, { grantId, workloadArn, provider: google, tokens, cause });
      const { itemId } = await itemOf(service);
      const grant = await service.stored(grantId);
      expect(grant && (await service.stores.grants.revoke(grant, grant))).toBe(true);
      await service.sweepFor(600);
      expect(service.server.requests).toEqual([]);
      const item = await service.stores.revocations.getItem(itemId);
      expect(item).toMatchObject({ state: 'UNCONFIRMED', lastError: 'would_end_other_grants' });
      expect(item).not.toHaveProperty('sealed');
      expect(service.entries.at(-1)).toMatchObject({
        operation: 'RevokeAtProvider',
        outcome: 'allowed',
        result: 'would_end_other_grants',
      });
    },
  );

  it('the provider gets the request of an operator, who learns the widest reach', async () => {
    const { service, google } = await atWideVendor();
    await service.grant('alice', google);
    await service.grant('bob');
    const revocationId = await service.begin({ workloadId: service.identity.id });
    expect(await service.select(revocationId)).toMatchObject({ matched: 2, reach: 'user-and-project' });
    const reaches = (await service.items(revocationId)).map(({ reach }) => reach);
    expect(reaches.sort()).toEqual(['grant', 'user-and-project']);
    await service.sweep();
    expect((await service.items(revocationId)).map(({ state }) => state)).not.toContain('PENDING');
    expect(service.server.requests.length).toBeGreaterThan(2);
  });
});

it('a revocation whose tokens cannot be sent to a provider has no reach', async () => {
  const service = await createRevocationService();
  await service.grant('alice');
  await service.stores.providers.remove(service.provider);
  const revocationId = await service.begin({ workloadId: service.identity.id });
  const selected = await service.select(revocationId);
  expect(selected).toMatchObject({ matched: 1 });
  expect(selected.reach).toBeUndefined();
});

it('tokens that a provider issues instead of revoking are revoked too', async () => {
  const service = await createRevocationService();
  const revocationId = await revoked(service, ['alice']);
  const { transport } = service.server;
  let ignored = 0;
  Object.assign(service.server, {
    transport: (...request: Parameters<typeof transport>) => {
      const ignores = request[0].endsWith('/revoke') && ignored < 2;
      if (ignores) ignored += 1;
      return ignores ? Promise.resolve(new Response(null, { status: 200 })) : transport(...request);
    },
  });
  await service.sweepFor(600);
  expect(ignored).toBe(2);
  const states = await statesOf(service, revocationId);
  expect(states).toEqual([['CONFIRMED', undefined]]);
});

it('an attempt that fails unexpectedly affects no other item, and is tried again', async () => {
  const service = await createRevocationService();
  const revocationId = await revoked(service, ['alice', 'bob']);
  let failures = 1;
  service.server.instead = () => {
    if (failures === 0) service.server.instead = undefined;
    failures -= 1;
    throw new Error('a defect');
  };
  await service.sweep();
  expect(service.errors.every((error) => !(error instanceof ProviderFailure))).toBe(true);
  await service.sweepFor(300);
  const states = await service.items(revocationId);
  expect(states.map(({ state }) => state)).toEqual(['CONFIRMED', 'CONFIRMED']);
});

describe('a grant whose tokens cannot be stored in the outbox', () => {
  /** The dependencies over an outbox that does not accept tokens in these items. */
  const withoutSpace = (service: RevocationService, isTooLarge: (item: OutboxItem) => boolean) => {
    const { stores } = service;
    const createItem = (item: OutboxItem): Promise<boolean> =>
      item.sealed !== undefined && isTooLarge(item)
        ? Promise.reject(new UnstorableError(new Error('too large')))
        : stores.revocations.createItem(item);
    const revocations = { ...stores.revocations, createItem };
    return service.depsOver({ ...service.parts, stores: { ...stores, revocations } });
  };

  const users = ['alice', 'bob', 'carol'];

  it('is revoked, and so are the other grants', async () => {
    const service = await createRevocationService();
    for (const user of users) await service.grant(user);
    const { userHash } = service.grantIdOf('bob');
    const deps = withoutSpace(service, ({ grantId }) => grantId.userHash === userHash);
    const revocationId = await service.begin({ workloadId: service.identity.id });
    expect(await revokeSelected(deps, revocationId, Infinity)).toMatchObject({ matched: 3 });
    for (const user of users)
      expect(await service.stored(service.grantIdOf(user))).not.toHaveProperty('tokens');
    await service.sweep();
    const states = await statesOf(service, revocationId);
    expect(states.filter(([state]) => state === 'CONFIRMED')).toHaveLength(2);
    expect(states).toContainEqual(['NOT_PROVABLE', 'not_storable']);
    expect(service.errors).toEqual([]);
  });

  it('is revoked when forceAuthentication queues its tokens', async () => {
    const service = await createRevocationService();
    const grantId = await service.grant('alice');
    const { tokens } = (await service.stored(grantId)) ?? {};
    if (!tokens) throw new Error('no tokens');
    const enqueued = { grantId, workloadArn: service.identity.arn, provider: service.provider, tokens };
    const deps = withoutSpace(service, () => true);
    await enqueueTokens(deps, { ...enqueued, cause: 'forced' });
    expect(service.entries.at(-1)).toMatchObject({ result: 'NOT_PROVABLE', reason: 'not_storable' });
  });
});

it('a provider without its client secret, whose deletion was interrupted, delays no other grant', async () => {
  const service = await createRevocationService();
  await service.stores.clientSecrets.remove(service.provider.id);
  const revocationId = await revoked(service, ['alice', 'bob']);
  expect(await service.stores.revocations.get(revocationId)).toMatchObject({ matched: 2 });
  expect(await service.stored(service.grantIdOf('alice'))).not.toHaveProperty('tokens');
  expect(service.errors).toEqual([]);
});

it("an item contains what a request to the provider needs, and neither the provider's policy nor its tags", async () => {
  const service = await createRevocationService();
  const connection = {
    certificateSecretArn: 'of the authority',
    certificateObject: { uri: 's3://b/ca.pem' },
    privateEndpoint: {
      selfManagedLatticeResource: { resourceConfigurationIdentifier: 'rcfg-0123456789abcdef0' },
    },
    privateEndpointOverrides: [],
  };
  const more = { tags: { department: 'accounting' }, policy: '{}', ownerId: 'AROAOWNER', ...connection };
  const changed = { ...service.provider, ...more, dpop: {}, revision: 2 };
  await service.stores.providers.replace(changed);
  await service.grant('alice', changed);
  await revoked(service, []);
  const { sealed = '', ...item } = await itemOf(service);
  const { provider } = await openContent(service.deps, { ...item, sealed });
  const { id, name, arn, owner, vendor, clientId, clientAuthenticationMethod, discovery } = service.provider;
  const client = { vendor, clientId, clientAuthenticationMethod, discovery, ...connection };
  expect(provider).toEqual({ id, name, arn, owner, ownerId: 'AROAOWNER', revision: 2, ...client });
});

it('tokens do not go where a later private endpoint leads', async () => {
  const service = await createRevocationService();
  await service.grant('alice');
  const privateEndpoint = {
    managedVpcResource: {
      ...{ vpcIdentifier: 'vpc-1', subnetIds: ['subnet-1'], endpointIpAddressType: 'IPV4' as const },
      routingDomain: 'elsewhere.corp.example',
    },
  };
  await service.stores.providers.replace({ ...service.provider, privateEndpoint, revision: 2 });
  const revocationId = await revoked(service, []);
  await service.sweep();
  expect(service.server.requests).toEqual([]);
  expect(await statesOf(service, revocationId)).toEqual([['NOT_PROVABLE', 'client_unknown']]);
});

it('an item needs neither its provider nor the external client secret once it is stored, and proves the key of bound tokens', async () => {
  const service = await createRevocationService();
  const externalSecret = { arn: 'arn:aws:secretsmanager:…:secret:s', jsonKey: 'secret' };
  const bound = sampleProvider({ externalSecret, dpop: {} });
  await service.stores.providers.create(bound);
  await service.grant('alice', bound, service.server, await newDpopKey());
  const revocationId = await service.begin({ workloadId: service.identity.id });
  const { deps, system, server, stores } = service;
  const externalSecrets = { ...deps.externalSecrets, read: () => Promise.resolve('external secret') };
  await revokeSelected({ ...deps, externalSecrets }, revocationId, system.now() + 20_000);
  await stores.providers.remove(bound);
  await service.sweep();
  expect(await statesOf(service, revocationId)).toEqual([['CONFIRMED', undefined]]);
  expect([...server.alive]).toEqual([]);
  const credentials = Buffer.from(`${bound.clientId}:external+secret`).toString('base64');
  expect(new Set(server.requests.map(({ client }) => client))).toEqual(new Set([`Basic ${credentials}`]));
  const redemptions = server.requests.filter(({ url }) => url.endsWith('/token'));
  expect(redemptions.map(({ proof }) => decodeProtectedHeader(proof ?? '').typ)).toEqual(['dpop+jwt']);
});

it('a Retry-After of more than 1 hour counts as 1 hour', async () => {
  const service = await createRevocationService();
  const revocationId = await revoked(service, ['alice']);
  service.server.instead = () => unavailable({ 'retry-after': '86000' });
  await service.sweep();
  service.server.instead = undefined;
  service.system.advance(3599);
  await service.sweep();
  expect(await statesOf(service, revocationId)).toEqual([['PENDING', 'temporarily_unavailable']]);
  service.system.advance(2);
  await service.sweep();
  expect(await statesOf(service, revocationId)).toEqual([['CONFIRMED', undefined]]);
});

it('a deferred revocation selects again a minute later, when a request that began before has stored a grant', async () => {
  const service = await createRevocationService();
  const [first, late] = ['alice', 'bob'];
  await service.grant(first);
  const { system } = service;
  const [revocationId, filter] = [system.randomUUID(), { workloadId: service.identity.id }];
  const request = { revocationId, trustedIssuer: 'people', cause: 'identity-provider', filter } as const;
  const deps = { revocations: service.stores.revocations, system };
  expect(await deferRevocation(deps, request)).toBe(true);
  expect(await deferRevocation(deps, request)).toBe(false);
  await service.sweep();
  expect(await statesOf(service, revocationId)).toEqual([['CONFIRMED', undefined]]);
  await service.grant(late);
  await service.sweep();
  expect(await statesOf(service, revocationId)).toHaveLength(1);
  service.system.advance(61);
  await service.sweep();
  expect(await statesOf(service, revocationId)).toHaveLength(2);
  const stored = await service.stores.revocations.get(revocationId);
  expect(stored).toMatchObject({ matched: 2 });
  expect(stored).not.toHaveProperty('dueAt');
  expect([...service.server.alive]).toEqual([]);
});
