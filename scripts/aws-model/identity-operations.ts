/**
 * The operations of identity and gateways of botocore's service models, as `identity-shapes.json` has them: names, types, lengths,
 * patterns, enums, required members, HTTP bindings, and errors, without the documentation.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

type Json = null | boolean | number | string | readonly Json[] | { readonly [member: string]: Json };
type Structure = Readonly<Record<string, Json>>;

interface BotocoreOperation {
  readonly http: { readonly requestUri: string };
  readonly input?: { readonly shape: string };
  readonly output?: { readonly shape: string };
  readonly errors?: readonly { readonly shape: string }[];
  readonly [member: string]: unknown;
}

interface BotocoreModel {
  readonly metadata: Structure;
  readonly operations: Readonly<Record<string, BotocoreOperation>>;
  readonly shapes: Readonly<Record<string, Structure>>;
}

/** One plane of the copy. */
export interface CopiedPlane {
  readonly metadata: Json;
  readonly operations: Structure;
  readonly shapes: Structure;
}

export const PLANES = {
  control_plane: 'bedrock-agentcore-control/2023-06-05',
  data_plane: 'bedrock-agentcore/2024-02-28',
} as const;

export type PlaneName = keyof typeof PLANES;

export type CopiedModel = Readonly<Record<PlaneName, CopiedPlane>> & { readonly source: string };

/** Policy engines are part of gateways. */
const IDENTITY_PATHS =
  /^\/(identities|tags|resourcepolicy|gateways|policy-engines|policy-engine-summaries)(\/|$)/;

/** Sorted by name, so that a new copy differs from the old one only where the models do. */
const sorted = <Value>(entries: readonly (readonly [string, Value])[]): Record<string, Value> =>
  Object.fromEntries([...entries].sort(([one], [other]) => (one < other ? -1 : 1)));

/** In a structure, `documentation` is text. A member of that name would be a structure. */
const isDocumentation = (name: string, value: Json): boolean =>
  name === 'documentation' && typeof value === 'string';

function withoutDocumentation(value: Json): Json {
  if (Array.isArray(value)) return value.map((item: Json) => withoutDocumentation(item));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value as Structure).filter(
    ([name, member]) => !isDocumentation(name, member),
  );
  return sorted(entries.map(([name, member]) => [name, withoutDocumentation(member)]));
}

function copiedOperation({ input, output, errors = [], ...others }: BotocoreOperation): Json {
  const members = Object.entries(others as unknown as Structure).filter(([name]) => name !== 'name');
  return withoutDocumentation({
    ...Object.fromEntries(members),
    errors: errors.map(({ shape }) => shape),
    ...(input && { input: input.shape }),
    ...(output && { output: output.shape }),
  });
}

/** The names of the shapes to which a shape refers. */
function references(shape: Json): string[] {
  if (Array.isArray(shape)) return shape.flatMap((item: Json) => references(item));
  if (typeof shape !== 'object' || shape === null) return [];
  return Object.entries(shape as Structure).flatMap(([name, value]) =>
    name === 'shape' && typeof value === 'string' ? [value] : references(value),
  );
}

function reachableShapes({ shapes }: BotocoreModel, from: readonly string[]): Structure {
  const reached = new Map<string, Json>();
  const open = [...from];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    const shape = shapes[name];
    if (!shape || reached.has(name)) continue;
    reached.set(name, withoutDocumentation(shape));
    open.push(...references(shape));
  }
  return sorted([...reached]);
}

/** Returns a plane of the copy. */
export function copiedPlane(model: BotocoreModel): CopiedPlane {
  const identity = Object.entries(model.operations).filter(([, { http }]) =>
    IDENTITY_PATHS.test(http.requestUri),
  );
  const roots = identity.flatMap(([, { input, output, errors = [] }]) =>
    [input, output, ...errors].flatMap((reference) => (reference ? [reference.shape] : [])),
  );
  return {
    metadata: withoutDocumentation(model.metadata),
    operations: sorted(identity.map(([name, operation]) => [name, copiedOperation(operation)])),
    shapes: reachableShapes(model, roots),
  };
}

/** botocore has compressed its models since 1.30. */
function readModel(data: string, plane: PlaneName): BotocoreModel {
  const file = join(data, PLANES[plane], 'service-2.json');
  const text = existsSync(file) ? readFileSync(file) : gunzipSync(readFileSync(`${file}.gz`));
  return JSON.parse(text.toString('utf8')) as BotocoreModel;
}

/**
 * Returns the copy of an installed botocore.
 *
 * @param data its folder `data`
 * @param version of botocore
 */
export const copiedModel = (data: string, version: string): CopiedModel => ({
  control_plane: copiedPlane(readModel(data, 'control_plane')),
  data_plane: copiedPlane(readModel(data, 'data_plane')),
  source: `botocore ${version}: the operations under /identities, /tags, /resourcepolicy, and /gateways, and those of policy engines, of ${Object.values(PLANES).join(' and ')}, without documentation`,
});
