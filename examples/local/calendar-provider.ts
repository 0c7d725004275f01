/**
 * The authorization server of a calendar product of another company, with its own accounts, sign-in, and consent page.
 * For this server, the identity service is an ordinary OAuth client.
 */
import { Provider } from 'oidc-provider';
import { ALMANAC_ACCOUNTS } from './accounts';
import { withInteractions } from './interactions';
import type { LoopbackServer } from './loopback-server';
import { ALMANAC } from './page';
import { providerConfiguration } from './provider-configuration';
import { ProviderState } from './provider-state';

const PERMISSIONS = {
  'calendar.read': { title: 'See your calendar', detail: 'Titles, times, and places of your events.' },
  'calendar.write': { title: 'Change your calendar', detail: 'Add, move, and delete events in your name.' },
} as const;

export interface CalendarProvider {
  readonly issuer: string;
  readonly discoveryUrl: string;
  readonly jwksUri: string;
  /** The client that the example agent uses through the identity service. */
  readonly clientId: string;
  readonly clientSecret: string;
  /** RFC 7591: other clients can register with the initial access token. */
  readonly registrationEndpoint: string;
  readonly initialAccessToken: string;
  /**
   * Registers the agent's client, as a developer would in the product's console. This is a second step, because the
   * redirect URI is the callback URL of the identity service, which the credential provider returns.
   */
  registerAgentClient(redirectUri: string): Promise<void>;
}

/**
 * Starts the provider on an already bound server.
 *
 * @param stateFile the file that stores its state.
 * @param audience resource indicator of the calendar API, and `aud` of its access tokens.
 * @param mcpUrl the same of the MCP server.
 */
export function startCalendarProvider(
  server: LoopbackServer,
  stateFile: string,
  audience: string,
  mcpUrl: string,
): CalendarProvider {
  const state = new ProviderState(stateFile);
  const resource = { identifier: audience, scope: Object.keys(PERMISSIONS).join(' ') };
  const clientId = 'calendar-agent';
  const clientSecret = state.secret('calendar-agent');
  const initialAccessToken = state.secret('initial-access-token');
  const configuration = providerConfiguration(ALMANAC, ALMANAC_ACCOUNTS, state, resource);

  const provider = new Provider(server.origin, {
    ...configuration,
    claims: { openid: ['sub'], profile: ['name'] },
    scopes: ['openid', 'offline_access'],
    clientDefaults: { grant_types: ['authorization_code', 'refresh_token'] },
    features: {
      ...configuration.features,
      resourceIndicators: {
        ...configuration.features.resourceIndicators,
        getResourceServerInfo: (_ctx, identifier) => ({
          scope: resource.scope,
          audience: identifier === mcpUrl ? mcpUrl : audience,
          accessTokenFormat: 'jwt' as const,
        }),
      },
      clientCredentials: { enabled: true },
      registration: { enabled: true, initialAccessToken },
    },
  });

  server.serve(
    withInteractions({ provider, brand: ALMANAC, accounts: ALMANAC_ACCOUNTS, permissions: PERMISSIONS }),
  );
  return {
    issuer: provider.issuer,
    discoveryUrl: `${provider.issuer}/.well-known/openid-configuration`,
    jwksUri: `${provider.issuer}/jwks`,
    clientId,
    clientSecret,
    registrationEndpoint: `${provider.issuer}/reg`,
    initialAccessToken,
    registerAgentClient: async (redirectUri) => {
      await state.adapter('Client').upsert(clientId, {
        client_id: clientId,
        client_secret: clientSecret,
        client_name: "Fernhill's calendar agent",
        redirect_uris: [redirectUri],
        grant_types: ['authorization_code', 'refresh_token', 'client_credentials'],
      });
    },
  };
}
