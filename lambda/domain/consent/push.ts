/**
 * Pushing a session's authorization request (RFC 9126). The public function makes the request, since state and code
 * challenge are born there; the one that may open client secrets sends it, and does not take the other's word for
 * more than it must: the agent and the provider must be those of the session still, and the answer must go to the
 * provider's own callback.
 */
import type { AuditEntry, AuditTrail } from '../audit';
import { asReadBySome } from '../oauth/custom-parameters';
import { ProviderFailure } from '../oauth/provider-failure';
import { pushAuthorizationRequest, type PushedRequest } from '../oauth/pushed-authorization';
import type { TokenRequestDependencies } from '../oauth/token-request';
import type { WorkloadIdentity } from '../identity/workload-identity';
import { callbackUrl, clientBindingDigest, type Oauth2Provider } from '../provider/oauth2-provider';
import { ServiceError } from '../service-error';
import type { Directory } from '../grant/directory';
import { clientOf, type ProviderClientDependencies } from '../oauth/provider-client';

export interface PushRequest {
  readonly workload: { readonly name: string; readonly id: string };
  readonly provider: { readonly name: string; readonly id: string };
  /** Digest of the client at its server, as it was when the session began. */
  readonly client: string;
  /** Names and values, in order; some are repeated. */
  readonly parameters: readonly (readonly [string, string])[];
}

/** The way to whoever may push. */
export interface PushedAuthorization {
  /** @throws ProviderFailure when the request could not be pushed, whoever's doing that is */
  push(request: PushRequest): Promise<PushedRequest>;
}

export interface PushDependencies extends TokenRequestDependencies, ProviderClientDependencies {
  readonly directory: Pick<Directory, 'read'>;
  readonly audit: AuditTrail;
  readonly baseUrl: string;
}

/** What the client proves itself with cannot be used, for now: the provider has rejected nothing. */
const unusable = (error: ServiceError): ProviderFailure =>
  new ProviderFailure('unauthorized_client', error.detail ?? error.message, {
    unavailable: true,
    cause: error,
  });

const refused = (detail: string): ProviderFailure => new ProviderFailure('unauthorized_client', detail);

/** Who the request is for, if they are who they were. */
async function partiesOf(
  deps: PushDependencies,
  { workload, provider: asked, client }: PushRequest,
): Promise<{ identity: WorkloadIdentity; provider: Oauth2Provider }> {
  const { identity, provider } = await deps.directory.read(workload.name, asked.name);
  if (identity?.id !== workload.id) throw refused('the workload identity is gone');
  if (provider?.id !== asked.id) throw refused('the credential provider is gone');
  if (clientBindingDigest(provider) !== client)
    throw refused('the credential provider was configured anew since the session began');
  return { identity, provider };
}

/** They would change what the answer means, or where it goes. */
const FOREIGN: ReadonlySet<string> = new Set(['request', 'request_uri', 'response_mode']);

/** Whoever made the request: its answer is a code, and comes to this service. */
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
    if (FOREIGN.has(read)) throw refused(`${read} is not for pushed requests`);
    if (read in fixed && read !== name) throw refused(`${read} is there in another spelling`);
  }
}

/**
 * @returns the reference to the request, for the browser
 * @throws ProviderFailure, for a client that has nothing to prove itself with too: nobody here can be told more
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
    const client = await clientOf(deps, provider, identity.arn).catch(async (error: unknown) => {
      // A secret that cannot be found, because its provider was deleted since.
      if (!(error instanceof ServiceError || error instanceof ProviderFailure))
        await partiesOf(deps, request);
      throw error;
    });
    const pushed = await pushAuthorizationRequest(deps, client, parameters);
    // A browser is not sent to a provider for what was deleted while the provider was asked.
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
