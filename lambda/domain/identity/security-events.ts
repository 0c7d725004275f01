/**
 * How an identity provider can report that a session or an account ended: security events of the Shared Signals Framework
 * (SSF 1.0), OpenID Connect Back-Channel Logout 1.0, and Global Token Revocation. Part of a trusted issuer's entry. What
 * an entry leaves out is not accepted.
 */
import * as v from 'valibot';

/** The lists are compared with one claim each. */
const MAX_NAMES = 10;

const name = v.pipe(v.string(), v.minLength(1), v.maxLength(512));
const names = v.pipe(v.array(name), v.minLength(1), v.maxLength(MAX_NAMES));
const address = v.pipe(
  v.string(),
  v.maxLength(2048),
  v.check((text) => URL.canParse(text), 'must be a URL'),
);

const TransmitterSchema = v.strictObject({
  issuer: name,
  jwksUri: address,
  audience: names,
  authorizationHash: v.exactOptional(
    v.pipe(
      v.string(),
      v.regex(
        /^[A-Za-z0-9_-]{43}$/,
        'must be the SHA-256 hash, in base64url, of the value of the Authorization header',
      ),
    ),
  ),
  verificationState: v.exactOptional(name),
});

export const SecurityEventsSchema = v.pipe(
  v.strictObject({
    id: v.pipe(
      v.string(),
      v.regex(/^[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?$/, 'must be lowercase letters, digits, and hyphens'),
    ),
    transmitter: v.exactOptional(TransmitterSchema),
    backChannelLogout: v.exactOptional(v.strictObject({ clientIds: names })),
    globalTokenRevocation: v.exactOptional(v.strictObject({ issuer: name, jwksUri: address })),
    revokeOnAccountDisabled: v.exactOptional(v.boolean()),
  }),
  v.check(
    ({ transmitter, backChannelLogout, globalTokenRevocation }) =>
      (transmitter ?? backChannelLogout ?? globalTokenRevocation) !== undefined,
    'needs transmitter, backChannelLogout, or globalTokenRevocation',
  ),
);

/** A transmitter of security event tokens (SETs, RFC 8417). */
export interface Transmitter {
  /** `iss` of its SETs, exactly. It can differ from the issuer of user tokens. */
  readonly issuer: string;
  /** Address of its keys: `jwks_uri` of its `/.well-known/ssf-configuration`. */
  readonly jwksUri: string;
  /** One of these must be in a SET's `aud`. */
  readonly audience: readonly string[];
  /** SHA-256, base64url, of the `Authorization` header of its pushes; undefined if it sends none. */
  readonly authorizationHash?: string | undefined;
  /** `state` of the verification events that the operator requests. */
  readonly verificationState?: string | undefined;
}

/** Who may report that sessions and accounts of a trusted issuer ended, and how. */
export interface SecurityEvents {
  /** Names the issuer in the paths of the receivers. */
  readonly id: string;
  readonly transmitter?: Transmitter | undefined;
  /** The OAuth clients whose users sign in here: `aud` of logout tokens. */
  readonly backChannelLogout?: { readonly clientIds: readonly string[] } | undefined;
  /** The caller of Global Token Revocation: `iss` of its bearer token, and the address of its keys. */
  readonly globalTokenRevocation?: { readonly issuer: string; readonly jwksUri: string } | undefined;
  /** Whether `account-disabled` revokes the user's grants, as `account-purged` always does. */
  readonly revokeOnAccountDisabled?: boolean | undefined;
}
