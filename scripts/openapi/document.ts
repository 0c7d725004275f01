/** The OpenAPI document: operations with the schemas of their requests, responses from the AWS model. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isJsonOperation, OPERATIONS, type JsonOperationName } from '../../lambda/operations';
import { pathMembers, type Route } from '../../lambda/operations/operation';
import { ERROR_STATUS, type ErrorName } from '../../lambda/domain/service-error';
import { EVERY_OPERATION } from '../api-docs/document';
import { ERROR_CODES, ERRORS } from '../api-docs/prose';
import { REFERENCES } from '../api-docs/references';
import { MODELLED_OPERATIONS } from '../aws-model/service-model';
import { referenceSchema, type Structures } from './aws-responses';
import { schemaRef, type JsonSchema } from './json-schema';
import { PROTECTED_RESOURCE, responseSchema } from './own-responses';
import { requestSchema } from './request-schemas';

const ERROR: JsonSchema = {
  type: 'object',
  properties: {
    __type: { type: 'string', enum: Object.keys(ERROR_STATUS) },
    message: { type: 'string', description: 'what to do' },
    problem: {
      type: 'object',
      properties: {
        code: { type: 'string', enum: Object.keys(ERROR_CODES) },
        values: { type: 'object', description: 'of the code' },
      },
      required: ['code', 'values'],
    },
    reason: { type: 'string', enum: ['FieldValidationFailed', 'CannotParse', 'ResourceConflict'] },
    fieldList: {
      type: 'array',
      items: {
        type: 'object',
        properties: { name: { type: 'string' }, message: { type: 'string' } },
        required: ['name', 'message'],
      },
    },
  },
  required: ['message'],
};

const jsonContent = (schema: JsonSchema) => ({ 'application/json': { schema } });

const { version, license } = JSON.parse(
  readFileSync(join(__dirname, '..', '..', 'package.json'), 'utf8'),
) as { version: string; license: string };

/** Where the members of a request are that are not in the body. */
function parametersOf({ path, query }: Route, schema: JsonSchema) {
  const inPath = pathMembers({ path }).map((name) => ({ name, in: 'path' }));
  const inQuery = Object.keys(query ?? {}).map((name) => ({ name, in: 'query' }));
  return [...inPath, ...inQuery].map((parameter) => ({
    ...parameter,
    required: schema.required?.includes(parameter.name) ?? false,
    schema: schema.properties?.[parameter.name] ?? {},
  }));
}

/** Returns the schema of the body: without the members that are elsewhere. */
function bodyOf(schema: JsonSchema, elsewhere: readonly string[]): JsonSchema {
  const isInBody = (name: string) => !elsewhere.includes(name);
  return {
    ...schema,
    properties: Object.fromEntries(
      Object.entries(schema.properties ?? {}).filter(([name]) => isInBody(name)),
    ),
    required: (schema.required ?? []).filter(isInBody),
  };
}

/** Returns the errors of an operation by status. */
function errorResponses(operation: JsonOperationName) {
  const names = [...EVERY_OPERATION, ...(REFERENCES[operation].errors ?? [])] as ErrorName[];
  const byStatus = new Map<number, ErrorName[]>();
  for (const name of [...new Set(names)]) {
    byStatus.set(ERROR_STATUS[name], [...(byStatus.get(ERROR_STATUS[name]) ?? []), name]);
  }
  return Object.fromEntries(
    [...byStatus].map(([status, found]) => [
      String(status),
      {
        description: found.map((name) => `${name}: ${ERRORS[name]}`).join('\n\n'),
        headers: { 'x-amzn-errortype': { schema: { type: 'string' }, description: 'name of the error' } },
        content: jsonContent(schemaRef('Error')),
      },
    ]),
  );
}

class Document {
  private readonly structures: Structures = new Map();
  private readonly requests: Record<string, JsonSchema> = {};
  private readonly responses: Record<string, JsonSchema> = {};

  /** @returns the reference to the response; undefined for an operation without one */
  private responseOf(operation: JsonOperationName): JsonSchema | undefined {
    const { output } = REFERENCES[operation];
    if (typeof output === 'string') return schemaRef(`${output}Response`);
    if (output) {
      this.responses[`${operation}Response`] = responseSchema(output(), this.structures);
      return schemaRef(`${operation}Response`);
    }
    const modelled = MODELLED_OPERATIONS.find(({ name }) => name === operation);
    if (!modelled) throw new Error(`${operation} has no output in its reference`);
    return modelled.outputShape === undefined
      ? undefined
      : referenceSchema({ shape: modelled.outputShape }, this.structures);
  }

  private operation(name: JsonOperationName) {
    const route: Route = OPERATIONS[name];
    const schema = requestSchema(name);
    const parameters = parametersOf(route, schema);
    const body = bodyOf(
      schema,
      parameters.map((parameter) => parameter.name),
    );
    const hasBody = Object.keys(body.properties ?? {}).length > 0 || route.method === 'POST';
    if (hasBody) this.requests[`${name}Request`] = body;
    const response = route.status === 204 ? undefined : this.responseOf(name);
    return {
      operationId: name,
      tags: [route.group],
      description: REFERENCES[name].does,
      ...(parameters.length > 0 && { parameters }),
      ...(hasBody && { requestBody: { required: true, content: jsonContent(schemaRef(`${name}Request`)) } }),
      responses: {
        [String(route.status)]: {
          description: 'success',
          ...(response && { content: jsonContent(response) }),
        },
        ...errorResponses(name),
      },
    };
  }

  render() {
    const paths: Record<string, Record<string, ReturnType<Document['operation']>>> = {};
    for (const name of Object.keys(OPERATIONS).filter(isJsonOperation)) {
      const { method, path }: Route = OPERATIONS[name];
      const template = path.replaceAll('+}', '}');
      paths[template] = { ...paths[template], [method.toLowerCase()]: this.operation(name) };
    }
    return {
      openapi: '3.1.1',
      info: {
        title: 'agent-identity API',
        version,
        description:
          'Operations with a JSON body. docs/api.md describes them, and the routes for browsers and resource servers. Responses can get more members in later versions.',
        license: { name: license, identifier: license },
      },
      servers: [
        {
          url: '{endpoint}',
          description: 'the output `Endpoint` of the stack, or the endpoint that `npm start` prints',
          variables: { endpoint: { default: 'http://127.0.0.1:4600' } },
        },
      ],
      security: [{ sigv4: [] }],
      paths,
      components: {
        securitySchemes: {
          sigv4: {
            type: 'apiKey',
            name: 'Authorization',
            in: 'header',
            description: 'AWS Signature Version 4 for the service name `execute-api`',
            'x-amazon-apigateway-authtype': 'awsSigv4',
          },
        },
        schemas: {
          Error: ERROR,
          ...this.requests,
          ...this.responses,
          ProtectedResource: PROTECTED_RESOURCE,
          ...Object.fromEntries(this.structures),
        },
      },
    };
  }
}

/** The document, as an object. */
export const openApiDocument = () => new Document().render();
