/**
 * How an identity provider can report that a session or an account ended: security events of the Shared Signals Framework
 * (SSF 1.0), OpenID Connect Back-Channel Logout 1.0, and Global Token Revocation. Part of a trusted issuer's entry. What
 * an entry leaves out is not accepted.
 */
import * as v from 'valibot';

/** Begins the value of the owner tag of a secret for polls. The `id` follows. It is no ARN, so no other owner has it. */
export const EVENT_SECRET_OWNER = 'securityEvents/';

/** The lists are compared with one claim each. */
const MAX_NAMES = 10;

const name = v.pipe(v.string(), v.minLength(1), v.maxLength(512));
const names = v.pipe(v.array(name), v.minLength(1), v.maxLength(MAX_NAMES));
const address = v.pipe(
  v.string(),
  v.maxLength(2048),
  v.check((text) => URL.canParse(text), 'must be a URL'),
);

/** Where SETs are fetched (RFC 8936), and the secret in AWS Secrets Manager that contains the bearer token. */
const PollSchema = v.strictObject({
  endpoint: address,
  authorization: v.strictObject({ secretId: name, jsonKey: v.pipe(name, v.maxLength(64)) }),
});

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
  streamId: v.exactOptional(name),
  criticalSubjectMembers: v.exactOptional(names),
  poll: v.exactOptional(PollSchema),
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
    emailSubjects: v.exactOptional(v.boolean()),
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
  /** `stream_id` of the stream; undefined if events about the stream are accepted with any subject. */
  readonly streamId?: string | undefined;
  /** Members of complex subjects that a receiver must understand, as in the transmitter's configuration. */
  readonly criticalSubjectMembers?: readonly string[] | undefined;
  /** For a transmitter that cannot push. */
  readonly poll?: EventPoll | undefined;
}

/** How SETs are fetched (RFC 8936). */
export interface EventPoll {
  readonly endpoint: string;
  /** The secret in AWS Secrets Manager, and the member of its JSON object, that is the bearer token. */
  readonly authorization: { readonly secretId: string; readonly jsonKey: string };
}

/** Which reports that a session or an account ended the service accepts for a trusted issuer. */
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
  /** Whether it names users by email address. The service then stores hashes of the verified addresses in user tokens. */
  readonly emailSubjects?: boolean | undefined;
}
