/** The function of all gateways. */
import type {} from 'aws-lambda';
import { composeGateway } from './composition/gateway';
import { readGatewayEnvironment } from './composition/gateway-environment';
import { readEnvironment } from './composition/environment';

const { IDENTITY_ENDPOINT: endpoint } = readEnvironment('IDENTITY_ENDPOINT');

export const handler = awslambda.streamifyResponse(
  composeGateway({ ...readGatewayEnvironment(), identity: { endpoint } }),
);
