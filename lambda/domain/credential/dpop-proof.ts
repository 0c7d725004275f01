/**
 * GetResourceDpopProof returns one DPoP proof (RFC 9449) for one request of the agent to the resource of its grant, with
 * the access token that the proof is for. The key of the grant stays here, so a token that an attacker finds, for example
 * in a log of the agent, is useless without the agent's authority for this operation.
 */
import { proofTargetFault } from '../oauth/proof-target';
import type { EndpointPolicy } from '../../model/endpoint';
import type { ProofKeys, ProvenRequest } from '../oauth/dpop';
import type { Caller } from '../principal';
import { proofResourcesOf } from '../provider/dpop-config';
import { connectionOf } from '../provider/oauth2-provider';
import { KeyMaterialResetError } from '../sealing/sealing';
import { invalidMember, ServiceError, type Outcome } from '../service-error';
import type { ReturnedToken } from '../grant/held-token';
import { machineToken } from './machine-token';
import { retrieve, type RetrieveDependencies } from './oauth2-token';
import type { Admitted } from './oauth2-token-request';
import type { TokenRequest } from '../../model/token-request';
import { onBehalfOfToken } from './on-behalf-of';
import { storedToken } from './granted-token';

/** The members that select a grant, and the request to the resource. */
export interface ProofInput
  extends
    Pick<
      TokenRequest,
      | 'workloadIdentityToken'
      | 'resourceCredentialProviderName'
      | 'scopes'
      | 'oauth2Flow'
      | 'resources'
      | 'audiences'
      | 'customParameters'
    >,
    ProvenRequest {}

export interface ProofDependencies extends RetrieveDependencies {
  readonly endpointPolicy: EndpointPolicy;
  readonly proofKeys: ProofKeys;
}

export interface ProofResponse {
  readonly output: {
    /** Value of the header `DPoP`, for one request. */
    readonly dpopProof: string;
    /** The token that the proof is for: it can be newer than the one that the agent has. */
    readonly accessToken: string;
    readonly tokenType: 'DPoP';
  };
  readonly outcome: Outcome;
}

/** @throws ValidationException unless the URL is that of a request to the resource of the grant; ProviderFailure */
async function checkTarget(
  { metadata, endpointPolicy }: Pick<ProofDependencies, 'metadata' | 'endpointPolicy'>,
  { tokenHolder: { provider, resources: indicators } }: Admitted,
  { httpUri }: Pick<ProofInput, 'httpUri'>,
): Promise<void> {
  const resources = proofResourcesOf(provider);
  if (resources.length === 0) {
    throw invalidMember(
      'resourceCredentialProviderName',
      `names a credential provider that has no dpopConfig, so no request gets a proof: "${provider.name}". For a token that was bound before dpopConfig was removed, set dpopConfig with UpdateOauth2CredentialProvider, or request another token with forceAuthentication`,
    );
  }
  const server = await metadata.read(provider.discovery, connectionOf(provider));
  const fault = proofTargetFault(httpUri, { resources, indicators, metadata: server }, endpointPolicy);
  if (fault !== undefined) throw invalidMember('httpUri', fault);
}

/** Returns the agent's token, renewed if necessary. No consent begins: only GetResourceOauth2Token returns its link. */
function currentToken(deps: RetrieveDependencies, admitted: Admitted): Promise<ReturnedToken | undefined> {
  const { oauth2Flow, scopes } = admitted.input;
  switch (oauth2Flow) {
    case 'USER_FEDERATION':
      return storedToken(deps, admitted);
    case 'M2M':
      return machineToken(deps, { ...admitted, scopes });
    case 'ON_BEHALF_OF_TOKEN_EXCHANGE':
      return onBehalfOfToken(deps, admitted);
  }
}

/** A grant that a reset of the token vault gave up is absent. */
const absentAfterReset = (error: unknown): undefined => {
  if (error instanceof KeyMaterialResetError) return undefined;
  throw error;
};

/**
 * Returns a proof for one request, and the access token that it is for.
 *
 * @param principal the caller; must have access to the workload identity that the token names
 * @throws UnauthorizedException for the workload access token; AccessDeniedException, ResourceNotFoundException;
 *   ValidationException for a URL outside the resource, for bearer tokens, and if the agent has no token;
 *   InternalServerException or ThrottlingException if a retry can succeed
 */
export const getResourceDpopProof = (
  deps: ProofDependencies,
  principal: Caller,
  { httpMethod, httpUri, nonce, contentDigest, ...input }: ProofInput,
): Promise<ProofResponse> =>
  retrieve(deps, { operation: 'GetResourceDpopProof', principal }, input, async (admitted, annotate) => {
    await checkTarget(deps, admitted, { httpUri });
    // Without the path, which can name people.
    annotate({ proofFor: `${httpMethod} ${new URL(httpUri).origin}` });
    const token = await currentToken(deps, admitted).catch(absentAfterReset);
    if (!token) {
      throw new ServiceError(
        'ValidationException',
        'There is no access token for this request. Call GetResourceOauth2Token, which returns the authorization URL.',
        { outcome: 'consent-required' },
      );
    }
    const { output, outcome, prove } = token;
    if (!prove) {
      throw invalidMember(
        'resourceCredentialProviderName',
        'names a credential provider whose current token is a bearer token, which has no proof: use it until it is renewed, or request another with forceAuthentication',
      );
    }
    const dpopProof = prove({ httpMethod, httpUri, nonce, contentDigest }, deps.proofKeys);
    return { output: { dpopProof, accessToken: output.accessToken, tokenType: 'DPoP' }, outcome };
  });
