/** `agent-identity gateway call`: sends a request through a gateway, as an agent does. */
import { buildCommand } from '@stricli/core';
import { CALLBACK_HEADER, CALLING_AGENT_HEADER } from '../../../../lambda/domain/gate/agent-request';
import { isSecure, SIGNING_NAME } from '../../../client/endpoint';
import { shellWord } from '../../../local/shell-word';
import { ACTING_AGENT_FLAGS, actingUserOf, workloadTokenOf, type ActingAgentFlags } from '../../acting-agent';
import { pageOf } from '../../browser';
import { CONNECTION_FLAGS, optionalText, optionalTexts, type ConnectionFlags } from '../../connection-flags';
import type { CliContext } from '../../context';
import { CliError, ServiceFailure, usageError } from '../../failure';
import { notFound } from '../../not-found';
import { print, printAside, printJson } from '../../output';
import { connect, connectionFault, NoResponse, USER_AGENT, type Service, type Signer } from '../../service';
import { findGateway, listGateways, type Gateway } from './gateways';
import { addressAt, listTargets } from './target/targets';

interface CallFlags extends ConnectionFlags, ActingAgentFlags {
  readonly method?: string;
  readonly data?: string;
  readonly header?: readonly string[];
  readonly returnUrl?: string;
}

interface Called {
  readonly url: URL;
  /** Whether the gateway authenticates callers by a user token, and not by a signature. */
  readonly takesUserToken: boolean;
}

