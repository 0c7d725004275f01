/**
 * Dynamic client registration (RFC 7591) and its end (RFC 7592): build and send a request, then validate the response. The
 * client has one redirect URI, and no more metadata than the server needs.
 */
import { PUBLIC_CLIENT } from '../../model/provider/client';
import * as v from 'valibot';
import { endpointFault, isLoopbackHttp, type EndpointPolicy } from '../../model/endpoint';
import { parseJsonObject } from '../json-object';
import type { NewClient } from '../../model/events/provider-client';
import type { ClientManagement } from '../../model/records/outbox-content';
import { CLIENT_NAME } from '../provider/provided-client';
import { isClientMetadataUrl } from '../provider/published-client';
import { errorCode, isUnavailable, ProviderFailure, retryAfterOf } from './provider-failure';
import type { Metadata } from './provider-metadata';
import { statedError } from './stated-error';
import type { ServerResponse } from './server-response';
import type { Transport } from './transport';
import { unverifiedJwt } from './unverified-jwt';

export interface RegisterClientDependencies {
  readonly transport: Transport;
  readonly endpointPolicy: EndpointPolicy;
}

const ENDPOINT = 'registration endpoint';

/** The methods of registered clients that this service can use. */
const METHODS = {
  none: PUBLIC_CLIENT,
  client_secret_basic: 'CLIENT_SECRET_BASIC',
  client_secret_post: 'CLIENT_SECRET_POST',
} as const;

type MethodName = keyof typeof METHODS;

const isMethod = (name: string): name is MethodName => Object.hasOwn(METHODS, name);

const invalid = (detail: string): ProviderFailure =>
  new ProviderFailure('invalid_response', `${ENDPOINT}: ${detail}`);

/** Characters of RFC 6749 appendix A: client IDs and secrets go into header fields. */
const visible = (most: number) => v.pipe(v.string(), v.regex(/^[\x20-\x7e]+$/), v.maxLength(most));

const ResponseSchema = v.object({
  client_id: visible(2048),
  client_secret: v.optional(visible(2048)),
  client_secret_expires_at: v.optional(v.number()),
  token_endpoint_auth_method: v.optional(v.picklist(Object.keys(METHODS) as MethodName[])),
  redirect_uris: v.optional(v.array(v.string())),
  grant_types: v.optional(v.array(v.string())),
});

const ManagementSchema = v.object({
  registration_client_uri: v.pipe(v.string(), v.maxLength(2048)),
  registration_access_token: v.pipe(v.string(), v.regex(/^[\x21-\x7e]+$/), v.maxLength(8192)),
});

/** Returns how to delete the client, if the server says so at its own registration endpoint's origin (RFC 7592). */
function managementOf(
  endpoint: string,
  document: unknown,
  policy: EndpointPolicy,
): ClientManagement | undefined {
  const parsed = v.safeParse(ManagementSchema, document);
  if (!parsed.success) return undefined;
  const { registration_client_uri: clientUri, registration_access_token: accessToken } = parsed.output;
  if (endpointFault(clientUri, policy) !== undefined) return undefined;
  if (new URL(clientUri).origin !== new URL(endpoint).origin) return undefined;
  return { clientUri, accessToken };
}

function methodFor({ token_endpoint_auth_methods_supported: supported }: Metadata): MethodName {
  // RFC 8414 section 2: the default of an absent list.
  const listed = supported ?? ['client_secret_basic'];
  // A public client has no secret that could expire, and PKCE is required at these servers. Otherwise, the first
  // method that the server lists and this service has: some servers list methods that they do not support.
  const method = listed.includes('none') ? 'none' : listed.find(isMethod);
  if (method) return method;
  throw new ProviderFailure(
    'invalid_metadata',
    'the server supports no authentication method of registered clients',
  );
}

/** The client that a provider needs. */
export interface RequestedClient {
  /** The provider's callback URL. */
  readonly redirectUri: string;
  /** The token that the server requires for a registration, if any. */
  readonly initialAccessToken?: string | undefined;
  /** What users see of the client. */
  readonly clientName?: string | undefined;
}

/**
 * Returns the client that a response registers (RFC 7591 section 3.2.1).
 *
 * @throws ProviderFailure for a client that this service cannot use, or that others can use
 */
function validatedClient(
  document: unknown,
  requested: Pick<RequestedClient, 'redirectUri'> & { readonly method: MethodName },
): Omit<NewClient, 'management'> {
  const parsed = v.safeParse(ResponseSchema, document);
  if (!parsed.success) throw invalid(`${v.getDotPath(parsed.issues[0]) ?? 'response'} is not valid`);
  const client = parsed.output;
  const { redirectUri } = requested;
  if (isClientMetadataUrl(client.client_id)) {
    throw invalid(
      'client_id is the URL of a client ID metadata document of this service; register a client there, and set clientId',
    );
  }
  if (
    client.redirect_uris &&
    (client.redirect_uris.length !== 1 || client.redirect_uris[0] !== redirectUri)
  ) {
    throw invalid('redirect_uris are not those of the request');
  }
  if (client.grant_types && !client.grant_types.includes('authorization_code')) {
    throw invalid('grant_types do not include authorization_code');
  }
  const clientAuthenticationMethod = METHODS[client.token_endpoint_auth_method ?? requested.method];
  const { client_id: clientId, client_secret: clientSecret } = client;
  if (clientAuthenticationMethod === PUBLIC_CLIENT) return { clientId, clientAuthenticationMethod };
  if (clientSecret === undefined) throw invalid('there is no client_secret for the authentication method');
  if ((client.client_secret_expires_at ?? 0) !== 0) {
    throw invalid('the client secret expires; register a client by hand, and set clientId and clientSecret');
  }
  return { clientId, clientAuthenticationMethod, clientSecret };
}

