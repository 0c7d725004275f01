/**
 * The options of the issuer that an agent trusts in place of the deployment's issuers, and of the agents that can call it:
 * the API has both in one member, `authorizerConfiguration.customJWTAuthorizer`.
 */
import type { PrivateEndpoints } from '../../lambda/model/private-endpoint';
import { flag, optionalTexts, optionalUrl, type FlagValues } from './connection-flags';
import { usageError } from './failure';
import {
  checkPrivateEndpoints,
  PRIVATE_ENDPOINT_OPTIONS,
  privateEndpointFlags,
  privateEndpointRemovalFlags,
  privateEndpointsOf,
} from './private-endpoints';

export interface Authorizer extends PrivateEndpoints {
  readonly discoveryUrl: string;
  readonly allowedAudience?: readonly string[];
  readonly allowedClients?: readonly string[];
  readonly allowedScopes?: readonly string[];
  readonly allowedWorkloadConfiguration?: { readonly workloadIdentities: readonly string[] };
  /** Of a gateway. */
  readonly advertisedScopeMapping?: Readonly<Record<string, string>>;
}

/** A member of a workload identity, in requests and responses. An empty object removes the configuration. */
export interface Authorized {
  readonly authorizerConfiguration?: { readonly customJWTAuthorizer?: Authorizer };
}

export const AUTHORIZER_FLAGS = {
  issuer: optionalUrl(
    '--issuer',
    "Issuer of user tokens that the agent trusts in place of the deployment's issuers, or its discovery URL",
  ),
  allowedAudience: optionalTexts(
    'text',
    'Audience that the tokens of this issuer can have; set the option again for each further audience',
  ),
  allowedClient: optionalTexts(
    'ID',
    'Client to which this issuer can issue the tokens; set the option again for each further client',
  ),
  allowedCaller: optionalTexts(
    'agent',
    'Agent that can call this agent for its users; set the option again for each further agent',
  ),
  ...privateEndpointFlags('the issuer'),
} as const;

export type AuthorizerFlags = FlagValues<typeof AUTHORIZER_FLAGS>;

/** The options by the members that they set. */
export const AUTHORIZER_OPTIONS = {
  discoveryUrl: '--issuer',
  allowedAudience: '--allowed-audience',
  allowedClients: '--allowed-client',
  workloadIdentities: '--allowed-caller',
  ...PRIVATE_ENDPOINT_OPTIONS,
} as const;

export const AUTHORIZER_REMOVAL_FLAGS = {
  noIssuer: flag("Trust the deployment's issuers again, and accept calls of no agent"),
  noAllowedAudiences: flag('Accept tokens of this issuer with any audience, for the allowed clients'),
  noAllowedClients: flag('Accept tokens of this issuer for any client, with an allowed audience'),
  noAllowedCallers: flag('Accept calls of no agent'),
  ...privateEndpointRemovalFlags('this issuer'),
} as const;

export type AuthorizerRemovalFlags = Readonly<Record<keyof typeof AUTHORIZER_REMOVAL_FLAGS, boolean>>;

