/**
 * The walk: every operation, every member however deep, and for each the values at and beyond its bounds. A
 * case is a whole request in which that one place differs from the least that the operation takes.
 */
import {
  BOUNDS,
  COUPLED_SHAPES,
  type CoupledShape,
  DIFFERENT_VALUES,
  LONE_SURROGATE,
  REFUSED_MEMBERS,
  type RefusedMember,
  REPLACED_SHAPES,
  type DifferentValue,
} from './differences';
import {
  shapeOf as shapeAtAws,
  type ListShape,
  type MapShape,
  type ModelledOperation,
  type Shape,
  type ShapeReference,
  type StructureShape,
} from './service-model';
import { leastString, satisfies, stringValues, type TriedValue } from './string-values';

export interface Case extends TriedValue {
  readonly operation: string;
  /** Dotted path of the place that is tried; the empty path is the request itself. */
  readonly place: string;
  readonly request: unknown;
  /** Names of members; an error must report one of them. */
  readonly fields: readonly string[];
  /** Text that an error must also contain. */
  readonly says?: string;
}

/** Returns the AWS shape with the additional bounds of this service, or the shape in its place. */
function shapeOf(reference: ShapeReference): Shape {
  const replaced = REPLACED_SHAPES.find((entry) => entry.shape === reference.shape);
  if (replaced) return replaced.here;
  const shape = shapeAtAws(reference);
  const bound = BOUNDS.find((entry) => entry.shape === reference.shape);
  if (!bound) return shape;
  if ('max' in shape && shape.max !== undefined) throw new Error(`${bound.shape}: AWS bounds it, too`);
  return { ...shape, max: bound.most } as Shape;
}

type Tried = Omit<Case, 'operation'>;

/** Location of a value in the request. */
interface Place {
  readonly path: string;
  readonly put: (value: unknown) => unknown;
}

const below = (path: string, name: string | number): string =>
  path === '' ? String(name) : `${path}.${name}`;

/** A name that no structure has, and one that every JavaScript object has. */
const UNKNOWN_NAMES = ['unknownMember', 'constructor', '__proto__'];

const coupledShape = (reference: ShapeReference): CoupledShape | undefined =>
  COUPLED_SHAPES.find(({ shape }) => shape === reference.shape);

/** The least that a shape takes. */
function least(reference: ShapeReference): unknown {
  const coupled = coupledShape(reference);
  if (coupled) return coupled.accepted[0];
  const shape = shapeOf(reference);
  switch (shape.type) {
    case 'string':
      return leastString(shape);
    case 'integer':
    case 'double':
      return shape.min;
    case 'boolean':
      return false;
    case 'list':
      return Array.from({ length: shape.min ?? 0 }, () => least(shape.member));
    case 'map':
      return entries(shape, shape.min ?? 0);
    case 'structure':
      return leastStructure(shape);
    case 'timestamp':
      throw new Error('no request of the service model has a timestamp');
  }
}

const refusedMember = (structure: StructureShape, name: string): RefusedMember | undefined =>
  REFUSED_MEMBERS.find(({ shape, member }) => member === name && shapeAtAws({ shape }) === structure);

const acceptedMembers = (shape: StructureShape): string[] =>
  Object.keys(shape.members).filter((name) => !refusedMember(shape, name));

function leastStructure(shape: StructureShape): Record<string, unknown> {
  const [first] = acceptedMembers(shape);
  const needed = shape.union && first !== undefined ? [first] : (shape.required ?? []);
  return Object.fromEntries(needed.map((name) => [name, least(shape.members[name]!)]));
}

const entries = (shape: MapShape, count: number): Record<string, unknown> =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`key-${index}`, least(shape.value)]));

const tried = (
  place: Place,
  what: string,
  value: unknown,
  accepted: boolean,
  fields = [place.path],
): Tried => ({
  place: place.path,
  what,
  value,
  verdict: accepted ? 'accepted' : 'refused',
  request: place.put(value),
  fields,
});

/** Null, and one value of each JSON type but the right ones. */
function wrongTypes(place: Place, ...right: string[]): Tried[] {
  const values = { null: null, string: 'a', number: 1, boolean: true, list: [], structure: {} };
  return Object.entries(values)
    .filter(([type]) => !right.includes(type))
    .map(([type, value]) => tried(place, type === 'null' ? 'null' : `wrong type: ${type}`, value, false));
}

function stringCases(reference: ShapeReference, place: Place, as: DifferentValue['as'] = 'value'): Tried[] {
  const shape = shapeOf(reference);
  if (shape.type !== 'string') return [];
  const differing = DIFFERENT_VALUES.filter((one) => one.shape === reference.shape && one.as === as);
  const differences = differing.map(({ what, value, here }) => {
    if (satisfies(shape, value) === (here === 'accepted')) throw new Error(`${what}: is no difference`);
    // Of a whole that is too long, the member that holds the value is reported.
    const fields = [place.path, place.path.replace(/\.[^.]*$/, '')];
    return tried(place, `differs: ${what}`, value, here === 'accepted', fields);
  });
  const asShaped = stringValues(shape).filter((one) => !differing.some(({ value }) => value === one.value));
  return [
    ...asShaped.map(({ what, value, verdict }) => tried(place, what, value, verdict === 'accepted')),
    ...differences,
    tried(place, 'lone surrogate', LONE_SURROGATE, false),
  ];
}

function integerCases(min: number, max: number, place: Place): Tried[] {
  return [
    tried(place, 'minimum', min, true),
    tried(place, 'below minimum', min - 1, false),
    tried(place, 'maximum', max, true),
    tried(place, 'above maximum', max + 1, false),
    tried(place, 'not whole', min + 0.5, false),
  ];
}

