/** What the two providers have in common, as an oidc-provider configuration. */
import type { Configuration } from 'oidc-provider';
import { oidcAccount, type ExampleAccount } from './accounts';
import { signOutPage, wrongTurnPage } from './interaction-pages';
import { PAGE_HEADERS, renderPage, type Brand } from './page';
import type { ProviderState } from './provider-state';

const MINUTE = 60;
const DAY = 24 * 60 * MINUTE;

export interface ProtectedResource {
  /** Resource indicator (RFC 8707) and `aud` of the access tokens. */
  readonly identifier: string;
  /** Scopes that the resource knows, separated by spaces. */
  readonly scope: string;
}

/** Seconds that an access token lives: short, so that refreshing is part of everyday use. */
export const ACCESS_TOKEN_SECONDS = 15 * MINUTE;

/**
 * A configuration to add clients and scopes to: PKCE for everyone, JWT access tokens for one resource
 * without having to name it, refresh tokens that are used once, and state that survives a restart.
 *
 * @param brand also names the cookies: every example shares the host, and cookies know no ports.
 */
export function providerConfiguration(
  brand: Brand,
  accounts: readonly ExampleAccount[],
  state: ProviderState,
  resource: ProtectedResource,
) {
  return {
    adapter: (model: string) => state.adapter(model),
    jwks: state.jwks,
    cookies: {
      keys: [state.secret('cookies')],
      names: {
        session: `${brand.id}_session`,
        interaction: `${brand.id}_interaction`,
        resume: `${brand.id}_resume`,
      },
    },
    interactions: { url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
    findAccount: (_ctx, id) => oidcAccount(accounts, id),
    pkce: { required: () => true },
    rotateRefreshToken: true,
    issueRefreshToken: (_ctx, client) => client.grantTypeAllowed('refresh_token'),
    // Agents go on working when their user has signed out.
    expiresWithSession: () => false,
    clientBasedCORS: () => false,
    ttl: {
      AccessToken: ACCESS_TOKEN_SECONDS,
      AuthorizationCode: MINUTE,
      ClientCredentials: ACCESS_TOKEN_SECONDS,
      Grant: 90 * DAY,
      IdToken: ACCESS_TOKEN_SECONDS,
      Interaction: 30 * MINUTE,
      RefreshToken: 30 * DAY,
      Session: 14 * DAY,
    },
    features: {
      devInteractions: { enabled: false },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => resource.identifier,
        useGrantedResource: () => true,
        getResourceServerInfo: () => ({
          scope: resource.scope,
          audience: resource.identifier,
          accessTokenFormat: 'jwt' as const,
        }),
      },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: (ctx, form) => {
          ctx.set(PAGE_HEADERS);
          ctx.body = renderPage(signOutPage(brand, form));
        },
      },
      revocation: { enabled: true },
    },
    renderError: (ctx, out) => {
      ctx.set(PAGE_HEADERS);
      ctx.body = renderPage(wrongTurnPage(brand, out.error));
    },
  } satisfies Configuration;
}
