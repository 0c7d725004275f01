/** Attempts without a client secret, and items that were changed, written twice, or cannot be read. */
import { attemptRevocation } from '../../../lambda/domain/revocation/attempt';
import { enqueueClientDeletion } from '../../../lambda/domain/revocation/client-deletion';
import { enqueueTokens } from '../../../lambda/domain/revocation/enqueue';
import type { OutboxItem } from '../../../lambda/model/records/revocation-outbox';
import { storeItem } from '../../../lambda/domain/revocation/store-item';
import { clientSecretContext } from '../../../lambda/domain/provider/oauth2-provider';
import { accessDenied } from '../../../lambda/domain/service-error';
import { sampleProvider } from '../samples';
import { createRevocationService, PROVIDER_URL, type RevocationService } from './revocation-service';

let service: RevocationService;
beforeEach(async () => {
  service = await createRevocationService();
});

async function dueItems(): Promise<OutboxItem[]> {
  const { items: due } = await service.stores.revocations.dueItems(Infinity);
  const items = await Promise.all(due.map(({ id }) => service.stores.revocations.getItem(id)));
  return items.filter((item) => item !== undefined);
}

async function itemOf(): Promise<OutboxItem> {
  const [item] = await dueItems();
  if (!item) throw new Error('no item is due');
  return item;
}

/** Tokens of a new grant, as a request enqueues them. */
async function grantedTokens(provider = service.provider) {
  const grantId = await service.grant('alice', provider);
  const { tokens } = (await service.stored(grantId)) ?? {};
  if (!tokens) throw new Error('no tokens');
  return { grantId, workloadArn: service.identity.arn, provider, tokens };
}

async function revoked(): Promise<string> {
  const revocationId = await service.begin({ workloadId: service.identity.id });
  await service.select(revocationId);
  return revocationId;
}

async function deleteProvider(provider = service.provider): Promise<void> {
  await service.stores.providers.markDeleted(provider);
  await service.stores.providers.remove(provider);
  await service.stores.clientSecrets.remove(provider.id);
}

const stateOf = async (revocationId: string) =>
  (await service.items(revocationId)).map(({ state, lastError }) => [state, lastError]);

it('a provider that was deleted after its secret was lost gets no request, and is given up after 24 hours', async () => {
  await service.grant('alice');
  await service.stores.clientSecrets.remove(service.provider.id);
  const revocationId = await revoked();
  await deleteProvider();
  await service.sweep();
  expect(await stateOf(revocationId)).toEqual([['PENDING', 'client_secret_unavailable']]);
  await service.sweepFor(25 * 3600, 600);
  expect(await stateOf(revocationId)).toEqual([['UNCONFIRMED', 'client_secret_unavailable']]);
  expect(service.server.requests).toEqual([]);
});

it('a secret that was lost after the revocation does not prevent it', async () => {
  await service.grant('alice');
  const revocationId = await revoked();
  await service.stores.clientSecrets.remove(service.provider.id);
  await service.sweep();
  expect(await stateOf(revocationId)).toEqual([['CONFIRMED', undefined]]);
  expect([...service.server.alive]).toEqual([]);
});

describe('a provider that still exists, whose credential was lost before the revocation,', () => {
  it('is tried again, and its item says that the secret is missing', async () => {
    await service.grant('alice');
    await service.stores.clientSecrets.remove(service.provider.id);
    const revocationId = await revoked();
    await service.sweep();
    expect(await stateOf(revocationId)).toEqual([['PENDING', 'client_secret_unavailable']]);
    expect(service.server.requests).toEqual([]);
    expect(service.errors).toEqual([]);
  });

  it('confirms when its owner has set the secret again', async () => {
    await service.grant('alice');
    await service.stores.clientSecrets.remove(service.provider.id);
    const revocationId = await revoked();
    await service.sweep();
    const sealed = await service.seal.seal(clientSecretContext(service.provider), 'secret');
    await service.stores.clientSecrets.put(service.provider.id, sealed, service.provider.revision);
    await service.sweepFor(600);
    expect(await stateOf(revocationId)).toEqual([['CONFIRMED', undefined]]);
    expect([...service.server.alive]).toEqual([]);
  });

  it('is tried again, and its item says the same of a secret in AWS Secrets Manager', async () => {
    const arn = 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:lost-AbCdEf';
    const external = sampleProvider({ externalSecret: { arn, jsonKey: 'secret' } });
    await service.stores.providers.create(external);
    await service.grant('alice', external);
    const revocationId = await revoked();
    await service.sweep();
    expect(await stateOf(revocationId)).toEqual([['PENDING', 'client_secret_unavailable']]);
    expect(service.server.requests).toEqual([]);
    expect(JSON.stringify(await service.items(revocationId))).not.toContain(arn);
  });

  it('is tried again, and its item says that the signing key is missing', async () => {
    const signing = sampleProvider({ clientAuthenticationMethod: 'AWS_IAM_ID_TOKEN_JWT' });
    await service.stores.providers.create(signing);
    await service.grant('alice', signing);
    const revocationId = await revoked();
    const { providerClients } = service.deps;
    const assert = () => Promise.reject(accessDenied('The signing key cannot be used.', 'KMS refuses'));
    await service.sweep({
      ...service.deps,
      providerClients: {
        ...providerClients,
        of: async (...asked) => ({ ...(await providerClients.of(...asked)), credential: { assert } }),
      },
    });
    expect(await stateOf(revocationId)).toEqual([['PENDING', 'client_assertion_unavailable']]);
    expect(service.errors).toEqual([]);
  });

  it('gets no request for the error of a defect, which is reported', async () => {
    await service.grant('alice');
    await service.stores.clientSecrets.remove(service.provider.id);
    const revocationId = await revoked();
    const defect = new Error('a defect');
    await service.sweep({
      ...service.deps,
      providerClients: { ...service.deps.providerClients, of: () => Promise.reject(defect) },
    });
    expect(await stateOf(revocationId)).toEqual([['PENDING', 'internal_error']]);
    expect(service.errors).toEqual([defect]);
  });
});

