/** Which user tokens are accepted, with the members of the AWS type `CustomJWTAuthorizerConfiguration`. */

/** What a claim must match; exactly one of the two members. */
export interface ClaimMatchValue {
  /**
   * The value for `EQUALS` and `CONTAINS`.
   * @default - `matchValueStringList`
   */
  readonly matchValueString?: string;
  /**
   * The values for `CONTAINS_ANY`.
   * @default - `matchValueString`
   */
  readonly matchValueStringList?: string[];
}

/** How a claim is compared, and with what. */
export interface AuthorizingClaimMatchValue {
  /** `EQUALS` for a string; `CONTAINS` and `CONTAINS_ANY` for an array of strings. */
  readonly claimMatchOperator: 'EQUALS' | 'CONTAINS' | 'CONTAINS_ANY';
  readonly claimMatchValue: ClaimMatchValue;
}

/** A condition on one claim of the user token: the AWS type `CustomClaimValidationType`. */
export interface CustomClaim {
  /** Name of the claim. */
  readonly inboundTokenClaimName: string;
  readonly inboundTokenClaimValueType: 'STRING' | 'STRING_ARRAY';
  readonly authorizingClaimMatchValue: AuthorizingClaimMatchValue;
}

/** A secret in AWS Secrets Manager of this account and Region. */
export interface PollAuthorization {
  /**
   * Name or ARN of the secret. It needs the tag `agent-identity:owner` with the value `securityEvents/{id}`, where `id` is
   * that of the trusted issuer's securityEvents.
   */
  readonly secretId: string;
  /** Member of the JSON object in the secret that contains the bearer token. */
  readonly jsonKey: string;
}

/** Where the service fetches security events, once a minute (RFC 8936). */
export interface SecurityEventPoll {
  /** `endpoint_url` of the stream's `delivery`. */
  readonly endpoint: string;
  /** The bearer token of the requests. */
  readonly authorization: PollAuthorization;
}

/** A transmitter of security event tokens (SETs): Shared Signals Framework 1.0, delivery by RFC 8935 or RFC 8936. */
export interface SecurityEventTransmitter {
  /** `iss` of its SETs, exactly: `issuer` of its `/.well-known/ssf-configuration`. */
  readonly issuer: string;
  /** Address of its keys: `jwks_uri` of its `/.well-known/ssf-configuration`. */
  readonly jwksUri: string;
  /** One of these values must be in the `aud` of a SET. */
  readonly audience: string[];
  /**
   * SHA-256 hash, in base64url without padding, of the `Authorization` header that the transmitter sends with each push.
   * The hash is not a secret if the header has a random value.
   * @default - the header is not checked; the signature of each SET always is
   */
  readonly authorizationHash?: string;
  /**
   * The `state` of verification events that you request from the transmitter.
   * @default - verification events with a `state` are rejected
   */
  readonly verificationState?: string;
  /**
   * `stream_id` of the stream. Verification events and updates of another stream are rejected.
   * @default - events about the stream are accepted with any subject
   */
  readonly streamId?: string;
  /**
   * `critical_subject_members` of its `/.well-known/ssf-configuration`. Events whose subject has such a member have no
   * effect, unless it is `user` or `session`.
   * @default - none
   */
  readonly criticalSubjectMembers?: string[];
  /**
   * Fetches events from a transmitter that cannot push. Events that it pushes are still received.
   * @default - the transmitter pushes events
   */
  readonly poll?: SecurityEventPoll;
}

/** Receiver of OpenID Connect Back-Channel Logout 1.0. */
export interface BackChannelLogout {
  /** IDs of the OAuth clients that have the receiver as their back-channel logout URL. */
  readonly clientIds: string[];
}

/** The caller of Global Token Revocation (draft-parecki-oauth-global-token-revocation). */
export interface GlobalTokenRevocation {
  /** `iss` of the caller's bearer token, exactly. */
  readonly issuer: string;
  /** Address of the caller's keys. */
  readonly jwksUri: string;
}

/**
 * How the identity provider reports that a session or an account of its users ended. Set at least one of transmitter,
 * backChannelLogout, and globalTokenRevocation.
 */
