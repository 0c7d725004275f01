/** What a workload access token says that the service has just issued: nothing is verified. */
import { decodeJwt } from 'jose';
import * as v from 'valibot';
import { ClaimsSchema, delegationOf, type Delegation } from './claims';

/** @returns undefined for a token of another form */
export function delegationIn(workloadAccessToken: string): Delegation | undefined {
  try {
    return delegationOf(v.parse(ClaimsSchema, decodeJwt(workloadAccessToken)));
  } catch {
    return undefined;
  }
}
