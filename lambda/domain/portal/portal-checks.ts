/** What a portal's configuration must meet before it is stored. The verification checks what other systems say. */
import { arnParts } from '../../model/arn';
import { isDeepStrictEqual } from 'node:util';
import {
  portalActionDenial,
  credentialUseDenial,
  type Denial,
  type GovernedResource,
} from '../policy/access';
import type { WorkloadIdentity } from '../../model/records/workload-identity';
import { workloadIdentityArn, type WorkloadIdentityStore } from '../identity/workload-identity';
import type { Caller } from '../principal';
import type { Oauth2Provider } from '../../model/provider/record';
import { gatewayArn } from '../gateway/manage/gateway';
import { oauth2ProviderArn, type Oauth2ProviderStore } from '../provider/oauth2-provider';
import type { OwnedResource } from '../../model/records/owned-resource';
import { noSuchResource } from '../resource-write';
import { accessDenied, invalidMember } from '../service-error';
import { isConfigured, remembers } from './configured-resources';
import type { ConsentPortal, PortalConnection, PortalSource } from '../../model/records/consent-portal';

export interface PortalCheckDependencies {
  readonly identities: Pick<WorkloadIdentityStore, 'get'>;
  readonly providers: Pick<Oauth2ProviderStore, 'get'>;
  readonly arnPrefix: string;
}

/** The members of a portal that are checked. */
export type PortalConfiguration = Pick<
  ConsentPortal,
  'arn' | 'owner' | 'ownerId' | 'sources' | 'idpConfig' | 'connections'
>;

/** @throws ValidationException for a role of another account, as the AWS API requires a role that it can assume */
export function checkExecutionRole(executionRoleArn: string, arnPrefix: string): void {
  const { account } = arnParts(arnPrefix);
  if (arnParts(executionRoleArn).account === account) return;
  throw invalidMember('executionRoleArn', `must be a role of the account of this service (${account})`);
}

/** Returns the name in the ARN of one of this deployment's OAuth2 credential providers. */
function signInProviderName(credentialProviderArn: string, arnPrefix: string): string | undefined {
  const prefix = oauth2ProviderArn(arnPrefix, '');
  return credentialProviderArn.startsWith(prefix) ? credentialProviderArn.slice(prefix.length) : undefined;
}

/**
 * Returns why the portal's users cannot sign in with this provider; undefined if they can. As for a token of an agent, the
 * provider has the portal's owner, or its policy allows GetResourceOauth2Token to this owner, with the portal's ARN in the
 * place of the workload identity's.
 *
 * @param principal whose rights are evaluated: the portal's owner, or the caller that configures the portal
 */
export const signInDenial = (
  principal: Caller,
  portal: GovernedResource & Pick<ConsentPortal, 'idpConfig'>,
  provider: Oauth2Provider,
): Denial | undefined =>
  credentialUseDenial({
    principal,
    operation: 'GetResourceOauth2Token',
    identity: portal,
    provider,
    scopes: ['openid', ...portal.idpConfig.scopes],
  });

/** An update of a portal, which must not fail for what another owner decides: the verification reports that. */
export interface PortalUpdate {
  readonly before: ConsentPortal;
  /** Whether the resource is no part of the portal after the update, so that its policy decides nothing. */
  readonly staysLeftOut: (resource: OwnedResource) => boolean;
}

/**
 * Checks the use of resources, unless the update keeps it or returns to it, or its own resource stays left out.
 *
 * @param resources whose policies were evaluated, the one that the update names last
 * @param isKept whether the portal had the sign-in, the source, or the connection before, or remembers the names of the
 *   source or the connection, to which a rollback returns
 * @throws AccessDeniedException
 */
function checkUse(
  denial: Denial | undefined,
  resources: readonly OwnedResource[],
  { isKept, update }: { readonly isKept: boolean; readonly update: PortalUpdate | undefined },
): void {
  if (!denial) return;
  const isTolerated =
    update &&
    (resources.slice(-1).some(update.staysLeftOut) ||
      (isKept && resources.every((each) => update.staysLeftOut(each) || isConfigured(update.before, each))));
  if (!isTolerated) throw accessDenied(denial.message, denial.detail);
}

async function checkSignIn(
  deps: PortalCheckDependencies,
  principal: Caller,
  portal: PortalConfiguration,
  update: PortalUpdate | undefined,
): Promise<Oauth2Provider | undefined> {
  const { idpConfig } = portal;
  const isKept = update !== undefined && isDeepStrictEqual(update.before.idpConfig, idpConfig);
  const member = 'idpConfig.credentialProviderArn';
  const name = signInProviderName(idpConfig.credentialProviderArn, deps.arnPrefix);
  if (name === undefined) {
    throw invalidMember(member, `must begin with ${oauth2ProviderArn(deps.arnPrefix, '')}`);
  }
  const provider = await deps.providers.get(name);
  if (!provider) {
    if (isKept) return undefined;
    throw noSuchResource('OAuth 2.0 credential provider', name);
  }
  checkUse(signInDenial(principal, portal, provider), [provider], { isKept, update });
  if (provider.discovery.discoveryUrl === undefined && !isKept && !update?.staysLeftOut(provider)) {
    throw invalidMember(
      member,
      'must be a provider with a discovery URL: users sign in with OpenID Connect, whose issuer and keys the discovery document names',
    );
  }
  return provider;
}