export interface SecurityEvents {
  /**
   * Names the issuer in the receivers' paths: `/events/{id}`, `/backchannel-logout/{id}`, and
   * `/global-token-revocation/{id}`. Lowercase letters, digits, and hyphens.
   */
  readonly id: string;
  /**
   * The transmitter of security events.
   * @default - security events are rejected
   */
  readonly transmitter?: SecurityEventTransmitter;
  /**
   * Back-channel logout.
   * @default - logout tokens are rejected
   */
  readonly backChannelLogout?: BackChannelLogout;
  /**
   * Global Token Revocation.
   * @default - revocation requests are rejected
   */
  readonly globalTokenRevocation?: GlobalTokenRevocation;
  /**
   * Whether `account-disabled` revokes the grants of the user, at the providers too, as `account-purged` always does. Some
   * identity providers disable an account after wrong passwords, and enable it again.
   * @default false
   */
  readonly revokeOnAccountDisabled?: boolean;
  /**
   * Whether reports can name users by email address. The service then stores hashes of the addresses in user tokens with
   * `email_verified`.
   * @default false
   */
  readonly emailSubjects?: boolean;
}

/** An issuer whose user tokens are accepted. A token must meet all the conditions that are set. */
export interface TrustedIssuer {
  /**
   * Address of the issuer's metadata document: `…/.well-known/openid-configuration` or
   * `…/.well-known/oauth-authorization-server`, optionally with the issuer's path after it (RFC 8414, section 3.1).
   */
  readonly discoveryUrl: string;
  /**
   * One of these values must be in the token's `aud`. Set at least one of allowedAudience and allowedClients, except in an
   * entry for identity assertions.
   * @default - any audience
   */
  readonly allowedAudience?: string[];
  /**
   * The token's `client_id` (or `azp`) must be one of these clients.
   * @default - any client
   */
  readonly allowedClients?: string[];
  /**
   * One of these scopes must be in the token's `scope` (or `scp`).
   * @default - any scopes
   */
  readonly allowedScopes?: string[];
  /**
   * Conditions on other claims.
   * @default - none
   */
  readonly customClaims?: CustomClaim[];
}

/** A client of identity assertions, and the agents that the identity provider knows as this client. */
export interface AssertionClient {
  /** `client_id` of the assertions: the client's ID at this service, as the identity provider states it. */
  readonly clientId: string;
  /** Names of the workload identities of these agents. */
  readonly workloadIdentities: string[];
  /**
   * The resources that `resource` of the assertions can name.
   * @default - assertions that name a resource are rejected
   */
  readonly resources?: string[];
  /**
   * The scopes that `scope` of the assertions can contain, and must contain one of.
   * @default - assertions with a scope are rejected
   */
  readonly scopes?: string[];
}

/** Which identity assertions are accepted as user tokens (draft-ietf-oauth-identity-assertion-authz-grant-04). */
export interface IdentityAssertions {
  /** The identifier of this service at the identity provider: the only `aud` of the assertions. */
  readonly audience: string;
  readonly clients: AssertionClient[];
}

/** An entry of the deployment's issuers. */
export interface DeployedIssuer extends TrustedIssuer {
  /**
   * Identity assertions of the issuer that are accepted as user tokens, each once. The entry then accepts no other user
   * tokens, and has no allowedAudience, allowedClients, allowedScopes, and acceptBoundTokens: add another entry of the issuer for
   * those.
   * @default - identity assertions are rejected
   */
  readonly identityAssertions?: IdentityAssertions;
  /**
   * Whether tokens that are bound to a key (`cnf`: DPoP, or mutual TLS) are accepted as bearer tokens, without a proof of the
   * key: anyone who obtains such a token could use it here.
   * @default false
   */
  readonly acceptBoundTokens?: boolean;
  /**
   * Certificates of private certificate authorities, in PEM form: 1 to 10. Requests for this entry trust them instead of
   * the public authorities: for the issuer's metadata and keys, and for the keys and polls of `securityEvents`. They must
   * be known when the stack is synthesized. State the old and the new ones while you replace an authority. Synthesis
   * warns of a certificate 30 days before it ends.
   * @default - the public certificate authorities
   */
  readonly caCertificates?: string;
  /**
   * How the identity provider reports that a session or an account ended. Set it in only one entry of an issuer.
   * @default - the identity provider reports nothing
   */
  readonly securityEvents?: SecurityEvents;
}
