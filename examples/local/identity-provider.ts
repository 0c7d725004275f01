/** The organization's OIDC provider: users sign in here, and applications get a token that names the user. */
import { errors, Provider, type Configuration } from 'oidc-provider';
import { isLoopbackHttp } from '../../lambda/model/endpoint';
import { FERNHILL_ACCOUNTS } from './accounts';
import { withInteractions } from './interactions';
import type { LoopbackServer } from './loopback-server';
import { FERNHILL, FERNHILL_ID } from './page';
import { providerConfiguration } from './provider-configuration';
import { ProviderState } from './provider-state';

/** `aud` of the access tokens: the API of the example application, which its agent serves. */
export const ASSISTANT_AUDIENCE = 'https://assistant.fernhill.example';

/** The only scope of that API. */
export const ASSISTANT_SCOPE = 'assistant';

const PERMISSIONS = {
  openid: { title: 'Sign you in', detail: 'It gets the identifier of your account.' },
  profile: { title: 'See your name', detail: 'As it is in your account.' },
  [ASSISTANT_SCOPE]: {
    title: 'Use an agent or an MCP server in your name',
    detail: 'The one at the address below.',
  },
};

/** Whether a token can be for this resource: a gate on this computer. */
function isGate(identifier: string): boolean {
  const url = new URL(identifier);
  return isLoopbackHttp(url) && url.username === '' && url.password === '';
}

/**
 * Where clients that register themselves can have users sent back. Real MCP clients register loopback addresses, https
 * (VS Code), and private schemes (Cursor), all of them together, so none of these can be rejected. The consent page
 * names the destination. Elsewhere, http would carry the code in clear text (RFC 9700, section 2.6). oidc-provider rejects
 * schemes that run a script.
 */
const REDIRECT_URIS: Configuration['extraClientMetadata'] = {
  properties: ['redirect_uris'],
  validator: (_ctx, _name, uris) => {
    for (const uri of Array.isArray(uris) ? uris : []) {
      const url = URL.canParse(String(uri)) ? new URL(String(uri)) : undefined;
      if (url?.protocol === 'http:' && !isLoopbackHttp(url)) {
        throw new errors.InvalidClientMetadata('redirect_uris must not use http, except on loopback');
      }
    }
  },
};

export interface IdentityProvider {
  readonly issuer: string;
  readonly discoveryUrl: string;
  /** The client of the example application. */
  readonly clientId: string;
  readonly clientSecret: string;
  /** The client of the consent portal. */
  readonly portalClient: { readonly clientId: string; readonly clientSecret: string };
  /** Registers the portal's client. Its redirect URI is known when the portal exists. */
  registerPortalClient(redirectUri: string): Promise<void>;
}

/**
 * Starts the provider on an already bound server.
 *
 * @param stateFile the file that stores its state.
 * @param application the redirect URI of the example application, and its URL for users who signed out.
 */
export function startIdentityProvider(
  server: LoopbackServer,
  stateFile: string,
  application: { readonly redirectUri: string; readonly postLogoutRedirectUri: string },
): IdentityProvider {
  const state = new ProviderState(stateFile);
  const resource = { identifier: ASSISTANT_AUDIENCE, scope: ASSISTANT_SCOPE };
  const clientId = 'fernhill-assistant';
  const clientSecret = state.secret('fernhill-assistant');
  const portalClient = { clientId: 'fernhill-portal', clientSecret: state.secret('fernhill-portal') };
  // Clients can state the scope of agents when they register, so it is one of the provider, too.
  const granted = { openid: `openid profile ${ASSISTANT_SCOPE}`, resource: ASSISTANT_SCOPE };

  const isOwn = (id: string): boolean => [clientId, portalClient.clientId].includes(id);

  const configuration = providerConfiguration(FERNHILL_ID, FERNHILL_ACCOUNTS, state, resource);
  const provider = new Provider(server.origin, {
    ...configuration,
    features: {
      ...configuration.features,
      // MCP clients register themselves (RFC 7591), and state the gate for which they need a token (RFC 8707).
      registration: { enabled: true },
      resourceIndicators: {
        ...configuration.features.resourceIndicators,
        // A client that registered itself and names no resource only signs users in. Its access token is for no API.
        defaultResource: ({ oidc }, client, granted) => {
          if (isOwn(client.clientId)) return ASSISTANT_AUDIENCE;
          if (oidc.route === 'authorization' && oidc.requestParamScopes.has(ASSISTANT_SCOPE))
            throw new errors.InvalidTarget('a token with this scope needs a resource: the URL of the gate');
          // Without a resource, oidc-provider issues an opaque token.
          return granted ?? [];
        },
        getResourceServerInfo: ({ oidc }, identifier, client) => {
          const isOwnApi = identifier === ASSISTANT_AUDIENCE;
          if (!isOwnApi && !isGate(identifier)) throw new errors.InvalidTarget();
          // Users are asked for scopes, so a request without one would get a token for a resource unasked.
          const isUnasked = oidc.route === 'authorization' && !oidc.requestParamScopes.has(ASSISTANT_SCOPE);
          if (isUnasked && !(isOwnApi && isOwn(client.clientId)))
            throw new errors.InvalidScope('a token for a resource needs this scope', ASSISTANT_SCOPE);
          return { scope: ASSISTANT_SCOPE, audience: identifier, accessTokenFormat: 'jwt' as const };
        },
      },
    },
    extraClientMetadata: REDIRECT_URIS,
    clientDefaults: { grant_types: ['authorization_code', 'refresh_token'] },
    // Portals learn from it how a user signs in with another account.
    discovery: { prompt_values_supported: ['none', 'login', 'consent'] },
    claims: { openid: ['sub'], profile: ['name'] },
    scopes: ['openid', ASSISTANT_SCOPE],
    // The ID token contains the name, so the application does not need a second request.
    conformIdTokenClaims: false,
    clients: [
      {
        client_id: clientId,
        client_secret: clientSecret,
        client_name: FERNHILL.name,
        redirect_uris: [application.redirectUri],
        post_logout_redirect_uris: [application.postLogoutRedirectUri],
        grant_types: ['authorization_code', 'refresh_token'],
      },
    ],
    // The organization has consented for its users, so they only sign in. A client that registered itself asks them.
    loadExistingGrant: async ({ oidc }) => {
      const { client, session } = oidc;
      const accountId = session?.accountId;
      if (client === undefined || session === undefined || accountId === undefined) return undefined;
      const grantId = oidc.result?.consent?.grantId ?? session.grantIdFor(client.clientId);
      const existing = grantId === undefined ? undefined : await oidc.provider.Grant.find(grantId);
      if (!isOwn(client.clientId)) return existing;
      const grant = existing ?? new oidc.provider.Grant({ clientId: client.clientId, accountId });
      grant.addOIDCScope(granted.openid);
      grant.addResourceScope(ASSISTANT_AUDIENCE, granted.resource);
      await grant.save();
      return grant;
    },
  });

  server.serve(
    withInteractions({ provider, brand: FERNHILL_ID, accounts: FERNHILL_ACCOUNTS, permissions: PERMISSIONS }),
  );
  return {
    issuer: provider.issuer,
    discoveryUrl: `${provider.issuer}/.well-known/openid-configuration`,
    clientId,
    clientSecret,
    portalClient,
    registerPortalClient: async (redirectUri) => {
      await state.adapter('Client').upsert(portalClient.clientId, {
        client_id: portalClient.clientId,
        client_secret: portalClient.clientSecret,
        client_name: "Fernhill's agents",
        redirect_uris: [redirectUri],
        grant_types: ['authorization_code'],
      });
    },
  };
}
