/** The client of the identity service: signed requests, and errors that say what to do next. */
import { pathMembers, type Route } from '../../lambda/operations/operation';
import type { CodedError, ErrorCode, ErrorValues, ResourceKind } from '../../lambda/model/error-codes';
import { LOOPBACK, parsedEndpoint, signedRegion, SIGNING_NAME } from '../client/endpoint';
import type { ConnectionFlags } from './connection-flags';
import type { UnsignedRequest } from './aws';
import type { CliContext } from './context';
import { withMeantName } from './meant-name';
import { namingOptions } from './option-names';
import { progress } from './output';
import { CliError, ServiceFailure, usageError, type InvalidField } from './failure';
import { CLIENT_TIMEOUT_MS } from '../../lambda/model/time-limits';

export type Operation = Pick<Route, 'method' | 'path' | 'query' | 'group'>;

export interface Service {
  /** Without a slash at the end. */
  readonly endpoint: string;
  readonly region: string;
  /**
   * Calls an operation and returns its output.
   *
   * @param onHeaders is called with the headers of a successful response
   * @throws ServiceFailure for an error response, CliError if there is none
   */
  readonly call: <Output = unknown>(
    operation: Operation,
    input: object,
    onHeaders?: (headers: Headers) => void,
  ) => Promise<Output>;
}

const ATTEMPTS = 3;

/** Audit entries contain it. */
export const USER_AGENT = { 'user-agent': 'agent-identity-cli' };

/** The Region of a service on this computer, unless its variable states another one. */
const LOCAL_REGION = 'us-east-1';

export const wait = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Codes of Node.js for a response that is not one of TLS. */
export const NO_TLS = /ERR_SSL_WRONG_VERSION_NUMBER|ERR_SSL_PACKET_LENGTH_TOO_LONG/;

/** What OpenSSL says of such a response. Node.js can have the same code, `EPROTO`, for it and for a failed handshake. */
const NO_TLS_MESSAGE = /wrong version number|packet length too long/;

/** What to do if another server listens at the endpoint. The address of a service on this computer has no stage. */
export const otherServerAdvice = (endpoint: string): string =>
  endpoint.startsWith('http:')
    ? 'Check the port: the endpoint is the address that npm start or agent-identity local printed.'
    : 'Check that the endpoint includes the stage.';

/** A server did not respond. */
export class NoResponse extends CliError {
  constructor(
    origin: string,
    /** The code of the system, such as `ECONNREFUSED`, if there is one. */
    readonly reason: string,
  ) {
    const { protocol, hostname, host } = new URL(origin);
    const isPlain = NO_TLS.test(reason) && protocol === 'https:' && LOOPBACK.test(hostname);
    super(`${origin} did not respond (${reason}).`, {
      name: 'NoResponse',
      next: isPlain
        ? `A service on this computer has an http address: use http://${host}`
        : 'Check the address and that the server runs.',
    });
  }
}

/** Returns why a request got no response: the code of the system, such as `ECONNREFUSED`, if there is one. */
export function connectionFault(error: unknown): string {
  const { name, code, cause, message, errors } = error as Partial<AggregateError & NodeJS.ErrnoException>;
  if (name === 'TimeoutError') return `no response within ${CLIENT_TIMEOUT_MS / 1000} seconds`;
  if (cause !== undefined && cause !== null) return connectionFault(cause);
  if (code === 'EPROTO' && NO_TLS_MESSAGE.test(message ?? '')) return 'ERR_SSL_WRONG_VERSION_NUMBER';
  // For a host name with several addresses.
  return code ?? (errors?.[0] === undefined ? (message ?? 'unknown error') : connectionFault(errors[0]));
}

/**
 * Sends a request.
 *
 * @throws CliError if there is no response
 */
export async function send(url: URL, init: RequestInit = {}): Promise<Response> {
  const signal = AbortSignal.timeout(CLIENT_TIMEOUT_MS);
  return fetch(url, { redirect: 'manual', ...init, signal }).catch((error: unknown) => {
    throw new NoResponse(url.origin, connectionFault(error));
  });
}

