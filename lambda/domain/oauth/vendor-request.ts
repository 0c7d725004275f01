/** Adapts a token request that oauth4webapi built to its vendor. */
import type { Vendor } from '../provider/vendor';
import type { Transport } from './transport';

/** Several vendors reject requests without a `User-Agent` (RFC 9110 section 10.1.5). */
const USER_AGENT = 'agent-identity';

const asJson = (form: URLSearchParams): string => JSON.stringify(Object.fromEntries(form));

/** Returns the transport for requests to this vendor's token endpoint. */
export const vendorTransport =
  (transport: Transport, vendor: Vendor): Transport =>
  (url, init) => {
    const headers = { ...init.headers, 'user-agent': USER_AGENT, ...vendor.tokenRequestHeaders };
    if (!vendor.jsonTokenRequest || !(init.body instanceof URLSearchParams)) {
      return transport(url, { ...init, headers });
    }
    return transport(url, {
      ...init,
      headers: { ...headers, 'content-type': 'application/json' },
      body: asJson(init.body),
    });
  };

/**
 * Returns the transport for a revocation or introspection request to this vendor: where it differs from a form POST with
 * the parameter `token`, the request is converted.
 *
 * @param token the token that the request is about
 */
export const revocationTransport =
  (transport: Transport, { revocation, tokenRequestHeaders }: Vendor, token: string): Transport =>
  (url, { method, headers, body, signal }) => {
    const sent = { method: revocation.method ?? method, signal };
    const own = { 'user-agent': USER_AGENT, ...tokenRequestHeaders };
    if (revocation.body === 'bearer') {
      return transport(url, { ...sent, headers: { ...own, authorization: `Bearer ${token}` } });
    }
    const form = new URLSearchParams(body);
    if (revocation.parameter) {
      form.delete('token');
      form.set(revocation.parameter, token);
    }
    return revocation.body === 'json'
      ? transport(url, {
          ...sent,
          headers: { ...headers, ...own, 'content-type': 'application/json' },
          body: asJson(form),
        })
      : transport(url, { ...sent, headers: { ...headers, ...own }, body: form });
  };
