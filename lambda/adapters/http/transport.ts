/**
 * The HTTP client for authorization servers: https only, addresses checked when the connection is made, no redirects,
 * 5 seconds, 256 KiB. It fails closed.
 */
import type http from 'node:http';
import type { ConnectionPolicy } from './connection-policy';
import { endpointFault } from '../../model/endpoint';
import { ProviderFailure, ResponseTooLong } from '../../domain/oauth/provider-failure';
import type { AuthorityCertificates } from '../../domain/oauth/authority-certificates';
import { withoutEchoedSecrets } from '../../domain/oauth/echoed-secret';
import type { ServerResponse } from '../../domain/oauth/server-response';
import type { Transport } from '../../domain/oauth/transport';
import { locationOf, type PrivateAuthorities } from '../../domain/private-authorities';
import { unlessAborted } from '../../domain/abort';
import { routeTo } from '../../domain/oauth/private-route';
import {
  AddressNotAllowed,
  guardedRequest,
  headersOf,
  NoResponse,
  type GuardedRequest,
} from './guarded-request';

/** Timeout of a whole exchange, in milliseconds, with the read of the certificates that it trusts. */
const REQUEST_TIMEOUT_MS = 5_000;
/** Maximum bytes of a response body. */
const MAX_RESPONSE_BYTES = 256 * 1024;

function readBody(message: http.IncomingMessage): Promise<Buffer> {
  return new Promise((done, failed) => {
    const chunks: Buffer[] = [];
    let size = 0;
    message.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > MAX_RESPONSE_BYTES) message.destroy(new ResponseTooLong(MAX_RESPONSE_BYTES));
      else chunks.push(chunk);
    });
    message.on('end', () => done(Buffer.concat(chunks)));
    message.on('error', failed);
    message.on('close', () => {
      failed(new NoResponse('the connection ended early'));
    });
  });
}

/**
 * The server's certificate is not accepted: it is not issued by a trusted authority, not valid now, or for another host.
 * Source: Node.js documentation, "X509 certificate error codes", and the error code for another host.
 */
const CERTIFICATE_ERRORS: ReadonlySet<unknown> = new Set([
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'CERT_SIGNATURE_FAILURE',
  'CERT_NOT_YET_VALID',
  'CERT_HAS_EXPIRED',
  'CERT_CHAIN_TOO_LONG',
  'CERT_REVOKED',
  'INVALID_CA',
  'PATH_LENGTH_EXCEEDED',
  'INVALID_PURPOSE',
  'CERT_UNTRUSTED',
  'CERT_REJECTED',
  'ERR_TLS_CERT_ALTNAME_INVALID',
]);

/** Returns the error code if the server's certificate was not accepted. */
function certificateError(error: unknown): string | undefined {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return typeof code === 'string' && CERTIFICATE_ERRORS.has(code) ? code : undefined;
}

function nameOf(authorities: PrivateAuthorities | undefined): string {
  if (!authorities) return 'the public authorities';
  return 'certificates' in authorities
    ? 'the caCertificates of the issuer'
    : `the CA certificates in ${locationOf(authorities)}`;
}

/** Returns the reason for the operator's log. */
function connectionFailure(
  error: unknown,
  deadline: AbortSignal,
  authorities: PrivateAuthorities | undefined,
): string {
  if (deadline.aborted) return `no response in ${REQUEST_TIMEOUT_MS} ms`;
  if (error instanceof NoResponse) return error.message;
  const fault = certificateError(error);
  if (fault === undefined) return 'no connection';
  return `its TLS certificate was not accepted with ${nameOf(authorities)} (${fault})`;
}

/**
 * @param certificates reads the certificates of private authorities in secrets and objects. Without it, requests that need
 *   them fail.
 * @returns a transport that returns the server's response, whatever its status, and throws {@link ProviderFailure} if
 *   there is no usable response
 */
export function createTransport(policy: ConnectionPolicy, certificates?: AuthorityCertificates): Transport {
  async function exchange(
    url: URL,
    init: Parameters<Transport>[1],
    connection: Pick<GuardedRequest, 'certificates' | 'route' | 'signal'>,
  ): Promise<ServerResponse> {
    const { method, headers } = init;
    const body = init.body?.toString();
    const message = await guardedRequest(url, { method, headers, body, ...connection }, policy);
    const content = await readBody(message);
    const status = message.statusCode ?? 0;
    // RFC 9110 section 15: such a status is not valid.
    if (status < 200 || status > 599) throw new NoResponse('the status of the response is not valid');
    const text = content.toString('utf8');
    const clean = withoutEchoedSecrets(status, text, { headers, body });
    const bytes = new Uint8Array(clean === text ? content : Buffer.from(clean));
    return {
      status,
      headers: headersOf(message),
      text: () => Promise.resolve(new TextDecoder().decode(bytes)),
      arrayBuffer: () => Promise.resolve(bytes.buffer),
    };
  }

  async function certificatesOf(authorities: PrivateAuthorities, signal: AbortSignal): Promise<string> {
    if ('certificates' in authorities) return authorities.certificates;
    if (!certificates) throw new Error('no reader of CA certificates');
    try {
      return await unlessAborted(signal, certificates.read(authorities));
    } catch (error) {
      if (!signal.aborted) throw error;
      throw new ProviderFailure(
        'ca_certificates_unavailable',
        `${nameOf(authorities)} were not read in time`,
        { unavailable: true, cause: error },
      );
    }
  }

  return async (text, init) => {
    const fault = endpointFault(text, policy);
    if (fault) throw new ProviderFailure('address_not_allowed', `endpoint ${fault}`);
    const url = new URL(text);
    const { authorities, endpoints } = init.connection ?? {};
    const route = endpoints && routeTo(url.hostname, endpoints, policy);
    const deadline = AbortSignal.timeout(REQUEST_TIMEOUT_MS);
    const signal = init.signal ? AbortSignal.any([deadline, init.signal]) : deadline;
    const trusted = authorities && (await certificatesOf(authorities, signal));
    try {
      return await unlessAborted(signal, exchange(url, init, { certificates: trusted, route, signal }));
    } catch (error) {
      if (error instanceof ProviderFailure) throw error;
      if (error instanceof AddressNotAllowed) {
        throw new ProviderFailure('address_not_allowed', error.message, { cause: error });
      }
      throw new ProviderFailure(
        'unreachable',
        `${url.hostname}: ${connectionFailure(error, deadline, authorities)}`,
        { unavailable: true, cause: error, url: text },
      );
    }
  };
}
