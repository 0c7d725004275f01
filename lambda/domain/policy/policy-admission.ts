/**
 * What a policy must keep to when it is put, beyond being understood. A stored policy from before a rule is evaluated
 * as it stands; its next change must keep the rule.
 */
import { invalidMember } from '../service-error';
import type { PolicyDocument } from './policy-document';

/**
 * Steps for each character of a request's scopes, at most. A request has up to 32,768 characters of them, and a
 * provider's policy is evaluated twice.
 */
const MAX_STEPS = 100;

/**
 * Conditions on keys with many values are what takes time: each value is compared with all that the policy states.
 *
 * @throws ValidationException
 */
function checkBudget({ statements }: PolicyDocument): void {
  let steps = 0;
  for (const condition of statements.flatMap(({ conditions }) => conditions)) {
    if ('stated' in condition && condition.key.manyValues) steps += condition.values.steps;
  }
  if (steps > MAX_STEPS) {
    throw invalidMember(
      'policy',
      `takes ${steps} steps for each character of a request's scopes, and ${MAX_STEPS} are allowed; state fewer or shorter values with wildcards, or list the values themselves with StringEquals`,
    );
  }
}

/** @throws ValidationException for a policy that must not be put */
export function checkAdmission(document: PolicyDocument): void {
  checkBudget(document);
}