/** Returns why the principal cannot act as the agent; undefined if it can. */
const agentDenial = (principal: Caller, identity: WorkloadIdentity): Denial | undefined =>
  portalActionDenial({ principal, operation: 'GetWorkloadAccessTokenForJWT', resource: identity });

/**
 * Returns the sources as records keep them: a gateway by its ID, which is the name of its workload identity.
 *
 * @throws ResourceNotFoundException for a gateway of another deployment
 */
export const storedSources = (sources: readonly PortalSource[], arnPrefix: string): PortalSource[] =>
  sources.map(({ type, identifier }) => {
    if (type === 'workload-identity' || !identifier.startsWith('arn:')) return { type, identifier };
    const prefix = gatewayArn(arnPrefix, '');
    if (!identifier.startsWith(prefix)) throw noSuchResource('gateway', identifier);
    return { type, identifier: identifier.slice(prefix.length) };
  });

/** Reads each workload identity once, and evaluates whether the principal can act as its agent. */
async function checkSources(
  { identities, arnPrefix }: PortalCheckDependencies,
  principal: Caller,
  { sources }: PortalConfiguration,
  update: PortalUpdate | undefined,
): Promise<ReadonlyMap<string, WorkloadIdentity>> {
  const found = new Map<string, WorkloadIdentity>();
  for (const [index, { type, identifier }] of sources.entries()) {
    if (found.has(identifier)) throw invalidMember(`sources.${index}.identifier`, 'must not be repeated');
    const isKept =
      update !== undefined &&
      (update.before.sources.some((source) => source.identifier === identifier) ||
        remembers(update.before, workloadIdentityArn(arnPrefix, identifier)));
    const identity = await identities.get(identifier);
    if (!identity) {
      if (isKept) continue;
      throw noSuchResource('workload identity', identifier);
    }
    if ((identity.gatewayId !== undefined) !== (type === 'agentcore-gateway')) {
      const rule = `must be ${identity.gatewayId === undefined ? 'workload-identity' : 'agentcore-gateway'}`;
      throw invalidMember(`sources.${index}.type`, rule);
    }
    checkUse(agentDenial(principal, identity), [identity], { isKept, update });
    found.set(identifier, identity);
  }
  return found;
}

/** Returns whether the update keeps the connection, or uses an agent and a provider again that the portal remembers. */
const isKeptConnection = (
  { before }: PortalUpdate,
  connection: PortalConnection,
  arnPrefix: string,
): boolean =>
  before.connections.some((each) => isDeepStrictEqual(each, connection)) ||
  remembers(
    before,
    workloadIdentityArn(arnPrefix, connection.workloadName),
    oauth2ProviderArn(arnPrefix, connection.credentialProviderName),
  );

/**
 * Checks that the principal can act as the agent, and the agent use the provider. Without the first, the second would show
 * what the agent's owner can use.
 *
 * @returns undefined for a kept connection of an agent or a provider that does not exist: without a check, the update
 *   accepts no provider
 */
async function checkConnection(
  { providers, arnPrefix }: PortalCheckDependencies,
  principal: Caller,
  identity: WorkloadIdentity | undefined,
  connection: PortalConnection,
  update: PortalUpdate | undefined,
): Promise<Oauth2Provider | undefined> {
  const { workloadName, credentialProviderName, scopes, customParameters } = connection;
  const isKept = update !== undefined && isKeptConnection(update, connection, arnPrefix);
  const provider = await providers.get(credentialProviderName);
  if (!identity || !provider) {
    if (isKept) return undefined;
    if (!identity) throw noSuchResource('workload identity', workloadName);
    throw noSuchResource('OAuth 2.0 credential provider', credentialProviderName);
  }
  const use = { principal, operation: 'GetResourceOauth2Token', identity, provider } as const;
  const denial =
    agentDenial(principal, identity) ?? credentialUseDenial({ ...use, scopes, customParameters });
  checkUse(denial, [identity, provider], { isKept, update });
  return provider;
}

/**
 * Returns the resources that the portal names, without those that do not exist any more.
 *
 * @param principal who configures the portal
 * @param update absent for a new portal
 * @throws ResourceNotFoundException for a workload identity or a provider that does not exist, AccessDeniedException for
 *   one that the principal cannot use, ValidationException for a provider that cannot sign users in, or a connection of
 *   an agent that is no source. An update throws the first two only for what it adds or accepts. Agents, and providers of
 *   connections, that the portal remembers are not added
 */
export async function checkPortal(
  deps: PortalCheckDependencies,
  principal: Caller,
  portal: PortalConfiguration,
  update?: PortalUpdate,
): Promise<readonly OwnedResource[]> {
  const unlisted = portal.connections.findIndex(
    ({ workloadName }) => !portal.sources.some(({ identifier }) => identifier === workloadName),
  );
  if (unlisted >= 0) {
    throw invalidMember(`connections.${unlisted}.workloadName`, 'must be the identifier of a source');
  }
  const signIn = await checkSignIn(deps, principal, portal, update);
  const identities = await checkSources(deps, principal, portal, update);
  const offered = new Map<string, Oauth2Provider>();
  for (const connection of portal.connections) {
    const identity = identities.get(connection.workloadName);
    const provider = await checkConnection(deps, principal, identity, connection, update);
    if (provider) offered.set(provider.name, provider);
  }
  return [...(signIn ? [signIn] : []), ...identities.values(), ...offered.values()];
}
