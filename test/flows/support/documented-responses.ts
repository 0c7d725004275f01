/** Checks that responses are as openapi.json describes them, with no other member. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Ajv2020, { type ValidateFunction } from 'ajv/dist/2020';

const DOCUMENT = Symbol.for('the OpenAPI document of the tests');

interface Operation {
  readonly operationId: string;
  readonly responses: Readonly<
    Record<
      string,
      { readonly content?: { readonly 'application/json': { readonly schema: { readonly $ref: string } } } }
    >
  >;
}

interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: object;
}

/** Returns the schema with every structure closed: a member that the document does not name is an error. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== 'object' || schema === null) return schema;
  const parts = Object.fromEntries(Object.entries(schema).map(([name, part]) => [name, closed(part)]));
  return 'properties' in parts && !('additionalProperties' in parts)
    ? { ...parts, additionalProperties: false }
    : parts;
}

interface Document {
  readonly paths: OpenApi['paths'];
  /** It compiles a schema when it is first used, which takes longer than most tests. */
  readonly ajv: Ajv2020;
}

function readDocument(): Document {
  const { paths, components } = JSON.parse(
    readFileSync(join(__dirname, '..', '..', '..', 'dist', 'openapi.json'), 'utf8'),
  ) as OpenApi;
  return {
    paths,
    ajv: new Ajv2020({ strict: false }).addSchema({ $id: 'openapi', components: closed(components) }),
  };
}

/** All test files of a process share the document. */
const shared = globalThis as { [DOCUMENT]?: Document };
const { paths, ajv } = (shared[DOCUMENT] ??= readDocument());

const operations = Object.entries(paths).flatMap(([path, methods]) =>
  Object.values(methods).map((operation) => ({ path, operation })),
);

/** Returns the check of a success response; undefined for a response without a body. */
function checkOf({ operationId, responses }: Operation, status: number): ValidateFunction | undefined {
  const response = responses[String(status)];
  if (!response) throw new Error(`openapi.json has no status ${status} for ${operationId}`);
  const schema = response.content?.['application/json'].schema;
  if (!schema) return undefined;
  return ajv.getSchema(`openapi${schema.$ref}`);
}

/**
 * Returns the statuses that the document has for an operation; undefined if the document does not have the operation.
 *
 * @param name of the operation
 */
export const documentedStatuses = (name: string): readonly number[] | undefined => {
  const found = operations.find(({ operation }) => operation.operationId === name);
  return found && Object.keys(found.operation.responses).map(Number);
};

/**
 * @param of name or path of the operation
 * @throws Error if the document does not describe the response
 */
export function expectDocumented(
  of: { name: string } | { path: string },
  status: number | undefined,
  body: string,
): void {
  if (status === undefined || status >= 300) return;
  const { operation } =
    operations.find((each) =>
      'name' in of ? each.operation.operationId === of.name : each.path === of.path,
    ) ?? {};
  if (!operation) throw new Error(`openapi.json has no operation ${JSON.stringify(of)}`);
  const check = checkOf(operation, status);
  if (!check) {
    if (body !== '') throw new Error(`${operation.operationId}: openapi.json has no body, the response does`);
    return;
  }
  if (!check(JSON.parse(body)))
    throw new Error(`${operation.operationId}: openapi.json differs: ${JSON.stringify(check.errors)}`);
}
