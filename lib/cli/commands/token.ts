/** `agent-identity token`: obtains a token as an agent does, to try an agent and a provider. */
import { randomBytes } from 'node:crypto';
import { createServer, type ServerResponse } from 'node:http';
import { buildCommand, buildRouteMap } from '@stricli/core';
import { FAILURE_HEADER } from '../../../lambda/model/headers';
import { OPERATIONS } from '../../../lambda/operations';
import { LOOPBACK } from '../../client/endpoint';
import { errorCodeOf, isTransientCode } from '../../client/oauth-error-code';
import {
  ACTING_AGENT_FLAGS,
  ACTING_AGENT_OPTIONS,
  actingUserOf,
  workloadTokenOf,
  type ActingAgentFlags,
  type UserIdentifier,
} from '../acting-agent';
import { pageOf } from '../browser';
import {
  CONNECTION_FLAGS,
  flag,
  optionalText,
  optionalTexts,
  type ConnectionFlags,
} from '../connection-flags';
import type { CliContext } from '../context';
import { CliError, ServiceFailure, usageError } from '../failure';
import { namingOptions } from '../option-names';
import { print, printAside, printJson, progress } from '../output';
import { plainUrl } from '../plain-url';
import { connect, wait, type Service } from '../service';
import { apiKeyProviderError, isListed } from './provider/lookup';

const FLOWS = {
  user: 'USER_FEDERATION',
  agent: 'M2M',
  'on-behalf-of': 'ON_BEHALF_OF_TOKEN_EXCHANGE',
} as const;

type FlowName = keyof typeof FLOWS;

export interface GetFlags extends ConnectionFlags, ActingAgentFlags {
  readonly provider: string;
  readonly scope?: readonly string[];
  readonly audience?: readonly string[];
  readonly resource?: readonly string[];
  readonly flow: FlowName;
  readonly returnUrl?: string;
  readonly force: boolean;
  readonly showToken: boolean;
  readonly noBrowser: boolean;
}

interface TokenResponse {
  readonly accessToken?: string;
  /** `DPoP` for a token that is bound to a key. */
  readonly tokenType?: string;
  readonly authorizationUrl?: string;
  readonly sessionUri?: string;
  readonly sessionStatus?: string;
  /** Why the session failed. */
  readonly failure?: string | undefined;
}

type IssuedToken = TokenResponse & { readonly accessToken: string };

const isIssued = (response: TokenResponse): response is IssuedToken => response.accessToken !== undefined;

const BOUND =
  'The token is bound to a key (DPoP): each request to the resource needs a proof, which the agent gets with GetResourceDpopProof.';

/** The options by the members that they set, the values that they send, and the operations that they choose. */
const MEMBER_OPTIONS = {
  ...ACTING_AGENT_OPTIONS,
  resourceCredentialProviderName: '--provider',
  oauth2Flow: '--flow',
  USER_FEDERATION: '--flow user',
  M2M: '--flow agent',
  ON_BEHALF_OF_TOKEN_EXCHANGE: '--flow on-behalf-of',
  forceAuthentication: '--force',
  scopes: '--scope',
  audiences: '--audience',
  resources: '--resource',
  resourceOauth2ReturnUrl: '--return-url',
} as const;

/** The server moved. */
const MOVED = ['authorization_server_changed', 'endpoint_origin_changed'];

/** Returns what to do about a provider whose server moved: an API operation confirms it, for which there is a command. */
const confirmation =
  (provider: string) =>
  ({ problem }: ServiceFailure) =>
    problem?.code === 'ProviderRejected' && MOVED.includes(problem.values.error)
      ? `Run agent-identity provider test ${provider} for the command that confirms it.`
      : undefined;

/** Authorization URLs are valid for 10 minutes. */
const CONSENT_MS = 600_000;
const POLL_MS = 5_000;

const isLocal = (url: string): boolean =>
  URL.canParse(url) && new URL(url).protocol === 'http:' && LOOPBACK.test(new URL(url).hostname);

