/**
 * Pushes a session's authorization request (RFC 9126). The public function `oauth-callback` creates the request, because it
 * creates the state and the code challenge. The function that can decrypt client secrets sends the request, and trusts the
 * public function no more than necessary: the agent and the provider must still be those of the session, and the response
 * must go to the provider's callback.
 */
import type { AuditEntry, AuditTrail } from '../audit';
import { asReadBySome } from '../custom-parameters';
import { ProviderFailure } from '../oauth/provider-failure';
import type { PushedRequest, PushRequest } from '../../model/events/provider-client';
import { pushAuthorizationRequest } from '../oauth/pushed-authorization';
import type { WorkloadIdentity } from '../../model/records/workload-identity';
import type { Oauth2Provider } from '../../model/provider/record';
import { callbackUrl, clientBindingDigest } from '../provider/oauth2-provider';
import { restrictionDenial } from '../restriction/restriction';
import { ServiceError } from '../service-error';
import type { Directory } from '../grant/directory';
import type { ProviderClients } from '../oauth/provider-client';

/** Sends the request to the function that pushes it. */
export interface PushedAuthorization {
  /** @throws ProviderFailure if the request could not be pushed, for any reason */
  push(request: PushRequest): Promise<PushedRequest>;
}

export interface PushDependencies {
  readonly providerClients: ProviderClients;
  readonly directory: Pick<Directory, 'read'>;
  readonly audit: AuditTrail;
  readonly baseUrl: string;
}

/** The client's credential cannot be used for now: the provider has rejected nothing. */
const unusable = (error: ServiceError): ProviderFailure =>
  new ProviderFailure('unauthorized_client', error.detail ?? error.message, {
    unavailable: true,
    cause: error,
  });

const refused = (detail: string): ProviderFailure => new ProviderFailure('unauthorized_client', detail);

/** Returns the agent and the provider of the request, if they are unchanged. */
async function partiesOf(
  deps: PushDependencies,
  { workload, provider: asked, client }: PushRequest,
): Promise<{ identity: WorkloadIdentity; provider: Oauth2Provider }> {
  const { identity, provider, restrictions } = await deps.directory.read(
    workload.name,
    asked.name,
    undefined,
  );
  if (identity?.id !== workload.id) throw refused('the workload identity was deleted');
  const denial = restrictionDenial(restrictions);
  if (denial) throw unusable(denial);
  if (provider?.id !== asked.id) throw refused('the credential provider was deleted');
  if (clientBindingDigest(provider) !== client)
    throw refused('the credential provider was reconfigured after the session began');
  return { identity, provider };
}

/** Parameters that would change the meaning or the recipient of the response. */
const FOREIGN: ReadonlySet<string> = new Set(['request', 'request_uri', 'response_mode']);

/** Checks that the response is a code and goes to this service, whichever function created the request. */
function checkParameters(parameters: URLSearchParams, provider: Oauth2Provider, baseUrl: string): void {
  const fixed = {
    response_type: 'code',
    client_id: provider.clientId,
    redirect_uri: callbackUrl(baseUrl, provider.callbackId),
  };
  for (const [name, value] of Object.entries(fixed)) {
    const [given, ...others] = parameters.getAll(name);
    if (given !== value || others.length > 0) throw refused(`${name} is not the provider's`);
  }
  for (const name of parameters.keys()) {
    const read = asReadBySome(name);
    if (FOREIGN.has(read)) throw refused(`${read} is not allowed in pushed requests`);
    if (read in fixed && read !== name) throw refused(`${read} is present in another spelling`);
  }
}

/**
 * Returns the reference to the request, for the browser.
 *
 * @throws ProviderFailure, also for a client without a usable credential: the browser must not learn more
 */
export async function pushAuthorization(
  deps: PushDependencies,
  request: PushRequest,
): Promise<PushedRequest> {
  let entry: Omit<AuditEntry, 'outcome'> = {
    operation: 'PushAuthorizationRequest',
    provider: request.provider.name,
  };
  try {
    const { identity, provider } = await partiesOf(deps, request);
    entry = { ...entry, workloadIdentity: identity.arn, credentialProvider: provider.arn };
    const parameters = new URLSearchParams();
    for (const [name, value] of request.parameters) parameters.append(name, value);
    checkParameters(parameters, provider, deps.baseUrl);
    const client = await deps.providerClients.of(provider, identity.arn).catch(async (error: unknown) => {
      // The secret is missing if its provider was deleted during the request.
      if (!(error instanceof ServiceError || error instanceof ProviderFailure))
        await partiesOf(deps, request);
      throw error;
    });
    const pushed = await pushAuthorizationRequest(client, parameters);
    // The agent or the provider can be deleted during the push. Then the browser is not redirected.
    await partiesOf(deps, request);
    deps.audit.record({ ...entry, outcome: 'allowed' });
    return pushed;
  } catch (error) {
    const failure = error instanceof ServiceError ? unusable(error) : error;
    const reason = failure instanceof ProviderFailure ? failure.detail : 'internal error';
    deps.audit.record({ ...entry, outcome: 'failed', reason });
    throw failure;
  }
}
