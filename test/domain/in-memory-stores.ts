/**
 * Every store port in memory. The contract suites hold these to the same promises as the DynamoDB adapters, so
 * that a domain test on them says something about the deployed service.
 */
import type { VaultKeyRecord, VaultKeyStore } from '../../lambda/adapters/dynamodb/vault-key-store';
import type { Session, SessionStore } from '../../lambda/domain/consent/session';
import type { WorkloadIdentity, WorkloadIdentityStore } from '../../lambda/domain/identity/workload-identity';
import type {
  ClientSecretStore,
  Oauth2Provider,
  Oauth2ProviderStore,
} from '../../lambda/domain/provider/oauth2-provider';
import type { Directory } from '../../lambda/domain/vault/directory';
import type { GrantStore } from '../../lambda/domain/vault/grant';
import type { SigningKeyRecord, SigningKeyStore } from '../../lambda/domain/workload-token/signing-keys';
import { createInMemoryGrantStore } from './in-memory-grant-store';
import { recordOf } from './in-memory-record';

export interface Stores {
  readonly identities: WorkloadIdentityStore;
  readonly providers: Oauth2ProviderStore;
  readonly clientSecrets: ClientSecretStore;
  readonly sessions: SessionStore;
  readonly grants: GrantStore;
  readonly signingKeys: SigningKeyStore;
  readonly vaultKeys: VaultKeyStore;
  readonly directory: Directory;
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

  all(): T[] {
    return [...this.#records.values()].map(recordOf);
  }
}

const absent = (current: unknown): boolean => current === undefined;

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
  return {
    since: (period) => Promise.resolve(keys.all().filter((key) => key.period >= period)),
    create: (record) => Promise.resolve(keys.put(String(record.period), record, absent)),
  };
}

export function createInMemoryVaultKeyStore(): VaultKeyStore {
  const keys = new Records<VaultKeyRecord & { owner: string }>();
  const ownerOf = ({ purpose, ownerId }: { purpose: string; ownerId: string }) => `${purpose}#${ownerId}`;
  const plain = (key: VaultKeyRecord | undefined) => key && { version: key.version, wrapped: key.wrapped };
  return {
    get: (owner, version) => Promise.resolve(plain(keys.get(`${ownerOf(owner)}#${version}`))),
    latest(owner) {
      const versions = keys.all().filter((key) => key.owner === ownerOf(owner));
      return Promise.resolve(plain(versions.sort((a, b) => (a.version < b.version ? 1 : -1))[0]));
    },
    create: (owner, record) =>
      keys.put(`${ownerOf(owner)}#${record.version}`, { ...record, owner: ownerOf(owner) }, absent)
        ? Promise.resolve()
        : Promise.reject(new Error('a vault key version came up twice')),
  };
}

export function createInMemoryStores(): Stores {
  const identities = new Records<WorkloadIdentity>();
  const providers = new Records<Oauth2Provider>();
  const secrets = new Records<string>();
  const grants = createInMemoryGrantStore();
  return {
    identities: {
      get: (name) => Promise.resolve(identities.get(name)),
      create: (identity) => Promise.resolve(identities.put(identity.name, identity, absent)),
    },
    providers: {
      get: (name) => Promise.resolve(providers.get(name)),
      create: (provider) => Promise.resolve(providers.put(provider.name, provider, absent)),
    },
    clientSecrets: {
      get: (providerId) => Promise.resolve(secrets.get(providerId)),
      put(providerId, sealed) {
        secrets.put(providerId, sealed);
        return Promise.resolve();
      },
    },
    sessions: createInMemorySessionStore(),
    grants,
    signingKeys: createInMemorySigningKeyStore(),
    vaultKeys: createInMemoryVaultKeyStore(),
    directory: {
      read: async (workloadName, providerName, grantId) => ({
        identity: identities.get(workloadName),
        provider: providers.get(providerName),
        grant: grantId && (await grants.get(grantId)),
      }),
    },
  };
}
