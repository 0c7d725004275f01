/**
 * The client that the service provides at the authorization server of a protected resource, in the order of MCP 2026-07-28
 * (basic/authorization): a client ID metadata document if the server reads them, and dynamic registration otherwise.
 */
import { PUBLIC_CLIENT, PUBLISHED_KEY } from '../../model/provider/client';
import { isLoopbackHttp } from '../../model/endpoint';
import { clientMetadataUrl } from '../provider/published-client';
import type { NewClient, RegistrationRequest } from '../../model/events/provider-client';
import { callbackUrl } from '../provider/oauth2-provider';
import { registerClient, type RegisterClientDependencies } from './register-client';
import { ProviderFailure } from './provider-failure';
import type { Metadata } from './provider-metadata';
import { acceptsPublishedKey } from './published-key-authentication';

export interface ProvideClientDependencies extends RegisterClientDependencies {
  /** Public address of the service. */
  readonly baseUrl: string;
}

/**
 * Returns why the server does not accept a document of this service as the client; undefined if it does.
 *
 * The same client ID is valid at any server. So each authorization response must say which server it comes from (RFC 9207):
 * otherwise, a server could have the codes of another one redeemed at its own token endpoint.
 */
function documentRefusal(metadata: Metadata): string | undefined {
  if (metadata.client_id_metadata_document_supported !== true) {
    return 'the authorization server does not read client ID metadata documents';
  }
  if (metadata.authorization_response_iss_parameter_supported !== true) {
    return 'the responses of the authorization server have no iss (RFC 9207), which a client ID metadata document needs';
  }
  return undefined;
}

/** Whether servers on other machines can read the documents of this service. */
const isPublic = (baseUrl: string): boolean => new URL(baseUrl).protocol === 'https:';

const NOT_PUBLIC =
  'this service has no https address, at which the authorization server could read a client ID metadata document';

/** Returns the failure of a configuration that asks for a document, with what the server supports in its place. */
const documentFailure = (refusal: string, { registration_endpoint: endpoint }: Metadata): ProviderFailure =>
  endpoint === undefined
    ? new ProviderFailure(
        'registration_unsupported',
        `${refusal}, and it registers no clients; register a client there, and set clientId`,
      )
    : new ProviderFailure('registration_unsupported', `${refusal}; set it to DYNAMIC, or omit it`, {
        member: 'clientRegistration',
      });

function describedClient(
  { baseUrl }: ProvideClientDependencies,
  metadata: Metadata,
  { callbackId }: RegistrationRequest,
): NewClient {
  return {
    clientId: clientMetadataUrl(baseUrl, callbackId),
    clientAuthenticationMethod: acceptsPublishedKey(metadata) ? PUBLISHED_KEY : PUBLIC_CLIENT,
    metadataDocument: { refreshes: metadata.grant_types_supported?.includes('refresh_token') ?? true },
  };
}

/**
 * Returns a client with the callback URL of the provider. An initial access token is for a registration.
 *
 * @throws ProviderFailure if the server accepts no such client
 */
export async function provideClient(
  deps: ProvideClientDependencies,
  metadata: Metadata,
  request: RegistrationRequest,
): Promise<NewClient> {
  const { clientRegistration, callbackId, initialAccessToken } = request;
  const refusal = documentRefusal(metadata);
  if (clientRegistration === 'METADATA_DOCUMENT') {
    if (refusal !== undefined) throw documentFailure(refusal, metadata);
    // A server on this machine can read it, too.
    if (isPublic(deps.baseUrl) || isLoopbackHttp(new URL(metadata.issuer))) {
      return describedClient(deps, metadata, request);
    }
    throw documentFailure(NOT_PUBLIC, metadata);
  }
  const isOpen = clientRegistration === undefined && initialAccessToken === undefined;
  if (isOpen && refusal === undefined && isPublic(deps.baseUrl)) {
    return describedClient(deps, metadata, request);
  }
  if (metadata.registration_endpoint === undefined && refusal === undefined && !isPublic(deps.baseUrl)) {
    throw new ProviderFailure(
      'registration_unsupported',
      `${NOT_PUBLIC}, and the server registers no clients; register a client there, and set clientId`,
    );
  }
  const redirectUri = callbackUrl(deps.baseUrl, callbackId);
  return registerClient(deps, metadata, { redirectUri, initialAccessToken });
}
