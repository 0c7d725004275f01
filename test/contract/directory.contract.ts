/** The contract of every directory reader: the current identity, provider, and grant in one read. */
import type { GrantId } from '../../lambda/model/grant-id';
import type { Stores } from '../domain/in-memory-stores';
import { apiKeyProviderArn } from '../../lambda/domain/provider/api-key-provider';
import { hashOf } from '../../lambda/domain/digest';
import { ARN_PREFIX, sampleGrantId, sampleIdentity, sampleProvider, sampleTokens } from '../domain/samples';
import { storeTokens } from '../domain/stored-grant';

export function directoryContract(stores: () => Stores): void {
  async function read(workloadName: string, providerName: string, grantId?: GrantId) {
    const { identity, provider, grant } = await stores().directory.read(
      workloadName,
      providerName,
      grantId?.userHash,
      grantId,
    );
    return { identity: identity, provider: provider, grant: grant };
  }

  const grantOf = async (id: GrantId) => await stores().grants.get(id);

  async function filled() {
    const [identity, provider, grantId] = [sampleIdentity(), sampleProvider(), sampleGrantId()];
    await stores().identities.create(identity);
    await stores().providers.create(provider);
    await storeTokens(stores().grants, grantId, { providerId: provider.id, tokens: sampleTokens() });
    return { identity, provider, grantId };
  }

  it('reads all three records like their own stores', async () => {
    const { identity, provider, grantId } = await filled();
    expect(await read(identity.name, provider.name, grantId)).toEqual({
      identity,
      provider,
      grant: await grantOf(grantId),
    });
  });

  it('reads no grant if none is requested', async () => {
    const { identity, provider } = await filled();
    const found = await read(identity.name, provider.name);
    expect(found).toEqual({ identity, provider, grant: undefined });
  });

  it.each(['identity', 'provider', 'grant'] as const)(
    'reports that there is no %s, and reads the others',
    async (gone) => {
      const { identity, provider, grantId } = await filled();
      const found = await read(
        gone === 'identity' ? 'unknown' : identity.name,
        gone === 'provider' ? 'unknown' : provider.name,
        gone === 'grant' ? sampleGrantId() : grantId,
      );
      const grant = await grantOf(grantId);
      expect(found).toEqual({ identity, provider, grant, [gone]: undefined });
    },
  );

  it('reads neither an identity nor a provider that is marked as deleted', async () => {
    const { identity, provider, grantId } = await filled();
    await stores().providers.markDeleted(provider);
    expect((await read(identity.name, provider.name, grantId)).provider).toBeUndefined();
    await stores().identities.markDeleted(identity);
    const found = await read(identity.name, provider.name, grantId);
    expect(found).toEqual({ identity: undefined, provider: undefined, grant: await grantOf(grantId) });
  });

  it('distinguishes an identity and a provider with the same name', async () => {
    const { identity, provider } = await filled();
    const found = await read(provider.name, identity.name);
    expect(found).toEqual({ identity: undefined, provider: undefined, grant: undefined });
  });

  it('reads the encrypted API key with a provider that has the expected ID, and no other one', async () => {
    const { name, id, owner, tags, revision, createdTime, lastUpdatedTime } = sampleIdentity();
    const arn = apiKeyProviderArn(ARN_PREFIX, name);
    const provider = { name, id, arn, owner, tags, revision, createdTime, lastUpdatedTime };
    await stores().apiKeyProviders.create(provider);
    const readAs = (expectedId?: string) =>
      stores().directory.readApiKeyProvider('any', name, sampleGrantId().userHash, undefined, expectedId);
    expect(await readAs(provider.id)).toMatchObject({ provider, sealedApiKey: undefined });
    await stores().apiKeys.put(provider.id, 'sealed', 1);
    await stores().apiKeys.put('of-another-provider', 'foreign', 1);
    expect(await readAs(provider.id)).toMatchObject({ provider, sealedApiKey: 'sealed' });
    for (const other of ['of-another-provider', undefined]) {
      expect(await readAs(other)).toMatchObject({ provider, sealedApiKey: undefined });
    }
  });

  it('returns each write in the next read', async () => {
    const { identity, provider, grantId } = await filled();
    for (const generation of [2, 3, 4]) {
      await stores().grants.putTokens(grantId, { providerId: provider.id, tokens: sampleTokens(), epoch: 0 });
      const { grant } = await read(identity.name, provider.name, grantId);
      expect(grant?.generation).toBe(generation);
    }
  });

  describe('restrictions', () => {
    const suspendedByOperator = { since: 1, by: 'arn:aws:iam::123456789012:user/operator' };
    const unrestricted = { agent: undefined, user: undefined };

    async function suspended() {
      const { identity, provider, grantId } = await filled();
      const agent = { name: identity.name, suspendedByOperator, revision: 1 };
      const user = { userHash: grantId.userHash, suspendedByOperator, revision: 1 };
      await stores().restrictions.putAgent(agent);
      await stores().restrictions.putUser(user);
      return { identity, provider, grantId, agent, user };
    }

    it('are in each read of their agent and user', async () => {
      const { identity, provider, grantId, agent, user } = await suspended();
      const { userHash } = grantId;
      const { directory } = stores();
      const reads = await Promise.all([
        directory.readIdentity(identity.name, userHash),
        directory.read(identity.name, provider.name, userHash),
        directory.read(identity.name, provider.name, userHash, grantId),
        directory.readApiKeyProvider(identity.name, 'any', userHash),
      ]);
      for (const read of reads) expect(read).toMatchObject({ identity, restrictions: { agent, user } });
    });

    it('of the agents before the agent are in each read, with their identities', async () => {
      const { identity, provider, grantId, agent, user } = await suspended();
      const last = sampleIdentity();
      await stores().identities.create(last);
      const workloadOf = ({ arn, name, id }: typeof identity) => ({ arn, name, id });
      const unknown = { ...workloadOf(last), name: 'unknown' };
      const before = [unknown, workloadOf(identity)];
      const { directory } = stores();
      const reads = await Promise.all([
        directory.readIdentity(last.name, grantId.userHash, before),
        directory.read(last.name, provider.name, grantId.userHash, grantId, before),
        directory.readApiKeyProvider(last.name, 'any', grantId.userHash, before),
      ]);
      const chain = [
        { workload: unknown, identity: undefined, restriction: undefined },
        { workload: workloadOf(identity), identity, restriction: agent },
      ];
      for (const read of reads) {
        expect(read).toMatchObject({ identity: last, restrictions: { agent: undefined, user, chain } });
      }
    });

    it('of a user are not in the read of a request without a user', async () => {
      const { identity, agent } = await suspended();
      for (const subject of [undefined, 'AGENT']) {
        const { restrictions } = await stores().directory.readIdentity(identity.name, subject);
        expect(restrictions).toEqual({ agent, user: undefined });
      }
    });

    it('of another agent and another user are not read', async () => {
      const { identity, grantId } = await suspended();
      const { directory } = stores();
      const other = await directory.readIdentity(`${identity.name}2`, hashOf(grantId.userHash));
      expect(other).toEqual({ identity: undefined, restrictions: unrestricted });
    });

    it('are read for a name without an identity', async () => {
      const { identity, agent } = await suspended();
      await stores().identities.markDeleted(identity);
      const read = await stores().directory.readIdentity(identity.name, undefined);
      expect(read).toEqual({ identity: undefined, restrictions: { agent, user: undefined } });
    });
  });
}
