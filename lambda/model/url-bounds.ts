/** Whether a request fits into URLs that browsers and servers accept. */
import * as v from 'valibot';

/**
 * Bytes of the parameters that a request adds to the authorization request. Servers commonly accept a request line of
 * 8 KB. Half of it is for the provider's endpoint, the standard parameters, and scopes that were granted before.
 */
const MAX_PARAMETER_BYTES = 4096;

/**
 * Bytes of the return URL with the state in it. This fits the longest of both if neither needs encoding. API Gateway
 * accepts 10,240 bytes of header fields, and Node.js 16 KiB.
 */
const MAX_RETURN_BYTES = 6144;

interface Parameters {
  /** Default: USER_FEDERATION. */
  readonly oauth2Flow?: string;
  readonly resourceOauth2ReturnUrl?: string | undefined;
  readonly customState?: string | undefined;
  readonly scopes: readonly string[];
  readonly resources?: readonly string[] | undefined;
  readonly audiences?: readonly string[] | undefined;
  readonly customParameters?: Readonly<Record<string, string>> | undefined;
}

/** Bytes of each member in the query of a URL (application/x-www-form-urlencoded). */
function bytesInUrl({ scopes, resources = [], audiences = [], customParameters = {} }: Parameters) {
  const inQuery = (entries: [string, string][]) => `&${new URLSearchParams(entries).toString()}`.length;
  const each = (name: string, values: readonly string[]) =>
    inQuery(values.map((value): [string, string] => [name, value]));
  return {
    scopes: inQuery([['scope', scopes.join(' ')]]),
    resources: each('resource', resources),
    audiences: each('audience', audiences),
    customParameters: inQuery(Object.entries(customParameters)),
  };
}

/** A character of a text is never longer in a query: three bytes of UTF-8, each as `%XX`. */
const MAX_ENCODED = 9;

/** Returns whether a request is so short that it fits however it is encoded, as nearly every request. */
function fitsAnyway({ scopes, resources = [], audiences = [], customParameters = {} }: Parameters): boolean {
  const texts = [...scopes, ...resources, ...audiences, ...Object.entries(customParameters).flat()];
  // With the longest name of a parameter, and its separators.
  const characters = texts.reduce((sum, { length }) => sum + length + '&resource='.length, 0);
  return characters * MAX_ENCODED <= MAX_PARAMETER_BYTES;
}

/** Reports the member with the most bytes. */
export const fitsAuthorizationUrl = <Request extends Parameters>() =>
  v.rawCheck<Request>(({ dataset, addIssue }) => {
    // A member that is invalid by itself is reported for that.
    if (!dataset.typed || dataset.issues) return;
    const { oauth2Flow = 'USER_FEDERATION' } = dataset.value;
    if (oauth2Flow !== 'USER_FEDERATION' || fitsAnyway(dataset.value)) return;
    const sizes = Object.entries(bytesInUrl(dataset.value)).sort(([, a], [, b]) => b - a);
    if (sizes.reduce((sum, [, bytes]) => sum + bytes, 0) <= MAX_PARAMETER_BYTES) return;
    const input: Record<string, unknown> = Object.fromEntries(Object.entries(dataset.value));
    const [[key] = ['scopes']] = sizes;
    addIssue({
      message: `must be shorter: scopes, resources, audiences and customParameters must not have more than ${MAX_PARAMETER_BYTES} bytes together in a URL`,
      path: [{ type: 'object', origin: 'value', input, key, value: input[key] }],
    });
  });

/** Bytes of a text after percent-encoding, also for text that encodeURIComponent rejects. */
function encodedBytes(text: string): number {
  let bytes = 0;
  for (const character of text) {
    bytes += /[A-Za-z0-9\-_.!~*'()]/.test(character) ? 1 : 3 * Buffer.byteLength(character);
  }
  return bytes;
}

/** Reports the state, because every return URL fits without it. */
export const fitsReturnUrl = <Request extends Parameters>() =>
  v.rawCheck<Request>(({ dataset, addIssue }) => {
    if (!dataset.typed || dataset.issues) return;
    const { resourceOauth2ReturnUrl = '', customState = '' } = dataset.value;
    if (resourceOauth2ReturnUrl.length + encodedBytes(customState) <= MAX_RETURN_BYTES) return;
    const input: Record<string, unknown> = Object.fromEntries(Object.entries(dataset.value));
    addIssue({
      message: `must be shorter: resourceOauth2ReturnUrl and customState must not have more than ${MAX_RETURN_BYTES} bytes together in a URL`,
      path: [{ type: 'object', origin: 'value', input, key: 'customState', value: input.customState }],
    });
  });
