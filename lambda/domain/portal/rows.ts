/**
 * The rows of a portal: the grants that its agents hold for the person, and the connections that its owner offers. All
 * steps find a row by its key among the rows of the person's agents, so a key can name nothing else.
 *
 * An agent decides how many grants it holds, and its providers how many scopes each has, also without the person. So the
 * rows of each agent are limited: one agent must not take the page, and with it the end of every access, from the person.
 */
import type { CustomParameters } from '../custom-parameters';
import { hashOf } from '../digest';
import { namedOf } from '../display-name';
import { grantStatus } from '../grant/description';
import { covers, grantTarget, scopesHeld, targetParts, type Grant, type GrantId } from '../grant/grant';
import { decodeGrantId, encodeGrantId } from '../grant/grant-id';
import type { GrantIndex } from '../grant/selection';
import { tokensOf } from '../grant/tokens';
import { recordUnreadable, type UnreadableDependencies, type UnreadableGrant } from '../grant/unreadable';
import { credentialUseDenial } from '../policy/access';
import type { Oauth2Provider, Oauth2ProviderStore } from '../provider/oauth2-provider';
import { epochSeconds, type System } from '../system';
import { isConfigured, isLeftOut, namesOfProvider } from './configured-resources';
import type { Connection } from './connection';
import type { PortalConnection } from './consent-portal';
import { ownerMay, type Person, type PortalAgent } from './person';
import { heldGrants } from './held-grants';
import { firstScopes, ScopeRoom } from './scope-room';
import type { ServedPortal } from './served-portal';

/** What a consent for the row requests. */
export interface RowRequest {
  readonly scopes: readonly string[];
  readonly customParameters: CustomParameters;
  readonly resources: readonly string[];
  readonly audiences: readonly string[];
}

export interface Row {
  readonly key: string;
  readonly agent: PortalAgent;
  readonly provider: Oauth2Provider;
  readonly grantId: GrantId;
  /** The stored grant, with tokens or with the failure by which it lost them. */
  readonly grant?: Grant | undefined;
  readonly purpose?: string | undefined;
  readonly request: RowRequest;
  readonly connection: Connection;
}

export interface RowDependencies extends UnreadableDependencies {
  readonly providers: Pick<Oauth2ProviderStore, 'get'>;
  readonly grantIndex: Pick<GrantIndex, 'ofAgentAndUser'>;
  readonly system: System;
}

/** Operations that the owner must be authorized to call on an agent before it can connect an account. */
const TO_CONNECT = [
  'GetWorkloadAccessTokenForJWT',
  'GetResourceOauth2Token',
  'CompleteResourceTokenAuth',
] as const;

const targetOf = ({ credentialProviderName: providerName }: PortalConnection): string =>
  grantTarget({ flow: 'USER_FEDERATION', providerName, resources: [], audiences: [], scopes: [] });

const union = (...lists: readonly (readonly string[])[]): readonly string[] => [...new Set(lists.flat())];

type RowContent = Omit<Row, 'connection'>;

/** Returns why the owner's agent is not authorized to have these scopes requested; undefined if it is. */
export const requestDenial = (
  { owner }: Pick<ServedPortal, 'owner'>,
  { agent, provider, grant, request }: Pick<Row, 'agent' | 'provider' | 'grant' | 'request'>,
  { scopes = [], customParameters = {} }: Partial<Pick<RowRequest, 'scopes' | 'customParameters'>> = {},
) =>
  credentialUseDenial({
    principal: owner,
    operation: 'GetResourceOauth2Token',
    identity: agent.identity,
    provider,
    // A consent is for the union with the scopes of the stored tokens.
    scopes: union(request.scopes, grant?.tokens ? scopesHeld(grant.tokens) : [], scopes),
    customParameters: { ...customParameters, ...request.customParameters },
    resources: request.resources,
    audiences: request.audiences,
  });

/** @param fits whether there is room for all scopes; without it, they are not evaluated, so the row cannot be connected */
function described(
  served: ServedPortal,
  row: RowContent,
  { status, scopes, fits }: Pick<Connection, 'status' | 'scopes'> & { readonly fits: boolean },
): Row {
  const { agent, provider, grant, request } = row;
  const shown = fits ? scopes : firstScopes(scopes);
  const canConnect =
    fits &&
    !agent.suspended &&
    request.scopes.length > 0 &&
    provider.clientId !== '' &&
    TO_CONNECT.every((operation) => ownerMay(served, operation, agent)) &&
    requestDenial(served, row) === undefined;
  return {
    ...row,
    connection: {
      key: row.key,
      provider: namedOf(provider),
      scopes: shown,
      ...(shown.length < scopes.length && { scopesNotShown: scopes.length - shown.length }),
      ...(row.purpose !== undefined && { purpose: row.purpose }),
      status,
      ...(grant?.createdTime !== undefined && { connectedAt: grant.createdTime }),
      ...(grant?.lastUsedDate !== undefined && { lastUsedDate: grant.lastUsedDate }),
      canConnect,
      // Also for a suspended agent: a person can always take access away.
      canDisconnect: grant !== undefined && ownerMay(served, 'RevokeResourceGrant', agent),
    },
  };
}

