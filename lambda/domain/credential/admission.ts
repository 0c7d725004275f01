/** Authorizes the caller to act as the agent, and the agent to use the provider. Every request is authorized again. */
import type { WorkloadIdentity } from '../../model/records/workload-identity';
import { workloadGone, type Workload } from '../identity/workload-identity';
import type { Annotate } from '../audit';
import type { CustomParameters } from '../custom-parameters';
import type { Caller } from '../principal';
import { noSuchResource } from '../resource-write';
import type { OwnedResource } from '../../model/records/owned-resource';
import { authorizeAction, authorizeCredentialUse, chainContext } from '../policy/access';
import { checkRestrictions, type Restrictions } from '../restriction/restriction';
import type { Delegation } from '../workload-token/claims';
import type { GrantHolder } from './grant-holder';

/** The caller, the kind of credential, and the provider. */
export interface AdmissionRequest {
  readonly principal: Caller;
  readonly operation: 'GetResourceOauth2Token' | 'GetResourceApiKey';
  readonly providerName: string;
  readonly scopes?: readonly string[];
  readonly customParameters?: CustomParameters | undefined;
  readonly resources?: readonly string[] | undefined;
  readonly audiences?: readonly string[] | undefined;
  /** Receives the provider that was found, even if the caller is not authorized to use it. */
  readonly annotate: Annotate;
}

/** The kind of provider that each operation uses. The name can belong to a provider of the other kind. */
const PROVIDERS = {
  GetResourceOauth2Token: 'OAuth 2.0 credential provider',
  GetResourceApiKey: 'API key credential provider',
} as const;

/**
 * Returns the identity of a gateway that a token names.
 *
 * @throws UnauthorizedException if it was deleted, even if its name belongs to an agent now
 */
function gatewayIdentity({ id }: Workload, { chain }: Restrictions): WorkloadIdentity {
  const identity = chain?.[0]?.identity;
  if (identity?.id !== id || identity.gatewayId === undefined) throw workloadGone();
  return identity;
}

/**
 * Returns the agent and the provider, if the caller is authorized. With a gateway, the caller acts with the identity of the
 * gateway, and the principal that called the gateway must be authorized to present the agent's token there. The agent and
 * the gateway both need the provider.
 *
 * @param holder the agent whose credential it is, and the agents before it
 * @param userToken the user token that the validated token was issued for
 * @param found the directory's records of the holder; the gateway is the first link of the restrictions' chain
 * @throws UnauthorizedException for a deleted agent, and for an ended session of the user; AccessDeniedException,
 *   ResourceNotFoundException
 */
export function admit<Provider extends OwnedResource>(
  request: AdmissionRequest,
  { workload, chain, gateway, presenter }: GrantHolder,
  { userToken }: Pick<Delegation, 'userToken'>,
  found: {
    readonly identity: WorkloadIdentity | undefined;
    readonly provider: Provider | undefined;
    readonly restrictions: Restrictions;
  },
): { readonly identity: WorkloadIdentity; readonly provider: Provider } {
  const { principal, operation, providerName, annotate } = request;
  const { identity, provider } = found;
  if (provider) annotate({ credentialProvider: provider.arn });
  if (identity?.id !== workload.id) throw workloadGone();
  const through = gateway && gatewayIdentity(gateway, found.restrictions);
  if (through) authorizeAction({ principal, operation, resource: through });
  const acting = through ? presenter : principal;
  if (acting) {
    const action = through ? 'InvokeGateway' : operation;
    authorizeAction({
      principal: acting,
      operation: action,
      resource: identity,
      context: chainContext(chain),
    });
  }
  checkRestrictions(found.restrictions, userToken);
  if (!provider) throw noSuchResource(PROVIDERS[operation], providerName, true);
  authorizeCredentialUse({ ...request, ...(acting && { principal: acting }), chain, identity, provider });
  if (through) {
    const callers = [workload, ...(chain ?? [])];
    authorizeCredentialUse({ ...request, chain: callers, identity: through, provider });
  }
  return { identity, provider };
}
