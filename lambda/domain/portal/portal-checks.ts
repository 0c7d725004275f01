/** What a portal's configuration must meet before it is stored. The verification checks what other systems say. */
import { isDeepStrictEqual } from 'node:util';
import { actionDenial, credentialUseDenial, type Denial, type GovernedResource } from '../policy/access';
import type { WorkloadIdentity, WorkloadIdentityStore } from '../identity/workload-identity';
import type { Caller } from '../principal';
import {
  oauth2ProviderArn,
  type Oauth2Provider,
  type Oauth2ProviderStore,
} from '../provider/oauth2-provider';
import type { OwnedResource } from '../owned-resource';
import { noSuchResource } from '../resource-write';
import { accessDenied, invalidMember } from '../service-error';
import { isConfigured } from './configured-resources';
import type { ConsentPortal, PortalConnection } from './consent-portal';

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
  const account = arnPrefix.split(':')[4];
  if (executionRoleArn.split(':')[4] === account) return;
  throw invalidMember('executionRoleArn', `must be a role of the account of this service (${account})`);
}

/** Returns the name in the ARN of one of this deployment's OAuth2 credential providers. */
export function signInProviderName(credentialProviderArn: string, arnPrefix: string): string | undefined {
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
 * Checks what the update adds, and what it accepts.
 *
 * @param resources whose policies were evaluated
 * @param isKept whether the portal had the source or the connection before
 * @returns whether the resources can be used
 * @throws AccessDeniedException
 */
function isUsable(
  denial: Denial | undefined,
  resources: readonly OwnedResource[],
  { isKept, update }: { readonly isKept: boolean; readonly update: PortalUpdate | undefined },
): boolean {
  if (!denial) return true;
  const isTolerated =
    update &&
    (resources.some(update.staysLeftOut) ||
      (isKept && resources.every((resource) => isConfigured(update.before, resource))));
  if (isTolerated) return false;
  throw accessDenied(denial.message, denial.detail);
}

async function checkSignIn(
  deps: PortalCheckDependencies,
  principal: Caller,
  portal: PortalConfiguration,
  update: PortalUpdate | undefined,
): Promise<Oauth2Provider> {
  const { idpConfig } = portal;
  const member = 'idpConfig.credentialProviderArn';
  const name = signInProviderName(idpConfig.credentialProviderArn, deps.arnPrefix);
  if (name === undefined) {
    throw invalidMember(member, `must begin with ${oauth2ProviderArn(deps.arnPrefix, '')}`);
  }
  const provider = await deps.providers.get(name);
  if (!provider) throw noSuchResource('OAuth 2.0 credential provider', name);
  isUsable(signInDenial(principal, portal, provider), [provider], { isKept: false, update });
  if (provider.discovery.discoveryUrl === undefined && !update?.staysLeftOut(provider)) {
    throw invalidMember(
      member,
      'must be a provider with a discovery URL: users sign in with OpenID Connect, whose issuer and keys the discovery document names',
    );
  }
  return provider;
}

/** Reads each workload identity once, and evaluates whether the principal can act as its agent. */
async function checkSources(
  { identities }: PortalCheckDependencies,
  principal: Caller,
  { sources }: PortalConfiguration,
  update: PortalUpdate | undefined,
): Promise<ReadonlyMap<string, WorkloadIdentity>> {
  const found = new Map<string, WorkloadIdentity>();
  for (const [index, { identifier }] of sources.entries()) {
    if (found.has(identifier)) throw invalidMember(`sources.${index}.identifier`, 'must not be repeated');
    const isKept = update?.before.sources.some((source) => source.identifier === identifier) ?? false;
    const identity = await identities.get(identifier);
    if (!identity) {
      if (isKept) continue;
      throw noSuchResource('workload identity', identifier);
    }
    const denial = actionDenial({
      principal,
      operation: 'GetWorkloadAccessTokenForJWT',
      resource: identity,
    });
    isUsable(denial, [identity], { isKept, update });
    found.set(identifier, identity);
  }
  return found;
}

/** Returns the provider, and whether it can be used; undefined for a kept connection of a provider that does not exist. */
async function checkConnection(
  { providers }: PortalCheckDependencies,
  principal: Caller,
  identity: WorkloadIdentity,
  connection: PortalConnection,
  update: PortalUpdate | undefined,
): Promise<{ readonly provider: Oauth2Provider; readonly isChecked: boolean } | undefined> {
  const { credentialProviderName, scopes, customParameters } = connection;
  const isKept = update?.before.connections.some((each) => isDeepStrictEqual(each, connection)) ?? false;
  const provider = await providers.get(credentialProviderName);
  if (!provider) {
    if (isKept) return undefined;
    throw noSuchResource('OAuth 2.0 credential provider', credentialProviderName);
  }
  const denial = credentialUseDenial({
    principal,
    operation: 'GetResourceOauth2Token',
    identity,
    provider,
    scopes,
    customParameters,
  });
  const canUse = isUsable(denial, [identity, provider], { isKept, update });
  return { provider, isChecked: isKept || (canUse && !update?.staysLeftOut(identity)) };
}

/** The resources that a portal names. */
interface NamedResources {
  readonly named: readonly OwnedResource[];
  /** Those of them whose use was not checked, because all their connections are of agents that are left out. */
  readonly unchecked: ReadonlySet<OwnedResource>;
}

/**
 * Returns the resources that the portal names, without those that do not exist any more.
 *
 * @param principal who configures the portal
 * @param update absent for a new portal
 * @throws ResourceNotFoundException for a workload identity or a provider that does not exist, AccessDeniedException for
 *   one that the principal cannot use, ValidationException for a provider that cannot sign users in, or a connection of
 *   an agent that is no source. An update throws the first two only for what it adds or accepts
 */
export async function checkPortal(
  deps: PortalCheckDependencies,
  principal: Caller,
  portal: PortalConfiguration,
  update?: PortalUpdate,
): Promise<NamedResources> {
  const unlisted = portal.connections.findIndex(
    ({ workloadName }) => !portal.sources.some(({ identifier }) => identifier === workloadName),
  );
  if (unlisted >= 0) {
    throw invalidMember(`connections.${unlisted}.workloadName`, 'must be the identifier of a source');
  }
  const signIn = await checkSignIn(deps, principal, portal, update);
  const identities = await checkSources(deps, principal, portal, update);
  const offered = new Map<string, Oauth2Provider>();
  const checked = new Set<string>();
  for (const connection of portal.connections) {
    const identity = identities.get(connection.workloadName);
    const found = identity && (await checkConnection(deps, principal, identity, connection, update));
    if (!found) continue;
    offered.set(found.provider.name, found.provider);
    if (found.isChecked) checked.add(found.provider.name);
  }
  return {
    named: [signIn, ...identities.values(), ...offered.values()],
    unchecked: new Set([...offered.values()].filter(({ name }) => !checked.has(name))),
  };
}
