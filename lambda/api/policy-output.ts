/** Responses of the operations on policy engines and policies: the AWS members, whose times are texts (ISO 8601). */
import type { PolicyOfEngine } from '../domain/gateway/manage/policies';
import type { PolicyEngine } from '../model/records/policy-engine';
import { timesOf } from './gateway-output';

/** Every write is complete when its response is returned. */
const ACTIVE = { status: 'ACTIVE', statusReasons: [] };
const DELETING = { status: 'DELETING' };

/** The AWS type `PolicyEngine`, and the responses with its members. */
export const policyEngineDescribed = (engine: PolicyEngine) => ({
  policyEngineId: engine.id,
  policyEngineArn: engine.arn,
  name: engine.name,
  description: engine.description,
  ...ACTIVE,
  ...timesOf(engine),
});

export const policyEngineDeleted = (engine: PolicyEngine) => ({
  ...policyEngineDescribed(engine),
  ...DELETING,
});

/** The AWS type `Policy`, and the responses with its members. */
export const policyDescribed = ({ engine, policy }: PolicyOfEngine) => ({
  policyEngineId: engine.id,
  policyId: policy.id,
  policyArn: `${engine.arn}/policy/${policy.id}`,
  name: policy.name,
  description: policy.description,
  definition: { cedar: { statement: policy.statement } },
  enforcementMode: policy.mode,
  ...ACTIVE,
  ...timesOf(policy),
});

export const policyDeleted = (found: PolicyOfEngine) => ({ ...policyDescribed(found), ...DELETING });
