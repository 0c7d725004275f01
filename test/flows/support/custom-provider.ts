/**
 * The members of a request that creates or updates a provider at any authorization server.
 *
 * @param members those of the client, and others of its configuration
 */
export const customProvider = <Members extends object>(discoveryUrl: string, members: Members) => ({
  credentialProviderVendor: 'CustomOauth2' as const,
  oauth2ProviderConfigInput: {
    customOauth2ProviderConfig: { oauthDiscovery: { discoveryUrl }, ...members },
  },
});
