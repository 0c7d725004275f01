/**
 * Authenticates this service to a server that trusts AWS, without a client secret: a JWT that AWS STS signs for the
 * function's role (IAM user guide, "Federating AWS identities to external services"). It is a client assertion (RFC 7523
 * section 2.2) or the actor token of a token exchange (RFC 8693 section 2.1).
 */

/** Lifetime of such a token, in seconds. The function's role cannot request a longer one. */
export const WEB_IDENTITY_LIFETIME = 300;

/** Request tags, which servers find in the claim `https://sts.amazonaws.com/`. */
export const WEB_IDENTITY_TAGS = {
  workload: 'agent-identity:workload-identity',
  owner: 'agent-identity:provider-owner',
} as const;

export interface WebIdentityRequest {
  /** The `aud` of the token: the token endpoint. */
  readonly audience: string;
  /** ARN of the workload identity of the request. All agents share one role, so the token names the agent. */
  readonly workload: string;
  /** ARN of the IAM principal that owns the credential provider. */
  readonly owner: string;
}

export interface WebIdentityTokens {
  /**
   * Returns a JWT that is valid for 5 minutes.
   *
   * @throws ValidationException with the remedy: the account's federation is not enabled, or STS does not accept the
   *   agent's or the owner's ARN as a tag, or the token endpoint as an audience
   */
  get(request: WebIdentityRequest): Promise<string>;
}
