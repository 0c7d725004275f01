/** Names of headers that the owner of a target cannot let pass, or use for a credential. */

/** Names, and prefixes that end in a hyphen, in lowercase. Those of AWS are among them. */
const RESERVED = [
  'accept',
  'accept-',
  'access-control-',
  'age',
  'allow',
  'alt-svc',
  'authorization',
  'cache-control',
  'connection',
  'content-',
  'cookie',
  'cross-origin-',
  'date',
  'dpop',
  'dpop-nonce',
  'etag',
  'expect',
  'expires',
  'forwarded',
  'from',
  'host',
  'if-',
  'keep-alive',
  'last-modified',
  'link',
  'location',
  'max-forwards',
  'origin',
  'permissions-policy',
  'pragma',
  'proxy-',
  'range',
  'referer',
  'referrer-policy',
  'retry-after',
  'sec-',
  'server',
  'set-cookie',
  'set-cookie2',
  'strict-transport-security',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'upgrade-insecure-requests',
  'user-agent',
  'vary',
  'via',
  'warning',
  'www-authenticate',
  'x-amz',
  'x-content-type-options',
  'x-forwarded-',
  'x-frame-options',
  'x-real-ip',
  'x-xss-protection',
];

/** Returns why a header is reserved, in words that continue the name of its member; undefined if it is not. */
export function reservedHeaderFault(header: string): string | undefined {
  const name = header.toLowerCase();
  const isReserved = RESERVED.some((one) =>
    one.endsWith('-') || one === 'x-amz' ? name.startsWith(one) : name === one,
  );
  return isReserved ? 'must not be a reserved header' : undefined;
}

/** A header of the caller that an agent can get, in any case (RFC 9110 section 5.1). The AWS pattern. */
export const CUSTOM_HEADER = /^X-Amzn-Bedrock-AgentCore-Runtime-Custom-[a-zA-Z0-9_-]+$/i;
