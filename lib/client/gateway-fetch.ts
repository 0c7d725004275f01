/**
 * `fetch` through a gateway, which attaches the credential of the target. The agent never holds it: the gateway gets the
 * agent's own token only.
 */
import type { BedrockAgentCoreClient } from '@aws-sdk/client-bedrock-agentcore';
import { parsedResourceUrl, requestedUrl, type ResourceFetch } from './authorized-fetch';
import { CALLING_AGENT_HEADER, headerValue } from './calling-agent';
import { CONSENT_LIFETIME, pollUntil } from './consent-polling';
import { CREDENTIAL } from './credential';
import { RESOURCE_TOKEN } from './access-token';
import {
  ConfigurationError,
  ConsentFailedError,
  ConsentRequiredError,
  ConsentTimeoutError,
  GatewayAddressError,
} from './errors';
import { checkOptions, optional, text, type Requirements } from './options';
import { systemClock, unlessAborted, type Clock } from './waiting';
import {
  isExpiryMessage,
  staticWorkloadAccessToken,
  type WorkloadAccessTokenSource,
} from './workload-access-token';

/** The agent that calls a gateway, and how it learns that its user must consent. */
export interface GatewayFetchOptions {
  /** A client from `createIdentityClient`, whose AWS credentials sign requests to a gateway with `AWS_IAM`. */
  readonly identity: BedrockAgentCoreClient;
  /** The agent, and the user for whom it acts; see `fromGate` and `workloadAccessTokens`. */
  readonly workloadIdentityToken: WorkloadAccessTokenSource | string;
  /**
   * The user token, for a gateway with `CUSTOM_JWT`. It takes the place of the signature.
   * @default - requests are signed
   */
  readonly userToken?: string | undefined;
  /**
   * Return URL of the application, as registered on the workload identity.
   * @default - that of the target
   */
  readonly callbackUrl?: string | undefined;
  /** Returns to the application as `state` in the return URL; see `completeAuthorization`. */
  readonly customState?: string | undefined;
  /**
   * Receives the authorization URL for the user's browser. The request then waits for the consent. Without this function,
   * the request throws a `ConsentRequiredError`.
   */
  readonly onAuthUrl?: ((authorizationUrl: string) => void | Promise<void>) | undefined;
  /**
   * Seconds to wait for the consent, more than 0.
   * @default 600, the lifetime of an authorization URL
   */
  readonly consentTimeout?: number | undefined;
  /** Ends all waiting with its reason. */
  readonly signal?: AbortSignal | undefined;
  /** @default the system clock */
  readonly clock?: Clock | undefined;
}

const OPTIONS: Requirements<GatewayFetchOptions> = {
  identity: CREDENTIAL.identity,
  workloadIdentityToken: CREDENTIAL.workloadIdentityToken,
  userToken: optional(text('the token of the user')),
  callbackUrl: RESOURCE_TOKEN.callbackUrl,
  customState: RESOURCE_TOKEN.customState,
  onAuthUrl: RESOURCE_TOKEN.onAuthUrl,
  consentTimeout: RESOURCE_TOKEN.consentTimeout,
  signal: CREDENTIAL.signal,
  clock: RESOURCE_TOKEN.clock,
};

/** In which a gateway expects the return URL. */
const CALLBACK_HEADER = 'OAuth2CallbackUrl';

/** For the state of the browser session. */
const STATE_HEADER = 'OAuth2CustomState';

/** A request whose body can be sent again. */
interface Prepared {
  readonly url: URL;
  readonly method: string;
  readonly headers: Headers;
  readonly body: Uint8Array | undefined;
  readonly signal: AbortSignal | undefined;
}

async function prepared(url: URL, init: RequestInit, signal: AbortSignal | undefined): Promise<Prepared> {
  const { method, headers, body } = new Request(url, { ...init, duplex: 'half' });
  const bytes = body === null ? undefined : new Uint8Array(await new Response(body).arrayBuffer());
  return { url, method, headers, body: bytes, signal: init.signal ?? signal };
}

/** Returns the headers of a signed request (AWS Signature Version 4), without `Host`, which `fetch` sets. */
async function signed(
  { config }: BedrockAgentCoreClient,
  { url, method, headers, body }: Prepared,
): Promise<Headers> {
  const signer = await config.signer();
  const request = await signer.sign(
    {
      method,
      protocol: url.protocol,
      hostname: url.hostname,
      ...(url.port !== '' && { port: Number(url.port) }),
      path: url.pathname,
      query: Object.fromEntries(
        [...new Set(url.searchParams.keys())].map((name) => [name, url.searchParams.getAll(name)]),
      ),
      headers: { ...Object.fromEntries(headers), host: url.host },
      body,
    },
    { signingDate: new Date(Date.now() + config.systemClockOffset) },
  );
  const result = new Headers(request.headers);
  result.delete('host');
  return result;
}

