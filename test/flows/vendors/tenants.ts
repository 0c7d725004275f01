/** Vendors with a separate server for each customer, whose address the operator configures. */
import { plainRefusals, plainTokens, type Client, type VendorBehavior } from './behavior';

const tenant = {
  config: (client: Client, server: string) => ({
    includedOauth2ProviderConfig: {
      ...client,
      issuer: server,
      authorizationEndpoint: `${server}/authorize`,
      tokenEndpoint: `${server}/token`,
    },
  }),
  fixed: false,
  scopes: ['openid', 'offline_access'],
  authorization: { scope: 'openid offline_access' },
  pkce: true,
  credentials: 'basic',
  machine: 'basic',
  tokens: plainTokens,
  lifetime: 3600,
  refreshes: true,
  refusals: plainRefusals,
} as const;

export const TENANTS: readonly VendorBehavior[] = [
  { ...tenant, vendor: 'Auth0Oauth2', credentials: 'post', machine: 'post' },
  { ...tenant, vendor: 'CognitoOauth2', scopes: ['orders/read'], authorization: { scope: 'orders/read' } },
  { ...tenant, vendor: 'CyberArkOauth2' },
  { ...tenant, vendor: 'FusionAuthOauth2' },
  { ...tenant, vendor: 'OktaOauth2' },
  { ...tenant, vendor: 'OneLoginOauth2' },
  { ...tenant, vendor: 'PingOneOauth2', machine: 'post' },
];
