/**
 * A row of a portal: a grant that an agent holds for the person, or a connection that the portal's owner offers; what the
 * person sees of it, and whether the person can connect and disconnect it.
 */
import type { CustomParameters } from '../custom-parameters';
import { hashOf } from '../digest';
import { namedOf, shownText } from '../display-name';
import { grantStatus } from '../grant/description';
import { covers, grantTarget, scopesHeld, targetParts, type Grant, type GrantId } from '../grant/grant';
import { encodeGrantId } from '../grant/grant-id';
import { tokensOf } from '../grant/tokens';
import { credentialUseDenial } from '../policy/access';
import type { Oauth2Provider } from '../provider/oauth2-provider';
import { isConfigured, isLeftOut, namesOfProvider } from './configured-resources';
import type { Connection } from './connection';
import type { PortalConnection } from './consent-portal';
import type { HeldGrants } from './held-grants';
import { ownerMay, type PortalAgent } from './person';
import { firstScopes, type ScopeRoom } from './scope-room';
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

/** Operations that the owner must be authorized to call on an agent before it can connect an account. */
const TO_CONNECT = [
  'GetWorkloadAccessTokenForJWT',
  'GetResourceOauth2Token',
  'CompleteResourceTokenAuth',
] as const;

/** Returns the target of the grant that a consent for the offer creates. */
export const targetOf = ({ credentialProviderName: providerName }: PortalConnection): string =>
  grantTarget({ flow: 'USER_FEDERATION', providerName, resources: [], audiences: [], scopes: [] });

export const union = (...lists: readonly (readonly string[])[]): readonly string[] => [
  ...new Set(lists.flat()),
];

/** Resource servers of a row, and characters of each one, for which the page has room. */
const MAX_SERVERS = 3;
const MAX_SERVER_LENGTH = 100;

function serversOf({ resources, audiences }: RowRequest): readonly string[] {
  const shown = union(resources, audiences).slice(0, MAX_SERVERS).map(shownText);
  return shown.map((text) =>
    text.length > MAX_SERVER_LENGTH ? `${[...text].slice(0, MAX_SERVER_LENGTH).join('')}\u2026` : text,
  );
}

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

/** An agent with the rights of the portal's owner on it. */
interface AgentOfRows extends PortalAgent {
  readonly ownerMayConnect: boolean;
  readonly ownerMayDisconnect: boolean;
}

const withRights = (served: ServedPortal, agent: PortalAgent): AgentOfRows => ({
  ...agent,
  ownerMayConnect: TO_CONNECT.every((operation) => ownerMay(served, operation, agent)),
  ownerMayDisconnect: ownerMay(served, 'RevokeResourceGrant', agent),
});

/** @param fits whether there is room for all scopes; without it, they are not evaluated, so the row cannot be connected */
function described(
  served: ServedPortal,
  row: RowContent & { readonly agent: AgentOfRows },
  { status, scopes, fits }: Pick<Connection, 'status' | 'scopes'> & { readonly fits: boolean },
): Row {
  const { agent, provider, grant, request } = row;
  const shown = fits ? scopes : firstScopes(scopes);
  const canConnect =
    fits &&
    !agent.suspended &&
    request.scopes.length > 0 &&
    provider.clientId !== '' &&
    agent.ownerMayConnect &&
    requestDenial(served, row) === undefined;
  return {
    ...row,
    connection: {
      key: row.key,
      provider: namedOf(provider),
      // An authorization server or an agent can choose them.
      scopes: shown.map(shownText),
      ...(shown.length < scopes.length && { scopesNotShown: scopes.length - shown.length }),
      servers: serversOf(request),
      ...(row.purpose !== undefined && { purpose: row.purpose }),
      status,
      ...(grant?.createdTime !== undefined && { connectedAt: grant.createdTime }),
      ...(grant?.lastUsedDate !== undefined && { lastUsedDate: grant.lastUsedDate }),
      canConnect,
      // Also for a suspended agent: a person can always take access away.
      canDisconnect: grant !== undefined && agent.ownerMayDisconnect,
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
  agent: AgentOfRows,
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
      servers: [],
      status: 'UNREADABLE',
      canConnect: false,
      canDisconnect: false,
    },
  };
}

/** Returns the row of an offer that no grant of the person covers. */
function offerRow(
  served: ServedPortal,
  agent: AgentOfRows,
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

/** The providers that exist, by name. */
export type Providers = ReadonlyMap<string, Oauth2Provider | undefined>;

export const providerNameOf = ({ target }: GrantId): string => targetParts(target).providerName;

/** What was read of an agent. */
export interface StoredRows extends Pick<HeldGrants, 'grants' | 'unreadable'> {
  readonly agent: PortalAgent;
  readonly offers: readonly PortalConnection[];
}

/** Returns the rows of an agent: those of grants, and then those of offers that have no grant. */
export function rowsOfAgent(
  served: ServedPortal,
  { agent: shown, grants, unreadable, offers }: StoredRows,
  {
    providers,
    userHash,
    now,
    room,
  }: {
    readonly providers: Providers;
    readonly userHash: string;
    /** Epoch seconds. */
    readonly now: number;
    readonly room: ScopeRoom;
  },
): readonly Row[] {
  const agent = withRights(served, shown);
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
