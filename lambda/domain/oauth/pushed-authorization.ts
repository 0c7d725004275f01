/**
 * The pushed authorization request (RFC 9126), in two halves: build and send, then judge the answer. What would have
 * stood in the address of a browser goes to the provider directly, by the client that has proved who it is.
 */
import * as oauth from 'oauth4webapi';
import { boundedLifetime } from '../stated-lifetime';
import { oauthClientOf } from './client-authentication';
import { providerFailure, ProviderFailure } from './provider-failure';
import { authenticate, options, type ProviderClient, type TokenRequestDependencies } from './token-request';

/** The reference that the browser is sent on with (RFC 9126 section 2.2). */
export interface PushedRequest {
  readonly requestUri: string;
  /** Seconds that it lives. */
  readonly expiresIn: number;
}

/** Characters of a request URI: it goes into an address and an HTTP header, which have bounds of their own. */
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
 * An assertion names the token endpoint as its audience, and whoever else is shown it could present it there. So it is
 * pushed to that endpoint's own server only, whatever a discovery document says.
 */
function checkPresentedAt({ credential, metadata }: ProviderClient, endpoint: string): void {
  if (!('assert' in credential)) return;
  const audience = metadata.token_endpoint;
  if (audience !== undefined && new URL(endpoint).origin === new URL(audience).origin) return;
  throw new ProviderFailure(
    'invalid_metadata',
    `${ENDPOINT}: another server than the token endpoint's, which the client's assertion is for`,
  );
}

/**
 * Pushes an authorization request.
 *
 * @param parameters those of the authorization request, some of them repeated (RFC 8707 section 2)
 * @throws ProviderFailure when the provider refuses it, does not answer or has no such endpoint
 */
export async function pushAuthorizationRequest(
  deps: TokenRequestDependencies,
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
  checkPresentedAt(client, metadata.pushed_authorization_request_endpoint);
  try {
    const response = await oauth.pushedAuthorizationRequest(
      metadata,
      oauthClient,
      authenticate(client),
      parameters,
      options(deps, client),
    );
    return validatedPush(await oauth.processPushedAuthorizationResponse(metadata, oauthClient, response));
  } catch (error) {
    throw providerFailure(error, ENDPOINT);
  }
}