/**
 * Whether the client has the redirect URI of the request, which no other provider has. Some servers return a client that
 * they registered before, which might be that of another provider.
 */
const isOfRequest = (document: unknown, redirectUri: string): boolean => {
  const parsed = v.safeParse(v.object({ redirect_uris: v.array(v.unknown()) }), document);
  return parsed.success && parsed.output.redirect_uris.includes(redirectUri);
};

/** Returns why the server registers no client. A 403 here asks for a registration token, not for scopes of the user. */
function refusal(url: string, response: ServerResponse, body: string, hadToken: boolean): ProviderFailure {
  const { status } = response;
  const { error, error_description: description } = parseJsonObject(body) ?? {};
  const code = typeof error === 'string' ? errorCode(error) : 'registration_failed';
  const unavailable = isUnavailable(response);
  const reason = hadToken
    ? `the server does not accept the initial access token, or not for this client (${status}); set another initialAccessToken`
    : `the server does not register clients without an initial access token (${status}); set initialAccessToken`;
  const needsToken = status === 401 || status === 403;
  const detail = needsToken
    ? `${reason}, or register a client there, and set clientId`
    : `${ENDPOINT} responded with ${status}${statedError({ description })}`;
  return new ProviderFailure(unavailable ? 'temporarily_unavailable' : code, detail, {
    unavailable,
    url,
    retryAfter: retryAfterOf(response),
    ...(needsToken && { member: 'initialAccessToken' }),
  });
}

/** Deletes a client (RFC 7592 section 2.3). @throws ProviderFailure */
export async function deleteClient(
  { transport }: Pick<RegisterClientDependencies, 'transport'>,
  { clientUri, accessToken }: ClientManagement,
): Promise<void> {
  const response = await transport(clientUri, {
    method: 'DELETE',
    headers: { authorization: `Bearer ${accessToken}` },
  });
  const { status } = response;
  // 404: the client was deleted before.
  if (status === 204 || status === 200 || status === 404) return;
  throw new ProviderFailure('registration_failed', `client configuration endpoint responded with ${status}`, {
    unavailable: isUnavailable(response),
    retryAfter: retryAfterOf(response),
  });
}

/**
 * A token that names its issuer, as those of Keycloak do, is sent to no other server: the protected resource, which names
 * the server, might not be the owner's.
 */
function checkIssuedBy(issuer: string, initialAccessToken: string): void {
  const { iss } = unverifiedJwt(initialAccessToken).claims;
  if (iss === undefined || iss === issuer) return;
  throw new ProviderFailure(
    'invalid_token',
    'the initial access token is from another issuer than the authorization server that the resource names',
    { member: 'initialAccessToken' },
  );
}

/**
 * Registers a client. A client whose registration is not acceptable is deleted.
 *
 * @throws ProviderFailure
 */
export async function registerClient(
  deps: RegisterClientDependencies,
  metadata: Metadata,
  { redirectUri, initialAccessToken, clientName = CLIENT_NAME }: RequestedClient,
): Promise<NewClient> {
  const { registration_endpoint: endpoint, grant_types_supported: grantTypes } = metadata;
  if (endpoint === undefined) {
    throw new ProviderFailure(
      'registration_unsupported',
      'the authorization server registers no clients; register a client there, and set clientId',
    );
  }
  if (initialAccessToken !== undefined) checkIssuedBy(metadata.issuer, initialAccessToken);
  const method = methodFor(metadata);
  const refreshes = grantTypes?.includes('refresh_token') ?? true;
  const response = await deps.transport(endpoint, {
    method: 'POST',
    headers: {
      accept: 'application/json',
      'content-type': 'application/json',
      ...(initialAccessToken !== undefined && { authorization: `Bearer ${initialAccessToken}` }),
    },
    body: JSON.stringify({
      client_name: clientName,
      redirect_uris: [redirectUri],
      grant_types: ['authorization_code', ...(refreshes ? ['refresh_token'] : [])],
      response_types: ['code'],
      token_endpoint_auth_method: method,
      // OpenID Connect Dynamic Client Registration 1.0, section 2: the redirect URIs of web clients are https.
      application_type: isLoopbackHttp(new URL(redirectUri)) ? 'native' : 'web',
    }),
  });
  const body = await response.text();
  if (response.status !== 201 && response.status !== 200) {
    throw refusal(endpoint, response, body, initialAccessToken !== undefined);
  }
  const document = parseJsonObject(body);
  const management = managementOf(endpoint, document, deps.endpointPolicy);
  try {
    return {
      ...validatedClient(document, { redirectUri, method }),
      ...(management && { management }),
    };
  } catch (error) {
    if (management && isOfRequest(document, redirectUri)) {
      await deleteClient(deps, management).catch(() => undefined);
    }
    throw error;
  }
}
