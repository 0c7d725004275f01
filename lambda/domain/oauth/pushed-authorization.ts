/**
 * The pushed authorization request (RFC 9126): build and send a request, then validate the response. The authenticated
 * client sends the parameters directly to the provider, instead of in the browser's address.
 */
import * as oauth from 'oauth4webapi';
import type { PushedRequest } from '../../model/events/provider-client';
import { boundedLifetime } from '../stated-lifetime';
import { oauthClientOf } from './client-authentication';
import { providerFailure, ProviderFailure } from './provider-failure';
import { withKnownMembers } from './response-members';
import { authenticate, checkPresentedAt, options, type ProviderClient } from './token-request';

/** Maximum characters of a request URI: it goes into a URL and an HTTP header, whose sizes are limited. */
const MAX_REQUEST_URI_CHARACTERS = 2048;

/** The characters of a URI (RFC 3986 section 2). */
const URI = /^[A-Za-z0-9\-._~:/?#[\]@!$&'()*+,;=%]+$/;

const ENDPOINT = 'pushed authorization request endpoint';

function validatedPush({
  request_uri: requestUri,
  expires_in: expiresIn,
}: oauth.PushedAuthorizationResponse): PushedRequest {
  if (requestUri.length > MAX_REQUEST_URI_CHARACTERS || !URI.test(requestUri)) {
    throw new ProviderFailure('invalid_response', `${ENDPOINT}: request_uri is not a URI of bounded length`);
  }
  return { requestUri, expiresIn: boundedLifetime(expiresIn) };
}

/**
 * Pushes an authorization request.
 *
 * @param parameters the parameters of the authorization request, some repeated (RFC 8707 section 2)
 * @throws ProviderFailure if the provider rejects it, does not respond, or has no such endpoint
 */
export async function pushAuthorizationRequest(
  client: ProviderClient,
  parameters: URLSearchParams,
): Promise<PushedRequest> {
  const { metadata, provider } = client;
  const oauthClient = oauthClientOf(provider);
  if (metadata.pushed_authorization_request_endpoint === undefined) {
    throw new ProviderFailure(
      'invalid_metadata',
      'the provider no longer offers pushed authorization requests',
    );
  }
  checkPresentedAt(client, metadata.pushed_authorization_request_endpoint, ENDPOINT);
  try {
    const response = await oauth.pushedAuthorizationRequest(
      metadata,
      oauthClient,
      authenticate(client),
      parameters,
      options(client),
    );
    const plain = await withKnownMembers(response, ENDPOINT);
    return validatedPush(await oauth.processPushedAuthorizationResponse(metadata, oauthClient, plain));
  } catch (error) {
    throw providerFailure(error, ENDPOINT);
  }
}
