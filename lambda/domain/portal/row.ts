/**
 * A row of a portal: a grant that an agent holds for the person, or a connection that the portal's owner offers; what the
 * person sees of it, and whether the person can connect and disconnect it.
 */
import type { Annotate } from '../audit';
import type { CustomParameters } from '../custom-parameters';
import { hashOf } from '../digest';
import { namedOf, shownText, type Named } from '../display-name';
import { grantStatus } from '../grant/description';
import { covers, grantTarget, scopesHeld, targetParts } from '../grant/grant';
import type { Grant } from '../../model/records/grant';
import { encodeGrantId, type GrantId } from '../../model/grant-id';
import { tokensOf } from '../grant/tokens';
import { credentialUseDenial, type EvaluatedUse } from '../policy/access';
import type { Oauth2Provider } from '../../model/provider/record';
import { isConfigured, isLeftOut, namesOfProvider } from './configured-resources';
import type { Connection } from './connection';
import type { PortalConnection } from '../../model/records/consent-portal';
import { isUnreadable, type UnreadableGrant } from '../grant/unreadable';
import type { HeldGrants } from './held-grants';
import { ownerMay, type PortalAgent } from './person';
import { fittingScopes, type ScopeBudget } from './scope-budget';
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

/**
 * Operations that the owner must be authorized to call on an agent before it can connect an account. A portal connects
 * nothing that the person could not disconnect there.
 */
const TO_CONNECT = [
  'GetWorkloadAccessTokenForJWT',
  'GetResourceOauth2Token',
  'CompleteResourceTokenAuth',
  'RevokeResourceGrant',
] as const;

/** Returns the target of the grant that a consent for the offer creates. */
export const offeredTarget = ({ credentialProviderName: providerName }: PortalConnection): string =>
  grantTarget({ flow: 'USER_FEDERATION', providerName, resources: [], audiences: [], scopes: [] });

export const union = (...lists: readonly (readonly string[])[]): readonly string[] => [
  ...new Set(lists.flat()),
];

/** Maximum resource servers that a row shows, and characters of each one. */
const MAX_SERVERS = 3;
const MAX_SERVER_LENGTH = 100;

function serversOf({ resources, audiences }: RowRequest): readonly string[] {
  const shown = union(resources, audiences).slice(0, MAX_SERVERS).map(shownText);
  return shown.map((text) =>
    text.length > MAX_SERVER_LENGTH ? `${[...text].slice(0, MAX_SERVER_LENGTH).join('')}\u2026` : text,
  );
}

/** Returns the use of the provider that a consent for the row is for, on the rights of the portal's owner. */
export const useOf = (
  { owner }: Pick<ServedPortal, 'owner'>,
  { agent, provider, grant, request }: Pick<Row, 'agent' | 'provider' | 'grant' | 'request'>,
): EvaluatedUse => ({
  principal: owner,
  operation: 'GetResourceOauth2Token',
  identity: agent.identity,
  provider,
  // A consent is for the union with the scopes of the stored tokens.
  scopes: union(request.scopes, grant?.tokens ? scopesHeld(grant.tokens) : []),
  customParameters: request.customParameters,
  resources: request.resources,
  audiences: request.audiences,
});

/** An agent with the rights of the portal's owner on it. */
interface AgentWithRights extends PortalAgent {
  readonly ownerMayConnect: boolean;
  readonly ownerMayDisconnect: boolean;
}

const withRights = (served: ServedPortal, agent: PortalAgent): AgentWithRights => ({
  ...agent,
  ownerMayConnect: TO_CONNECT.every((operation) => ownerMay(served, operation, agent)),
  ownerMayDisconnect: ownerMay(served, 'RevokeResourceGrant', agent),
});

type RowContent = Omit<Row, 'connection' | 'agent'> & { readonly agent: AgentWithRights };

/** Returns whether the person can connect the row. Beyond the budget, only the step that connects it evaluates the scopes. */
function isConnectable(served: ServedPortal, row: RowContent, budget: ScopeBudget): boolean {
  const { agent, grant, provider, request } = row;
  if (!agent.ownerMayConnect || agent.suspended || provider.clientId === '') return false;
  const scopes = union(request.scopes, grant?.tokens ? scopesHeld(grant.tokens) : []);
  return (
    !budget.evaluates([...scopes, ...request.resources, ...request.audiences]) ||
    credentialUseDenial(useOf(served, row)) === undefined
  );
}

const withConnection = (
  row: RowContent,
  {
    scopes,
    ...connection
  }: Pick<Connection, 'status' | 'scopes' | 'canConnect'> & Pick<Partial<Connection>, 'scopesNotShown'>,
): Row => ({
  ...row,
  connection: {
    ...connection,
    key: row.key,
    provider: namedOf(row.provider),
    // An authorization server or an agent can choose them.
    scopes: scopes.map(shownText),
    servers: serversOf(row.request),
    ...(row.purpose !== undefined && { purpose: row.purpose }),
    ...(row.grant?.createdTime !== undefined && { connectedAt: row.grant.createdTime }),
    ...(row.grant?.lastUsedDate !== undefined && { lastUsedDate: row.grant.lastUsedDate }),
    // Also for a suspended agent: a person can always take access away.
    canDisconnect: row.grant !== undefined && row.agent.ownerMayDisconnect,
  },
});

