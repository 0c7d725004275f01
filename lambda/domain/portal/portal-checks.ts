/** What a portal's configuration must meet before it is stored. The verification checks what other systems say. */
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

/** Whether a resource stays no part of the portal, so that its policy decides nothing. */
type IsLeftOut = (resource: OwnedResource) => boolean;

/** @param resources whose policies deny it */
function checkDenial(
  denial: Denial | undefined,
  resources: readonly OwnedResource[],
  isLeftOut: IsLeftOut,
): void {
  if (denial && !resources.some(isLeftOut)) throw accessDenied(denial.message, denial.detail);
}

async function checkSignIn(
  deps: PortalCheckDependencies,
  principal: Caller,
  portal: PortalConfiguration,
  isLeftOut: IsLeftOut,
): Promise<Oauth2Provider> {
  const { idpConfig } = portal;
  const member = 'idpConfig.credentialProviderArn';
  const name = signInProviderName(idpConfig.credentialProviderArn, deps.arnPrefix);
  if (name === undefined) {
    throw invalidMember(member, `must begin with ${oauth2ProviderArn(deps.arnPrefix, '')}`);
  }
  const provider = await deps.providers.get(name);
  if (!provider) throw noSuchResource('OAuth 2.0 credential provider', name);
  checkDenial(signInDenial(principal, portal, provider), [provider], isLeftOut);
  if (provider.discovery.discoveryUrl === undefined) {
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
  isLeftOut: IsLeftOut,
): Promise<ReadonlyMap<string, WorkloadIdentity>> {
  const found = new Map<string, WorkloadIdentity>();
  for (const [index, { identifier }] of sources.entries()) {
    if (found.has(identifier)) throw invalidMember(`sources.${index}.identifier`, 'must not be repeated');
    const identity = await identities.get(identifier);
    if (!identity) throw noSuchResource('workload identity', identifier);
    const denial = actionDenial({
      principal,
      operation: 'GetWorkloadAccessTokenForJWT',
      resource: identity,
    });
    checkDenial(denial, [identity], isLeftOut);
    found.set(identifier, identity);
  }
  return found;
}

async function checkConnection(
  { providers }: PortalCheckDependencies,
  principal: Caller,
  identity: WorkloadIdentity,
  { credentialProviderName, scopes, customParameters }: PortalConnection,
  isLeftOut: IsLeftOut,
): Promise<Oauth2Provider> {
  const provider = await providers.get(credentialProviderName);
  if (!provider) throw noSuchResource('OAuth 2.0 credential provider', credentialProviderName);
  const denial = credentialUseDenial({
    principal,
    operation: 'GetResourceOauth2Token',
    identity,
    provider,
    scopes,
    customParameters,
  });
  checkDenial(denial, [identity, provider], isLeftOut);
  return provider;
}

/**
 * Returns the resources that the portal names.
 *
 * @param principal who configures the portal
 * @param isLeftOut whether a resource stays no part of the portal, so that its owner cannot prevent an update
 * @throws ResourceNotFoundException for a workload identity or a provider that does not exist, AccessDeniedException for
 *   one that the principal cannot use, ValidationException for a provider that cannot sign users in, or a connection of
 *   an agent that is no source
 */
export async function checkPortal(
  deps: PortalCheckDependencies,
  principal: Caller,
  portal: PortalConfiguration,
  isLeftOut: IsLeftOut = () => false,
): Promise<readonly OwnedResource[]> {
  const unlisted = portal.connections.findIndex(
    ({ workloadName }) => !portal.sources.some(({ identifier }) => identifier === workloadName),
  );
  if (unlisted >= 0) {
    throw invalidMember(`connections.${unlisted}.workloadName`, 'must be the identifier of a source');
  }
  const signIn = await checkSignIn(deps, principal, portal, isLeftOut);
  const identities = await checkSources(deps, principal, portal, isLeftOut);
  const offered = new Map<string, Oauth2Provider>();
  for (const connection of portal.connections) {
    const identity = identities.get(connection.workloadName);
    if (identity) {
      const provider = await checkConnection(deps, principal, identity, connection, isLeftOut);
      offered.set(provider.name, provider);
    }
  }
  return [signIn, ...identities.values(), ...offered.values()];
}
