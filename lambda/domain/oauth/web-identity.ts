/**
 * Proof of who this service is, for a server that trusts AWS and to which the client has no secret: a JWT that AWS
 * STS signs for the function's role (IAM user guide, "Federating AWS identities to external services"). It is a
 * client's assertion (RFC 7523 section 2.2), or the actor's token of a token exchange (RFC 8693 section 2.1).
 */

/** Seconds that such a token lives; the function's role may ask for no longer. */
export const WEB_IDENTITY_LIFETIME = 300;

/** Request tags, which servers find in the claim `https://sts.amazonaws.com/`. */
export const WEB_IDENTITY_TAGS = {
  workload: 'agent-identity:workload-identity',
  owner: 'agent-identity:provider-owner',
} as const;

export interface WebIdentityRequest {
  /** Who will check it, for `aud`: the token endpoint. */
  readonly audience: string;
  /** ARN of the workload identity that the request is sent for. All agents have the one role, so the token says whose it is. */
  readonly workload: string;
  /** ARN of the IAM principal who owns the credential provider. */
  readonly owner: string;
}

export interface WebIdentityTokens {
  /**
   * @returns a JWT that lives for five minutes
   * @throws ValidationException that says what to do: the account's federation is not enabled, or the agent's or the
   *   owner's ARN is not one that STS takes into a token
   */
  get(request: WebIdentityRequest): Promise<string>;
}
