/** The router: API Gateway's event → the operation of its route → the response. A function serves only its own operations. */
import middy from '@middy/core';
import type { APIGatewayProxyEvent, APIGatewayProxyResult, Context } from 'aws-lambda';
import type { Annotate, Requests } from '../domain/audit';
import { callerOf, type Caller } from '../domain/principal';
import { ServiceError } from '../domain/service-error';
import type { RegionFence } from '../domain/writing-region';
import type { AwsOutput } from './aws-output';
import { empty, errorResult, json, NO_STORE } from './errors';
import type { InputOf, JsonOperation, Operations, Response, Route, SameAs } from '../operations/operation';
import { parseInput } from './parse';
import { requestContextOf, UNKNOWN_ROUTE } from './request-context';
import type { RefuseForged } from './stage-secret';
import { unexpected, type ReportUnexpected } from './unexpected';

/** A response with additional headers. */
export class ResponseWithHeaders<Output extends object = object> {
  constructor(
    readonly body: Output,
    readonly headers: Readonly<Record<string, string>>,
  ) {}
}

/** Performs a JSON operation: takes the parsed request and the caller, and returns the response body, if there is one. */
type JsonHandler<Operation extends JsonOperation, Output> = (
  input: InputOf<Operation>,
  principal: Caller,
) => Promise<Output>;

/** What an operation sends: the output of its definition or, for an operation of AWS, that of the AWS service model. */
type OutputOf<Name, Operation> = Operation extends { readonly output?: Response<infer Own> }
  ? unknown extends Own
    ? AwsOutput<Name>
    : Own extends SameAs<infer Other>
      ? AwsOutput<Other>
      : Own
  : never;

/** An operation whose response has no members has no body, or an empty one. */
type Sent<Output> = keyof Output extends never
  ? object | void
  : Output | ResponseWithHeaders<Output & object>;

/** Serves a route for browsers and other callers without a signature, and returns a complete response. */
type OpenHandler = (event: APIGatewayProxyEvent) => Promise<APIGatewayProxyResult>;

type HandlersOf<Served extends Operations> = {
  readonly [Name in keyof Served]: Served[Name] extends JsonOperation
    ? JsonHandler<Served[Name], Sent<OutputOf<Name, Served[Name]>>>
    : OpenHandler;
};

export type GroupHandler = (event: APIGatewayProxyEvent, context: Context) => Promise<APIGatewayProxyResult>;

const bodyOf = ({ body, isBase64Encoded }: APIGatewayProxyEvent): string | null =>
  body !== null && isBase64Encoded ? Buffer.from(body, 'base64').toString('utf8') : body;

/** Members outside the body. API Gateway delivers an ARN encoded or decoded; an ARN itself contains no `%`. */
function membersOf(event: APIGatewayProxyEvent, { query = {} }: Route): Record<string, unknown> {
  const { pathParameters, queryStringParameters, multiValueQueryStringParameters } = event;
  const members = new Map<string, unknown>();
  for (const [name, value] of Object.entries(pathParameters ?? {})) members.set(name, decoded(value ?? ''));
  for (const [name, type] of Object.entries(query)) {
    const value = queryStringParameters?.[name];
    if (type === 'strings') members.set(name, multiValueQueryStringParameters?.[name] ?? []);
    // The schema rejects NaN.
    else if (value !== undefined) members.set(name, type === 'number' ? Number(value) : value);
  }
  return Object.fromEntries(members);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

interface HandlerOptions {
  /** ARN of the role of the gateway function. By default, no caller is the gateway function. */
  readonly gatewayRole?: string | undefined;
  /** Rejects events that did not come through the API. */
  readonly refuseForged: RefuseForged;
  /** Makes sure that each request has an audit entry, and each entry its request. */
  readonly requests: Requests;
  readonly report: ReportUnexpected;
  /** Rejects requests outside the writing Region, except for metadata. By default, every Region serves all requests. */
  readonly regionFence?: Pick<RegionFence, 'check'> | undefined;
  /** Returns the response for an error. By default, it has the form of the API. */
  readonly toResult?: (error: unknown, event: APIGatewayProxyEvent) => APIGatewayProxyResult;
}

/** An operation with its name, and what performs it. */
type ServedOperation = { readonly name: string } & (
  | { readonly operation: JsonOperation; readonly perform: JsonHandler<JsonOperation, object | void> }
  | { readonly operation: Route; readonly perform: OpenHandler }
);

const isJson = (
  served: ServedOperation,
): served is Extract<ServedOperation, { readonly operation: JsonOperation }> => 'input' in served.operation;

async function performJson(
  { operation, perform }: Extract<ServedOperation, { readonly operation: JsonOperation }>,
  event: APIGatewayProxyEvent,
  annotate: Annotate,
  gatewayRole: string | undefined,
): Promise<APIGatewayProxyResult> {
  // The unparsed ARN, for the audit entry of a principal of an unsupported kind.
  const { userArn } = event.requestContext.identity;
  if (userArn) annotate({ principal: userArn });
  const caller = callerOf(event.requestContext.identity);
  const principal: Caller = caller.arn === gatewayRole ? { ...caller, isGateway: true } : caller;
  annotate({ principal: principal.arn });
  const request = { body: bodyOf(event), members: membersOf(event, operation) };
  const output = await perform(parseInput(operation.input, request), principal);
  if (output instanceof ResponseWithHeaders) {
    return json(operation.status, output.body as object, { ...NO_STORE, ...output.headers });
  }
  return output ? json(operation.status, output) : empty(operation.status);
}

/**
 * Returns the handler of a function that API Gateway invokes.
 *
 * @param operations the operations of the function's group
 * @param handlers what performs each of them
 */
export function createHandler<Served extends Operations>(
  operations: Served,
  handlers: HandlersOf<Served>,
  { refuseForged, requests, report, regionFence, gatewayRole, toResult = errorResult }: HandlerOptions,
): GroupHandler {
  const routes = new Map(
    Object.entries(operations).map(([name, operation]) => [
      `${operation.method} ${operation.path}`,
      { name, operation, perform: handlers[name] } as ServedOperation,
    ]),
  );

  function serve(event: APIGatewayProxyEvent): Promise<APIGatewayProxyResult> {
    const served = routes.get(`${event.httpMethod} ${event.resource}`);
    const { metadata, auditedBy }: Partial<Route> = served?.operation ?? {};
    const defaults = {
      operation: served?.name ?? UNKNOWN_ROUTE,
      auditSuccess: metadata !== true && auditedBy === undefined,
    };
    return requests.ensureEntry(defaults, async (annotate) => {
      if (!metadata) await regionFence?.check();
      if (!served) throw new ServiceError('ResourceNotFoundException', 'This function has no such route.');
      return isJson(served) ? performJson(served, event, annotate, gatewayRole) : served.perform(event);
    });
  }

  const handler = middy<APIGatewayProxyEvent, APIGatewayProxyResult>()
    .onError((request) => {
      const { error, event } = request;
      if (!(error instanceof ServiceError)) report(unexpected(error));
      request.response = toResult(error, event);
    })
    .handler(serve);
  return async (event, context) => {
    const refusal = refuseForged(event, context);
    if (refusal) return errorResult(refusal);
    return requests.within(requestContextOf(event, context), () => handler(event, context));
  };
}
