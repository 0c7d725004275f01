/**
 * How an identity provider can report that a session or an account ended: security events of the Shared Signals Framework
 * (SSF 1.0), OpenID Connect Back-Channel Logout 1.0, and Global Token Revocation. Part of a trusted issuer's entry. What
 * an entry leaves out is not accepted.
 */
import * as v from 'valibot';
import type { Of } from '../../model/of';

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

/** How SETs are fetched (RFC 8936), for a transmitter that cannot push. */
const EventPollSchema = v.strictObject({
  endpoint: address,
  /** The secret in AWS Secrets Manager, and the member of its JSON object, that is the bearer token. */
  authorization: v.strictObject({ secretId: name, jsonKey: v.pipe(name, v.maxLength(64)) }),
});

export interface EventPoll extends Of<typeof EventPollSchema> {}

/** A transmitter of security event tokens (SETs, RFC 8417). */
const TransmitterSchema = v.strictObject({
  /** `iss` of its SETs, exactly. It can differ from the issuer of user tokens. */
  issuer: name,
  /** Address of its keys: `jwks_uri` of its `/.well-known/ssf-configuration`. */
  jwksUri: address,
  /** One of these must be in a SET's `aud`. */
  audience: names,
  /** SHA-256, base64url, of the `Authorization` header of its pushes; absent if it sends none. */
  authorizationHash: v.exactOptional(
    v.pipe(
      v.string(),
      v.regex(
        /^[A-Za-z0-9_-]{43}$/,
        'must be the SHA-256 hash, in base64url, of the value of the Authorization header',
      ),
    ),
  ),
  /** `state` of the verification events that the operator requests. */
  verificationState: v.exactOptional(name),
  /** `stream_id` of the stream; absent if events about the stream are accepted with any subject. */
  streamId: v.exactOptional(name),
  /** Members of complex subjects that a receiver must understand, as in the transmitter's configuration. */
  criticalSubjectMembers: v.exactOptional(names),
  poll: v.exactOptional(EventPollSchema),
});

export interface Transmitter extends Of<typeof TransmitterSchema> {}

export const SecurityEventsSchema = v.pipe(
  v.strictObject({
    /** Names the issuer in the paths of the receivers. */
    id: v.pipe(
      v.string(),
      v.regex(/^[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?$/, 'must be lowercase letters, digits, and hyphens'),
    ),
    transmitter: v.exactOptional(TransmitterSchema),
    /** The OAuth clients whose users sign in here: `aud` of logout tokens. */
    backChannelLogout: v.exactOptional(v.strictObject({ clientIds: names })),
    /** The caller of Global Token Revocation: `iss` of its bearer token, and the address of its keys. */
    globalTokenRevocation: v.exactOptional(v.strictObject({ issuer: name, jwksUri: address })),
    /** Whether `account-disabled` revokes the user's grants, as `account-purged` always does. */
    revokeOnAccountDisabled: v.exactOptional(v.boolean()),
    /** Whether it names users by email address. The service then stores hashes of the verified addresses in user tokens. */
    emailSubjects: v.exactOptional(v.boolean()),
  }),
  v.check(
    ({ transmitter, backChannelLogout, globalTokenRevocation }) =>
      (transmitter ?? backChannelLogout ?? globalTokenRevocation) !== undefined,
    'needs transmitter, backChannelLogout, or globalTokenRevocation',
  ),
);

/** Which reports that a session or an account ended the service accepts for a trusted issuer. */
export interface SecurityEvents extends Of<typeof SecurityEventsSchema> {}