/** Returns the discovery URL of an issuer, which can be stated as this URL. */
export const discoveryUrlOf = (issuer: string): string =>
  issuer.includes('/.well-known/') ? issuer : `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;

const isStated = (flags: AuthorizerFlags): boolean =>
  Object.keys(AUTHORIZER_FLAGS).some((option) => flags[option as keyof AuthorizerFlags] !== undefined);

/** Whether the options change the issuer or the callers. */
export const changesAuthorizer = (flags: AuthorizerFlags & Partial<AuthorizerRemovalFlags>): boolean =>
  isStated(flags) ||
  Object.keys(AUTHORIZER_REMOVAL_FLAGS).some((removal) => flags[removal as keyof AuthorizerRemovalFlags]);

/** @throws CliError for options that exclude each other */
export function checkAuthorizer(flags: AuthorizerFlags & Partial<AuthorizerRemovalFlags>): void {
  for (const [isBoth, one] of [
    [flags.allowedAudience && flags.noAllowedAudiences, 'audience'],
    [flags.allowedClient && flags.noAllowedClients, 'client'],
    [flags.allowedCaller && flags.noAllowedCallers, 'caller'],
  ]) {
    if (isBoth) throw usageError(`Set either --allowed-${one} or --no-allowed-${one}s.`);
  }
  checkPrivateEndpoints(flags);
  if (flags.noIssuer && isStated(flags)) {
    throw usageError(
      'Set --no-issuer without --issuer and the options that begin with --allowed and --private.',
    );
  }
}

/**
 * Returns the issuer with the stated restrictions. Client IDs, audiences, and private endpoints of one issuer mean nothing at
 * another one, so they do not stay. Other conditions do, because a condition can only reject tokens.
 */
export function changedIssuer(
  present: Authorizer | undefined,
  discoveryUrl: string,
  {
    allowedAudience,
    allowedClient,
    noAllowedAudiences = false,
    noAllowedClients = false,
    ...flags
  }: AuthorizerFlags & Partial<AuthorizerRemovalFlags>,
): Authorizer {
  const isAnother = present?.discoveryUrl !== discoveryUrl;
  const {
    allowedAudience: presentAudience,
    allowedClients: presentClients,
    privateEndpoint: presentEndpoint,
    privateEndpointOverrides: presentOverrides,
    ...conditions
  } = present ?? {};
  const audiences = allowedAudience ?? (isAnother || noAllowedAudiences ? undefined : presentAudience);
  const forgetsEndpoints = isAnother || flags.noPrivateEndpoints === true;
  const privateEndpoint = flags.privateEndpoint ?? (forgetsEndpoints ? undefined : presentEndpoint);
  const privateEndpointOverrides =
    flags.privateEndpointOverride ?? (forgetsEndpoints ? undefined : presentOverrides);
  const clients = allowedClient ?? (isAnother || noAllowedClients ? undefined : presentClients);
  return {
    ...conditions,
    discoveryUrl,
    ...(audiences && { allowedAudience: audiences }),
    ...(clients && { allowedClients: clients }),
    ...(privateEndpoint && { privateEndpoint }),
    ...(privateEndpointOverrides && { privateEndpointOverrides }),
  };
}

/** Returns the issuer of an agent. */
function withIssuer(
  present: Authorizer | undefined,
  flags: AuthorizerFlags & Partial<AuthorizerRemovalFlags>,
): Authorizer {
  const discoveryUrl = flags.issuer === undefined ? present?.discoveryUrl : discoveryUrlOf(flags.issuer);
  if (discoveryUrl === undefined) {
    throw usageError(
      'The options that begin with --allowed and --private need --issuer, unless the agent has an issuer.',
      'Users whose agents call this agent must have tokens of this issuer.',
    );
  }
  const changed = changedIssuer(present, discoveryUrl, flags);
  if (!changed.allowedAudience && !changed.allowedClients) {
    throw usageError(
      'An issuer needs --allowed-audience or --allowed-client.',
      `Otherwise, the agent would accept tokens that are meant for other applications.${present ? ' Set one of the two, or return the agent to the trusted issuers of the deployment with --no-issuer.' : ''}`,
    );
  }
  return changed;
}

/**
 * Returns the member of the request that creates or updates an agent.
 *
 * @param present of the agent before; undefined if it has none
 * @throws CliError for an option that needs another one
 */
export function authorizerMember(
  present: Authorizer | undefined,
  flags: AuthorizerFlags & Partial<AuthorizerRemovalFlags>,
): Authorized {
  const { allowedCaller, noIssuer = false, noAllowedCallers = false } = flags;
  // Without an issuer, the agent accepts calls of no agent.
  if (noIssuer || (!present && !isStated(flags))) return { authorizerConfiguration: {} };
  const { allowedWorkloadConfiguration, ...authorizer } = withIssuer(present, flags);
  const callers = allowedCaller ? { workloadIdentities: allowedCaller } : allowedWorkloadConfiguration;
  return {
    authorizerConfiguration: {
      customJWTAuthorizer: {
        ...authorizer,
        ...(callers && !noAllowedCallers && { allowedWorkloadConfiguration: callers }),
      },
    },
  };
}

/** Returns labels and values, for people. */
export const authorizerFields = ({
  customJWTAuthorizer: authorizer,
}: NonNullable<Authorized['authorizerConfiguration']> = {}): (readonly [string, string | undefined])[] => [
  ['Trusted issuer', authorizer?.discoveryUrl],
  ...(authorizer?.allowedAudience ?? []).map((text) => ['Allowed audience', text] as const),
  ...(authorizer?.allowedClients ?? []).map((id) => ['Allowed client', id] as const),
  ...(authorizer?.allowedScopes ?? []).map((scope) => ['Allowed scope', scope] as const),
  ...(authorizer?.allowedWorkloadConfiguration?.workloadIdentities ?? []).map(
    (name) => ['Allowed caller', name] as const,
  ),
  ...privateEndpointsOf(authorizer ?? {}).map((text) => ['Private endpoint', text] as const),
];

/** The lists of an issuer, of which a token must meet one entry each. An absent list accepts all. */
export const ISSUER_LISTS = ['allowedAudience', 'allowedClients'] as const;

const LIST_NAMES = { allowedAudience: 'audiences', allowedClients: 'clients' } as const;

/** Returns a list with what is no longer in it; undefined if it is the same. */
function listChange(
  former: readonly string[] | undefined,
  present: readonly string[] | undefined,
  isSameIssuer: boolean,
): string | undefined {
  if (!present) return former && `any (was limited to: ${former.join(' ')})`;
  if (!former) return `${present.join(' ')}${isSameIssuer ? ' (no longer: any)' : ''}`;
  const removed = former.filter((text) => !present.includes(text));
  if (removed.length === 0 && present.length === former.length) return undefined;
  return `${present.join(' ')}${removed.length > 0 ? ` (no longer: ${removed.join(' ')})` : ''}`;
}

/**
 * Returns a line for the trusted issuer of an agent and for each of its lists that changed, with what is no longer
 * accepted.
 */
export function issuerChanges(
  name: string,
  before: Authorizer | undefined,
  after: Authorizer | undefined,
): readonly string[] {
  if (!after) return [];
  const earlier = before?.discoveryUrl ?? 'the issuers of the deployment';
  const isSameIssuer = earlier === after.discoveryUrl;
  const issuer = isSameIssuer
    ? []
    : [`Trusted issuer of the agent "${name}": ${after.discoveryUrl} (no longer: ${earlier})`];
  const lists = ISSUER_LISTS.flatMap((list) => {
    const change = listChange(before?.[list], after[list], isSameIssuer);
    return change === undefined ? [] : [`Allowed ${LIST_NAMES[list]} of the agent "${name}": ${change}`];
  });
  const [formerly, now] = [before, after].map((one) => privateEndpointsOf(one ?? {}).join('; ') || 'none');
  const endpoints = formerly === now ? [] : [`Private endpoints of the agent "${name}": ${now}`];
  return [...issuer, ...lists, ...endpoints];
}
