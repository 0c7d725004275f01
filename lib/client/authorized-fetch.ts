/** `fetch` with an access token of this service, for bearer tokens and for tokens that are bound to a key (DPoP). */
import {
  RESOURCE_TOKEN,
  issuedToken,
  proofFor,
  replacedToken,
  type AccessTokenOptions,
  type ResourceTokenOptions,
  type IssuedToken,
} from './access-token';
import { isSecure } from './endpoint';
import {
  AccessTokenRejectedError,
  ConfigurationError,
  ReplacementTokenRejectedError,
  ResourceRedirectError,
} from './errors';
import { checkOptions } from './options';
import { missingScopesIn, requiresNonce } from './scope-challenge';

/** `fetch` for one resource. */
export type ResourceFetch = (url: string | URL, init?: RequestInit) => Promise<Response>;

/**
 * @param what names the resource in the message
 * @throws ConfigurationError for an address to which a token must not be sent
 */
export function parsedResourceUrl(url: string | URL, what: string): URL {
  const resource = URL.canParse(String(url)) ? new URL(url) : undefined;
  if (!resource || !isSecure(resource) || resource.username || resource.password) {
    throw new ConfigurationError(
      `The URL of the ${what} must be an https URL, or an http URL on loopback, without credentials.`,
    );
  }
  return resource;
}

/**
 * Returns the URL of a request. Code without types can pass a `Request`, or a path.
 *
 * @throws ConfigurationError
 */
export function requestedUrl(url: unknown): URL {
  const text = url instanceof URL ? url.href : url;
  const parsed = typeof text === 'string' && URL.canParse(text) ? new URL(text) : undefined;
  if (parsed && (parsed.username !== '' || parsed.password !== '')) {
    throw new ConfigurationError('The URL of a request must not contain a user name or a password.');
  }
  if (parsed) return parsed;
  throw new ConfigurationError(
    'The URL of a request must be a whole URL, as a string or an object of the class URL. A path or an object of the class Request is not accepted.',
  );
}

export const isRedirect = ({ status }: Response): boolean => status >= 300 && status < 400 && status !== 304;

/** The methods that `fetch` writes in uppercase (Fetch standard, "normalize a method"). */
const NORMALIZED = ['DELETE', 'GET', 'HEAD', 'OPTIONS', 'POST', 'PUT'];

/** Returns the method as `fetch` sends it. */
function methodOf({ method = 'GET' }: RequestInit): string {
  const upper = method.toUpperCase();
  return NORMALIZED.includes(upper) ? upper : method;
}

/** Characters of a nonce (RFC 9449 section 8.1), as many as the service accepts. */
const NONCE = /^[\x21\x23-\x5b\x5d-\x7e]{1,512}$/;

/** A response, and the token with which it was requested. */
interface Sent {
  readonly response: Response;
  readonly accessToken: string;
}

/** How requests differ between the functions of this package. */
export interface FetchSettings {
  /** Maximum replacements of rejected tokens. */
  readonly replacements: number;
  /** Maximum requests for more scopes. */
  readonly stepUps: number;
  /** Returns the error for a redirect, and for another origin. */
  readonly redirected: () => Error;
}

/** Sends requests to one origin, with an access token. */
export class AuthorizedFetch {
  #options: AccessTokenOptions;
  readonly #origin: string;
  readonly #redirected: () => Error;
  #replacements: number;
  #stepUps: number;
  /** The last nonce that the resource gave. */
  #nonce: string | undefined;

  constructor(resource: URL, options: AccessTokenOptions, settings: FetchSettings) {
    this.#origin = resource.origin;
    this.#options = options;
    this.#redirected = settings.redirected;
    this.#replacements = settings.replacements;
    this.#stepUps = settings.stepUps;
  }

