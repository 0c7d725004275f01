/** The oidc-provider configuration that both providers share. */
import type { Configuration } from 'oidc-provider';
import { oidcAccount, type ExampleAccount } from './accounts';
import { signOutPage, requestErrorPage } from './interaction-pages';
import { PAGE_HEADERS, renderPage, type Brand } from './page';
import type { ProviderState } from './provider-state';

const MINUTE = 60;
const DAY = 24 * 60 * MINUTE;

export interface ProtectedResource {
  /** Resource indicator (RFC 8707) and `aud` of the access tokens. */
  readonly identifier: string;
  /** Scopes of the resource, separated by spaces. */
  readonly scope: string;
}

/** Lifetime of an access token in seconds. It is short, so that normal use includes refreshes. */
export const ACCESS_TOKEN_SECONDS = 15 * MINUTE;

/**
 * Returns the configuration, to which callers add clients and scopes. It requires PKCE, issues JWT access tokens for
 * one default resource, rotates refresh tokens, and keeps its state across restarts.
 *
 * @param brand also names the cookies, because all examples share the host, and ports do not separate cookies.
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
    // Agents can continue to work after their user signs out.
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
      ctx.body = renderPage(requestErrorPage(brand, out.error));
    },
  } satisfies Configuration;
}
