/** Whether this caller may act as this agent, and this agent use this provider: checked afresh on each request. */
import { workloadGone, type WorkloadIdentity } from '../identity/workload-identity';
import type { Annotate } from '../audit';
import type { CustomParameters } from '../oauth/custom-parameters';
import type { Caller } from '../principal';
import { noSuchResource } from '../managed-resource';
import type { OwnedResource } from '../owned-resource';
import { authorizeAction, authorizeCredentialUse } from '../policy/access';
import type { Delegation } from '../workload-token/claims';

/** Who asks, for which kind of credential, of which provider. */
export interface AdmissionRequest {
  readonly principal: Caller;
  readonly operation: 'GetResourceOauth2Token' | 'GetResourceApiKey';
  readonly providerName: string;
  readonly scopes?: readonly string[];
  readonly customParameters?: CustomParameters | undefined;
  /** Learns which provider was found, whether or not the caller may use it. */
  readonly annotate: Annotate;
}

/**
 * @param workload the agent, as its verified token names it
 * @param found what the directory holds under the names
 * @throws UnauthorizedException for an agent that is gone, AccessDeniedException, ResourceNotFoundException
 */
export function admit<Provider extends OwnedResource>(
  { principal, operation, providerName, scopes, customParameters, annotate }: AdmissionRequest,
  workload: Delegation['workload'],
  found: { readonly identity: WorkloadIdentity | undefined; readonly provider: Provider | undefined },
): { readonly identity: WorkloadIdentity; readonly provider: Provider } {
  const { identity, provider } = found;
  if (provider) annotate({ credentialProvider: provider.arn });
  if (identity?.id !== workload.id) throw workloadGone();
  authorizeAction({ principal, operation, resource: identity });
  if (!provider) throw noSuchResource('credential provider', providerName);
  authorizeCredentialUse({ principal, operation, identity, provider, scopes, customParameters });
  return { identity, provider };
}