/** Segments that URL parsers remove, so that the request would be another one than the person wrote. */
const DOT_SEGMENT = /\/(\.|%2e){1,2}(?=[/?#]|$)/i;

/** @throws CliError for a URL to which the tokens must not be sent, and for one that leads elsewhere than it says */
function urlBelow({ gatewayUrl }: Gateway, text: string): URL {
  if (DOT_SEGMENT.test(text)) throw usageError('The path must not contain "." or ".." segments.');
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url && isSecure(url) && gatewayUrl !== undefined && url.href.startsWith(`${gatewayUrl}/`)) return url;
  throw usageError(
    'The URL must be below the URL of one of your gateways, because it receives the token of the agent.',
    'Use the URL that agent-identity gateway target get shows, or the names of the gateway and the target.',
  );
}

/** Returns the gateway whose ID is in the URL. @throws CliError if the caller has no such gateway */
async function gatewayIn(service: Service, text: string): Promise<Gateway> {
  const segments = URL.canParse(text) ? new URL(text).pathname.split('/') : [];
  const found = (await listGateways(service)).find(({ gatewayId }) => segments.includes(gatewayId));
  if (!found) {
    throw usageError(
      'Name the gateway and its target, or a URL below the URL of one of your gateways.',
      'Run agent-identity gateway list for the names.',
    );
  }
  return findGateway(service, found.gatewayId);
}

const calledAt = (gateway: Gateway, url: string): Called => ({
  url: urlBelow(gateway, url),
  takesUserToken: gateway.authorizerType === 'CUSTOM_JWT',
});

/** Returns what the arguments name: a URL, or a gateway, its target, and the path. */
async function calledBy(
  service: Service,
  [first, targetName, path]: readonly [string, string | undefined, string | undefined],
): Promise<Called> {
  if (targetName === undefined) return calledAt(await gatewayIn(service, first), first);
  const gateway = await findGateway(service, first);
  if (gateway.protocolType) {
    throw usageError(
      `The gateway "${gateway.name}" is an MCP server.`,
      `Connect an MCP client to ${gateway.gatewayUrl ?? 'its URL'}.`,
    );
  }
  const names = (await listTargets(service, gateway)).map(({ name }) => name);
  if (!names.includes(targetName)) {
    throw notFound(`The gateway "${gateway.name}" has no target`, targetName, {
      names,
      list: `gateway target list --gateway ${gateway.name}`,
    });
  }
  const address = addressAt(gateway, { name: targetName });
  if (address === undefined) {
    throw new CliError('The deployment has no gateways.', {
      next: 'Ask the operator to set the prop "gateways" of the service.',
    });
  }
  // The URL of a target can be that of a resource, and with a slash at its end, it is another one.
  const below = path === undefined || /^([/?]|$)/.test(path) ? path : `/${path}`;
  return calledAt(gateway, `${address}${below ?? ''}`);
}

/** @throws CliError for a text that is not a header */
function headersOf({ header = [] }: CallFlags): Record<string, string> {
  return Object.fromEntries(
    header.map((text) => {
      const [, name, value] = /^([\w-]+):\s*(.*)$/.exec(text) ?? [];
      if (name === undefined || value === undefined) {
        throw usageError('--header must be a name and a value, such as "Accept: application/json".');
      }
      return [name.toLowerCase(), value];
    }),
  );
}

async function requested(
  context: CliContext,
  { service, called, flags }: { service: Service & { signer: Signer }; called: Called; flags: CallFlags },
): Promise<Response> {
  const { agent, data, returnUrl } = flags;
  const method = (flags.method ?? (data === undefined ? 'GET' : 'POST')).toUpperCase();
  const user = await actingUserOf(context, flags);
  if (called.takesUserToken && (!user || !('userToken' in user))) {
    throw usageError(
      'The gateway authenticates its callers by a user token.',
      'Set --user-token, and write the token to stdin or type it.',
    );
  }
  const headers = {
    ...USER_AGENT,
    ...(data !== undefined && { 'content-type': 'application/json' }),
    ...headersOf(flags),
    ...(returnUrl !== undefined && { [CALLBACK_HEADER]: returnUrl }),
    [CALLING_AGENT_HEADER]: await workloadTokenOf(service, agent, user),
  };
  const sent =
    called.takesUserToken && user && 'userToken' in user
      ? { ...headers, authorization: `Bearer ${user.userToken}` }
      : await service.signer.sign(called.url, SIGNING_NAME, headers, data ?? '', method);
  const request = {
    method,
    headers: sent,
    redirect: 'manual' as const,
    ...(data !== undefined && { body: data }),
  };
  return fetch(called.url, request).catch((error: unknown) => {
    throw new NoResponse(called.url.origin, connectionFault(error));
  });
}

/** What a gateway returns in place of a response of the target (RFC 9457), and API Gateway in place of the gateway. */
interface Problem {
  readonly authorizationUrl?: string;
  readonly detail?: string;
  readonly message?: string;
  /** The rate limit that the request exceeds, and the seconds until it allows another one, if it ever does. */
  readonly limitKey?: string;
  readonly metric?: string;
  readonly retryAfter?: number;
}

/** How the names of the deployment's own limits begin, which no rate limit lists. */
const LIMIT_OF_DEPLOYMENT = 'openResponsesPer';

/** Only the service sends this header: gateways do not pass it on. */
const ERROR_TYPE = 'x-amzn-errortype';

/** @returns undefined if the response is the target's, whose body then is still unread */
async function problemIn(response: Response): Promise<Problem | undefined> {
  if (response.headers.get(ERROR_TYPE) === null) return undefined;
  const problem: unknown = await response.json().catch(() => undefined);
  return typeof problem === 'object' && problem !== null ? problem : {};
}

/** Returns what the gateway says, with the authorization URL if the user must consent. */
function failureOf(
  { headers, status }: Response,
  problem: Problem,
  {
    endpoint,
    publicUrl,
    flags,
  }: { readonly endpoint: string; readonly publicUrl: string | undefined; readonly flags: CallFlags },
): CliError {
  const { authorizationUrl, detail, message = detail, limitKey, metric, retryAfter } = problem;
  const type = headers.get(ERROR_TYPE)?.split(':')[0] ?? '';
  if (limitKey !== undefined) {
    const limit = limitKey.startsWith(LIMIT_OF_DEPLOYMENT)
      ? `The limit ${limitKey} of the deployment`
      : `The rate limit ${limitKey} of the gateway`;
    return retryAfter === undefined
      ? new ServiceFailure(type, status, { fault: `${limit} blocks this request.`, next: undefined })
      : new ServiceFailure(type, status, {
          fault: `${limit} is reached${metric === 'connections' ? ': too many requests are in progress' : ''}.`,
          next: `Try again in ${retryAfter} seconds.`,
        });
  }
  if (authorizationUrl === undefined) {
    const fault = message ?? `The gateway responded with HTTP status ${status}.`;
    const isWithoutUser = status === 400 && flags.userId === undefined && !flags.userToken;
    const next = isWithoutUser ? 'If the target needs a user, set --user-id or --user-token.' : undefined;
    return new ServiceFailure(type, status, { fault, next });
  }
  const page = pageOf(endpoint, authorizationUrl, publicUrl);
  if (!page) {
    return new CliError(`The response has an authorization URL that is not at the endpoint ${endpoint}.`);
  }
  const user = flags.userId === undefined ? '--user-token' : `--user-id ${shellWord(flags.userId)}`;
  return new ServiceFailure(type, status, {
    fault: 'The user must allow access.',
    next: `If no application waits at the return URL, get the access with agent-identity token get --agent ${shellWord(flags.agent)} ${user} --provider NAME --scope SCOPE. Otherwise, open this URL in the browser of the user, and then run the command again: ${page.href}`,
  });
}

/** Prints the body as it arrives. */
async function printBody(context: CliContext, response: Response): Promise<void> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of response.body ?? []) {
    const lines = (rest + decoder.decode(chunk as Uint8Array, { stream: true })).split(/\r?\n/);
    rest = lines.pop() ?? '';
    if (lines.length > 0) print(context, ...lines);
  }
  if (rest !== '') print(context, rest);
}

