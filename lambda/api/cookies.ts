/** Cookies of browsers, with the attributes that the service's address allows. */
import type { APIGatewayProxyEvent } from 'aws-lambda';

/** A cookie that the service sets. */
export interface Cookie {
  /** Without the prefix. */
  readonly name: string;
  readonly value: string;
  /** Seconds; 0 deletes the cookie. */
  readonly maxAge: number;
}

export interface CookieJar {
  /** Returns the service's cookies by name. Other cookies are ignored. */
  read(event: APIGatewayProxyEvent): ReadonlyMap<string, string>;
  /** Returns a value of `Set-Cookie`. */
  set(cookie: Cookie): string;
}

/** The header's lines, in API Gateway's event. */
function cookieLines(event: APIGatewayProxyEvent): string[] {
  const headers = Object.entries(event.multiValueHeaders).filter(([name]) => name.toLowerCase() === 'cookie');
  return headers.flatMap(([, values = []]) => values.flatMap((value) => value.split(';')));
}

/**
 * @param baseUrl public address of the service
 * @param path of the cookies at an http address
 */
export function createCookieJar(baseUrl: string, path: string): CookieJar {
  const secure = baseUrl.startsWith('https:');
  // `__Host-` keeps other hosts of the same domain from planting the cookie (RFC 6265bis section 4.1.3.2). It requires
  // the path `/`. On a laptop, other servers share the host name, so the path is as narrow as possible there.
  const prefix = secure ? '__Host-' : '';
  // SameSite=Lax, because the provider's response is a navigation from another site.
  const attributes = `HttpOnly; SameSite=Lax${secure ? '; Secure' : ''}`;
  return {
    read(event) {
      const cookies = new Map<string, string>();
      for (const pair of cookieLines(event)) {
        // Only the separator's own space (RFC 6265 section 4.2.1). With other white space before it, a browser lets another
        // host of the domain set a name with the prefix, because the name then is a different one.
        const [name = '', ...value] = pair.replace(/^[ \t]+/, '').split('=');
        if (name.startsWith(prefix)) cookies.set(name.slice(prefix.length), value.join('='));
      }
      return cookies;
    },
    set: ({ name, value, maxAge }) =>
      `${prefix}${name}=${value}; Path=${secure ? '/' : path}; Max-Age=${maxAge}; ${attributes}`,
  };
}