function statusOf(grant: Grant, provider: Oauth2Provider, now: number): Connection['status'] {
  const status = grantStatus(grant, 'USER_FEDERATION', now);
  if (status === 'BACKING_OFF') return 'UNAVAILABLE';
  return status === 'NEEDS_CONSENT' || !tokensOf(grant, provider) ? 'NEEDS_CONSENT' : 'CONNECTED';
}

/** Returns the row of a stored grant. The offer for the same target, if any, says what to request again. */
function grantRow(
  served: ServedPortal,
  agent: PortalAgent,
  { grant, provider, offer }: { grant: Grant; provider: Oauth2Provider; offer: PortalConnection | undefined },
  { now, room }: { readonly now: number; readonly room: ScopeRoom },
): Row {
  const { workloadId, userHash, target, tokens, resources = [], audiences = [] } = grant;
  const grantId = { workloadId, userHash, target };
  const request = {
    scopes: union(tokens?.requestedScopes ?? [], offer?.scopes ?? []),
    customParameters: offer?.customParameters ?? {},
    resources,
    audiences,
  };
  const content = {
    key: encodeGrantId(grantId),
    agent,
    provider,
    grantId,
    grant,
    purpose: offer?.purpose,
    request,
  };
  const scopes = tokens ? union(tokens.scopes, tokens.parameterScopes ?? []) : request.scopes;
  return described(served, content, {
    status: statusOf(grant, provider, now),
    scopes,
    fits: room.take(union(request.scopes, tokens ? scopesHeld(tokens) : [])),
  });
}

/**
 * Returns the row of a grant whose record is not valid. Nothing can be done with it before the operator corrects it. The
 * record does not say whether its provider is the present one of this name, which another principal can have created.
 */
function unreadableRow(
  { portal }: ServedPortal,
  agent: PortalAgent,
  provider: Oauth2Provider,
  grantId: GrantId,
): Row {
  const key = encodeGrantId(grantId);
  return {
    key,
    agent,
    provider,
    grantId,
    request: { scopes: [], customParameters: {}, resources: [], audiences: [] },
    connection: {
      key,
      provider: namesOfProvider(portal, { name: provider.name }, provider),
      scopes: [],
      status: 'UNREADABLE',
      canConnect: false,
      canDisconnect: false,
    },
  };
}

/** Returns the row of an offer that no grant of the person covers. */
function offerRow(
  served: ServedPortal,
  agent: PortalAgent,
  { offer, provider, grant }: { offer: PortalConnection; provider: Oauth2Provider; grant: Grant | undefined },
  { userHash, room }: { readonly userHash: string; readonly room: ScopeRoom },
): Row {
  const { scopes, customParameters = {}, purpose } = offer;
  const parameters = Object.entries(customParameters).sort();
  const key = hashOf(
    JSON.stringify(['portal connection', agent.identity.id, userHash, provider.id, scopes, parameters]),
  );
  const request = { scopes, customParameters, resources: [], audiences: [] };
  const grantId = { workloadId: agent.identity.id, userHash, target: targetOf(offer) };
  const content = { key, agent, provider, grantId, purpose, request };
  const row = described(served, content, { status: 'NOT_CONNECTED', scopes, fits: true });
  // A consent widens the grant of the same target, so its policy evaluation includes the stored scopes.
  const widened = { ...row, grant };
  const fits = !grant?.tokens || room.take(scopesHeld(grant.tokens));
  const denied = !fits || requestDenial(served, widened) !== undefined;
  return { ...row, connection: { ...row.connection, canConnect: row.connection.canConnect && !denied } };
}

/** Returns whether the row of a grant stands for the offer, too: it covers its scopes, or connects them again. */
function isIncluded({ connection, grant }: Row, { scopes }: PortalConnection): boolean {
  if (connection.status !== 'CONNECTED') return true;
  return grant?.tokens !== undefined && covers(grant.tokens, scopes);
}

type Providers = ReadonlyMap<string, Oauth2Provider | undefined>;

async function providersOf(
  { providers }: Pick<RowDependencies, 'providers'>,
  names: readonly string[],
): Promise<Providers> {
  const distinct = [...new Set(names)];
  return new Map(await Promise.all(distinct.map(async (name) => [name, await providers.get(name)] as const)));
}

const providerNameOf = ({ target }: GrantId): string => targetParts(target).providerName;