/** @throws CliError if the options name no user, and the flow needs one */
async function userOf(
  context: CliContext,
  flags: Pick<GetFlags, 'userId' | 'userToken' | 'agent' | 'flow'>,
): Promise<UserIdentifier | undefined> {
  const { userToken, flow } = flags;
  if (flow === 'on-behalf-of' && !userToken) {
    throw usageError(
      '--flow on-behalf-of exchanges the token of a user.',
      'Set --user-token, and write the token to stdin or type it.',
    );
  }
  const user = await actingUserOf(context, flags);
  if (user || flow === 'agent') return user;
  throw usageError('Name the user by --user-id, or by --user-token with the token on stdin.');
}

/** A return URL of an agent on this computer. */
export const LOCAL_RETURN_URL = 'http://127.0.0.1:8400/done';

/** Returns the return URL: the stated one, or one of the agent's that this command can listen on. */
async function returnUrlOf(
  service: Service,
  { agent, returnUrl }: Pick<GetFlags, 'agent' | 'returnUrl'>,
): Promise<string> {
  if (returnUrl !== undefined) return returnUrl;
  const { allowedResourceOauth2ReturnUrls = [] } = await service.call<{
    allowedResourceOauth2ReturnUrls?: readonly string[];
  }>(OPERATIONS.GetWorkloadIdentity, { name: agent });
  const local = allowedResourceOauth2ReturnUrls.find(isLocal);
  if (local !== undefined) return local;
  const urls = [LOCAL_RETURN_URL, ...allowedResourceOauth2ReturnUrls];
  const options = urls.map((url) => `--return-url ${plainUrl(url) ?? 'URL'}`);
  const other = urls.some((url) => plainUrl(url) === undefined)
    ? `. Replace each URL with a return URL that agent-identity agent get ${agent} shows`
    : '';
  throw new CliError(`The agent "${agent}" has no return URL on this computer.`, {
    next: `Add one, such as: agent-identity agent update ${agent} ${options.join(' ')}${other}`,
  });
}

function respond(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, {
    'content-type': 'text/plain; charset=utf-8',
    'cache-control': 'no-store',
    'referrer-policy': 'no-referrer',
    connection: 'close',
  });
  response.end(`${text}\n`);
}

interface Return {
  /** Resolves with the completion URI when the browser returns. */
  readonly completionUri: Promise<string>;
  readonly close: () => void;
}