export const call = buildCommand({
  docs: {
    brief: 'Call a target as an agent does',
    fullDescription: [
      'Sends a request to a target of a gateway as the agent, and prints the response.',
      'Name the gateway, the target, and the path, or the URL of all three. If the user must consent, prints the authorization URL.',
      'A gateway that authenticates callers by a user token needs --user-token.',
    ].join('\n'),
  },
  parameters: {
    flags: {
      ...CONNECTION_FLAGS,
      ...ACTING_AGENT_FLAGS,
      method: optionalText('method', 'Method of the request (default: GET, or POST with --data)'),
      data: optionalText('text', 'Body of the request, in JSON unless --header states another type'),
      header: optionalTexts(
        'text',
        'Header, such as "Accept: text/plain"; set the option again for each further one',
      ),
      returnUrl: optionalText(
        'URL',
        'URL to which the browser returns after a consent (default: of the target)',
      ),
    },
    positional: {
      kind: 'tuple',
      parameters: [
        { brief: 'Gateway, or a URL', parse: String, placeholder: 'gateway' },
        { brief: 'Name of the target', parse: String, placeholder: 'target', optional: true },
        { brief: 'Path below the URL of the target', parse: String, placeholder: 'path', optional: true },
      ],
    },
  },
  async func(this: CliContext, flags: CallFlags, gateway: string, target?: string, path?: string) {
    const service = await connect(this, flags);
    const called = await calledBy(service, [gateway, target, path]);
    const response = await requested(this, { service, called, flags });
    const { status } = response;
    const problem = await problemIn(response);
    if (flags.json) {
      const headers = Object.fromEntries(response.headers);
      printJson(this, { status, headers, body: problem ?? (await response.text()) });
    } else if (!problem) {
      await printBody(this, response);
    }
    if (problem)
      throw failureOf(response, problem, {
        endpoint: service.endpoint,
        publicUrl: this.env.AGENT_IDENTITY_PUBLIC_URL,
        flags,
      });
    if (!response.ok) throw new CliError(`The target responded with HTTP status ${status}.`);
    printAside(this, `HTTP status ${status}`);
  },
});
