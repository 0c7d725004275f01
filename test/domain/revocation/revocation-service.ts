/** The revocation outbox over memory, and a provider that issues, refreshes, and revokes tokens. */
import { randomUUID } from 'node:crypto';
import type { AuditEntry } from '../../../lambda/domain/audit';
import { hashOf } from '../../../lambda/domain/digest';
import { grantTarget } from '../../../lambda/domain/grant/grant';
import type { Grant } from '../../../lambda/model/records/grant';
import type { DpopKey } from '../../../lambda/model/dpop-key';
import type { GrantId } from '../../../lambda/model/grant-id';
import { sealTokens } from '../../../lambda/domain/grant/tokens';
import { createProviderClients } from '../../../lambda/domain/oauth/provider-client';
import type { Metadata } from '../../../lambda/domain/oauth/provider-metadata';
import type { Transport } from '../../../lambda/domain/oauth/transport';
import type { Oauth2Provider } from '../../../lambda/model/provider/record';
import { clientBindingDigest, clientSecretContext } from '../../../lambda/domain/provider/oauth2-provider';
import type { Revocation, RevocationFilter } from '../../../lambda/model/records/revocation-outbox';
import { RunningSelections, SELECTION_LEASE, revokeSelected } from '../../../lambda/domain/revocation/select';
import { sweep, type SweepDependencies } from '../../../lambda/domain/revocation/sweep';
import { createExternalSecrets } from '../../../lambda/domain/sealing/external-secret';
import { createFakeSystem } from '../fake-system';
import { createInMemorySeal } from '../in-memory-seal';
import { createInMemorySecretTexts } from '../in-memory-secret-texts';
import { createInMemoryStores, type Stores } from '../in-memory-stores';
import { NO_ASSERTIONS } from '../no-assertions';
import { ARN_PREFIX, OWNER, sampleIdentity, sampleProvider } from '../samples';
import { storeTokens } from '../stored-grant';

export const PROVIDER_URL = 'https://provider.example';

/** A server whose revocation of one token of a consent ends the other one. */
export class RevokingServer {
  readonly alive = new Set<string>();
  readonly requests: {
    readonly url: string;
    readonly token: string;
    readonly client: string;
    /** The proof of the key that the tokens are bound to (RFC 9449). */
    readonly proof?: string | undefined;
  }[] = [];
  /** Returned in place of every response, if set. */
  instead: (() => Response | Promise<Response>) | undefined;
  #issued = 0;
  constructor(readonly url = PROVIDER_URL) {}

  get metadata(): Metadata {
    return {
      issuer: this.url,
      token_endpoint: `${this.url}/token`,
      revocation_endpoint: `${this.url}/revoke`,
    };
  }

  issue(): { accessToken: string; refreshToken: string } {
    this.#issued += 1;
    const consent = `${this.#issued}-${randomUUID()}`;
    const issued = { accessToken: `access-${consent}`, refreshToken: `refresh-${consent}` };
    for (const token of Object.values(issued)) this.alive.add(token);
    return issued;
  }

  readonly transport: Transport = async (url, { body, headers }) => {
    const form = new URLSearchParams(body);
    const token = form.get('token') ?? form.get('refresh_token') ?? '';
    this.requests.push({ url, token, client: headers.authorization ?? '', proof: headers.dpop });
    if (this.instead) return this.instead();
    const consent = token.replace(/^(access|refresh)-/, '');
    if (url === `${this.url}/revoke`) {
      for (const kind of ['access', 'refresh']) this.alive.delete(`${kind}-${consent}`);
      return new Response(null, { status: 200 });
    }
    if (!this.alive.has(token)) return Response.json({ error: 'invalid_grant' }, { status: 400 });
    const { accessToken, refreshToken } = this.issue();
    return Response.json({
      access_token: accessToken,
      refresh_token: refreshToken,
      token_type: 'Bearer',
      expires_in: 3600,
    });
  };
}

export const unavailable = (headers: Record<string, string> = {}): Response =>
  new Response('{}', { status: 503, headers: { 'content-type': 'application/json', ...headers } });

export type RevocationService = Awaited<ReturnType<typeof createRevocationService>>;

