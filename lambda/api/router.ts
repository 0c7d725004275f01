/**
 * The router: API Gateway's event → the operation that the registry names for its route → the response. A function
 * serves only the routes of its group.
 */
import middy from '@middy/core';
import type { APIGatewayProxyEvent, APIGatewayProxyResult, Context } from 'aws-lambda';
import type { Annotate, Requests } from '../domain/audit';
import { callerOf, type Caller } from '../domain/principal';
import { ServiceError } from '../domain/service-error';
import { empty, errorResult, json, NO_STORE } from './errors';
import { OPERATIONS, type OperationName, type Route, type RoutedGroup } from '../contract/operations';
import { parseInput } from './parse';
import { requestContextOf, UNKNOWN_ROUTE } from './request-context';
import type { RefuseForged } from './stage-secret';
import { SCHEMAS, type InputOf, type JsonOperation } from '../contract/schemas/requests';
import { unexpected, type ReportUnexpected } from './unexpected';

/** A response with additional headers. */
export class ResponseWithHeaders {
  constructor(
    readonly body: object,
    readonly headers: Readonly<Record<string, string>>,
  ) {}
}

/** A JSON operation: takes the parsed request and the caller, and returns the response body, if there is one. */
type JsonHandler<Name extends JsonOperation> = (
  input: InputOf<Name>,
  principal: Caller,
) => Promise<object | void>;

/** A browser or metadata route, which returns a complete response. */
type OpenHandler = (event: APIGatewayProxyEvent) => Promise<APIGatewayProxyResult>;

type HandlerOf<Name extends OperationName> = Name extends JsonOperation ? JsonHandler<Name> : OpenHandler;

type OperationsOf<Group extends RoutedGroup> = {
  [Name in OperationName as (typeof OPERATIONS)[Name]['group'] extends Group ? Name : never]: HandlerOf<Name>;
};

export type GroupHandler = (event: APIGatewayProxyEvent, context: Context) => Promise<APIGatewayProxyResult>;

const isJsonOperation = (name: string): name is JsonOperation => name in SCHEMAS;

const bodyOf = ({ body, isBase64Encoded }: APIGatewayProxyEvent): string | null =>
  body !== null && isBase64Encoded ? Buffer.from(body, 'base64').toString('utf8') : body;

/** Members outside the body. API Gateway delivers an ARN encoded or decoded; an ARN itself contains no `%`. */
function membersOf(event: APIGatewayProxyEvent, { query }: Route): Record<string, unknown> {
  const arn = event.pathParameters?.resourceArn;
  return {
    ...(arn !== undefined && { resourceArn: decoded(arn) }),
    ...(query && { [query]: event.multiValueQueryStringParameters?.[query] ?? [] }),
  };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

interface HandlerOptions {
  readonly refuseForged: RefuseForged;
  readonly requests: Requests;
  readonly report: ReportUnexpected;
  /** Returns the response for an error. By default, it has the form of the API. */
  readonly toResult?: (error: unknown, event: APIGatewayProxyEvent) => APIGatewayProxyResult;
}

/**
 * Returns the handler of a function that serves the routes of its group.
 *
 * @param group the function's group
 * @param operations one handler for each of the group's routes
 * @param refuseForged rejects events that did not come through the API
 * @param requests makes sure that each request has an audit entry, and each entry its request
 */
export function createHandler<Group extends RoutedGroup>(
  group: Group,
  operations: OperationsOf<Group>,
  { refuseForged, requests, report, toResult = errorResult }: HandlerOptions,
): GroupHandler {
  const routes = new Map<string, OperationName>();
  for (const [name, route] of Object.entries(OPERATIONS) as [OperationName, Route][]) {
    if (route.group === group) routes.set(`${route.method} ${route.path}`, name);
  }

  function serve(event: APIGatewayProxyEvent): Promise<APIGatewayProxyResult> {
    const name = routes.get(`${event.httpMethod} ${event.resource}`);
    const route: Partial<Route> = name ? OPERATIONS[name] : {};
    const defaults = {
      operation: name ?? UNKNOWN_ROUTE,
      auditSuccess: route.metadata !== true && route.auditedBy === undefined,
    };
    return requests.ensureEntry(defaults, (annotate) => respond(event, name, annotate));
  }

  async function respond(
    event: APIGatewayProxyEvent,
    name: OperationName | undefined,
    annotate: Annotate,
  ): Promise<APIGatewayProxyResult> {
    if (!name) throw new ServiceError('ResourceNotFoundException', 'This function has no such route.');
    if (!isJsonOperation(name)) return (operations as Record<string, OpenHandler>)[name]!(event);
    // The unparsed ARN, for the audit entry of a principal of an unsupported kind.
    const { userArn } = event.requestContext.identity;
    if (userArn) annotate({ principal: userArn });
    const principal = callerOf(event.requestContext.identity);
    annotate({ principal: principal.arn });
    const route: Route = OPERATIONS[name];
    const input = parseInput(name, { body: bodyOf(event), members: membersOf(event, route) });
    const output = await (operations as unknown as Record<string, JsonHandler<never>>)[name]!(
      input as never,
      principal,
    );
    if (output instanceof ResponseWithHeaders) {
      return json(route.status, output.body, { ...NO_STORE, ...output.headers });
    }
    return output ? json(route.status, output) : empty(route.status);
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
