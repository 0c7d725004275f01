/**
 * Exchanges the user token for a token that the agent can use at a provider, by token exchange (RFC 8693) or by the JWT
 * authorization grant (RFC 7523 section 2.1).
 */
import type { OnBehalfOfConfig } from '../../model/provider/on-behalf-of';
import * as oauth from 'oauth4webapi';
import { resourcesAt } from '../provider/discovery';
import type { ProviderConfiguration } from '../provider/oauth2-provider';
import { noClient, oauthClientOf } from './client-authentication';
import { forwardedParameters, reservedParameters, type CustomParameters } from '../custom-parameters';
import { ProviderFailure } from './provider-failure';
import { narrowingParameters, providerParameters, type Narrowing } from './provider-parameters';
import { subjectTokenTypeOf, TOKEN_TYPE } from './subject-token-type';
import { authenticate, exchange, options, type ObtainedTokens, type ProviderClient } from './token-request';

const TOKEN_EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer';

const GRANT_TYPE = {
  TOKEN_EXCHANGE,
  JWT_AUTHORIZATION_GRANT: JWT_BEARER,
  IDENTITY_ASSERTION: JWT_BEARER,
} as const satisfies Record<OnBehalfOfConfig['grantType'], string>;

/**
 * Standard parameters, which an agent's parameters never override: the client, the user, and the requested rights. An
 * agent can set the token types (`subject_token_type`, `requested_token_type`) if the provider's owner has not
 * configured them, because authorization servers differ. The last parameter is not standard: some servers (Keycloak)
 * read it as the user to impersonate in place of the subject.
 */
const RESERVED_PARAMETERS = reservedParameters(
  'grant_type',
  'client_id',
  'client_secret',
  'client_assertion',
  'client_assertion_type',
  'subject_token',
  'actor_token',
  'actor_token_type',
  'assertion',
  'requested_subject',
);

/** The token that authenticates the agent: its own access token, or a JWT that AWS signed. */
export interface ActorToken {
  readonly token: string;
  readonly type: (typeof TOKEN_TYPE)['accessToken' | 'jwt'];
}

export interface OnBehalfOfRequest extends Narrowing {
  /** The user token, or the identity assertion of it. */
  readonly subjectToken: string;
  readonly actor: ActorToken | undefined;
  readonly scopes: readonly string[];
  readonly customParameters: CustomParameters;
}

const subjectParameters = (
  grantType: OnBehalfOfConfig['grantType'],
  { subjectToken, actor }: OnBehalfOfRequest,
): Record<string, string> =>
  grantType !== 'TOKEN_EXCHANGE'
    ? { assertion: subjectToken }
    : {
        subject_token: subjectToken,
        ...(actor && {
          actor_token: actor.token,
          actor_token_type: actor.type,
        }),
      };

/** Returns the parameters. The agent's override the provider's. Neither overrides a standard parameter. */
function parametersOf(
  provider: ProviderConfiguration,
  config: OnBehalfOfConfig,
  request: OnBehalfOfRequest,
): string[][] {
  const own = forwardedParameters(request.customParameters, RESERVED_PARAMETERS);
  const configured =
    config.grantType === 'TOKEN_EXCHANGE' ? config.tokenExchangeGrantTypeConfig.subjectTokenType : undefined;
  const subjectTokenType = config.grantType === 'TOKEN_EXCHANGE' && {
    subject_token_type: subjectTokenTypeOf(configured, request.subjectToken),
  };
  const named = {
    ...subjectTokenType,
    ...providerParameters('on_behalf_of', provider),
    ...Object.fromEntries(own),
    ...(configured && subjectTokenType),
    ...subjectParameters(config.grantType, request),
    ...(request.scopes.length > 0 && { scope: request.scopes.join(' ') }),
  };
  const resources = resourcesAt(provider.discovery, request.resources);
  return [...Object.entries(named), ...narrowingParameters({ ...request, resources })];
}

/** Token types of access tokens. Some servers omit the type or return the JWT type for an access token. */
const USABLE: ReadonlySet<unknown> = new Set([undefined, TOKEN_TYPE.accessToken, TOKEN_TYPE.jwt]);

/** Only an access token can be used; `N_A` as `token_type` means that it is none (RFC 8693 section 2.2.1). */
function checkUse({ issued_token_type }: oauth.TokenEndpointResponse): void {
  if (USABLE.has(issued_token_type)) return;
  throw new ProviderFailure('invalid_response', 'token endpoint: the issued token is not an access token');
}

/**
 * Exchanges the user token. Discards a refresh token in the response, because it would outlive the user token that
 * authorizes the exchange.
 *
 * @throws ProviderFailure
 */
export async function exchangeOnBehalfOf(
  client: ProviderClient,
  config: OnBehalfOfConfig,
  request: OnBehalfOfRequest,
): Promise<ObtainedTokens> {
  const { provider, metadata } = client;
  const oauthClient = oauthClientOf(provider);
  const { accessToken, scopes, expiresAt, dpopKey } = await exchange(
    client,
    request,
    () =>
      oauth.genericTokenEndpointRequest(
        metadata,
        oauthClient,
        config.onBehalfOfAuthenticationConfig ? noClient : authenticate(client),
        GRANT_TYPE[config.grantType],
        parametersOf(provider, config, request),
        options(client),
      ),
    async (response) => {
      const issued = await oauth.processGenericTokenEndpointResponse(metadata, oauthClient, response);
      checkUse(issued);
      return issued;
    },
  );
  return {
    accessToken,
    scopes,
    ...(expiresAt !== undefined && { expiresAt }),
    ...(dpopKey && { dpopKey }),
  };
}
