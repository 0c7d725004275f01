/**
 * Rules for a policy that is put, in addition to supported elements.
 */
import { invalidMember } from '../service-error';
import type { PolicyDocument } from './policy-document';

/**
 * Maximum steps for each character of a request's scopes. A request has up to 32,768 characters of scopes, and a
 * provider's policy is evaluated twice.
 */
const MAX_STEPS = 100;

/**
 * Limits conditions on multivalued keys, which take the most time: each value is compared with every value of the policy.
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
      `must not take more than ${MAX_STEPS} steps per character (this policy takes ${steps}); use fewer or shorter wildcard values`,
    );
  }
}

/**
 * A request without scopes gets the provider's default scopes, and a Deny with ForAnyValue does not apply to it. So the
 * author must state whether the Deny applies to such a request.
 *
 * @throws ValidationException
 */
function checkDenials({ statements }: PolicyDocument): void {
  for (const { name, effect, conditions } of statements) {
    if (effect !== 'Deny') continue;
    for (const { key, ...condition } of conditions) {
      if (!key.absentMeansDefault || !('stated' in condition)) continue;
      const { quantifier, ifExists } = condition.stated;
      const said = conditions.some((other) => other.key === key && 'absent' in other);
      if (quantifier === 'ForAllValues' || ifExists || said) continue;
      throw invalidMember(
        'policy',
        `${name}: would not deny a request without ${key.name}, which gets the provider's default; add IfExists to the operator to deny it, or "Null": {"${key.name}": "false"} to exclude it`,
      );
    }
  }
}

/**
 * Checks a new policy. Stored policies are evaluated even if they break a rule.
 *
 * @throws ValidationException for a policy that breaks a rule
 */
export function checkAdmission(document: PolicyDocument): void {
  checkDenials(document);
  checkBudget(document);
}
