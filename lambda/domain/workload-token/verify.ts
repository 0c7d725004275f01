/** Verifies workload access tokens: signature, type, issuer, audience, time. */
import * as v from 'valibot';
import { epochSeconds, type System } from '../system';
import { ServiceError } from '../service-error';
import {
  ClaimsSchema,
  CLOCK_SKEW,
  delegationOf,
  WORKLOAD_TOKEN_TYP,
  type Claims,
  type Delegation,
} from './claims';
import { parseToken, verifyToken } from './signed-token';
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

const unauthorized = (message: string, detail: string): ServiceError =>
  new ServiceError('UnauthorizedException', message, { detail });

/** @throws UnauthorizedException */
function checkClaims({ iss, aud, nbf, exp }: Claims, { issuer, system }: VerifyDependencies): void {
  if (iss !== issuer) throw unauthorized(MOVED, 'workload access token: another issuer');
  if (aud !== issuer) throw unauthorized(INVALID, 'workload access token: another audience');
  const now = epochSeconds(system);
  if (nbf !== undefined && nbf > now + CLOCK_SKEW) {
    throw unauthorized(INVALID, 'workload access token: not valid yet');
  }
  if (exp <= now - CLOCK_SKEW) throw unauthorized(EXPIRED, 'workload access token: expired');
}

/**
 * Returns the agent and the user of a token. The caller's authorization to use it is checked elsewhere.
 *
 * @throws UnauthorizedException
 */
export async function verifyWorkloadAccessToken(
  deps: VerifyDependencies,
  token: string,
): Promise<Delegation> {
  const parsed = parseToken(token);
  if (!parsed) throw unauthorized(INVALID, 'workload access token: not a token of this service');
  const key = await deps.publicKeys.find(parsed.header.kid);
  if (!key) throw unauthorized(INVALID, 'workload access token: unknown signing key');
  const payload = verifyToken(parsed, key);
  if (!payload) throw unauthorized(INVALID, 'workload access token: signature');
  if (parsed.header.typ !== WORKLOAD_TOKEN_TYP) throw unauthorized(INVALID, 'workload access token: type');
  const claims = v.safeParse(ClaimsSchema, payload);
  if (!claims.success) throw unauthorized(INVALID, 'workload access token: claims');
  checkClaims(claims.output, deps);
  return delegationOf(claims.output);
}