/** Returns the endpoint as the options or the environment state it. */
export function endpointOf({ env }: CliContext, { endpoint }: Pick<ConnectionFlags, 'endpoint'>): URL {
  const stated = endpoint ?? env.AGENT_IDENTITY_ENDPOINT;
  if (!stated) {
    throw usageError(
      'The endpoint of the identity service is not set.',
      'Set --endpoint or AGENT_IDENTITY_ENDPOINT to the endpoint that the stack printed or that agent-identity local printed.',
    );
  }
  try {
    return parsedEndpoint(stated);
  } catch (error) {
    throw usageError(error instanceof Error ? error.message : String(error));
  }
}

/** Returns the difference of this computer's clock from the server's in seconds; undefined if the server states no time. */
export function clockSkew(response: Response): number | undefined {
  const date = Date.parse(response.headers.get('date') ?? '');
  return Number.isNaN(date) ? undefined : Math.round((Date.now() - date) / 1000);
}

/** The method of the constructs that allows the operations of a group. */
const GRANT_OF_GROUP: Partial<Record<Route['group'], string>> = {
  'control-plane': 'identity.grantManageResources(…)',
  'token-exchange': 'workload.grantActAs(…)',
  'credential-retrieval': 'workload.grantActAs(…)',
  operator: 'identity.grantOperator(…)',
};

interface FailedCall {
  readonly operation: Operation;
  /** Seconds; undefined if it is not known. */
  readonly skew: number | undefined;
  readonly endpoint: string;
}

const unknownOperation = ({ endpoint }: FailedCall): string =>
  endpoint.startsWith('http:')
    ? 'Check that the service on this computer is not older than this command.'
    : 'Check that the endpoint includes the stage, and that the deployment is not older than this command.';

/** The commands for the kinds of resources. */
const COMMANDS: Readonly<Record<ResourceKind, string>> = {
  'workload identity': 'agent',
  'OAuth 2.0 credential provider': 'provider',
  'API key credential provider': 'provider',
  'consent portal': 'portal',
  gateway: 'gateway',
  'gateway target': 'gateway target',
  'policy engine': 'policy-engine',
  policy: 'gateway policy',
};

/** What to do about an error of the service, beyond what its message says. */
const STEPS_BY_CODE: {
  readonly [Code in ErrorCode]: ((values: ErrorValues[Code], call: FailedCall) => string) | undefined;
} = {
  ResourceNotFound: ({ resource }) => `Run agent-identity ${COMMANDS[resource]} list for the names.`,
  UnknownOperation: (_, call) => unknownOperation(call),
  // The commands that can get these say what to do.
  NameTaken: undefined,
  NotOwner: undefined,
  McpServerRejected: undefined,
  McpServerUnavailable: undefined,
  ProviderRejected: undefined,
  // Their messages say it all.
  ProviderUnavailable: undefined,
  DeletionIncomplete: undefined,
};

/** What to do about an error of API Gateway or IAM, by its message. */
const NEXT_STEPS: readonly (readonly [message: RegExp, step: (call: FailedCall) => string])[] = [
  [
    /signed more than five minutes|signature (not yet current|expired)|request has expired/i,
    ({ skew }) =>
      `Set the clock of this computer${skew === undefined ? '' : `: it differs from the clock of the service by ${Math.abs(skew)} s`}.`,
  ],
  [
    /security token (included in the request )?is expired|ExpiredToken/i,
    () => 'Sign in again, for example with "aws sso login", and repeat the command.',
  ],
  [
    /access key id is not known|security token .*invalid|not match the (request|signature)|unset AWS_SESSION_TOKEN|is not an AWS4-HMAC-SHA256 signature/i,
    () => 'Check the AWS credentials: the environment, or --profile.',
  ],
  [
    /credential scope must name the region|credential should be scoped to a valid region/i,
    () => 'Set --region to the Region of the service.',
  ],
  [
    /execute-api:Invoke/,
    ({ operation: { group } }) => {
      const grant = GRANT_OF_GROUP[group];
      return `Allow this action for your principal${grant === undefined ? '' : `, in the CDK app with ${grant}`}.`;
    },
  ],
  // A path outside of the stage, which the service's own gateway does not serve.
  [/Missing Authentication Token/, unknownOperation],
];