/** Segments that URL parsers remove, so that the request would be another one than the caller wrote. */
const DOT_SEGMENT = /\/(\.|%2e){1,2}(?=[/?#]|$)/i;

/** What a gateway returns if the user must consent (RFC 9457). */
interface ConsentProblem {
  readonly authorizationUrl: string;
  readonly sessionUri: string;
}

const CONSENT_REQUIRED = 'urn:agent-identity:problem:consent-required';

/** The error of the gateway. It passes no such header of a target, which could otherwise show any URL to the user. */
const errorIn = ({ headers }: Response): string | null => headers.get('x-amzn-errortype');

/** @returns undefined for any other response, whose body then is still unread */
async function consentProblemIn(response: Response): Promise<ConsentProblem | undefined> {
  if (response.status !== 403 || errorIn(response) !== 'AccessDeniedException') return undefined;
  const problem = (await response
    .clone()
    .json()
    .catch(() => ({}))) as Partial<Record<keyof ConsentProblem | 'type', unknown>> | null;
  const { type, authorizationUrl, sessionUri } = problem ?? {};
  if (type !== CONSENT_REQUIRED || typeof authorizationUrl !== 'string' || typeof sessionUri !== 'string') {
    return undefined;
  }
  await response.body?.cancel();
  return { authorizationUrl, sessionUri };
}

/** Whether the gateway reports that the agent's token has expired. The body stays unread otherwise. */
async function hasExpiredToken(response: Response): Promise<boolean> {
  if (response.status !== 401 || errorIn(response) !== 'UnauthorizedException') return false;
  return isExpiryMessage(await response.clone().text());
}

/** Returns the name of the target, for messages. @param base path of the gateway, without a slash at the end */
const targetIn = (base: string, { pathname }: URL): string => pathname.slice(base.length).split('/')[1] ?? '';

/**
 * Returns a `fetch` for the targets of a gateway: `{gatewayUrl}/{target}/{path}`. The gateway attaches the credential that
 * the user granted to this agent, and the agent never holds it.
 *
 * - When the user must consent, `onAuthUrl` receives the URL and the request waits; without `onAuthUrl`, the request throws
 *   a ConsentRequiredError.
 * - The agent's token is sent to the gateway only, and redirects are not followed.
 * - The body of a request is read before it is sent, because it can be sent more than once.
 *
 * @param gatewayUrl `gatewayUrl` of the gateway: https, or http on loopback
 * @returns a function that throws GatewayAddressError, ConsentRequiredError, ConsentFailedError, ConsentTimeoutError, and
 *   WorkloadAccessTokenError
 * @throws ConfigurationError
 */
export function gatewayFetch(gatewayUrl: string | URL, options: GatewayFetchOptions): ResourceFetch {
  checkOptions('gatewayFetch', options, OPTIONS);
  const gateway = parsedResourceUrl(gatewayUrl, 'gateway');
  const base = gateway.pathname.replace(/\/$/, '');
  const { identity, workloadIdentityToken, userToken, callbackUrl, customState, onAuthUrl } = options;
  const { consentTimeout = CONSENT_LIFETIME, clock = systemClock } = options;
  const tokens =
    typeof workloadIdentityToken === 'string'
      ? staticWorkloadAccessToken(workloadIdentityToken)
      : workloadIdentityToken;

  async function sendWith(token: string, request: Prepared): Promise<Response> {
    const { url, method, body, signal } = request;
    const headers = new Headers(request.headers);
    headers.set(CALLING_AGENT_HEADER, headerValue(token));
    if (callbackUrl !== undefined) headers.set(CALLBACK_HEADER, callbackUrl);
    if (customState !== undefined) headers.set(STATE_HEADER, customState);
    if (userToken !== undefined) headers.set('authorization', `Bearer ${headerValue(userToken)}`);
    return fetch(url, {
      method,
      headers: userToken === undefined ? await signed(identity, { ...request, headers }) : headers,
      redirect: 'manual',
      ...(body && { body }),
      ...(signal && { signal }),
    });
  }

  /** The agent's token is renewed once. */
  async function send(request: Prepared): Promise<Response> {
    const token = await tokens.get();
    const response = await sendWith(token, request);
    if (!(await hasExpiredToken(response))) return response;
    await response.body?.cancel();
    return sendWith(await tokens.renew(token), request);
  }

  async function afterConsent(request: Prepared, problem: ConsentProblem): Promise<Response> {
    const target = targetIn(base, request.url);
    const { authorizationUrl, sessionUri } = problem;
    if (!onAuthUrl) throw new ConsentRequiredError(target, authorizationUrl, sessionUri);
    const until = clock.now() + consentTimeout * 1000;
    await unlessAborted(request.signal, async () => onAuthUrl(authorizationUrl));
    const response = await pollUntil({ clock, signal: request.signal }, until, async () => {
      const repeated = await send(request);
      const pending = await consentProblemIn(repeated);
      if (!pending) return repeated;
      // Another session: this one ended without access.
      if (pending.sessionUri !== sessionUri) throw new ConsentFailedError(target);
      return undefined;
    });
    if (!response) throw new ConsentTimeoutError(target, consentTimeout);
    return response;
  }

  return async (requested, init = {}) => {
    const url = requestedUrl(requested);
    const { origin, pathname } = url;
    const isOfGateway = origin === gateway.origin && (pathname === base || pathname.startsWith(`${base}/`));
    if (!isOfGateway || DOT_SEGMENT.test(String(requested))) throw new GatewayAddressError();
    if (new Headers(init.headers).has('authorization')) {
      throw new ConfigurationError(
        'A request to a gateway must not have the header Authorization: the gateway attaches the credential. Pass a user token as the option `userToken`.',
      );
    }
    // A space for forms, and a plus sign for signatures.
    url.search = url.search.replaceAll('+', '%20');
    const request = await prepared(url, init, options.signal);
    const response = await send(request);
    const problem = await consentProblemIn(response);
    return problem ? afterConsent(request, problem) : response;
  };
}
