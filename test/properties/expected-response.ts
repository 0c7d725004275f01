/** What is true of every response: no unexpected error, the documented form, and no secret. */
import type { APIGatewayProxyResult } from 'aws-lambda';
import { OUTCOME_HEADER } from '../../lambda/model/headers';
import { OPERATIONS, type OperationName } from '../../lambda/operations';
import type { Route } from '../../lambda/operations/operation';
import { ERROR_STATUS } from '../../lambda/domain/service-error';
import { expectDocumented } from '../flows/support/documented-responses';
import { SecretSearch } from '../secrets/search';

/** Members that return a secret to the caller that may have it. */
const RETURNED_SECRETS: Partial<Record<OperationName, readonly string[]>> = {
  GetResourceApiKey: ['apiKey'],
  GetResourceOauth2Token: ['accessToken', 'authorizationUrl', 'sessionUri'],
  RejectResourceOauth2Token: ['accessToken', 'authorizationUrl', 'sessionUri'],
  GetResourceDpopProof: ['dpopProof', 'accessToken'],
  GetWorkloadAccessToken: ['workloadAccessToken'],
  GetWorkloadAccessTokenForJWT: ['workloadAccessToken'],
  GetWorkloadAccessTokenForUserId: ['workloadAccessToken'],
};

/** Outcomes of an operation whose provider truly failed: a 500 that the caller can retry. */
const FAILED_DEPENDENCIES = new Set(['provider-unavailable']);

type Headers = Readonly<Record<string, unknown>>;

const headersOf = ({ headers = {}, multiValueHeaders = {} }: APIGatewayProxyResult): Headers => ({
  ...headers,
  ...multiValueHeaders,
});

/** Characters that no header value has (RFC 9110 section 5.5). */
const NOT_IN_HEADERS = /[^\t\x20-\x7e\x80-\xff]/;

/** In the message of an error about the identity provider of the deployment. */
const UNREADABLE_KEYS = "The keys of the user token's issuer ";

/** Status of a page about an authorization server that failed. */
const BAD_GATEWAY = 502;

/**
 * @param brokenIssuer whether the identity provider of the deployment is broken: then the operator has to correct it
 * @throws Error for an unexpected error of the service
 */
export function expectNoFailure(result: APIGatewayProxyResult, brokenIssuer = false): void {
  const { statusCode, body } = result;
  const headers = headersOf(result);
  const isKnown =
    statusCode === BAD_GATEWAY ||
    FAILED_DEPENDENCIES.has(String(headers[OUTCOME_HEADER])) ||
    (brokenIssuer && body.includes(UNREADABLE_KEYS));
  if (statusCode >= 500 && !isKnown) throw new Error(`status ${statusCode}: ${body}`);
  for (const [name, value] of Object.entries(headers))
    for (const one of [value].flat())
      if (NOT_IN_HEADERS.test(String(one))) throw new Error(`header ${name}: ${JSON.stringify(one)}`);
}

/** An operation with a JSON response: documented, even if it is an error. */
export function expectDocumentedForm(operation: OperationName, result: APIGatewayProxyResult): void {
  const { statusCode, body } = result;
  const { status }: Route = OPERATIONS[operation];
  if (statusCode < 300) {
    if (statusCode !== status) throw new Error(`status ${statusCode}`);
    expectDocumented({ name: operation }, statusCode, body);
    return;
  }
  const error = JSON.parse(body) as { __type: keyof typeof ERROR_STATUS; message: unknown };
  const headers = headersOf(result);
  if (ERROR_STATUS[error.__type] !== statusCode || headers['x-amzn-errortype'] !== error.__type)
    throw new Error(`not the form of an error: ${statusCode} ${body}`);
  if (typeof error.message !== 'string' || error.message === '') throw new Error(`no message: ${body}`);
  const unknown = Object.keys(error).filter(
    (name) => !['__type', 'message', 'reason', 'fieldList', 'problem'].includes(name),
  );
  if (unknown.length > 0) throw new Error(`members ${unknown.join()} in an error`);
}

/** Returns the response without the secrets that its caller may have. */
function withoutReturned(operation: OperationName, { body, ...rest }: APIGatewayProxyResult): string {
  const returned = RETURNED_SECRETS[operation];
  if (!returned || rest.statusCode >= 300) return JSON.stringify(rest) + body;
  const members = Object.entries(JSON.parse(body) as object).filter(([name]) => !returned.includes(name));
  return JSON.stringify([rest, members]);
}

/** The secrets of the cases: none is in a response or in the log. */
export class Secrets {
  private readonly everywhere = new SecretSearch<string>();
  private readonly inLog = new SecretSearch<string>();

  /** @param secret not in the log either */
  add(secret: string, what: string): void {
    this.everywhere.add(secret, what);
    this.addToLog(secret, what);
  }

  /** @param text can be in a response to the caller that sent it, and not in the log */
  addToLog(text: string, what: string): void {
    this.inLog.add(text, what);
  }

  expectNone(operation: OperationName, result: APIGatewayProxyResult, log: Buffer): void {
    const returned = [...this.everywhere.find(Buffer.from(withoutReturned(operation, result)))];
    if (returned.length > 0) throw new Error(`the response has ${returned.join()}: ${result.body}`);
    this.expectNoneLogged(log);
  }

  expectNoneLogged(log: Buffer): void {
    const logged = [...this.inLog.find(log)];
    if (logged.length > 0) throw new Error(`the log has ${logged.join()}: ${log.toString()}`);
  }
}
