/** Policy engines: their policies decide which requests gateways forward. */
import {
  createdPolicy,
  createdPolicyEngine,
  identifiedPolicy,
  identifiedPolicyEngine,
  listedPolicies,
  listedPolicyEngines,
  updatedPolicy,
  updatedPolicyEngine,
} from '../../model/gateway/policy-request';
import { OWN_LISTED } from '../differences';
import { operations } from '../operation';
import type { Difference, ReferenceOf } from '../reference';
import { PAGE_QUERY, REPEATED } from './gateway';

const ENGINES = '/policy-engines';
const ENGINE = `${ENGINES}/{policyEngineId}`;
const POLICIES = `${ENGINE}/policies`;
const POLICY = `${POLICIES}/{policyId}`;

export const policyEngine = operations('control-plane', ENGINES, {
  CreatePolicyEngine: { path: ENGINES, status: 202, input: createdPolicyEngine },
  GetPolicyEngine: { method: 'GET', path: ENGINE, input: identifiedPolicyEngine },
  UpdatePolicyEngine: { method: 'PATCH', path: ENGINE, status: 202, input: updatedPolicyEngine },
  DeletePolicyEngine: { method: 'DELETE', path: ENGINE, status: 202, input: identifiedPolicyEngine },
  ListPolicyEngines: { method: 'GET', path: ENGINES, query: PAGE_QUERY, input: listedPolicyEngines },
  CreatePolicy: { path: POLICIES, status: 202, input: createdPolicy },
  GetPolicy: { method: 'GET', path: POLICY, input: identifiedPolicy },
  UpdatePolicy: { method: 'PATCH', path: POLICY, status: 202, input: updatedPolicy },
  DeletePolicy: { method: 'DELETE', path: POLICY, status: 202, input: identifiedPolicy },
  ListPolicies: {
    method: 'GET',
    path: POLICIES,
    query: { ...PAGE_QUERY, targetResourceScope: 'string' },
    input: listedPolicies,
  },
});

const ENGINE_OWNED: Difference = {
  what: 'can be called only by the owner of the policy engine; policy engines have no resource policies',
  why: 'a principal that changes a policy decides what the gateways of its owner forward',
};

const ACTIVE: Difference = {
  what: 'has no status `CREATING` or `UPDATING`',
  why: 'the policies of an engine are one record, and apply to the next request',
};

const VALIDATED: Difference = {
  what: 'validates the statement before it is stored, and returns the findings in the error. It uses the tools of the gateways that the statement names or, if it names none, those that use the engine',
  why: 'a policy that is stored is in force',
};

export const reference: ReferenceOf<typeof policyEngine> = {
  CreatePolicyEngine: {
    does: 'Creates a policy engine, without policies. A gateway that names it in `policyEngineConfiguration` forwards only what its policies permit. Requires a deployment with gateways.',
    errors: ['ConflictException', 'ServiceQuotaExceededException'],
    differs: [ACTIVE, REPEATED],
  },
  GetPolicyEngine: {
    does: 'Returns a policy engine by its ID.',
    errors: ['ResourceNotFoundException'],
    differs: [ENGINE_OWNED],
  },
  UpdatePolicyEngine: {
    does: 'Replaces the description, or removes it if `description` has no `optionalValue`.',
    errors: ['ConflictException', 'ResourceNotFoundException'],
    differs: [ENGINE_OWNED, ACTIVE],
  },
  DeletePolicyEngine: {
    does: 'Deletes a policy engine with its policies. It is a conflict if a gateway names the engine, or did within the last minute.',
    errors: ['ConflictException', 'ResourceNotFoundException'],
    differs: [ENGINE_OWNED],
  },
  ListPolicyEngines: { does: 'Returns a page of policy engines, sorted by name.', differs: [OWN_LISTED] },
  CreatePolicy: {
    does: 'Adds a policy in Cedar to a policy engine. It applies to the next request of the gateways that name the engine.',
    errors: ['ConflictException', 'ResourceNotFoundException', 'ServiceQuotaExceededException'],
    differs: [
      ENGINE_OWNED,
      ACTIVE,
      VALIDATED,
      REPEATED,
      {
        what: 'has 262,144 bytes for all policies of an engine',
        why: 'each decision reads all of them, and its cost is bounded',
      },
    ],
  },
  GetPolicy: {
    does: 'Returns a policy.',
    errors: ['ResourceNotFoundException'],
    differs: [ENGINE_OWNED],
  },
  UpdatePolicy: {
    does: 'Replaces the stated members of a policy. A `description` without `optionalValue` is removed.',
    errors: ['ConflictException', 'ResourceNotFoundException', 'ServiceQuotaExceededException'],
    differs: [ENGINE_OWNED, ACTIVE, VALIDATED],
  },
  DeletePolicy: {
    does: 'Deletes a policy. The next request is decided without it.',
    errors: ['ConflictException', 'ResourceNotFoundException'],
    differs: [ENGINE_OWNED],
  },
  ListPolicies: {
    does: 'Returns a page of the policies of an engine, sorted by name.',
    errors: ['ResourceNotFoundException'],
    differs: [ENGINE_OWNED],
  },
};
