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
      `must take at most ${MAX_STEPS} steps per character (this policy takes ${steps}); use fewer or shorter wildcard values`,
    );
  }
}

/**
 * A request for no scope gets what the provider grants by default, and a Deny with ForAnyValue does not speak of it:
 * the author must say so, or mean it too.
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
        `${name}: would not deny a request without ${key.name}, which gets what the provider grants by default; add IfExists to the operator, or "Null": {"${key.name}": "false"} if that is meant`,
      );
    }
  }
}

/** @throws ValidationException for a policy that must not be put */
export function checkAdmission(document: PolicyDocument): void {
  checkDenials(document);
  checkBudget(document);
}
