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

/** An issuer whose user tokens are accepted. A token must meet all the conditions that are set. */
export interface TrustedIssuer {
  /** Address of the issuer's metadata document, ending in `/.well-known/openid-configuration`. */
  readonly discoveryUrl: string;
  /**
   * One of these values must be in the token's `aud`. Set at least one of allowedAudience and allowedClients.
   * @default - any audience
   */
  readonly allowedAudience?: string[];
  /**
   * The token's `client_id` (or `azp`) must be one of these clients.
   * @default - any client
   */
  readonly allowedClients?: string[];
  /**
   * One of these scopes must be in the token's `scope`.
   * @default - any scopes
   */
  readonly allowedScopes?: string[];
  /**
   * Conditions on other claims.
   * @default - none
   */
  readonly customClaims?: CustomClaim[];
}