function countCases(
  { min = 0, max }: ListShape | MapShape,
  place: Place,
  make: (count: number) => unknown,
): Tried[] {
  return [
    tried(place, 'minimum', make(min), true),
    tried(place, 'maximum', make(max ?? min + 60), true),
    ...(min > 0 ? [tried(place, 'below minimum', make(min - 1), false)] : []),
    ...(max !== undefined ? [tried(place, 'above maximum', make(max + 1), false)] : []),
  ];
}

function listCases(shape: ListShape, place: Place): Tried[] {
  const make = (count: number) => Array.from({ length: count }, () => least(shape.member));
  const item = { path: below(place.path, 0), put: (value: unknown) => place.put([value]) };
  return [...countCases(shape, place, make), ...casesOf(shape.member, item)];
}

function mapCases(shape: MapShape, place: Place): Tried[] {
  const value = least(shape.value);
  const key: Place = {
    path: place.path,
    put: (name) => place.put(Object.fromEntries([[name as string, value]])),
  };
  // The place of a key is named by the key itself, as long as a name is reported.
  const keyCases = stringCases(shape.key, key, 'map key').map((one) => ({
    ...one,
    place: below(place.path, '(key)'),
    fields: [place.path, below(place.path, String(one.value)).slice(0, 256)],
  }));
  const entry = {
    path: below(place.path, 'key-0'),
    put: (inner: unknown) => place.put({ 'key-0': inner }),
  };
  const make = (count: number) => entries(shape, count);
  return [...countCases(shape, place, make), ...keyCases, ...casesOf(shape.value, entry)];
}

/** A structure as a whole: what it misses, what it does not have, and how many members a union has. */
function structureCases(shape: StructureShape, place: Place): Tried[] {
  const base = leastStructure(shape);
  const cases = Object.keys(shape.members).map((name) => {
    const without = Object.fromEntries(Object.entries(base).filter(([other]) => other !== name));
    const needed = name in base;
    const fields = [below(place.path, name), ...(shape.union ? [place.path] : [])];
    return { ...tried(place, 'missing', without, !needed, fields), place: below(place.path, name) };
  });
  for (const name of UNKNOWN_NAMES) {
    // An own property even for `__proto__`, as JSON.parse makes it.
    const unknown = Object.fromEntries([...Object.entries(base), [name, 'a']]);
    const fields = [below(place.path, name), ...(shape.union ? [place.path] : [])];
    cases.push({ ...tried(place, 'unknown', unknown, false, fields), place: below(place.path, name) });
  }
  const two = acceptedMembers(shape).slice(0, 2);
  if (shape.union && two.length === 2) {
    const both = Object.fromEntries(two.map((name) => [name, least(shape.members[name]!)]));
    cases.push(tried(place, 'two members of a union', both, false));
  }
  return cases;
}

function memberCases(shape: StructureShape, place: Place): Tried[] {
  return Object.entries(shape.members).flatMap(([name, member]) => {
    const base = shape.union ? {} : leastStructure(shape);
    const path = below(place.path, name);
    const at = { path, put: (value: unknown) => place.put({ ...base, [name]: value }) };
    const refused = refusedMember(shape, name);
    if (!refused) return casesOf(member, at);
    // What the member contains is not tried: it can be endless.
    return wrongTypes(at).map((one): Tried => ({ ...one, what: 'refused member', says: refused.says }));
  });
}

/** Returns the paths of a value and of everything in it. */
const pathsWithin = (path: string, value: unknown): string[] => [
  path,
  ...(typeof value === 'object' && value !== null
    ? Object.entries(value).flatMap(([name, inner]) => pathsWithin(below(path, name), inner))
    : []),
];

function casesOf(reference: ShapeReference, place: Place): Tried[] {
  const coupled = coupledShape(reference);
  if (coupled) {
    const { accepted, refused } = coupled;
    return [
      ...accepted.map((value) => tried(place, 'members that match', value, true)),
      ...refused.map((value) => {
        const fields = [value, accepted[0]].flatMap((one) => pathsWithin(place.path, one));
        return tried(place, 'members that do not match', value, false, fields);
      }),
    ];
  }
  const shape = shapeOf(reference);
  switch (shape.type) {
    case 'string':
      return [...stringCases(reference, place), ...wrongTypes(place, 'string')];
    case 'integer':
    case 'double':
      return [...integerCases(shape.min, shape.max, place), ...wrongTypes(place, 'number')];
    case 'boolean':
      return [
        tried(place, 'true', true, true),
        tried(place, 'false', false, true),
        ...wrongTypes(place, 'boolean'),
      ];
    case 'list':
      return [...listCases(shape, place), ...wrongTypes(place, 'list')];
    case 'map':
      return [...mapCases(shape, place), ...wrongTypes(place, 'structure')];
    case 'structure':
      return [
        ...structureCases(shape, place),
        ...memberCases(shape, place),
        ...wrongTypes(place, 'structure'),
      ];
    case 'timestamp':
      throw new Error('no request of the service model has a timestamp');
  }
}

/** Every case of an operation. */
export function casesOfOperation({ name, input }: ModelledOperation): Case[] {
  const request = { path: '', put: (value: unknown) => value };
  const cases = [...structureCases(input, request), ...memberCases(input, request)];
  return [{ ...tried(request, 'the least', leastStructure(input), true) }, ...cases].map((one) => ({
    operation: name,
    ...one,
  }));
}
