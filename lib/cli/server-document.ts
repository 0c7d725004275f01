/** Documents of other servers, for checks: what is wrong with one, and what to do about it. */
import { validatedMetadata } from '../../lambda/domain/oauth/provider-metadata';
import { endpointFault, type EndpointPolicy } from '../../lambda/model/endpoint';
import { isIssuerOf, issuerOf } from '../../lambda/model/discovery-url';
import { NO_TLS, NoResponse } from './service';
import { plainUrl } from './plain-url';
import { documentResponse, InternalAddress, UrlNotAllowed } from './provider-request';

/** Codes of Node.js and OpenSSL for a certificate of an unknown authority. */
export const UNKNOWN_AUTHORITY = /UNABLE_TO_VERIFY_LEAF_SIGNATURE|UNABLE_TO_GET_ISSUER_CERT|SELF_SIGNED_CERT/;

export type ServerDocument = Readonly<Record<string, unknown>>;

/** Why there is no document, and what to do about it. */
export interface Fault {
  readonly fault: string;
  readonly action: string;
  readonly kind: 'url' | 'internal' | 'no-response' | 'status' | 'document';
}

export const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

/** What to do about a server that does not respond, by the code of the system. */
const NO_RESPONSE: readonly (readonly [code: RegExp, advice: string])[] = [
  [/^(ENOTFOUND|EAI_AGAIN)$/, 'Correct the host name, or the name resolution (DNS) of this computer.'],
  [/^ECONNREFUSED$/, 'No server listens at this address: start the server, or correct the URL.'],
  [
    UNKNOWN_AUTHORITY,
    'This computer does not trust the authority of the certificate. For a private authority, a provider has --ca-secret and --ca-object, and a trusted issuer has caCertificates.',
  ],
  [
    NO_TLS,
    'The server does not use TLS at this port: on this computer, set an http URL. Otherwise, correct the port.',
  ],
  [/CERT|TLS|SSL|EPROTO/, 'Correct the certificate or the TLS configuration of the server.'],
];

/** Returns what to do about a server that does not respond. */
function noResponseAdvice(reason: string, { loopback }: EndpointPolicy): string {
  const advice = NO_RESPONSE.find(([code]) => code.test(reason))?.[1];
  if (advice !== undefined) return advice;
  return loopback
    ? 'Check that the server runs, and that this computer can reach it.'
    : 'Check that the server runs, and that this computer can reach it. The service calls it over the internet.';
}

/** Returns to which addresses requests are sent. */
export const allowedAddresses = ({ loopback }: EndpointPolicy): string =>
  loopback
    ? 'Requests are sent to public https addresses, and to this computer because the service runs here.'
    : 'The service sends requests to public https addresses, and to those of a private network that its operator allows, which this command does not know.';

export const documentFault = (fault: string, action: string): Fault => ({ fault, action, kind: 'document' });

/** What to do about a server that only the service can reach, and this command cannot. */
export const CHECK_BY_TOKEN =
  'This command cannot reach private addresses. The service can, if its operator allows it: to check, request a token (agent-identity token get).';

/** Returns why a request of a check failed, and what to do about it. */
export function faultOf(error: unknown, policy: EndpointPolicy): Fault {
  if (error instanceof UrlNotAllowed) {
    return {
      fault: `no request was sent, because ${error.message}`,
      ...(error instanceof InternalAddress
        ? { action: CHECK_BY_TOKEN, kind: 'internal' }
        : { action: `Correct the URL. ${allowedAddresses(policy)}`, kind: 'url' }),
    };
  }
  if (error instanceof NoResponse) {
    return { fault: error.reason, action: noResponseAdvice(error.reason, policy), kind: 'no-response' };
  }
  const fault = error instanceof Error ? error.message : 'unknown error';
  return documentFault(fault, 'Correct the document, or the URL if it is that of another document.');
}

/** Returns where a redirect leads, if the service can send requests there, and a message can show it. */
function locationOf(response: Response, url: string, policy: EndpointPolicy): string | undefined {
  const location = response.headers.get('location');
  if (location === null || !URL.canParse(location, url)) return undefined;
  const target = new URL(location, url);
  const isAllowed = endpointFault(target.href, policy) === undefined;
  return isAllowed ? plainUrl(target.href) : undefined;
}

/** Returns what to do about a status without a document. */
function statusAdvice(status: number, location: string | undefined): string {
  if (status >= 500 || status === 429)
    return 'Try again later. If the error persists, ask the operator of the server.';
  if (status === 401 || status === 403)
    return 'The server must publish the document: the service sends no credentials for it.';
  if (status >= 300 && status < 400)
    return `The service follows no redirects. Set the URL at which the document is${location === undefined ? '' : `: this one leads to ${location}. Check that it is the right server`}.`;
  return 'Correct the URL: the server has no document there.';
}

/** @param location where a redirect leads, if it is known */
export const statusFault = (status: number, location?: string): Fault => ({
  fault: `HTTP status ${status}`,
  action: statusAdvice(status, location),
  kind: 'status',
});

/** Returns the JSON document at a URL, or why there is none. */
export async function jsonDocument(
  url: string,
  policy: EndpointPolicy,
): Promise<{ readonly document: ServerDocument } | Fault> {
  try {
    const response = await documentResponse(url, policy);
    if (!response.ok) return statusFault(response.status, locationOf(response, url, policy));
    const document: unknown = await response.json().catch(() => undefined);
    if (typeof document === 'object' && document !== null) return { document: { ...document } };
    return documentFault(
      'not a JSON object',
      'Correct the URL: it must be that of the document, and not of a page.',
    );
  } catch (error) {
    return faultOf(error, policy);
  }
}

/** The metadata of an authorization server that the service accepts. */
export interface AcceptedMetadata {
  /** The members that the service uses: it ignores endpoints that are not valid if it can do without them. */
  readonly document: ServerDocument;
  /** The members that the server states, if it can be said why the service ignores one. */
  readonly stated?: ServerDocument;
}

/**
 * Returns the metadata of an authorization server at a discovery URL, if the service accepts them, or why it does not.
 *
 * @param correction returns what to do if the document states another issuer than the discovery URL
 */
export async function metadataAt(
  discoveryUrl: string,
  policy: EndpointPolicy,
  correction: (issuer: string) => string,
): Promise<AcceptedMetadata | Fault> {
  const found = await jsonDocument(discoveryUrl, policy);
  if ('fault' in found) return found;
  try {
    return {
      document: { ...validatedMetadata(discoveryUrl, found.document, policy) },
      stated: found.document,
    };
  } catch (error) {
    const issuer = text(found.document.issuer);
    if (issuer === undefined || isIssuerOf(issuer, { discoveryUrl })) return faultOf(error, policy);
    return documentFault(
      `the document states the issuer ${plainUrl(issuer) ?? 'of another server'}, but the URL is that of the issuer ${issuerOf({ discoveryUrl })}`,
      correction(issuer),
    );
  }
}
