/**
 * Composition of the function behind the custom resources of a template. It handles CloudFormation's requests by calling
 * the service's API. It cannot reach the tables or the keys: it is a caller of the service, and owns what it creates.
 */
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { system } from '../adapters/system';
import { readConnectionPolicy, readStack } from './composition/environment';
import { audit, log, requests } from './composition/logging';
import { createControlPlane } from '../custom-resources/control-plane';
import { createResourceHandler } from '../custom-resources/handler';

export const handler = createResourceHandler({
  audit,
  requests,
  system,
  stack: readStack(readConnectionPolicy()),
  controlPlane: (endpoint) => createControlPlane({ endpoint }),
  secretsManager: new SecretsManagerClient({}),
  reportFailure: (failure) => {
    log.error('a resource failed', failure);
  },
});
