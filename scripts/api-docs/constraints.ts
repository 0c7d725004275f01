/** Describes the values that a member accepts. */
import { schemaOf, stepsOf, type Node } from './schema-node';

const code = (text: string): string => `\`${text}\``;

const SINGULAR: Readonly<Record<string, string>> = { characters: 'character', entries: 'entry' };

/** @param counted the unit, or an empty string for a plain number */
function bounds(min: number | undefined, max: number | undefined, counted: string): string[] {
  const of = counted === '' ? '' : ` ${counted}`;
  if (min === 1 && max === 1) return [`exactly 1 ${SINGULAR[counted] ?? ''}`.trimEnd()];
  if (min !== undefined && min === max) return [`${min}${of}`];
  if (min !== undefined && min > 0 && max !== undefined) return [`${min} to ${max}${of}`];
  if (max !== undefined) return [`up to ${max}${of}`];
  return min === undefined || min === 0 ? [] : [`at least ${min}${of}`];
}

function boundsOf(steps: readonly Node[]): string[] {
  const length = steps.find(({ metadata }) => metadata?.length)?.metadata?.length;
  if (length) return bounds(length.min, length.max, 'characters');
  const numberOf = (type: RegExp) => {
    const requirement = steps.find((step) => type.test(step.type))?.requirement;
    return typeof requirement === 'number' ? requirement : undefined;
  };
  const counted = { string: 'characters', number: '' }[steps[0]?.type ?? ''] ?? 'entries';
  return bounds(numberOf(/^min_/), numberOf(/^max_/), counted);
}

const patternOf = ({ type, requirement }: Node): string[] =>
  type === 'regex' && requirement instanceof RegExp
    ? [`matches ${code(requirement.source.replaceAll('\\/', '/'))}`]
    : [];

/** Whether the message is about the length of a text (lambda/model/constraints.ts). */
export const isTextLength = (message: string): boolean =>
  /^must have (up to |\d+ to )?\d+ characters$/.test(message);

/** Returns the message of a rule, except for a text length, which the bounds describe already. */
const ruleOf = ({ type, message }: Node): string[] =>
  type === 'check' && typeof message === 'string' && !isTextLength(message) ? [message] : [];

function choicesOf({ type, options = [] }: Node): string[] {
  const names = options.filter((option) => typeof option === 'string').map(code);
  return type === 'picklist' ? [`one of ${names.join(', ')}`] : [];
}

/** Returns the alternatives of a union if one of them has several members. */
function alternativesOf({ type, options = [] }: Node): string[] {
  if (type !== 'union') return [];
  const alternatives = options.map((option) =>
    typeof option === 'string' ? [option] : Object.keys(option.entries ?? {}),
  );
  if (alternatives.every(({ length }) => length === 1)) return ['must have exactly one member'];
  const listed = alternatives.map((members) => members.map(code).join(' with '));
  return [`must have ${listed.join(', or ')}, and no other member`];
}

function each(label: string, part: Node | undefined): string[] {
  const constraints = part ? constraintsOf(part) : [];
  return constraints.length > 0 ? [`each ${label}: ${constraints.join(', ')}`] : [];
}

export function constraintsOf(node: Node): string[] {
  const steps = stepsOf(node);
  const schema = schemaOf(node);
  return [
    ...choicesOf(schema),
    ...alternativesOf(schema),
    ...boundsOf(steps),
    ...steps.flatMap((step) => [...patternOf(step), ...ruleOf(step)]),
    ...each('entry', schema.item),
    ...each('key', schema.key),
    ...each('value', schema.value),
  ];
}
