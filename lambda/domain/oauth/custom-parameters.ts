/**
 * Custom parameters: what an agent adds to a request of its own (AWS's `customParameters`). They never say what the
 * request is for, and none of them asks for scopes behind a policy's back.
 */

export type CustomParameters = Readonly<Record<string, string>>;

/**
 * What is asked for. `authorization_details` (RFC 9396) asks for rights that no scope names, so no policy on scopes
 * could speak of them.
 */
const REQUESTED_RIGHTS = ['scope', 'resource', 'audience', 'authorization_details'] as const;

/**
 * RFC 6749 section 8.2, `param-name`. Servers in PHP also read `scope[]` and `redirect uri` as names of standard
 * parameters; no parameter of OAuth 2.0 is spelled like that.
 */
const PARAMETER_NAME = /^[A-Za-z0-9._-]+$/;

/** Servers in PHP read a dot in a name as an underscore, and some servers take names in any case. */
export const asReadBySome = (name: string): string => name.replaceAll('.', '_').toLowerCase();

/** @param reserved names beside those of what is asked for */
export const reservedParameters = (...reserved: readonly string[]): ReadonlySet<string> =>
  new Set([...REQUESTED_RIGHTS, ...reserved]);

/**
 * Returns the names and values that go along with a request.
 *
 * @param reserved as {@link reservedParameters} has them
 */
export const forwardedParameters = (
  custom: CustomParameters | undefined,
  reserved: ReadonlySet<string>,
): (readonly [name: string, value: string])[] =>
  Object.entries(custom ?? {}).filter(
    ([name]) => PARAMETER_NAME.test(name) && !reserved.has(asReadBySome(name)),
  );

/**
 * Parameters of vendors that ask for scopes beside `scope`: those of a user at Slack, those that an account may lack at
 * HubSpot and Yandex. They count at every provider, since a custom one may be such a server.
 */
const SCOPE_PARAMETERS: ReadonlySet<string> = new Set(['user_scope', 'optional_scope']);

/** The scopes that custom parameters ask for, parted by spaces or commas. */
export const scopesInCustomParameters = (custom: CustomParameters): readonly string[] =>
  Object.entries(custom)
    .filter(([name]) => SCOPE_PARAMETERS.has(asReadBySome(name)))
    .flatMap(([, value]) => value.split(/[\s,]+/).filter((scope) => scope !== ''));