  /**
   * A token that the resource rejects is replaced once, a nonce is used once, and missing scopes are requested once, so no
   * resource can keep this in a loop. After the maximum of replacements, the caller gets the response as it is.
   */
  readonly fetch: ResourceFetch = async (requested, init = {}) => {
    const url = requestedUrl(requested);
    if (url.origin !== this.#origin) throw this.#redirected();
    const options = { ...this.#options, signal: init.signal ?? this.#options.signal };
    let sent = await this.#send(url, init, options, await issuedToken(options));
    if (sent.response.status === 401) {
      if (this.#replacements === 0) return sent.response;
      this.#replacements -= 1;
      await sent.response.body?.cancel();
      sent = await this.#send(url, init, options, await replacedToken(options, sent.accessToken));
    }
    if (sent.response.status === 401) {
      await sent.response.body?.cancel();
      throw new ReplacementTokenRejectedError(options.providerName, new AccessTokenRejectedError());
    }
    const missing = this.#stepUps > 0 ? missingScopesIn(sent.response, options.scopes) : [];
    if (missing.length === 0) return sent.response;
    this.#stepUps -= 1;
    // The union: the challenge need not name scopes that other requests need.
    const scopes = [...new Set([...this.#options.scopes, ...options.scopes, ...missing])];
    const wider = { ...options, scopes };
    const token = await issuedToken(wider);
    this.#options = { ...this.#options, scopes };
    await sent.response.body?.cancel();
    return (await this.#send(url, init, wider, token)).response;
  };

  async #send(
    target: URL,
    init: RequestInit,
    options: AccessTokenOptions,
    token: IssuedToken,
  ): Promise<Sent> {
    if (!token.isBound) {
      const { accessToken } = token;
      const headers = { authorization: `Bearer ${accessToken}` };
      return { response: await this.#request(target, init, headers), accessToken };
    }
    const sent = await this.#sendProven(target, init, options);
    if (!requiresNonce(sent.response)) return sent;
    await sent.response.body?.cancel();
    return this.#sendProven(target, init, options);
  }

  /** Sends one request with a proof. The token of the proof can be newer than the one that was issued. */
  async #sendProven(target: URL, init: RequestInit, options: AccessTokenOptions): Promise<Sent> {
    const { accessToken, dpopProof } = await proofFor(options, {
      httpMethod: methodOf(init),
      httpUri: target.origin + target.pathname,
      nonce: this.#nonce,
    });
    const headers = { authorization: `DPoP ${accessToken}`, dpop: dpopProof };
    const response = await this.#request(target, init, headers);
    const nonce = response.headers.get('dpop-nonce');
    if (nonce !== null && NONCE.test(nonce)) this.#nonce = nonce;
    return { response, accessToken };
  }

  async #request(target: URL, init: RequestInit, own: Readonly<Record<string, string>>): Promise<Response> {
    const headers = new Headers(init.headers);
    for (const [name, value] of Object.entries(own)) headers.set(name, value);
    const response = await fetch(target, { ...init, headers, redirect: 'manual' });
    if (isRedirect(response)) {
      await response.body?.cancel();
      throw this.#redirected();
    }
    return response;
  }
}

/**
 * Returns a `fetch` for one resource, whose requests have an access token of the token vault. For a token that is bound to
 * a key (DPoP, RFC 9449), each request also has a proof, with the nonce of the resource if it requires one.
 *
 * - When the resource responds with 401, the token is reported and replaced, once for each request.
 * - When the user must consent, `onAuthUrl` receives the URL and the request waits; without `onAuthUrl`, the request throws
 *   a ConsentRequiredError.
 * - The token is sent to the origin of the URL only. Redirects are not followed. The service rejects the request for a
 *   token if the credential provider is for another resource.
 * - The body of a request can be sent more than once, so it must not be a stream.
 *
 * @param url of the resource: https, or http on loopback
 * @returns a function that throws ResourceRedirectError, ReplacementTokenRejectedError, and the errors of `getAccessToken`
 * @throws ConfigurationError
 */
export function authorizedFetch(url: string | URL, options: ResourceTokenOptions): ResourceFetch {
  const settings = { replacements: Infinity, stepUps: 0, redirected: () => new ResourceRedirectError() };
  const resource = parsedResourceUrl(url, 'resource');
  checkOptions('authorizedFetch', options, RESOURCE_TOKEN);
  const token = { ...options, resourceServerUrl: resource.href };
  return new AuthorizedFetch(resource, token, settings).fetch;
}
