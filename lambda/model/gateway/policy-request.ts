/** The requests for policy engines and their policies. */
import * as v from 'valibot';
import { exactlyOne, matching, refused, text } from '../constraints';
import type { Of } from '../of';
import { tags } from '../request-values';
import { POLICY_MODES } from './gateway-configuration';
import { clientToken, pageOf } from './gateway-request';

/** Of an engine and of a policy. The name is in the ID. */
const name = matching(
  1,
  48,
  /^[A-Za-z][A-Za-z0-9_]*$/,
  'must begin with a letter, and have letters, digits, and underscores',
);

const idOf = (kind: string) =>
  matching(12, 59, /^[A-Za-z][A-Za-z0-9_]*-[a-z0-9_]{10}$/, `must be the ID of a ${kind}`);
const policyEngineId = idOf('policy engine');
const policyId = idOf('policy');

const description = text(1, 4096);

/** A member that an update removes if it is present without a value. */
const updatedDescription = v.exactOptional(v.strictObject({ optionalValue: v.exactOptional(description) }));

const ONLY_CEDAR = 'is not supported by this service: use cedar';

const definition = v.pipe(
  v.strictObject({
    cedar: v.exactOptional(v.strictObject({ statement: text(35, 10_000) })),
    policy: refused(ONLY_CEDAR),
    policyGeneration: refused(ONLY_CEDAR),
  }),
  exactlyOne(),
);

/** What the validation of a statement finds is an error, or is ignored. A statement that is not Cedar is always one. */
const VALIDATION_MODES = ['FAIL_ON_ANY_FINDINGS', 'IGNORE_ALL_FINDINGS'] as const;

const modes = {
  enforcementMode: v.exactOptional(v.picklist(POLICY_MODES)),
  validationMode: v.exactOptional(v.picklist(VALIDATION_MODES)),
};

export const createdPolicyEngine = v.strictObject({
  name,
  description: v.exactOptional(description),
  encryptionKeyArn: refused('is not supported by this service: the key of the deployment encrypts its data'),
  clientToken,
  tags: v.exactOptional(tags),
});
export interface CreatePolicyEngineInput extends Of<typeof createdPolicyEngine> {}

export const identifiedPolicyEngine = v.strictObject({ policyEngineId });

export const updatedPolicyEngine = v.strictObject({ policyEngineId, description: updatedDescription });
export interface UpdatePolicyEngineInput extends Of<typeof updatedPolicyEngine> {}

const page = pageOf(100);

export const listedPolicyEngines = v.strictObject(page);

export const createdPolicy = v.strictObject({
  policyEngineId,
  name,
  description: v.exactOptional(description),
  definition,
  ...modes,
  clientToken,
});
export interface CreatePolicyInput extends Of<typeof createdPolicy> {}

export const identifiedPolicy = v.strictObject({ policyEngineId, policyId });
export interface IdentifiedPolicy extends Of<typeof identifiedPolicy> {}

export const updatedPolicy = v.strictObject({
  ...identifiedPolicy.entries,
  description: updatedDescription,
  definition: v.exactOptional(definition),
  ...modes,
});
export interface UpdatePolicyInput extends Of<typeof updatedPolicy> {}

export const listedPolicies = v.strictObject({
  policyEngineId,
  targetResourceScope: refused('is not supported by this service: omit it, and read the statements'),
  ...page,
});
export interface ListPoliciesInput extends Of<typeof listedPolicies> {}
