/**
 * Every store port in memory. The contract suites run against these and against the DynamoDB adapters, so that a
 * domain test with them is meaningful for the deployed service.
 */
import type { VaultKeyOwner, VaultKeyStore } from '../../lambda/adapters/dynamodb/vault-key-store';
import type { VaultKeyRecord } from '../../lambda/model/records/vault-key';
import type { SessionStore } from '../../lambda/domain/consent/session';
import type { Session } from '../../lambda/model/records/consent-session';
import type { WorkloadIdentity } from '../../lambda/model/records/workload-identity';
import type { Workload, WorkloadIdentityStore } from '../../lambda/domain/identity/workload-identity';
import { NO_USER } from '../../lambda/model/user';
import { isOwnedBy } from '../../lambda/domain/ownership';
import type { OwnedResourceStore } from '../../lambda/domain/owned-resource';
import type { OwnedResource } from '../../lambda/model/records/owned-resource';
import type { ConsentPortalStore } from '../../lambda/domain/portal/consent-portal';
import type { ConsentPortal } from '../../lambda/model/records/consent-portal';
import type { PolicyEngineStore } from '../../lambda/domain/gateway/manage/policy-engine';
import type { GatewayStore } from '../../lambda/domain/gateway/manage/gateway';
import type { Gateway } from '../../lambda/model/records/gateway';
import type { PolicyEngine } from '../../lambda/model/records/policy-engine';
import type { ClientMetadataStore } from '../../lambda/domain/provider/published-client';
import type { PublishedClient } from '../../lambda/model/records/published-client';
import type { ApiKeyProvider } from '../../lambda/model/records/api-key-provider';
import type { ApiKeyProviderStore } from '../../lambda/domain/provider/api-key-provider';
import type { Oauth2Provider } from '../../lambda/model/provider/record';
import type { Oauth2ProviderStore } from '../../lambda/domain/provider/oauth2-provider';
import type { Directory } from '../../lambda/domain/grant/directory';
import type { GrantStore } from '../../lambda/domain/grant/grant';
import type { RestrictionStore } from '../../lambda/domain/restriction/restriction';
import type { AgentRestriction, Restriction, UserRestriction } from '../../lambda/model/records/restriction';
import type { RevocationStore } from '../../lambda/domain/revocation/outbox';
import type { GrantIndex } from '../../lambda/domain/grant/selection';
import type { SecretStore } from '../../lambda/domain/sealing/secret-store';
import { NEVER_MOVED, type TokenVaultStore } from '../../lambda/domain/token-vault/token-vault';
import type { TokenVault } from '../../lambda/model/records/token-vault';
import type { SigningKeyStore } from '../../lambda/domain/workload-token/signing-key';
import type { SigningKeyRecord } from '../../lambda/model/records/signing-key';
import type { ClientProvider, RegisteredClients } from '../../lambda/domain/provider/registered-clients';
import { createInMemoryGrantStore, type InMemoryGrantStore } from './in-memory-grant-store';
import { createInMemoryRevocationStore } from './in-memory-revocation-store';
import { recordOf } from './in-memory-record';

export interface Stores {
  readonly identities: WorkloadIdentityStore;
  readonly providers: Oauth2ProviderStore;
  readonly apiKeyProviders: ApiKeyProviderStore;
  readonly portals: ConsentPortalStore;
  readonly gateways: GatewayStore;
  readonly policyEngines: PolicyEngineStore;
  readonly clientSecrets: SecretStore;
  readonly apiKeys: SecretStore;
  readonly clientMetadata: ClientMetadataStore;
  readonly registeredClients: RegisteredClients;
  readonly sessions: SessionStore;
  readonly grants: GrantStore;
  readonly signingKeys: SigningKeyStore;
  readonly vaultKeys: VaultKeyStore;
  readonly tokenVault: TokenVaultStore;
  readonly restrictions: RestrictionStore;
  readonly directory: Directory;
  readonly revocations: RevocationStore;
  readonly grantIndex: GrantIndex;
}

/** Records by key, each written once or on a condition. */
class Records<T> {
  readonly #records = new Map<string, T>();

  get(key: string): T | undefined {
    const record = this.#records.get(key);
    return record && recordOf(record);
  }