function statusOf(grant: Grant, provider: Oauth2Provider, now: number): Connection['status'] {
  const status = grantStatus(grant, 'USER_FEDERATION', now);
  if (status === 'BACKING_OFF') return 'UNAVAILABLE';
  return status === 'NEEDS_CONSENT' || !tokensOf(grant, provider) ? 'NEEDS_CONSENT' : 'CONNECTED';
}

/**
 * Returns the row of a stored grant.
 *
 * @param stored.offer the offer for the same target, if any: it says what to request again
 * @param stored.isLeftOut whether the provider is no part of the portal: the person can only disconnect it
 */
function grantRow(
  served: ServedPortal,
  agent: AgentWithRights,
  {
    grant,
    provider,
    offer,
    isLeftOut: leftOut,
  }: {
    readonly grant: Grant;
    readonly provider: Oauth2Provider;
    readonly offer: PortalConnection | undefined;
    readonly isLeftOut: boolean;
  },
  { now, budget }: { readonly now: number; readonly budget: ScopeBudget },
): Row {
  const { workloadId, userHash, target, tokens, resources, audiences } = grant;
  const grantId = { workloadId, userHash, target };
  const request = {
    scopes: union(tokens?.requestedScopes ?? [], offer?.scopes ?? []),
    customParameters: offer?.customParameters ?? {},
    resources,
    audiences,
  };
  const key = encodeGrantId(grantId);
  const row = { key, agent, provider, grantId, grant, purpose: offer?.purpose, request };
  const scopes = tokens ? union(tokens.scopes, tokens.parameterScopes ?? []) : request.scopes;
  const areShown = budget.shows(scopes);
  const shown = areShown ? scopes : fittingScopes(scopes);
  // Without both, it is not known what to request. A known request can have no scopes: the provider then decides.
  const isRequestKnown = tokens !== undefined || offer !== undefined;
  return withConnection(row, {
    status: statusOf(grant, provider, now),
    scopes: shown,
    ...(shown.length < scopes.length && { scopesNotShown: scopes.length - shown.length }),
    canConnect: areShown && isRequestKnown && !leftOut && isConnectable(served, row, budget),
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
  { workloadId, userHash, target }: UnreadableGrant,
): Row {
  const grantId = { workloadId, userHash, target };
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
  agent: AgentWithRights,
  {
    offer,
    provider,
    grant,
  }: {
    readonly offer: PortalConnection;
    readonly provider: Oauth2Provider;
    readonly grant: Grant | undefined;
  },
  { userHash, budget }: { readonly userHash: string; readonly budget: ScopeBudget },
): Row {
  const { scopes, customParameters = {}, purpose } = offer;
  const parameters = Object.entries(customParameters).sort();
  const key = hashOf(
    JSON.stringify(['portal connection', agent.identity.id, userHash, provider.id, scopes, parameters]),
  );
  const request = { scopes, customParameters, resources: [], audiences: [] };
  const grantId = { workloadId: agent.identity.id, userHash, target: offeredTarget(offer) };
  const row = { key, agent, provider, grantId, purpose, request };
  return withConnection(row, {
    status: 'NOT_CONNECTED',
    scopes,
    // A consent widens the grant of the same target, so its policy evaluation includes the stored scopes.
    canConnect: isConnectable(served, { ...row, grant }, budget),
  });
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
export interface AgentRecords extends Pick<HeldGrants, 'grants'> {
  readonly agent: PortalAgent;
  readonly offers: readonly PortalConnection[];
}

/** Returns the rows of an agent: those of grants, and then those of offers that have no grant. */
export function rowsOfAgent(
  served: ServedPortal,
  { agent: shown, grants, offers }: AgentRecords,
  {
    providers,
    userHash,
    now,
    budget,
  }: {
    readonly providers: Providers;
    readonly userHash: string;
    /** Epoch seconds. */
    readonly now: number;
    readonly budget: ScopeBudget;
  },
): readonly Row[] {
  const agent = withRights(served, shown);
  const granted = grants.flatMap((grant): Row[] => {
    const provider = providers.get(providerNameOf(grant));
    if (isUnreadable(grant)) return provider ? [unreadableRow(served, agent, provider, grant)] : [];
    // The provider of this name can be another one than that of the grant.
    if (provider?.id !== grant.providerId) return [];
    const leftOut = isLeftOut(served.portal, provider);
    // The owner's purpose and scopes are for the provider that the portal was configured with.
    const offer = leftOut ? undefined : offers.find((each) => offeredTarget(each) === grant.target);
    return [grantRow(served, agent, { grant, provider, offer, isLeftOut: leftOut }, { now, budget })];
  });
  const offered = offers.flatMap((offer): Row[] => {
    const provider = providers.get(offer.credentialProviderName);
    if (!provider || !isConfigured(served.portal, provider)) return [];
    const target = offeredTarget(offer);
    const row = granted.find(({ grantId }) => grantId.target === target);
    return row && isIncluded(row, offer)
      ? []
      : [offerRow(served, agent, { offer, provider, grant: row?.grant }, { userHash, budget })];
  });
  return [...granted, ...offered];
}

/** Adds the row to the audit entry. */
export const annotateRow = (annotate: Annotate, { agent, provider }: Pick<Row, 'agent' | 'provider'>): void =>
  annotate({
    workloadIdentity: agent.identity.arn,
    provider: provider.name,
    credentialProvider: provider.arn,
  });

/** An agent and a provider, as the person reads them. */
export interface AgentAtProvider {
  readonly agent: Named;
  readonly provider: Named;
}
