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
