/** The differences from AWS that test/shapes verifies, by operation. */
import {
  ADDED_MEMBERS,
  BOUNDS,
  DIFFERENT_VALUES,
  REFUSED_MEMBERS,
  REPLACED_SHAPES,
  type DifferentValue,
} from '../aws-model/differences';
import { shapeOf, type ModelledOperation, type ShapeReference } from '../aws-model/service-model';
import { isJsonOperation } from '../../lambda/operations';
import type { Difference } from '../../lambda/operations/reference';
import { REFERENCES } from './references';

/** Finds the shapes within a structure, and the names of the members that have them. */
function shapesWithin(reference: ShapeReference, found: Map<string, Set<string>>): void {
  const shape = shapeOf(reference);
  const isRefused = (name: string) =>
    REFUSED_MEMBERS.some((refused) => refused.shape === reference.shape && refused.member === name);
  if (shape.type === 'list') shapesWithin(shape.member, found);
  if (shape.type === 'map') [shape.key, shape.value].forEach((part) => shapesWithin(part, found));
  if (shape.type !== 'structure') return;
  for (const [name, member] of Object.entries(shape.members)) {
    if (isRefused(name)) continue;
    found.set(member.shape, (found.get(member.shape) ?? new Set()).add(name));
    shapesWithin(member, found);
  }
}

const ofValue = ({ here, what, why }: DifferentValue): Difference => ({
  what: `${here === 'accepted' ? 'accepts' : 'rejects'} ${what}`,
  why,
});

const membersOf = (names: ReadonlySet<string> = new Set()): string =>
  names.size === 0 ? '' : ` of ${[...names].map((name) => `\`${name}\``).join(', ')}`;

/** Returns all differences between an operation and its AWS counterpart. */
export function differencesOf({ name, inputShape }: ModelledOperation): Difference[] {
  const shapes = new Map<string, Set<string>>([[inputShape, new Set()]]);
  shapesWithin({ shape: inputShape }, shapes);
  return [
    ...(isJsonOperation(name) ? (REFERENCES[name].differs ?? []) : []),
    ...ADDED_MEMBERS.filter(({ operation }) => operation === name).map(({ member, why }) => ({
      what: `also accepts \`${member}\``,
      why,
    })),
    ...REFUSED_MEMBERS.filter(({ shape }) => shapes.has(shape)).map(({ shape, member, why }) => ({
      what: `does not support \`${member}\`${membersOf(shapes.get(shape))}`,
      why,
    })),
    ...REPLACED_SHAPES.filter(({ shape }) => shapes.has(shape)),
    ...BOUNDS.filter(({ shape }) => shapes.has(shape)).map(({ shape, most, of, why }) => ({
      what: `accepts up to ${most.toLocaleString('en')} ${of} in ${[...(shapes.get(shape) ?? [])].map((member) => `\`${member}\``).join(', ')}`,
      why,
    })),
    ...DIFFERENT_VALUES.filter(({ shape, as }) => as === 'value' && shapes.has(shape)).map(ofValue),
  ];
}