export async function createRevocationService() {
  const system = createFakeSystem();
  const stores = createInMemoryStores();
  const seal = createInMemorySeal();
  const server = new RevokingServer();
  const servers = [server];
  const provider = sampleProvider();
  const identity = sampleIdentity();
  const entries: AuditEntry[] = [];
  const errors: unknown[] = [];
  const runningSelections = new RunningSelections();
  await stores.identities.create(identity);

  const parts = {
    stores,
    seal: seal,
    transport: ((url, init) => {
      const found = servers.find((known) => url.startsWith(`${known.url}/`));
      if (!found) throw new Error(`no server is at ${url}`);
      return found.transport(url, init);
    }) as Transport,
  };

  /** The dependencies over the given parts, as a process has them. */
  function depsOver({ stores: own, seal: ownSeal, transport }: typeof parts): SweepDependencies {
    const common = {
      ...own,
      ...NO_ASSERTIONS,
      externalSecrets: createExternalSecrets(createInMemorySecretTexts(), system),
      seal: ownSeal,
      inspection: ownSeal,
      runningSelections,
      metadata: {
        read: ({ discoveryUrl = '' }: Oauth2Provider['discovery']) => {
          const found = servers.find(({ url }) => discoveryUrl.startsWith(`${url}/`));
          if (!found) throw new Error(`no metadata for ${discoveryUrl}`);
          return Promise.resolve(found.metadata);
        },
      },
      transport,
      endpointPolicy: { loopback: false },
      system,
      audit: { record: (entry: AuditEntry) => entries.push(entry) },
    };
    return {
      ...common,
      providerClients: createProviderClients(common),
      tokenVaultArn: `${ARN_PREFIX}:token-vault/default`,
      report: (error) => errors.push(error),
    };
  }
  const deps = depsOver(parts);

  const service = {
    system,
    stores,
    seal,
    server,
    servers,
    provider,
    identity,
    entries,
    errors,
    parts,
    deps,
    depsOver,

    async addProvider(added: Oauth2Provider): Promise<void> {
      await stores.providers.create(added);
      const sealed = await seal.seal(clientSecretContext(added), 'secret');
      await stores.clientSecrets.put(added.id, sealed, added.revision);
    },

    grantIdOf: (user: string, { name }: Pick<Oauth2Provider, 'name'> = provider): GrantId => ({
      workloadId: identity.id,
      userHash: hashOf(user),
      target: grantTarget({
        flow: 'USER_FEDERATION',
        providerName: name,
        resources: [],
        audiences: [],
        scopes: [],
      }),
    }),

    /** Issues tokens and stores them in the user's grant. */
    async grant(user: string, at = provider, by = server, dpopKey?: DpopKey): Promise<GrantId> {
      const grantId = service.grantIdOf(user, at);
      const owner = { grantId, provider: at, workloadArn: identity.arn, resources: [], audiences: [] };
      const obtained = {
        ...by.issue(),
        scopes: ['a'],
        expiresAt: system.seconds() + 3600,
        ...(dpopKey && { dpopKey }),
      };
      const tokens = await sealTokens(deps, owner, obtained, { requestedScopes: ['a'] });
      const epoch = (await stores.grants.get(grantId))?.epoch ?? 0;
      await storeTokens(stores.grants, grantId, { providerId: at.id, tokens, epoch });
      return grantId;
    },

    async stored(grantId: GrantId): Promise<Grant | undefined> {
      return stores.grants.get(grantId);
    },

    /** Creates a revocation, as an operation does before it invokes the selection. */
    async begin(filter: RevocationFilter, change: Partial<Revocation> = {}): Promise<string> {
      const revocationId = randomUUID();
      const created = await stores.revocations.create({
        revocationId,
        requestedBy: OWNER,
        cause: 'operator',
        filter,
        createdTime: system.seconds(),
        revision: 1,
        matched: 0,
        dueAt: system.now() + SELECTION_LEASE,
        ...change,
      });
      expect(created).toBe(true);
      return revocationId;
    },

    select: (revocationId: string) => revokeSelected(deps, revocationId, system.now() + 20_000),

    sweep: (over = deps) => sweep(over, system.now() + 45_000),

    /** Sweeps again and again, as the schedule does, for this many seconds. */
    async sweepFor(seconds: number, every = 60): Promise<void> {
      for (let waited = 0; waited <= seconds; waited += every) {
        await service.sweep();
        system.advance(every);
      }
    },

    async items(revocationId: string) {
      const { items } = await stores.revocations.items(revocationId, { limit: 1000 });
      return items;
    },

    /** Everything in the outbox, also of items without a revocation. */
    clientOf: (of: Oauth2Provider) => clientBindingDigest(of),
  };
  await service.addProvider(provider);
  return service;
}

/** Wraps every function of an object. */
export function wrapped<T extends object>(target: T, call: (work: () => unknown) => unknown): T {
  return new Proxy(target, {
    get(object, property, receiver) {
      const value: unknown = Reflect.get(object, property, receiver);
      return typeof value === 'function'
        ? (...values: unknown[]) =>
            call(() => (value as (...given: unknown[]) => unknown).apply(object, values))
        : value;
    },
  });
}

export type { Stores };
