/** How the service reads the metadata of a provider's authorization server, for the command line, which shows it. */
export {
  boundServerMetadata,
  findProtectedResource,
  type ResourceDiscoveryDependencies,
} from '../domain/oauth/protected-resource-discovery';
export { checkDpopAlgorithm } from '../domain/oauth/dpop';
export { checkIssuer } from '../domain/oauth/bound-server-checks';
export { validatedResource } from '../domain/oauth/protected-resource';
export { ProviderFailure } from '../domain/oauth/provider-failure';
export { validatedMetadata, type Metadata } from '../domain/oauth/provider-metadata';
