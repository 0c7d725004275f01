/** Creates, reads, changes, deletes, and lists policy engines. */
import type { CreatePolicyEngineInput, UpdatePolicyEngineInput } from '../../../model/gateway/policy-request';
import type { PolicyEngine } from '../../../model/records/policy-engine';
import type { ListInput } from '../../../model/request-values';
import { audited, type AuditTrail } from '../../audit';
import { isOwnedBy, ownedBy } from '../../ownership';
import { listOwned, type Listed, type PageTokens } from '../../pagination';
import type { Caller } from '../../principal';
import { checkQuota, type Quotas } from '../../quotas';
import { changedMembers, changeResource, createResource } from '../../resource-write';
import { deleteWithContents } from '../../sealing/deletion';
import { invalidMember } from '../../service-error';
import { epochSeconds, type System } from '../../system';
import { checkUnused } from './engine-gateways';
import { PAGE, type GatewayStore, type GatewayUrls } from './gateway';
import { creationHashOf, randomSuffix } from './owned-gateway';
import {
  ownedPolicyEngine,
  policyEngineArn,
  type EnginePolicyStore,
  type PolicyEngineStore,
} from './policy-engine';

export interface PolicyEngineDependencies {
  readonly policyEngines: PolicyEngineStore;
  readonly enginePolicies: EnginePolicyStore;
  readonly gateways: GatewayStore;
  readonly gatewayUrls: GatewayUrls;
  readonly pageTokens: PageTokens;
  readonly audit: AuditTrail;
  readonly quotas: Quotas;
  readonly system: System;
  readonly arnPrefix: string;
}

const KIND = 'policy engine';

/**
 * Creates a policy engine owned by the caller. A repetition of the request with the same `clientToken` returns it.
 *
 * @throws ConflictException if the name is in use, ServiceQuotaExceededException; ValidationException in a deployment
 *   without gateways
 */
export function createPolicyEngine(
  deps: PolicyEngineDependencies,
  principal: Caller,
  input: CreatePolicyEngineInput,
): Promise<PolicyEngine> {
  return audited(deps.audit, { operation: 'CreatePolicyEngine', principal }, async (annotate) => {
    const { policyEngines, system, arnPrefix } = deps;
    if (deps.gatewayUrls.AWS_IAM === undefined) {
      throw invalidMember(
        'name',
        'cannot be used: this deployment has no gateways. Ask the operator to set the prop "gateways" of the service',
      );
    }
    const { name, description, tags = {} } = input;
    const id = `${name}-${randomSuffix(system)}`;
    const now = epochSeconds(system);
    const engine: PolicyEngine = {
      name,
      id,
      arn: policyEngineArn(arnPrefix, id),
      ...ownedBy(principal),
      description,
      gateways: [],
      creationHash: creationHashOf(input),
      tags,
      revision: 1,
      createdTime: now,
      lastUpdatedTime: now,
    };
    const present = engine.creationHash === undefined ? undefined : await policyEngines.get(name);
    if (present?.creationHash === engine.creationHash && present && isOwnedBy(present, principal)) {
      annotate({ resource: present.arn });
      return present;
    }
    annotate({ resource: engine.arn });
    await checkQuota(policyEngines, principal, deps.quotas, 'policyEngines');
    await createResource(policyEngines, KIND, engine);
    return engine;
  });
}

/** Returns the policy engine. @throws ResourceNotFoundException, AccessDeniedException */
export function getPolicyEngine(
  { policyEngines, audit, arnPrefix }: PolicyEngineDependencies,
  principal: Caller,
  engineId: string,
): Promise<PolicyEngine> {
  return audited(audit, { operation: 'GetPolicyEngine', principal }, async (annotate, call) => {
    annotate({ resource: policyEngineArn(arnPrefix, engineId) });
    return ownedPolicyEngine(policyEngines, call, engineId);
  });
}

/**
 * Changes the description.
 *
 * @throws ResourceNotFoundException, AccessDeniedException, ThrottlingException after a concurrent change
 */
export function updatePolicyEngine(
  { policyEngines, audit, arnPrefix, system }: PolicyEngineDependencies,
  principal: Caller,
  { policyEngineId, description }: UpdatePolicyEngineInput,
): Promise<PolicyEngine> {
  return audited(audit, { operation: 'UpdatePolicyEngine', principal }, async (annotate, call) => {
    annotate({ resource: policyEngineArn(arnPrefix, policyEngineId) });
    const engine = await ownedPolicyEngine(policyEngines, call, policyEngineId);
    const change = description ? { description: description.optionalValue } : {};
    annotate({ changed: changedMembers(engine, change) });
    return changeResource(policyEngines, system, engine, change);
  });
}

/**
 * Deletes the policy engine with its policies.
 *
 * @throws ResourceNotFoundException, AccessDeniedException; ConflictException if a gateway uses it; ThrottlingException
 */
export function deletePolicyEngine(
  deps: PolicyEngineDependencies,
  principal: Caller,
  engineId: string,
): Promise<PolicyEngine> {
  return audited(deps.audit, { operation: 'DeletePolicyEngine', principal }, async (annotate, call) => {
    const { policyEngines, enginePolicies, arnPrefix } = deps;
    annotate({ resource: policyEngineArn(arnPrefix, engineId) });
    const toDelete = { get: (name: string) => policyEngines.getForDeletion(name) };
    const engine = await ownedPolicyEngine(toDelete, call, engineId);
    await checkUnused(deps, engine);
    await deleteWithContents(policyEngines, engine, () => enginePolicies.remove(engine));
    return engine;
  });
}

/** Lists the caller's policy engines by name. @throws ValidationException for a token of another listing */
export function listPolicyEngines(
  { policyEngines, pageTokens, audit }: PolicyEngineDependencies,
  principal: Caller,
  input: ListInput,
): Promise<Listed<PolicyEngine>> {
  return audited(audit, { operation: 'ListPolicyEngines', principal }, (_annotate, call) =>
    listOwned({ store: policyEngines, tokens: pageTokens, most: PAGE }, call, input),
  );
}
