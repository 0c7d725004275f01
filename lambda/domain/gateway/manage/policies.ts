/** Creates, reads, changes, deletes, and lists the policies of a policy engine. */
import type {
  CreatePolicyInput,
  IdentifiedPolicy,
  ListPoliciesInput,
  UpdatePolicyInput,
} from '../../../model/gateway/policy-request';
import type { EnginePolicies, Policy, PolicyEngine } from '../../../model/records/policy-engine';
import { audited, type Annotate, type AuditTrail } from '../../audit';
import { openPage, type Listed, type PageTokens } from '../../pagination';
import type { Caller } from '../../principal';
import { changedConcurrently, changedMembers, nameTaken, noSuchResource } from '../../resource-write';
import { writeContents } from '../../sealing/deletion';
import { invalidMember, ServiceError } from '../../service-error';
import { epochSeconds, type System } from '../../system';
import { depthOf, MAX_STATEMENT_DEPTH } from './statement-depth';
import { PAGE } from './gateway';
import { creationHashOf, randomSuffix } from './owned-gateway';
import {
  ownedPolicyEngine,
  policyEngineArn,
  type EnginePolicyStore,
  type PolicyEngineStore,
} from './policy-engine';

export interface PolicyDependencies {
  readonly policyEngines: PolicyEngineStore;
  readonly enginePolicies: EnginePolicyStore;
  readonly policyValidation: PolicyValidation;
  readonly pageTokens: PageTokens;
  readonly audit: AuditTrail;
  readonly system: System;
  readonly arnPrefix: string;
}

/** Reads a statement as decisions do. The gateway function has the library. */
export interface PolicyValidation {
  /** Returns why the statement is not one policy in Cedar, and what it says of things that the gateways do not have. */
  findings(
    engine: Pick<PolicyEngine, 'id'>,
    statement: string,
  ): Promise<{ readonly faults: readonly string[]; readonly findings: readonly string[] }>;
}

/** A policy, and the engine that it belongs to. */
export interface PolicyOfEngine {
  readonly engine: PolicyEngine;
  readonly policy: Policy;
}

const KIND = 'policy';

/** Bytes of all policies of an engine, which each decision reads. */
const MAX_BYTES = 262_144;

type Stated = Pick<CreatePolicyInput, 'definition' | 'validationMode'>;

/** @throws ValidationException with the findings */
async function checkedStatement(
  { policyValidation }: Pick<PolicyDependencies, 'policyValidation'>,
  engine: PolicyEngine,
  { definition, validationMode = 'FAIL_ON_ANY_FINDINGS' }: Stated,
): Promise<string> {
  const { statement = '' } = definition.cedar ?? {};
  if (depthOf(statement) > MAX_STATEMENT_DEPTH) {
    throw invalidMember(
      'definition.cedar.statement',
      `must nest or chain up to ${MAX_STATEMENT_DEPTH} expressions. Use a set, such as ["a", "b"].contains(context.agent), or several policies`,
    );
  }
  const { faults, findings } = await policyValidation.findings(engine, statement);
  if (faults.length > 0) {
    throw invalidMember('definition.cedar.statement', `cannot be used: ${faults.join('; ')}`);
  }
  if (findings.length > 0 && validationMode !== 'IGNORE_ALL_FINDINGS') {
    throw invalidMember('definition.cedar.statement', `is not valid: ${findings.join('; ')}`);
  }
  return statement;
}

/**
 * Writes the policies of an engine.
 *
 * @throws ServiceQuotaExceededException; ThrottlingException after a concurrent change, or if the engine was deleted
 */
async function writePolicies(
  { policyEngines, enginePolicies }: Pick<PolicyDependencies, 'policyEngines' | 'enginePolicies'>,
  engine: PolicyEngine,
  present: EnginePolicies,
  policies: readonly Policy[],
): Promise<void> {
  const bytes = Buffer.byteLength(JSON.stringify(policies));
  if (bytes > MAX_BYTES) {
    throw new ServiceError(
      'ServiceQuotaExceededException',
      `The policies of an engine can have up to ${MAX_BYTES} bytes, and would have ${bytes}. Shorten or delete some.`,
    );
  }
  const changed = { engineId: engine.id, revision: present.revision + 1, policies: [...policies] };
  const replace = async () => {
    if (!(await enginePolicies.replace(engine, changed))) throw changedConcurrently();
  };
  // A deletion of the engine removes the present policies, and a later write finds none to change.
  if (present.revision > 0) await replace();
  else await writeContents(policyEngines, engine, replace, () => enginePolicies.remove(engine));
}

const resourceOf = (
  deps: { readonly arnPrefix: string },
  { policyEngineId, policyId }: IdentifiedPolicy,
) => ({
  resource: `${policyEngineArn(deps.arnPrefix, policyEngineId)}/policy/${policyId}`,
});

/**
 * Creates a policy, which applies to the next request. A repetition of the request with the same `clientToken` returns it.
 *
 * @throws ConflictException if the engine has a policy with this name, ServiceQuotaExceededException,
 *   ResourceNotFoundException, AccessDeniedException, ThrottlingException; ValidationException with the findings
 */