function nextStep(message: string, problem: CodedError | undefined, call: FailedCall): string | undefined {
  const step = problem
    ? STEPS_BY_CODE[problem.code]?.(problem.values as never, call)
    : NEXT_STEPS.find(([pattern]) => pattern.test(message))?.[1](call);
  return step === undefined || message.includes(step) ? undefined : step;
}

/** Returns the code of an error response; undefined if it has none, or one that this command does not know. */
function problemIn(problem: unknown): CodedError | undefined {
  const { code, values } = (problem ?? {}) as Partial<Record<'code' | 'values', unknown>>;
  const isKnown = typeof code === 'string' && Object.hasOwn(STEPS_BY_CODE, code);
  return isKnown && typeof values === 'object' && values !== null ? (problem as CodedError) : undefined;
}

/** Returns the body if it is a JSON object. */
async function jsonObject(response: Response): Promise<Record<string, unknown> | undefined> {
  try {
    const body: unknown = JSON.parse(await response.text());
    return typeof body === 'object' && body !== null ? { ...body } : undefined;
  } catch {
    return undefined;
  }
}

/** Returns the members that an error response says are not valid. */
const invalidFields = (fieldList: unknown): InvalidField[] =>
  (Array.isArray(fieldList) ? (fieldList as Partial<InvalidField>[]) : []).flatMap(({ name, message }) =>
    typeof name === 'string' && typeof message === 'string' ? [{ name, message }] : [],
  );

async function failureOf(
  response: Response,
  endpoint: string,
  operation: Operation,
): Promise<ServiceFailure> {
  const body = await jsonObject(response);
  const { __type, message = body?.Message } = body ?? {};
  const type = response.headers.get('x-amzn-errortype') ?? (typeof __type === 'string' ? __type : '');
  if (typeof message !== 'string') {
    return new ServiceFailure('', response.status, {
      fault: `${endpoint} responded with HTTP status ${response.status}, but not as the identity service does.`,
      next: otherServerAdvice(endpoint),
    });
  }
  // What API Gateway expected to be signed contains the session token.
  const [stated = ''] = message.split(/\s*The Canonical String for this request/);
  const sentence = /[.!?]$/.test(stated) ? stated : `${stated}.`;
  const problem = problemIn(body?.problem);
  return new ServiceFailure(type.split(':')[0] ?? '', response.status, {
    fault: sentence,
    next: nextStep(message, problem, { operation, skew: clockSkew(response), endpoint }),
    fields: invalidFields(body?.fieldList),
    problem,
  });
}

const isTransient = ({ status }: Response): boolean => status === 429 || status === 503;

/** Returns the credentials, or says which ways there are to state them. */
async function withCredentials<T>(
  { profile, isLocal }: { readonly profile: string | undefined; readonly isLocal: boolean },
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const { message } = error as Error;
    throw new CliError(
      `There are no usable AWS credentials${profile === undefined ? '' : ` in the profile "${profile}"`} (${message}).`,
      {
        name: 'NoCredentials',
        next: isLocal
          ? 'The service on this computer has its own: run eval "$(agent-identity env)", which sets AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.'
          : 'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, sign in with "aws sso login", or choose a profile with --profile.',
      },
    );
  }
}

/** Returns what signs requests: Region and credentials. Credentials are looked up with the first request. */
export async function signerOf(
  context: CliContext,
  { profile, region }: Pick<ConnectionFlags, 'profile' | 'region'>,
  endpoint?: URL,
) {
  const aws = context.loadAws();
  const isLocal = endpoint?.protocol === 'http:';
  const local = isLocal ? [context.env.LOCAL_REGION, LOCAL_REGION].find(Boolean) : undefined;
  const resolved =
    (endpoint ? signedRegion(endpoint, region, context.env) : (region ?? context.env.AWS_REGION)) ??
    (await aws.configuredRegion(profile)) ??
    local;
  if (!resolved) {
    throw usageError('The Region of the service is not set.', 'Set --region or AWS_REGION.');
  }
  const chain = aws.credentialChain(profile);
  const credentials = () => withCredentials({ profile, isLocal }, chain);
  return {
    region: resolved,
    credentials,
    sign: async (
      url: URL,
      service: string,
      headers: Readonly<Record<string, string>>,
      body: string,
      method = 'POST',
    ) =>
      aws.signedHeaders(
        { method, url, headers, body },
        { service, region: resolved, credentials: await credentials() },
      ),
  };
}

