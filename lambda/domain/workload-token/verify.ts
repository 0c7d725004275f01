/** Verifies workload access tokens: signature, type, issuer, audience, time. */
import { errors, jwtVerify } from 'jose';
import * as v from 'valibot';
import type { System } from '../system';
import { isCompactJws } from '../compact-jws';
import { ServiceError } from '../service-error';
import { ClaimsSchema, CLOCK_SKEW, delegationOf, TOKEN_TYPE, type Delegation } from './claims';
import type { PublicKeys } from './signing-keys';

export interface VerifyDependencies {
  readonly publicKeys: Pick<PublicKeys, 'find'>;
  readonly system: System;
  readonly issuer: string;
}

/** Clients match the word "expired" to fetch a new token, so it appears for expired ones only. */
const EXPIRED =
  'The workload access token has expired. Get a new one (GetWorkloadAccessToken…) and try again.';
const INVALID =
  'The workload access token is not valid. Get one from this service (GetWorkloadAccessToken…).';

/** For a token signed by a key of this service, because the signature is verified before the claims. */
const MOVED =
  'The workload access token was issued for another address of this service. Get a new one (GetWorkloadAccessToken…) and try again.';

const unauthorized = (message: string, detail: string, cause?: unknown): ServiceError =>
  new ServiceError('UnauthorizedException', message, { detail, cause });

/**
 * Returns the agent and the user of a token. The caller's authorization to use it is checked elsewhere.
 *
 * @throws UnauthorizedException
 */
export async function verifyWorkloadAccessToken(
  deps: VerifyDependencies,
  token: string,
): Promise<Delegation> {
  if (!isCompactJws(token)) throw unauthorized(INVALID, 'workload access token: not a JWT');
  try {
    const { payload } = await jwtVerify(
      token,
      async ({ kid }) => {
        const key = kid === undefined ? undefined : await deps.publicKeys.find(kid);
        if (!key) throw unauthorized(INVALID, 'workload access token: unknown signing key');
        return key;
      },
      {
        algorithms: ['ES256'],
        typ: TOKEN_TYPE,
        issuer: deps.issuer,
        audience: deps.issuer,
        clockTolerance: CLOCK_SKEW,
        currentDate: new Date(deps.system.now()),
        requiredClaims: ['exp', 'iat', 'sub', 'act'],
      },
    );
    return delegationOf(v.parse(ClaimsSchema, payload));
  } catch (error) {
    if (error instanceof ServiceError) throw error;
    if (error instanceof errors.JWTExpired)
      throw unauthorized(EXPIRED, 'workload access token: expired', error);
    if (error instanceof errors.JWTClaimValidationFailed && error.claim === 'iss')
      throw unauthorized(MOVED, 'workload access token: another issuer', error);
    if (error instanceof errors.JOSEError)
      throw unauthorized(INVALID, `workload access token: ${error.code}`, error);
    if (v.isValiError(error)) throw unauthorized(INVALID, 'workload access token: claims', error);
    throw error;
  }
}
