/** The gate function of one agent endpoint, configured by its environment. */
import type {} from 'aws-lambda';
import { readAgentEndpoint, readConnectionPolicy, readEnvironment } from './composition/environment';
import { composeGate } from './composition/agent-endpoint';

const env = readEnvironment('IDENTITY_ENDPOINT', 'STAGE_SECRET_HASH');
const endpointPolicy = readConnectionPolicy();

export const handler = awslambda.streamifyResponse(
  composeGate(readAgentEndpoint(endpointPolicy), {
    endpointPolicy,
    stageSecretHash: env.STAGE_SECRET_HASH,
    identity: { endpoint: env.IDENTITY_ENDPOINT },
  }),
);
