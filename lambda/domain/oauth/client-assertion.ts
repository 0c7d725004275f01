/**
 * A client assertion (RFC 7523 section 2.2). This file determines the claims. Those that it signs itself have a KMS key of
 * the provider's owner, which never leaves KMS.
 */
import type { PrivateKeyJwt } from '../../model/provider/record';
import type { SigningAlgorithm } from '../../model/provider/client';
import { epochSeconds, type System } from '../system';
import type { Owned } from '../ownership';

/**
 * Seconds by which an assertion's `iat` lies in the past, for an authorization server whose clock is slow. No more:
 * RFC 7523 section 3 lets a server reject an `iat` in the past, and Keycloak rejects one older than 60 seconds.
 */
const IAT_BACKDATE_SECONDS = 10;
/** Seconds from now to an assertion's `exp`, for an authorization server whose clock is fast. */
const LIFETIME = 180;

export interface AssertionKeys {
  /**
   * Returns the signature in the form of a JWS (RFC 7518 sections 3.3 to 3.5), base64url.
   *
   * @param request.keyArn ARN of the KMS key
   * @param request.owner with `ownerId`, the IAM principal whose providers can use the key
   * @param request.signingInput of a JWS (RFC 7515 section 5.1)
   * @throws AccessDeniedException if the key is deleted, disabled, or not tagged for this owner
   */
  sign(
    request: Owned & {
      readonly keyArn: string;
      readonly algorithm: SigningAlgorithm;
      readonly signingInput: string;
    },
  ): Promise<string>;
}

export interface AssertionDependencies {
  readonly assertionKeys: AssertionKeys;
  readonly system: System;
}

/** The client that authenticates, and the owner of its provider. */
export interface Asserting extends Owned {
  readonly clientId: string;
}

/** Returns the claims of an assertion for one use (RFC 7523 section 3): its `jti` is new. */
export function assertionClaims(
  system: System,
  clientId: string,
  audience: string,
  payloadClaims: Readonly<Record<string, string>> = {},
) {
  const now = epochSeconds(system);
  return {
    aud: audience,
    ...payloadClaims,
    iss: clientId,
    sub: clientId,
    jti: system.randomUUID(),
    iat: now - IAT_BACKDATE_SECONDS,
    exp: now + LIFETIME,
  };
}

const encoded = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/**
 * Returns a compact JWS for one use: its `jti` is new.
 *
 * @param audience the token endpoint, unless the configuration names another audience
 */
export async function clientAssertion(
  { assertionKeys, system }: AssertionDependencies,
  { clientId, owner, ownerId }: Asserting,
  { keyArn, algorithm, headerClaims, payloadClaims }: PrivateKeyJwt,
  audience: string,
): Promise<string> {
  const header = { ...headerClaims, alg: algorithm, typ: 'JWT' };
  const payload = assertionClaims(system, clientId, audience, payloadClaims);
  const signingInput = `${encoded(header)}.${encoded(payload)}`;
  const signature = await assertionKeys.sign({ keyArn, algorithm, owner, ownerId, signingInput });
  return `${signingInput}.${signature}`;
}
