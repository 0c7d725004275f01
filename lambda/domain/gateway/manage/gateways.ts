/** Creates, reads, changes, deletes, and lists gateways. */
import type { CreateGatewayInput, UpdateGatewayInput } from '../../../model/gateway/gateway-request';
import type { EndpointPolicy } from '../../../model/endpoint';
import type { Gateway } from '../../../model/records/gateway';
import type { ListInput } from '../../../model/request-values';
import { audited, type AuditTrail } from '../../audit';
import { checkEndpoint } from '../../endpoint';
import { deleteIdentity, type IdentityDeletionDependencies } from '../../identity/workload-identity';
import { isOwnedBy, ownedBy } from '../../ownership';
import { listOwned, type Listed, type PageTokens } from '../../pagination';
import type { Caller } from '../../principal';
import { checkPrivateEndpoints } from '../../private-endpoint';
import { checkQuota, type Quotas } from '../../quotas';
import { changedMembers, changeResource, createResource } from '../../resource-write';
import { deleteWithContents } from '../../sealing/deletion';
import { invalidMember } from '../../service-error';
import { epochSeconds } from '../../system';
import { forgetGateway, noteGateway, type EngineGatewayDependencies } from './engine-gateways';
import { gatewayArn, gatewayUrl, PAGE, type GatewayTargetStore } from './gateway';
import { keepGatewayIdentity, type GatewayIdentityDependencies } from './gateway-identity';
import {
  arnOf,
  creationHashOf,
  ownedGateway,
  randomSuffix,
  type OwnedGatewayDependencies,
} from './owned-gateway';
import type { RateLimitStore } from './rate-limits';

export interface GatewayDependencies
  extends
    OwnedGatewayDependencies,
    GatewayIdentityDependencies,
    IdentityDeletionDependencies,
    EngineGatewayDependencies {
  readonly gatewayTargets: GatewayTargetStore;
  readonly rateLimits: Pick<RateLimitStore, 'remove'>;
  readonly pageTokens: PageTokens;
  readonly audit: AuditTrail;
  readonly quotas: Quotas;
  readonly endpointPolicy: EndpointPolicy;
}

const KIND = 'gateway';

type Configuration = Pick<
  Gateway,
  | 'description'
  | 'roleArn'
  | 'authorizerType'
  | 'authorizerConfiguration'
  | 'protocolType'
  | 'exceptionLevel'
  | 'policyEngineConfiguration'
>;

/**
 * Returns the members that a request configures, all of them: an update without one removes it.
 *
 * @throws ValidationException for what the schema of the request cannot check
 */
function configurationOf(
  { endpointPolicy }: Pick<GatewayDependencies, 'endpointPolicy'>,
  {
    description,
    roleArn,
    authorizerType,
    authorizerConfiguration,
    protocolType,
    exceptionLevel,
    policyEngineConfiguration,
  }: CreateGatewayInput | UpdateGatewayInput,
): Configuration {
  if ((authorizerType === 'CUSTOM_JWT') !== (authorizerConfiguration !== undefined)) {
    const rule = authorizerConfiguration
      ? 'must be omitted with the authorizerType AWS_IAM'
      : 'is required with the authorizerType CUSTOM_JWT';
    throw invalidMember('authorizerConfiguration', rule);
  }
  if (authorizerConfiguration) {
    const member = 'authorizerConfiguration.customJWTAuthorizer';
    const { customJWTAuthorizer: issuer } = authorizerConfiguration;
    const { allowedScopes = [], advertisedScopeMapping = {} } = issuer;
    if (!Object.keys(advertisedScopeMapping).every((scope) => allowedScopes.includes(scope))) {
      throw invalidMember(`${member}.advertisedScopeMapping`, 'must map scopes that allowedScopes names');
    }
    checkEndpoint(`${member}.discoveryUrl`, issuer.discoveryUrl, endpointPolicy);
    checkPrivateEndpoints(member, issuer, endpointPolicy);
  }
  return {
    description,
    roleArn,
    authorizerType,
    authorizerConfiguration,
    protocolType,
    exceptionLevel,
    policyEngineConfiguration,
  };
}

/**
 * Creates a gateway owned by the caller, with its workload identity. A repetition of the request with the same `clientToken`
 * returns the gateway, and continues a creation that was interrupted.
 *
 * @throws ConflictException if the name is in use, ServiceQuotaExceededException; ValidationException, also in a deployment
 *   without gateways
 */