it('a deleted provider whose client signs assertions gets them from the agent of the grant', async () => {
  const signing = sampleProvider({ clientAuthenticationMethod: 'AWS_IAM_ID_TOKEN_JWT' });
  await service.stores.providers.create(signing);
  await service.grant('alice', signing);
  const revocationId = await revoked();
  await deleteProvider(signing);
  const requested: string[] = [];
  const { providerClients } = service.deps;
  await service.sweep({
    ...service.deps,
    providerClients: {
      ...providerClients,
      async of(provider, workloadArn) {
        requested.push(`${provider.id} ${workloadArn}`);
        const client = await providerClients.of(provider, workloadArn);
        return { ...client, credential: { assert: () => Promise.resolve('assertion') } };
      },
    },
  });
  expect(requested).toEqual([`${signing.id} ${service.identity.arn}`]);
  expect(await stateOf(revocationId)).toEqual([['CONFIRMED', undefined]]);
});

it('the tokens of an earlier consent are revoked, if the revocation ends nothing else', async () => {
  const provider = sampleProvider({ vendor: 'XOauth2' });
  await service.addProvider(provider);
  const tokens = await grantedTokens(provider);
  await enqueueTokens(service.deps, { ...tokens, cause: 'forced' });
  await service.grant('alice', provider);
  await service.sweepFor(600);
  // Only the two of the new consent are left.
  expect(service.server.alive.size).toBe(2);
  expect(service.entries.map(({ result }) => result)).not.toContain('superseded');
  expect(await service.stored(tokens.grantId)).toHaveProperty('tokens');
});

it('tokens that were obtained in an attempt get their own item, if another worker has this one', async () => {
  await service.grant('alice');
  const revocationId = await revoked();
  const { transport } = service.server;
  let ignored = 0;
  Object.assign(service.server, {
    transport: (...request: Parameters<typeof transport>) => {
      const ignores = request[0].endsWith('/revoke') && ignored < 2;
      if (ignores) ignored += 1;
      return ignores ? Promise.resolve(new Response(null, { status: 200 })) : transport(...request);
    },
  });
  const item = await itemOf();
  const overtaken = {
    ...service.deps,
    revocations: { ...service.stores.revocations, advanceItem: () => Promise.resolve(false) },
  };
  expect(await attemptRevocation(overtaken, item)).toBe('not-revoked');
  expect(await dueItems()).toHaveLength(2);
  await service.sweepFor(600);
  expect([...service.server.alive].filter((token) => token.startsWith('refresh-'))).toHaveLength(0);
  expect((await stateOf(revocationId)).map(([state]) => state)).not.toContain('PENDING');
});

it('a pending item without tokens sends nothing', async () => {
  await service.grant('alice');
  await revoked();
  const item = await itemOf();
  await expect(attemptRevocation(service.deps, { ...item, sealed: undefined })).rejects.toThrow(
    'a pending item has no tokens',
  );
  expect(service.server.requests).toEqual([]);
});

describe('storing an item', () => {
  const cause = 'forced' as const;
  const revocationId = undefined;

  it('of tokens whose agent is not known ends it immediately, with no request', async () => {
    const tokens = { ...(await grantedTokens()), cause, revocationId, workloadArn: undefined };
    expect(await storeItem(service.deps, tokens)).toBeUndefined();
    expect(service.entries.at(-1)).toMatchObject({ result: 'NOT_PROVABLE', reason: 'tokens_unreadable' });
    expect(await dueItems()).toEqual([]);
  });

  it('again returns what the provider ends, and stores nothing', async () => {
    const tokens = { ...(await grantedTokens()), cause, revocationId };
    expect(await storeItem(service.deps, tokens)).toBe('grant');
    const first = await dueItems();
    service.system.advance(1);
    expect(await storeItem(service.deps, tokens)).toBe('grant');
    expect(await dueItems()).toEqual(first);
  });

  it('that ends it immediately records the end, even if the response is lost, and a repetition does not', async () => {
    const tokens = { ...(await grantedTokens()), cause, revocationId };
    const { revocations } = service.stores;
    const createItem = async (item: OutboxItem): Promise<boolean> => {
      await revocations.createItem(item);
      throw new Error('no response');
    };
    const deps = { ...service.deps, revocations: { ...revocations, createItem } };
    await expect(storeItem(deps, tokens, 'client_unknown')).rejects.toThrow('no response');
    await storeItem(service.deps, tokens, 'client_unknown');
    expect(service.entries).toMatchObject([{ result: 'NOT_PROVABLE', reason: 'client_unknown' }]);
  });
});

it('a client whose registration access token cannot be decrypted is recorded as registered once', async () => {
  await enqueueClientDeletion(service.deps, {
    provider: service.provider,
    clientUri: `${PROVIDER_URL}/clients/a`,
    sealedToken: 'not a ciphertext',
    clientHash: 'a',
    cause: 'deleted-provider',
  });
  await service.sweepFor(7200, 600);
  expect(service.entries).toEqual([
    expect.objectContaining({
      operation: 'UnregisterClient',
      outcome: 'failed',
      reason: expect.stringContaining('registration_unreadable') as string,
    }),
  ]);
  expect(service.errors).toEqual([]);
});
