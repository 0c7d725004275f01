/**
 * The Condition element, which determines when a statement applies. Operators and keys are joined by *and*, and the
 * values of one key by *or* (negated operators: by *nor*), as in IAM.
 *
 * Two pitfalls of IAM are rejected instead of imitated. In an Allow, `ForAllValues` and `…IfExists` on a multivalued key
 * also hold if the request has no value, and a request without scopes gets the provider's default scopes. So an Allow
 * must also have `Null: false`. An empty Condition, which would always hold, is rejected.
 * Source: IAM user guide, "Single-valued vs. multivalued context keys" and "Condition operators".
 */
import { conditionKey, conditionKeyNames, type ConditionKey, type KeySource } from './condition-keys';
import {
  CONDITION_OPERATORS,
  statedOperator,
  type StatedOperator,
  type StatedValues,
} from './condition-operators';
import type { GovernedKind } from './governed-operations';
import { membersOf, oneOrMore, refused, truthOf, type PolicyElement } from './policy-element';

export type Condition =
  | { readonly key: ConditionKey; readonly absent: boolean }
  | { readonly key: ConditionKey; readonly stated: StatedOperator; readonly values: StatedValues };

function keyOf(name: string, element: PolicyElement, kind: GovernedKind): ConditionKey {
  const key = conditionKey(name, kind);
  if (key) return key;
  const known = conditionKeyNames(kind).join(', ');
  throw refused(element, `is not a condition key of this resource; use ${known}`);
}

/** The set operator that a statement usually needs: an Allow limits every value, and a Deny forbids each one. */
const SET_OPERATORS = {
  Allow: 'put ForAllValues: before the operator, or ForAnyValue: if one matching value is enough',
  Deny: 'put ForAnyValue: before the operator, or ForAllValues: if every value must match',
} as const;

function parseComparison(
  key: ConditionKey,
  stated: StatedOperator,
  element: PolicyElement,
  effect: 'Allow' | 'Deny',
): Condition {
  const { quantifier, operator } = stated;
  if (!key.families.includes(operator.family)) {
    throw refused(element, `must be used with ${key.families.join('… or ')} operators`);
  }
  if (key.manyValues && !quantifier) {
    throw refused(element, `is multivalued; ${SET_OPERATORS[effect]}`);
  }
  if (!key.manyValues && quantifier) {
    throw refused(element, `has a single value; omit ${quantifier}:`);
  }
  const values = operator.parse(oneOrMore(element).map((value) => key.parse(value, operator)));
  return { key, stated, values };
}

function parseOperator(
  name: string,
  element: PolicyElement,
  effect: 'Allow' | 'Deny',
  kind: GovernedKind,
): readonly Condition[] {
  const stated = statedOperator(name);
  if (!stated && name !== 'Null') {
    throw refused(
      element,
      `is not a supported condition operator; use ${CONDITION_OPERATORS.join(', ')}, or Null`,
    );
  }
  const seen = new Set<string>();
  return [...membersOf(element)].map(([keyName, member]) => {
    const key = keyOf(keyName, member, kind);
    if (seen.has(key.name))
      throw refused(member, 'is repeated with different case; join the values in a list');
    seen.add(key.name);
    return stated ? parseComparison(key, stated, member, effect) : { key, absent: truthOf(member) };
  });
}

/** Returns whether the condition holds without a value, for a key without which a request still gets something. */
const holdsWithoutValues = (condition: Condition): boolean =>
  'stated' in condition &&
  condition.key.absentMeansDefault === true &&
  (condition.stated.ifExists || condition.stated.quantifier === 'ForAllValues');

/**
 * Returns the parsed Condition of a statement.
 *
 * @param effect of the statement
 * @param kind of the policy's resource
 * @throws ValidationException that names the element that is not supported
 */
export function parseConditions(
  element: PolicyElement,
  effect: 'Allow' | 'Deny',
  kind: GovernedKind,
): readonly Condition[] {
  const conditions = [...membersOf(element)].flatMap(([name, member]) =>
    parseOperator(name, member, effect, kind),
  );
  const open = conditions.find(
    (condition) =>
      holdsWithoutValues(condition) &&
      !conditions.some((other) => 'absent' in other && !other.absent && other.key === condition.key),
  );
  if (open && effect === 'Allow') {
    const { name } = open.key;
    throw refused(
      element,
      `would also allow a request without ${name}; add "Null": {"${name}": "false"} to the Condition`,
    );
  }
  return conditions;
}

/** Returns whether a condition holds for a request. */
export function holds(condition: Condition, request: KeySource): boolean {
  const given = condition.key.read(request);
  if ('absent' in condition) return condition.absent === (given.length === 0);
  const { quantifier, operator, ifExists } = condition.stated;
  if (given.length === 0) {
    if (ifExists || quantifier === 'ForAllValues') return true;
    return quantifier === undefined && operator.negated;
  }
  const passes = (value: string): boolean => condition.values.match(value) !== operator.negated;
  return quantifier === 'ForAnyValue' ? given.some(passes) : given.every(passes);
}