  put(key: string, record: T, condition: (current: T | undefined) => boolean = () => true): boolean {
    if (!condition(this.#records.get(key))) return false;
    this.#records.set(key, recordOf(record));
    return true;
  }

  remove(key: string, condition: (current: T | undefined) => boolean): boolean {
    return condition(this.#records.get(key)) && this.#records.delete(key);
  }

  all(): T[] {
    return [...this.#records.values()].map(recordOf);
  }
}

const absent = (current: unknown): boolean => current === undefined;

function ownedResourceStore<Resource extends OwnedResource>(): OwnedResourceStore<Resource> {
  const records = new Records<Resource>();
  /** IDs of the records that are marked as deleted. */
  const deleted = new Set<string>();
  const isLive = ({ id }: Resource): boolean => !deleted.has(id);
  return {
    get: (name) => Promise.resolve([records.get(name)].find((resource) => resource && isLive(resource))),
    getForDeletion: (name) => Promise.resolve(records.get(name)),
    create: (resource) => Promise.resolve(records.put(resource.name, resource, absent)),
    replace: (resource) =>
      Promise.resolve(
        records.put(
          resource.name,
          resource,
          (current) =>
            current?.id === resource.id && current.revision === resource.revision - 1 && isLive(current),
        ),
      ),
    markDeleted({ name, id, revision }) {
      const current = records.get(name);
      const held = current?.id === id && current.revision === revision;
      if (held) deleted.add(id);
      return Promise.resolve(held);
    },
    remove: ({ name, id, revision }) =>
      Promise.resolve(records.remove(name, (current) => current?.id === id && current.revision === revision)),
    count: (owner) =>
      Promise.resolve(
        records.all().filter((resource) => isOwnedBy(resource, owner) && isLive(resource)).length,
      ),
    list(owner, { limit, after = '' }) {
      const behind = records
        .all()
        .filter((resource) => isOwnedBy(resource, owner) && isLive(resource) && resource.name > after)
        .sort((a, b) => (a.name < b.name ? -1 : 1));
      const resources = behind.slice(0, limit);
      const last = behind.length >= limit ? resources.at(-1)?.name : undefined;
      return Promise.resolve({ resources, ...(last !== undefined && { last }) });
    },
  };
}

function createInMemorySessionStore(): SessionStore {
  const sessions = new Records<Session>();
  return {
    get: (hash) => Promise.resolve(sessions.get(hash)),
    create: (session) =>
      sessions.put(session.hash, session, absent)
        ? Promise.resolve()
        : Promise.reject(new Error('a session id came up twice')),
    advance: (next) =>
      Promise.resolve(sessions.put(next.hash, next, (current) => current?.revision === next.revision - 1)),
  };
}

function createInMemorySigningKeyStore(): SigningKeyStore {
  const keys = new Records<SigningKeyRecord>();
  const slotOf = ({ period, generation }: SigningKeyRecord) => `${period}#${generation}`;
  return {
    since: (period) => Promise.resolve(keys.all().filter((key) => key.period >= period)),
    create: (record) => Promise.resolve(keys.put(slotOf(record), record, absent)),
    revoke: (record, revokedAt) =>
      Promise.resolve(
        keys.put(slotOf(record), { ...record, revokedAt }, (current) => current?.kid === record.kid),
      ),
  };
}

export function createInMemoryVaultKeyStore(): VaultKeyStore {
  const keys = new Records<VaultKeyRecord>();
  const ownerOf = ({ purpose, ownerId }: VaultKeyOwner) => `${purpose}#${ownerId}`;
  const slotOf = (record: VaultKeyRecord) => `${ownerOf(record)}#${record.version}`;
  return {
    get: (owner, version) => Promise.resolve(keys.get(`${ownerOf(owner)}#${version}`)),
    latest(owner) {
      const versions = keys.all().filter((key) => ownerOf(key) === ownerOf(owner));
      return Promise.resolve(versions.sort((a, b) => (a.version < b.version ? 1 : -1))[0]);
    },
    create: (record) =>
      keys.put(slotOf(record), record, absent)
        ? Promise.resolve()
        : Promise.reject(new Error('a vault key version came up twice')),
    remove(owner, version) {
      keys.remove(`${ownerOf(owner)}#${version}`, () => true);
      return Promise.resolve();
    },
    wrappedBefore: (vaultRevision) =>
      Promise.resolve({ keys: keys.all().filter((key) => key.vaultRevision < vaultRevision) }),
    rewrap: (read, rewrapped) =>
      Promise.resolve(keys.put(slotOf(read), rewrapped, (current) => current?.wrapped === read.wrapped)),
  };
}

export function createInMemoryTokenVaultStore(): TokenVaultStore {
  const vaults = new Records<TokenVault>();
  const get = (): TokenVault => vaults.get('default') ?? NEVER_MOVED;
  return {
    get: () => Promise.resolve(get()),
    replace: (vault) =>
      Promise.resolve(vaults.put('default', vault, () => get().revision === vault.revision - 1)),
  };
}

function createInMemorySecretStore(): SecretStore {
  const secrets = new Map<string, { sealed: string; revision: number }>();
  return {
    get: (providerId) => Promise.resolve(secrets.get(providerId)?.sealed),
    put(providerId, sealed, revision) {
      const kept = secrets.get(providerId);
      if (!kept || kept.revision < revision) secrets.set(providerId, { sealed, revision });
      return Promise.resolve();
    },
    remove(providerId) {
      secrets.delete(providerId);
      return Promise.resolve();
    },
    removeBefore(providerId, revision) {
      const kept = secrets.get(providerId);
      if (kept && kept.revision < revision) secrets.delete(providerId);
      return Promise.resolve();
    },
  };
}

function createInMemoryClientMetadataStore(): ClientMetadataStore {
  const clients = new Records<PublishedClient & { readonly revision: number }>();
  return {
    get: (callbackId) => Promise.resolve(clients.get(callbackId)),
    put(callbackId, client, revision) {
      clients.put(callbackId, { ...client, revision }, (kept) => !kept || kept.revision <= revision);
      return Promise.resolve();
    },
    remove(callbackId) {
      clients.remove(callbackId, () => true);
      return Promise.resolve();
    },
    removeBefore(callbackId, revision) {
      clients.remove(callbackId, (kept) => kept !== undefined && kept.revision < revision);
      return Promise.resolve();
    },
  };
}

function createInMemoryRegisteredClients(): RegisteredClients {
  const clients = new Map<string, Map<string, ClientProvider>>();
  const of = (clientHash: string) => clients.get(clientHash) ?? new Map<string, ClientProvider>();
  return {
    add(clientHash, provider) {
      clients.set(clientHash, of(clientHash).set(provider.id, provider));
      return Promise.resolve();
    },
    remove(clientHash, { id }) {
      of(clientHash).delete(id);
      return Promise.resolve();
    },
    providersOf: (clientHash) => Promise.resolve([...of(clientHash).values()]),
  };
}

function createInMemoryRestrictionStore(): RestrictionStore {
  const agents = new Records<AgentRestriction>();
  const users = new Records<UserRestriction>();
  const follows =
    ({ revision }: Restriction) =>
    (current: Restriction | undefined): boolean =>
      (current?.revision ?? 0) === revision - 1;
  return {
    ofAgent: (name) => Promise.resolve(agents.get(name)),
    ofUser: (userHash) => Promise.resolve(users.get(userHash)),
    putAgent: (restriction) =>
      Promise.resolve(agents.put(restriction.name, restriction, follows(restriction))),
    putUser: (restriction) =>
      Promise.resolve(users.put(restriction.userHash, restriction, follows(restriction))),
  };
}

export function createInMemoryStores(): Stores & { readonly deleteEnded: InMemoryGrantStore['deleteEnded'] } {
  const identities = ownedResourceStore<WorkloadIdentity>();
  const providers = ownedResourceStore<Oauth2Provider>();
  const apiKeyProviders = ownedResourceStore<ApiKeyProvider>();
  const apiKeys = createInMemorySecretStore();
  const grants = createInMemoryGrantStore();
  const restrictions = createInMemoryRestrictionStore();
  const partiesOf = async (
    workloadName: string,
    userHash: string | undefined,
    chain: readonly Workload[] = [],
  ) => {
    const links = chain.map(async (workload) => ({
      workload,
      identity: await identities.get(workload.name),
      restriction: await restrictions.ofAgent(workload.name),
    }));
    return {
      identity: await identities.get(workloadName),
      restrictions: {
        agent: await restrictions.ofAgent(workloadName),
        user:
          userHash === undefined || userHash === NO_USER ? undefined : await restrictions.ofUser(userHash),
        ...(links.length > 0 && { chain: await Promise.all(links) }),
      },
    };
  };
  return {
    identities,
    providers,
    apiKeyProviders,
    portals: ownedResourceStore<ConsentPortal>(),
    gateways: ownedResourceStore<Gateway>(),
    policyEngines: ownedResourceStore<PolicyEngine>(),
    clientSecrets: createInMemorySecretStore(),
    apiKeys,
    clientMetadata: createInMemoryClientMetadataStore(),
    registeredClients: createInMemoryRegisteredClients(),
    sessions: createInMemorySessionStore(),
    grants,
    signingKeys: createInMemorySigningKeyStore(),
    vaultKeys: createInMemoryVaultKeyStore(),
    tokenVault: createInMemoryTokenVaultStore(),
    restrictions,
    directory: {
      readIdentity: partiesOf,
      read: async (workloadName, providerName, userHash, grantId, chain) => ({
        ...(await partiesOf(workloadName, userHash, chain)),
        provider: await providers.get(providerName),
        grant: grantId && (await grants.get(grantId)),
      }),
      readApiKeyProvider: async (workloadName, providerName, userHash, chain, expectedId) => {
        const provider = await apiKeyProviders.get(providerName);
        return {
          ...(await partiesOf(workloadName, userHash, chain)),
          provider,
          sealedApiKey: provider && provider.id === expectedId ? await apiKeys.get(expectedId) : undefined,
        };
      },
    },
    revocations: createInMemoryRevocationStore(),
    grantIndex: grants.index,
    deleteEnded: (now) => grants.deleteEnded(now),
  };
}
