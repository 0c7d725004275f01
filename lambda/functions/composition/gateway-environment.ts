/** The environment of the two functions of gateways. */
import { readConnectionPolicy, readEnvironment } from './environment';
import type { GatewayAuthorizerEnvironment } from './gateway-authorizer';
import { jsonClients } from './json-clients';

export function readGatewayEnvironment(): GatewayAuthorizerEnvironment {
  const env = readEnvironment('DIRECTORY_TABLE', 'GATEWAY_JWT_URL', 'GATEWAY_IAM_URL', 'STAGE_SECRET_HASH');
  return {
    endpointPolicy: readConnectionPolicy(),
    stageSecretHash: env.STAGE_SECRET_HASH,
    bases: { CUSTOM_JWT: env.GATEWAY_JWT_URL, AWS_IAM: env.GATEWAY_IAM_URL },
    dynamodb: jsonClients().dynamodb,
    directoryTable: env.DIRECTORY_TABLE,
  };
}
