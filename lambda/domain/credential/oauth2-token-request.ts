/** The request, the authorized request, and the response of an OAuth2 token retrieval. */
import type { Annotate } from '../audit';
import type { ConsentOutstanding } from '../consent/begin';
import type { EvaluatedUse } from '../policy/access';
import type { Caller } from '../principal';
import type { WorkloadIdentity } from '../../model/records/workload-identity';
import type { Outcome } from '../service-error';
import type { Delegation } from '../workload-token/claims';
import type { Flow } from '../../model/flow';
import type { TokenRequest } from '../../model/token-request';
import type { Grant } from '../../model/records/grant';
import type { ReturnedToken } from '../grant/held-token';
import type { RequestHolder } from '../grant/token-sources';

export type RetrieveOutput =
  | ReturnedToken['output']
  | ConsentOutstanding
  | { readonly sessionUri: string; readonly sessionStatus: 'FAILED' };

/** A response, and how its token was obtained. */
export interface RetrieveResponse {
  readonly output: RetrieveOutput;
  readonly outcome: Outcome;
  /** Why the user must consent again, if the operator needs the reason. */
  readonly reason?: string | undefined;
  /** Whether a poll repeats a request that has an audit entry: the one that got the session URI, which is still open. */
  readonly repeats?: boolean;
  /** Error code of the failed session, if it has one; safe in a header. */
  readonly failure?: string | undefined;
}

/** An authorized request, with everything that was checked. */
export interface Admitted {
  readonly principal: Caller;
  readonly input: TokenRequest;
  readonly delegation: Delegation;
  readonly identity: WorkloadIdentity;
  readonly tokenHolder: RequestHolder;
  readonly grant: Grant | undefined;
  /** The use that the provider's policy allows. A token or a consent can have more scopes: then it is evaluated again. */
  readonly use: EvaluatedUse;
  /** Adds to the audit entry of the request. */
  readonly annotate: Annotate;
}

/** Returns the request that renews a token in the background, without the grant that it is about. */
export const backgroundRenewalOf = <RequestedFlow extends Flow>(
  { principal, identity, tokenHolder }: Pick<Admitted, 'principal' | 'identity' | 'tokenHolder'>,
  flow: RequestedFlow,
  scopes: readonly string[],
) => ({
  principal: principal.arn,
  workloadName: identity.name,
  providerName: tokenHolder.provider.name,
  flow,
  scopes,
  resources: tokenHolder.resources,
  audiences: tokenHolder.audiences,
});