export function createPolicy(
  deps: PolicyDependencies,
  principal: Caller,
  input: CreatePolicyInput,
): Promise<PolicyOfEngine> {
  return audited(deps.audit, { operation: 'CreatePolicy', principal }, async (annotate, call) => {
    const { policyEngineId, name, description, enforcementMode: mode = 'ACTIVE' } = input;
    annotate({ resource: policyEngineArn(deps.arnPrefix, policyEngineId) });
    const engine = await ownedPolicyEngine(deps.policyEngines, call, policyEngineId);
    const present = await deps.enginePolicies.get(engine);
    const hash = creationHashOf(input);
    const repeated =
      hash === undefined ? undefined : present.policies.find(({ creationHash }) => creationHash === hash);
    if (repeated) return { engine, policy: repeated };
    if (present.policies.some((policy) => policy.name === name)) throw nameTaken(KIND, name);
    const statement = await checkedStatement(deps, engine, input);
    const now = epochSeconds(deps.system);
    const policy: Policy = {
      id: `${name}-${randomSuffix(deps.system)}`,
      name,
      description,
      statement,
      mode,
      createdTime: now,
      lastUpdatedTime: now,
      creationHash: hash,
    };
    annotate(resourceOf(deps, { policyEngineId, policyId: policy.id }));
    await writePolicies(deps, engine, present, [...present.policies, policy]);
    return { engine, policy };
  });
}

type PolicyOperation = 'GetPolicy' | 'UpdatePolicy' | 'DeletePolicy';

interface Found extends PolicyOfEngine {
  readonly present: EnginePolicies;
}

/** Performs an operation on a policy for the owner of its engine. */
const onPolicy = (
  deps: PolicyDependencies,
  operation: PolicyOperation,
  principal: Caller,
  input: IdentifiedPolicy,
  work: (found: Found, annotate: Annotate) => Promise<Policy>,
): Promise<PolicyOfEngine> =>
  audited(deps.audit, { operation, principal }, async (annotate, call) => {
    annotate(resourceOf(deps, input));
    const engine = await ownedPolicyEngine(deps.policyEngines, call, input.policyEngineId);
    const present = await deps.enginePolicies.get(engine);
    const policy = present.policies.find(({ id }) => id === input.policyId);
    if (!policy) throw noSuchResource(KIND, input.policyId);
    return { engine, policy: await work({ engine, policy, present }, annotate) };
  });

/** Returns the policy. @throws ResourceNotFoundException, AccessDeniedException */
export const getPolicy = (
  deps: PolicyDependencies,
  principal: Caller,
  input: IdentifiedPolicy,
): Promise<PolicyOfEngine> =>
  onPolicy(deps, 'GetPolicy', principal, input, ({ policy }) => Promise.resolve(policy));

/**
 * Changes the stated members of a policy.
 *
 * @throws as `createPolicy`
 */
export const updatePolicy = (
  deps: PolicyDependencies,
  principal: Caller,
  input: UpdatePolicyInput,
): Promise<PolicyOfEngine> =>
  onPolicy(deps, 'UpdatePolicy', principal, input, async ({ engine, policy, present }, annotate) => {
    const { definition, description, enforcementMode, validationMode } = input;
    const change: Partial<Policy> = {
      ...(description && { description: description.optionalValue }),
      ...(definition && {
        statement: await checkedStatement(deps, engine, {
          definition,
          ...(validationMode && { validationMode }),
        }),
      }),
      ...(enforcementMode && { mode: enforcementMode }),
    };
    annotate({ changed: changedMembers(policy, change) });
    const changed = { ...policy, ...change, lastUpdatedTime: epochSeconds(deps.system) };
    await writePolicies(
      deps,
      engine,
      present,
      present.policies.map((one) => (one.id === policy.id ? changed : one)),
    );
    return changed;
  });

/** Deletes the policy. @throws ResourceNotFoundException, AccessDeniedException, ThrottlingException */
export const deletePolicy = (
  deps: PolicyDependencies,
  principal: Caller,
  input: IdentifiedPolicy,
): Promise<PolicyOfEngine> =>
  onPolicy(deps, 'DeletePolicy', principal, input, async ({ engine, policy, present }) => {
    const others = present.policies.filter(({ id }) => id !== policy.id);
    await writePolicies(deps, engine, present, others);
    return policy;
  });

/** Lists the policies of an engine by name. @throws as `getPolicyEngine`; ValidationException for a token of another listing */
export function listPolicies(
  deps: PolicyDependencies,
  principal: Caller,
  { policyEngineId, maxResults = PAGE, nextToken }: ListPoliciesInput,
): Promise<Listed<Policy> & Pick<PolicyOfEngine, 'engine'>> {
  return audited(deps.audit, { operation: 'ListPolicies', principal }, async (annotate, call) => {
    annotate({ resource: policyEngineArn(deps.arnPrefix, policyEngineId) });
    const engine = await ownedPolicyEngine(deps.policyEngines, call, policyEngineId);
    const listing = { principal, operation: `ListPolicies ${engine.id}` };
    const { after = '', seal } = await openPage(deps.pageTokens, listing, nextToken);
    const { policies } = await deps.enginePolicies.get(engine);
    const rest = policies
      .filter(({ name }) => name > after)
      .sort((one, other) => (one.name < other.name ? -1 : 1));
    const resources = rest.slice(0, maxResults);
    const last = rest.length > maxResults ? resources.at(-1)?.name : undefined;
    return { engine, resources, ...(last !== undefined && { nextToken: await seal(last) }) };
  });
}
