/**
 * Condition operators as data: how policy values are compared with one value of the request.
 *
 * Supported: String… and Arn… with their negations, Bool, and Null; `…IfExists` on all except Null; `ForAllValues:` and
 * `ForAnyValue:` on multivalued keys. Not supported, so rejected when put: Numeric…, Date…, Binary…, IpAddress, and
 * NotIpAddress, because no key here has such values.
 * Source: IAM user guide, "IAM JSON policy elements: Condition operators".
 */
import { hasWildcard, parseArnPattern, parseWildcard } from './wildcard';

/** Policy values, prepared for comparison. */
export interface StatedValues {
  /** Steps for each character of the request's values: more than one for wildcard values. */
  readonly steps: number;
  /** Returns whether one of them matches. */
  readonly match: (given: string) => boolean;
}

export interface ConditionOperator {
  /** The kinds of value that it compares. */
  readonly family: 'String' | 'Arn' | 'Bool';
  /** True if the condition holds when no policy value matches. */
  readonly negated: boolean;
  /** Whether `*` and `?` in a policy value are wildcards. */
  readonly wildcards: boolean;
  parse(stated: readonly string[]): StatedValues;
}

type Family = Omit<ConditionOperator, 'negated'>;

/** Values in a set, so that their number does not matter. */
function parseTexts(stated: readonly string[]): StatedValues {
  const texts = new Set(stated);
  return { steps: 1, match: (given) => texts.has(given) };
}

function parseTextsIgnoringCase(stated: readonly string[]): StatedValues {
  const { steps, match } = parseTexts(stated.map((value) => value.toLowerCase()));
  return { steps, match: (given) => match(given.toLowerCase()) };
}

const sumOf = (patterns: readonly { readonly steps: number }[]): number =>
  patterns.reduce((sum, { steps }) => sum + steps, 0);

function parseWildcards(stated: readonly string[]): StatedValues {
  const texts = parseTexts(stated.filter((value) => !hasWildcard(value)));
  const wildcards = stated.filter(hasWildcard).map(parseWildcard);
  return {
    steps: texts.steps + sumOf(wildcards),
    match(given) {
      if (texts.match(given)) return true;
      const characters = [...given];
      return wildcards.some((wildcard) => wildcard.matches(characters));
    },
  };
}

function parseArns(stated: readonly string[]): StatedValues {
  const patterns = stated.map(parseArnPattern);
  return { steps: sumOf(patterns), match: (given) => patterns.some((pattern) => pattern.matches(given)) };
}

const text: Family = { family: 'String', wildcards: false, parse: parseTexts };
const textIgnoringCase: Family = { family: 'String', wildcards: false, parse: parseTextsIgnoringCase };
const textLike: Family = { family: 'String', wildcards: true, parse: parseWildcards };
const arn: Family = { family: 'Arn', wildcards: true, parse: parseArns };
const truth: Family = { family: 'Bool', wildcards: false, parse: parseTexts };

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

/** Names of the operators, without quantifiers and IfExists. */
export const CONDITION_OPERATORS: readonly string[] = [...OPERATORS.keys()];

/** A parsed operator of a policy. */
export interface StatedOperator {
  /** For multivalued keys: whether all values or any value must pass. */
  readonly quantifier: 'ForAllValues' | 'ForAnyValue' | undefined;
  readonly operator: ConditionOperator;
  /** True if the condition also holds when the request has no such key. */
  readonly ifExists: boolean;
}

const STATED = /^(?:(ForAllValues|ForAnyValue):)?([A-Za-z]+?)(IfExists)?$/;

/**
 * Returns the operator; undefined if it is not supported, or is Null, which compares nothing.
 *
 * @param name such as `ForAnyValue:StringLikeIfExists`
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