/** Listens for the browser at the return URL. It accepts only a request with this state. */
async function listenForReturn(returnUrl: string, state: string): Promise<Return> {
  const expected = new URL(returnUrl);
  let returned: (completionUri: string) => void = () => undefined;
  const completionUri = new Promise<string>((resolve) => (returned = resolve));
  const server = createServer((request, response) => {
    const target = request.url ?? '/';
    // Not every request target is a URL: `//` is not.
    const url = URL.canParse(target, expected.href) ? new URL(target, expected) : undefined;
    const sessionId = url?.searchParams.get('session_id') ?? null;
    if (request.method !== 'GET' || url?.pathname !== expected.pathname || sessionId === null) {
      respond(response, 404, 'Not found.');
    } else if (url.searchParams.get('state') !== state) {
      respond(response, 400, 'This response belongs to another request. Run the command again.');
    } else {
      respond(response, 200, 'You can close this window, and go back to the terminal.');
      returned(sessionId);
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => {
      reject(
        new CliError(
          `The return URL ${returnUrl} cannot be used (${(error as NodeJS.ErrnoException).code ?? error.message}).`,
          {
            next: 'If your application or a consent portal listens there, choose another return URL of the agent with --return-url. Otherwise, end the program that uses its port.',
          },
        ),
      );
    });
    server.listen(Number(expected.port || 80), expected.hostname.replace(/^\[|\]$/g, ''), resolve);
  });
  return {
    completionUri,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

const AGAIN = 'Run the command again for a new authorization URL.';

const timedOut = async (): Promise<never> => {
  const timer = new Promise((resolve) => setTimeout(resolve, CONSENT_MS).unref());
  await timer;
  throw new CliError('There was no consent within 10 minutes.', { next: AGAIN });
};

/**
 * Returns the failure of a consent session.
 *
 * @param code OAuth error code of the provider, or a code of the service; undefined if there is none
 */
function declined(code: string | undefined): CliError {
  const mayRepeat = code === undefined || code === 'access_denied' || isTransientCode(code);
  // Some servers report scopes that they do not have as access_denied.
  const what =
    code === 'access_denied'
      ? 'The user declined, or the provider grants none of the scopes (access_denied).'
      : `The consent failed, or was declined${code === undefined ? '' : ` (${code})`}.`;
  return new CliError(what, {
    next: mayRepeat ? AGAIN : `Correct the provider or the request. ${AGAIN}`,
  });
}

/** Waits until another application has completed the session. */
async function pollToken(request: () => Promise<TokenResponse>): Promise<IssuedToken> {
  for (;;) {
    await wait(POLL_MS);
    const response = await request();
    if (isIssued(response)) return response;
    const { sessionStatus, failure } = response;
    if (sessionStatus === 'FAILED') throw declined(failure);
  }
}

/** Returns the authorization URL, in which all characters are ASCII. @throws CliError unless it can be a page of the service */
function consentPage({ env }: CliContext, authorizationUrl: string, { endpoint }: Service): string {
  const page = pageOf(endpoint, authorizationUrl, env.AGENT_IDENTITY_PUBLIC_URL);
  if (page) return page.href;
  throw new CliError(`The response has an authorization URL that is not at the endpoint ${endpoint}.`, {
    next: 'Set --endpoint to the endpoint that the stack printed. For a service on this computer, run eval "$(agent-identity env)".',
  });
}

async function consent(
  context: CliContext,
  { noBrowser }: Pick<GetFlags, 'noBrowser'>,
  authorizationUrl: string,
  wanted: () => Promise<IssuedToken>,
): Promise<IssuedToken> {
  printAside(
    context,
    'The user must allow access. Open this URL in the browser of the user:',
    authorizationUrl,
  );
  if (!noBrowser) await context.openBrowser(authorizationUrl);
  const { show, end } = progress(context);
  show('Waiting for the consent … (Ctrl-C to stop)');
  try {
    return await Promise.race([wanted(), timedOut()]);
  } finally {
    end();
  }
}

async function requestToken(service: Service, members: object): Promise<TokenResponse> {
  let failure: string | undefined;
  const response = await service.call<TokenResponse>(
    OPERATIONS.GetResourceOauth2Token,
    members,
    (headers) => {
      failure = errorCodeOf(headers.get(FAILURE_HEADER) ?? undefined);
    },
  );
  return { ...response, failure };
}

/** Returns the error of a request for a token, or what is wrong if the named provider is one of an API key. */
async function explained(error: unknown, service: Service, provider: string): Promise<unknown> {
  const problem = error instanceof ServiceFailure ? error.problem : undefined;
  const isMissing =
    problem?.code === 'ResourceNotFound' && problem.values.resource === 'OAuth 2.0 credential provider';
  if (!isMissing) return error;
  const isApiKey = await isListed(service, provider, 'api-key').catch(() => false);
  return isApiKey ? apiKeyProviderError(provider) : error;
}

/** Obtains the token, with the user's consent if that is necessary. */
export async function obtain(
  context: CliContext,
  service: Service,
  flags: Omit<GetFlags, 'showToken'>,
): Promise<IssuedToken & { consented: boolean }> {
  const user = await userOf(context, flags);
  const { provider, scope = [], audience, resource, flow, force } = flags;
  const returnUrl = flow === 'user' ? await returnUrlOf(service, flags) : undefined;
  const state = randomBytes(16).toString('base64url');
  const workloadIdentityToken = await workloadTokenOf(service, flags.agent, user);
  const request = (members: object = {}): Promise<TokenResponse> =>
    namingOptions(
      MEMBER_OPTIONS,
      () =>
        requestToken(service, {
          workloadIdentityToken,
          resourceCredentialProviderName: provider,
          scopes: scope,
          oauth2Flow: FLOWS[flow],
          ...(audience && { audiences: audience }),
          ...(resource && { resources: resource }),
          ...(returnUrl !== undefined && { resourceOauth2ReturnUrl: returnUrl, customState: state }),
          ...members,
        }),
      confirmation(provider),
    );
  // Listen first: the port must be free before the user opens the URL.
  const listener =
    returnUrl !== undefined && isLocal(returnUrl) ? await listenForReturn(returnUrl, state) : undefined;
  try {
    const response = await request({ ...(force && { forceAuthentication: true }) }).catch(
      async (error: unknown) => {
        throw await explained(error, service, provider);
      },
    );
    if (isIssued(response)) return { ...response, consented: false };
    const { authorizationUrl, sessionUri, failure } = response;
    if (authorizationUrl === undefined) throw declined(failure);
    const session = { ...(sessionUri !== undefined && { sessionUri }) };
    const completed = async (): Promise<IssuedToken> => {
      if (!listener) return pollToken(() => request(session));
      const watched = new AbortController();
      const first = await Promise.race([
        listener.completionUri,
        failed(() => request(session), watched.signal),
      ]).finally(() => {
        watched.abort();
      });
      await service.call(OPERATIONS.CompleteResourceTokenAuth, { sessionUri: first, userIdentifier: user });
      const obtained = await request(session);
      if (!isIssued(obtained)) throw declined(obtained.failure);
      return obtained;
    };
    const page = consentPage(context, authorizationUrl, service);
    return { ...(await consent(context, flags, page, completed)), consented: true };
  } finally {
    listener?.close();
  }
}

/** Rejects when the session has failed: the browser does not always return then. */
async function failed(request: () => Promise<TokenResponse>, signal: AbortSignal): Promise<never> {
  while (!signal.aborted) {
    await new Promise((resolve) => setTimeout(resolve, POLL_MS).unref());
    if (signal.aborted) break;
    const { sessionStatus, failure } = await request();
    if (sessionStatus === 'FAILED') throw declined(failure);
  }
  return new Promise<never>(() => undefined);
}

const get = buildCommand({
  docs: {
    brief: 'Obtain a token as an agent does',
    fullDescription: [
      'Obtains an access token as the agent, to try the agent, the provider, and the consent of a user.',
      'If the user must consent, prints the authorization URL, opens it in a browser, and completes the consent.',
      'Prints the token only with --show-token.',
    ].join('\n'),
  },
  parameters: {
    flags: {
      ...CONNECTION_FLAGS,
      ...ACTING_AGENT_FLAGS,
      provider: { kind: 'parsed', parse: String, placeholder: 'name', brief: 'Credential provider' },
      scope: optionalTexts('scope', 'Scope; set the option again for each further scope'),
      audience: optionalTexts('text', 'Audience of the token'),
      resource: optionalTexts('URI', 'Resource of the token (RFC 8707)'),
      flow: {
        kind: 'enum',
        values: Object.keys(FLOWS) as FlowName[],
        default: 'user',
        brief: 'Access of the user, of the agent itself, or by exchange of the user token',
      },
      returnUrl: optionalText('URL', 'Return URL of the agent (default: its first one on this computer)'),
      force: flag('Forget the stored grant, and ask the user again'),
      showToken: flag('Print the access token'),
      noBrowser: flag('Do not open a browser'),
    },
  },
  async func(this: CliContext, flags: GetFlags) {
    const service = await connect(this, flags);
    const { accessToken, tokenType, consented } = await obtain(this, service, flags);
    const { agent, provider, showToken, json } = flags;
    const isBound = tokenType === 'DPoP';
    if (json) {
      printJson(this, {
        agent,
        provider,
        consented,
        ...(isBound && { tokenType }),
        ...(showToken && { accessToken }),
      });
    } else if (showToken) {
      print(this, accessToken);
      if (isBound) printAside(this, BOUND);
    } else {
      print(this, `The agent "${agent}" has a token for "${provider}". Use --show-token to print it.`);
      if (isBound) print(this, BOUND);
    }
  },
});

export const token = buildRouteMap({
  routes: { get },
  docs: { brief: 'Tokens: obtain one as an agent does' },
});