export type Signer = Awaited<ReturnType<typeof signerOf>>;

/** Returns the request of an operation: members are in the path and in the query as its route states, others in the body. */
function requestOf(endpoint: string, operation: Operation, input: object): UnsignedRequest {
  const { method, path, query = {} } = operation;
  const members: [string, unknown][] = Object.entries(input);
  const valuesOfPath = new Map(members);
  const url = new URL(
    endpoint +
      path.replace(/\{(\w+)\+?\}/g, (_, name: string) => encodeURIComponent(String(valuesOfPath.get(name)))),
  );
  const others = members.filter(([name]) => !pathMembers(operation).includes(name));
  for (const [name, value] of others) if (name in query) url.searchParams.append(name, String(value));
  const isRead = method === 'GET' || method === 'DELETE';
  const body = Object.fromEntries(others.filter(([name]) => !(name in query)));
  return {
    method,
    url,
    headers: { ...USER_AGENT, ...(!isRead && { 'content-type': 'application/json' }) },
    body: isRead ? '' : JSON.stringify(body),
  };
}

/** Returns the client of the service that the options name. */
export async function connect(
  context: CliContext,
  flags: ConnectionFlags,
): Promise<Service & { readonly signer: Signer }> {
  const url = endpointOf(context, flags);
  const signer = await signerOf(context, flags, url);
  const endpoint = url.href.replace(/\/+$/, '');
  const attempted = async ({ method, url: target, headers, body }: UnsignedRequest): Promise<Response> => {
    const signed = await signer.sign(target, SIGNING_NAME, headers, body, method);
    return send(target, { method, headers: signed, ...(body !== '' && { body }) });
  };
  const service: Service & { readonly signer: Signer } = {
    endpoint,
    region: signer.region,
    signer,
    call: <Output>(...[operation, input, onHeaders]: Parameters<Service['call']>) =>
      namingOptions({}, async () => {
        const request = requestOf(endpoint, operation, input);
        let response = await attempted(request);
        for (let attempt = 1; isTransient(response) && attempt < ATTEMPTS; attempt++) {
          await wait(500 * 2 ** attempt);
          response = await attempted(request);
        }
        if (!response.ok)
          throw await withMeantName(service, await failureOf(response, endpoint, operation), operation);
        onHeaders?.(response.headers);
        if (response.status === 204) return {} as Output;
        const output = await jsonObject(response);
        if (!output) throw await failureOf(response, endpoint, operation);
        return output as Output;
      }),
  };
  return service;
}

/** Returns the items of all pages of a listing. */
export async function allPages<Item>(
  service: Pick<Service, 'call'>,
  operation: Operation,
  member: string,
  input: object = {},
): Promise<Item[]> {
  const items: Item[] = [];
  let nextToken: string | undefined;
  do {
    const page: Record<string, unknown> & { nextToken?: string } = await service.call(operation, {
      ...input,
      ...(nextToken !== undefined && { nextToken }),
    });
    items.push(...((page[member] ?? []) as Item[]));
    nextToken = page.nextToken;
  } while (nextToken !== undefined);
  return items;
}

/**
 * Deletes a resource with its grants. The service deletes many grants in several calls, each of which continues the
 * deletion.
 */
export async function deleteWholly(
  context: CliContext,
  service: Pick<Service, 'call'>,
  operation: Operation,
  input: object,
): Promise<void> {
  const { show, end } = progress(context);
  try {
    for (;;) {
      try {
        await service.call(operation, input);
        return;
      } catch (error) {
        const isIncomplete = error instanceof ServiceFailure && error.problem?.code === 'DeletionIncomplete';
        if (!isIncomplete) throw error;
        show('Revoking grants … (Ctrl-C to stop)');
      }
    }
  } finally {
    end();
  }
}
