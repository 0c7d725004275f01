/**
 * Composition of the function behind the custom resources of a template. It handles CloudFormation's requests by calling
 * the service's API. It cannot reach the tables or the keys: it is a caller of the service, and owns what it creates.
 */
import { Logger } from '@aws-lambda-powertools/logger';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { readDeploymentName, readEndpointPolicy, readStack } from './composition/environment';
import { audit, requests } from './composition/logging';
import { createControlPlane } from '../custom-resources/control-plane';
import { createResourceHandler } from '../custom-resources/handler';

const logger = new Logger({ serviceName: readDeploymentName() });

export const handler = createResourceHandler({
  audit,
  requests,
  stack: readStack(readEndpointPolicy()),
  controlPlane: (endpoint) => createControlPlane({ endpoint }),
  secretsManager: new SecretsManagerClient({}),
  reportFailure: (failure) => logger.error('a resource failed', { ...failure }),
});
