/**
 * The issuers whose user tokens are believed. Nobody is trusted who is not named here, and every entry
 * must say for whom a token has to be: an issuer alone would let in tokens meant for any other application.
 */
import * as v from 'valibot';

const names = v.pipe(v.array(v.pipe(v.string(), v.nonEmpty())), v.minLength(1));

export const TrustedIssuerSchema = v.pipe(
  v.strictObject({
    discoveryUrl: v.pipe(
      v.string(),
      v.url('must be a URL'),
      v.regex(
        /\/\.well-known\/(openid-configuration|oauth-authorization-server)$/,
        'must end in /.well-known/openid-configuration',
      ),
    ),
    allowedAudience: v.optional(names),
    allowedClients: v.optional(names),
    allowedScopes: v.optional(names),
  }),
  v.check(
    (issuer) => issuer.allowedAudience !== undefined || issuer.allowedClients !== undefined,
    'needs allowedAudience or allowedClients, or tokens meant for other applications would be accepted',
  ),
);

const TrustedIssuersSchema = v.pipe(
  v.array(TrustedIssuerSchema),
  v.check(
    (issuers) => new Set(issuers.map(({ discoveryUrl }) => discoveryUrl)).size === issuers.length,
    'the same discoveryUrl stands twice; join the entries',
  ),
);

/** Named as in AWS's customJWTAuthorizer configuration. */
export interface TrustedIssuer {
  /** The issuer's metadata document, ending in `/.well-known/openid-configuration`. */
  readonly discoveryUrl: string;
  /** One of these must be in the token's `aud`. At least one of allowedAudience and allowedClients is needed. */
  readonly allowedAudience?: readonly string[] | undefined;
  /** The token's `client_id` (or `azp`) must be one of these. */
  readonly allowedClients?: readonly string[] | undefined;
  /** One of these must be in the token's `scope`. */
  readonly allowedScopes?: readonly string[] | undefined;
}

/**
 * Trusted issuers from configuration.
 *
 * @param json a JSON array of {@link TrustedIssuer}
 * @throws Error in plain words, naming the entry and the member
 */
export function parseTrustedIssuers(json: string): TrustedIssuer[] {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    throw new Error(
      'trusted issuers: not JSON; expected an array like [{"discoveryUrl":"https://…/.well-known/openid-configuration","allowedAudience":["…"]}]',
    );
  }
  const parsed = v.safeParse(TrustedIssuersSchema, value);
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  throw new Error(`trusted issuers: ${v.getDotPath(issue) ?? 'the value'}: ${issue.message}`);
}