export function createGateway(
  deps: GatewayDependencies,
  principal: Caller,
  input: CreateGatewayInput,
): Promise<Gateway> {
  return audited(deps.audit, { operation: 'CreateGateway', principal }, async (annotate) => {
    const id = `${input.name.toLowerCase()}-${randomSuffix(deps.system)}`;
    const now = epochSeconds(deps.system);
    const gateway: Gateway = {
      name: input.name,
      id,
      arn: gatewayArn(deps.arnPrefix, id),
      ...ownedBy(principal),
      ...configurationOf(deps, input),
      creationHash: creationHashOf(input),
      tags: input.tags ?? {},
      revision: 1,
      createdTime: now,
      lastUpdatedTime: now,
    };
    if (gatewayUrl(deps.gatewayUrls, gateway) === undefined) {
      throw invalidMember(
        'name',
        'cannot be used: this deployment has no gateways. Ask the operator to set the prop "gateways" of the service',
      );
    }
    const present = await repeated(deps, principal, gateway);
    annotate({ resource: (present ?? gateway).arn });
    if (!present) {
      await checkQuota(deps.gateways, principal, deps.quotas, 'gateways');
      await checkQuota(deps.identities, principal, deps.quotas, 'workloadIdentities');
      await noteGateway(deps, principal, gateway);
      try {
        await createResource(deps.gateways, KIND, gateway);
      } catch (error) {
        await forgetGateway(deps, gateway, gateway.policyEngineConfiguration?.arn);
        throw error;
      }
    }
    await keepGatewayIdentity(deps, present ?? gateway);
    return present ?? gateway;
  });
}

/** Returns the gateway that the same request of the same caller created before. */
async function repeated(
  { gateways }: Pick<GatewayDependencies, 'gateways'>,
  principal: Caller,
  { name, creationHash }: Gateway,
): Promise<Gateway | undefined> {
  if (creationHash === undefined) return undefined;
  const present = await gateways.get(name);
  return present?.creationHash === creationHash && isOwnedBy(present, principal) ? present : undefined;
}

/** Returns the gateway. @param identifier its ID or its ARN @throws ResourceNotFoundException, AccessDeniedException */
export function getGateway(
  deps: GatewayDependencies,
  principal: Caller,
  identifier: string,
): Promise<Gateway> {
  return audited(deps.audit, { operation: 'GetGateway', principal }, async (annotate, call) => {
    annotate({ resource: arnOf(deps.arnPrefix, identifier) });
    return ownedGateway(deps, call, identifier);
  });
}

/**
 * Replaces the configuration of a gateway and, accordingly, of its workload identity.
 *
 * @throws ResourceNotFoundException, AccessDeniedException, ThrottlingException after a concurrent change;
 *   ValidationException, also for another name or authorizer
 */
export function updateGateway(
  deps: GatewayDependencies,
  principal: Caller,
  input: UpdateGatewayInput,
): Promise<Gateway> {
  return audited(deps.audit, { operation: 'UpdateGateway', principal }, async (annotate, call) => {
    const { gatewayIdentifier: identifier, name, authorizerType } = input;
    annotate({ resource: arnOf(deps.arnPrefix, identifier) });
    const change = configurationOf(deps, input);
    const gateway = await ownedGateway(deps, call, identifier);
    if (name !== gateway.name) throw invalidMember('name', `must stay ${gateway.name}`);
    if (authorizerType !== gateway.authorizerType) {
      throw invalidMember('authorizerType', `must stay ${gateway.authorizerType}: the URL depends on it`);
    }
    if (change.protocolType !== gateway.protocolType) {
      const rule = gateway.protocolType ? `stay ${gateway.protocolType}` : 'be omitted';
      throw invalidMember('protocolType', `must ${rule}: the URL depends on it`);
    }
    annotate({ changed: changedMembers(gateway, change) });
    const { arn: previousEngine } = gateway.policyEngineConfiguration ?? {};
    const { arn: engine } = change.policyEngineConfiguration ?? {};
    const hasOtherEngine = engine !== previousEngine;
    if (hasOtherEngine) await noteGateway(deps, principal, { ...change, id: gateway.id });
    const changed = await changeResource(deps.gateways, deps.system, gateway, change);
    if (hasOtherEngine) await forgetGateway(deps, gateway, previousEngine);
    await keepGatewayIdentity(deps, changed);
    return changed;
  });
}

/**
 * Deletes the gateway, which is closed from the first write on, its targets, and its workload identity with all grants.
 *
 * @throws ResourceNotFoundException, AccessDeniedException; ThrottlingException if a retry must continue
 */
export function deleteGateway(
  deps: GatewayDependencies,
  principal: Caller,
  identifier: string,
): Promise<Gateway> {
  return audited(deps.audit, { operation: 'DeleteGateway', principal }, async (annotate, call) => {
    annotate({ resource: arnOf(deps.arnPrefix, identifier) });
    const { gateways, identities, gatewayTargets, arnPrefix } = deps;
    const toDelete = { get: (name: string) => gateways.getForDeletion(name) };
    const gateway = await ownedGateway({ gateways: toDelete, arnPrefix }, call, identifier);
    await deleteWithContents(gateways, gateway, async () => {
      await gatewayTargets.removeAll(gateway);
      await deps.rateLimits.remove(gateway);
      const identity = await identities.getForDeletion(gateway.id);
      if (identity?.gatewayId === gateway.id) await deleteIdentity(deps, principal, identity);
      await forgetGateway(deps, gateway, gateway.policyEngineConfiguration?.arn);
    });
    return gateway;
  });
}

/** Lists the caller's gateways by name. @throws ValidationException for a token of another listing */
export function listGateways(
  deps: GatewayDependencies,
  principal: Caller,
  input: ListInput,
): Promise<Listed<Gateway>> {
  return audited(deps.audit, { operation: 'ListGateways', principal }, (_annotate, call) =>
    listOwned({ store: deps.gateways, tokens: deps.pageTokens, most: PAGE }, call, input),
  );
}