function rowsOfAgent(
  served: ServedPortal,
  agent: PortalAgent,
  {
    grants,
    unreadable,
    offers,
    providers,
    userHash,
    now,
  }: {
    readonly grants: readonly Grant[];
    readonly unreadable: readonly UnreadableGrant[];
    readonly offers: readonly PortalConnection[];
    readonly providers: Providers;
    readonly userHash: string;
    readonly now: number;
  },
): Row[] {
  const room = new ScopeRoom();
  const unread = unreadable.flatMap(({ grantId }): Row[] => {
    const provider = providers.get(providerNameOf(grantId));
    return provider ? [unreadableRow(served, agent, provider, grantId)] : [];
  });
  const readable = grants.flatMap((grant): Row[] => {
    const provider = providers.get(providerNameOf(grant));
    // The provider of this name can be another one than that of the grant.
    if (provider?.id !== grant.providerId) return [];
    const offer = offers.find((each) => targetOf(each) === grant.target);
    if (!isLeftOut(served.portal, provider)) {
      return [grantRow(served, agent, { grant, provider, offer }, { now, room })];
    }
    // The owner's purpose and scopes are for another provider. The person can only disconnect this one.
    const row = grantRow(served, agent, { grant, provider, offer: undefined }, { now, room });
    return [{ ...row, connection: { ...row.connection, canConnect: false } }];
  });
  const granted = [...readable, ...unread];
  const offered = offers.flatMap((offer): Row[] => {
    const provider = providers.get(offer.credentialProviderName);
    if (!provider || !isConfigured(served.portal, provider)) return [];
    const target = targetOf(offer);
    const row = granted.find(({ grantId }) => grantId.target === target);
    return row && isIncluded(row, offer)
      ? []
      : [offerRow(served, agent, { offer, provider, grant: row?.grant }, { userHash, room })];
  });
  return [...granted, ...offered];
}

export interface Rows {
  readonly rows: readonly Row[];
  /** The agents whose rows they are. */
  readonly agents: readonly PortalAgent[];
  /** By the ID of the agent, the position after which it holds further grants for the person. */
  readonly after: ReadonlyMap<string, string>;
}

/** Which rows are returned. Both are keys of rows as the browser sent them. */
export interface RowSelection {
  /** A row that must be among them, if it is one of a grant that an agent holds for the person. */
  readonly key?: string | undefined;
  /** The position after which the grants of one agent are listed, without what its portal offers. */
  readonly after?: string | undefined;
}

/** Returns the grant that a key names, if it is one of the agent for the person that a row can have. */
function namedGrant(key: string | undefined, workloadId: string, userHash: string): GrantId | undefined {
  const named = key === undefined ? undefined : decodeGrantId(key);
  return named?.workloadId === workloadId &&
    named.userHash === userHash &&
    targetParts(named.target).flow === 'USER_FEDERATION'
    ? named
    : undefined;
}

/** Returns the rows of the person's agents, as they are now. */
export async function rowsOf(
  deps: RowDependencies,
  served: ServedPortal,
  { agents, userHash }: Pick<Person, 'agents' | 'userHash'>,
  { key, after }: RowSelection = {},
): Promise<Rows> {
  const { connections } = served.portal;
  const continued = agents.filter(({ identity }) => namedGrant(after, identity.id, userHash));
  const isContinued = continued.length > 0;
  const selected = isContinued ? continued : agents;
  const held = await Promise.all(
    selected.map(async (agent) => {
      const workloadId = agent.identity.id;
      const offered = connections.filter(({ workloadName }) => workloadName === agent.identity.name);
      const [offers, except] = isContinued ? [[], offered.map(targetOf)] : [offered, []];
      const found = await heldGrants(deps.grantIndex, {
        holder: { workloadId, userHash },
        wanted: union(
          [key].flatMap((each) => namedGrant(each, workloadId, userHash)?.target ?? []),
          offers.map(targetOf),
        ),
        except,
        afterTarget: namedGrant(after, workloadId, userHash)?.target,
      });
      recordUnreadable(deps, found.unreadable);
      return { agent, offers, ...found };
    }),
  );
  const names = held.flatMap(({ grants, unreadable, offers }) => [
    ...grants.map(providerNameOf),
    ...unreadable.map(({ grantId }) => providerNameOf(grantId)),
    ...offers.map(({ credentialProviderName }) => credentialProviderName),
  ]);
  const providers = await providersOf(deps, names);
  const now = epochSeconds(deps.system);
  return {
    agents: selected,
    rows: held.flatMap(({ agent, ...stored }) =>
      rowsOfAgent(served, agent, { ...stored, providers, userHash, now }),
    ),
    after: new Map(
      held.flatMap(({ agent: { identity }, lastTarget: target }): [string, string][] =>
        target === undefined
          ? []
          : [[identity.id, encodeGrantId({ workloadId: identity.id, userHash, target })]],
      ),
    ),
  };
}
