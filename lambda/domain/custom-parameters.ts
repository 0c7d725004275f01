/**
 * Custom parameters that an agent adds to its request (AWS: `customParameters`). They cannot change the requested
 * rights, and policies evaluate the scopes in them.
 */

export type CustomParameters = Readonly<Record<string, string>>;

/**
 * The requested rights. `authorization_details` (RFC 9396) requests rights that no scope names, so a policy on scopes
 * cannot cover them.
 */
const REQUESTED_RIGHTS = ['scope', 'resource', 'audience', 'authorization_details'] as const;

/**
 * RFC 6749 section 8.2, `param-name`. Servers in PHP also read `scope[]` and `redirect uri` as names of standard
 * parameters; no parameter of OAuth 2.0 is spelled like that.
 */
const PARAMETER_NAME = /^[A-Za-z0-9._-]+$/;

/** Returns the name as some servers read it: PHP reads a dot as an underscore, and some servers ignore case. */
export const asReadBySome = (name: string): string => name.replaceAll('.', '_').toLowerCase();

/** @param reserved names in addition to those of the requested rights */
export const reservedParameters = (...reserved: readonly string[]): ReadonlySet<string> =>
  new Set([...REQUESTED_RIGHTS, ...reserved]);

/** Returns whether no server reads the name as that of a reserved parameter. */
const isForwarded = (name: string, reserved: ReadonlySet<string>): boolean =>
  PARAMETER_NAME.test(name) && !reserved.has(asReadBySome(name));

/**
 * Returns the parameters that the service adds to a request.
 *
 * @param reserved as {@link reservedParameters} returns them
 */
export const forwardedParameters = (
  custom: CustomParameters | undefined,
  reserved: ReadonlySet<string>,
): (readonly [name: string, value: string])[] =>
  Object.entries(custom ?? {}).filter(([name]) => isForwarded(name, reserved));

/**
 * Vendor parameters that request scopes in addition to `scope`: a user's scopes at Slack, and optional scopes at HubSpot
 * and Yandex. They apply to every provider, because a custom provider can be such a server.
 */
const SCOPE_PARAMETERS: ReadonlySet<string> = new Set(['user_scope', 'optional_scope']);

/** Returns the scopes that custom parameters request, separated by spaces or commas. */
export const scopesInCustomParameters = (custom: CustomParameters): readonly string[] =>
  Object.entries(custom)
    .filter(([name]) => SCOPE_PARAMETERS.has(asReadBySome(name)))
    .flatMap(([, value]) => value.split(/[\s,]+/).filter((scope) => scope !== ''));

/**
 * Returns the parameters in an endpoint's query (RFC 6749 section 3.1) that stay in a request. Policies do not evaluate
 * them, so none of them requests rights.
 *
 * @param reserved as {@link reservedParameters} returns them
 * @param given names of the request's parameters
 */
export function keptParameters(
  query: URLSearchParams,
  reserved: ReadonlySet<string>,
  given: Iterable<string>,
): [name: string, value: string][] {
  const all = new Set([...reserved, ...SCOPE_PARAMETERS, ...Array.from(given, asReadBySome)]);
  return [...query].filter(([name]) => isForwarded(name, all));
}
