/**
 * Condition operators, as data: how one stated value is compared with one value of the request.
 *
 * Known: String… and Arn… with their negations, Bool, Null; `…IfExists` on all but Null; `ForAllValues:` and
 * `ForAnyValue:` on keys with many values. Not known, so refused when put: Numeric…, Date…, Binary…, IpAddress
 * and NotIpAddress, for which no key exists here.
 * Source: IAM user guide, "IAM JSON policy elements: Condition operators".
 */
import { matchesArn, matchesWildcard } from './wildcard';

export interface ConditionOperator {
  /** What kinds of value it compares. */
  readonly family: 'String' | 'Arn' | 'Bool';
  /** Holds when no stated value matches. */
  readonly negated: boolean;
  /** Whether `*` and `?` in a stated value are wildcards. */
  readonly wildcards: boolean;
  matches(stated: string, given: string): boolean;
}

type Family = Omit<ConditionOperator, 'negated'>;

const equal = (stated: string, given: string): boolean => stated === given;
const equalIgnoringCase = (stated: string, given: string): boolean =>
  stated.toLowerCase() === given.toLowerCase();

const text: Family = { family: 'String', wildcards: false, matches: equal };
const textIgnoringCase: Family = { family: 'String', wildcards: false, matches: equalIgnoringCase };
const textLike: Family = { family: 'String', wildcards: true, matches: matchesWildcard };
const arn: Family = { family: 'Arn', wildcards: true, matches: matchesArn };
const truth: Family = { family: 'Bool', wildcards: false, matches: equal };

const plain = (family: Family): ConditionOperator => ({ ...family, negated: false });
const not = (family: Family): ConditionOperator => ({ ...family, negated: true });

const OPERATORS: ReadonlyMap<string, ConditionOperator> = new Map([
  ['StringEquals', plain(text)],
  ['StringNotEquals', not(text)],
  ['StringEqualsIgnoreCase', plain(textIgnoringCase)],
  ['StringNotEqualsIgnoreCase', not(textIgnoringCase)],
  ['StringLike', plain(textLike)],
  ['StringNotLike', not(textLike)],
  ['ArnEquals', plain(arn)],
  ['ArnNotEquals', not(arn)],
  ['ArnLike', plain(arn)],
  ['ArnNotLike', not(arn)],
  ['Bool', plain(truth)],
]);

/** An operator as a policy writes it, taken apart. */
export interface StatedOperator {
  /** For keys with many values: whether all of them or any of them must pass. */
  readonly quantifier: 'ForAllValues' | 'ForAnyValue' | undefined;
  readonly operator: ConditionOperator;
  /** Holds also when the request has no such key. */
  readonly ifExists: boolean;
}

const STATED = /^(?:(ForAllValues|ForAnyValue):)?([A-Za-z]+?)(IfExists)?$/;

/**
 * @param name such as `ForAnyValue:StringLikeIfExists`
 * @returns undefined for an operator that is not known; Null is not a comparison and not among them
 */
export function statedOperator(name: string): StatedOperator | undefined {
  const [, quantifier, comparison, ifExists] = STATED.exec(name) ?? [];
  const operator = comparison === undefined ? undefined : OPERATORS.get(comparison);
  return (
    operator && {
      quantifier: quantifier as StatedOperator['quantifier'],
      operator,
      ifExists: ifExists !== undefined,
    }
  );
}
