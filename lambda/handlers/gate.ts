/** The gate function of one agent endpoint, configured by its environment. */
import type {} from 'aws-lambda';
import { readAgentEndpoint, readEndpointPolicy, readEnvironment } from './composition/environment';
import { composeGate } from './composition/agent-endpoint';

const { IDENTITY_ENDPOINT } = readEnvironment('IDENTITY_ENDPOINT');
const endpointPolicy = readEndpointPolicy();

export const handler = awslambda.streamifyResponse(
  composeGate(readAgentEndpoint(endpointPolicy), {
    endpointPolicy,
    identity: { endpoint: IDENTITY_ENDPOINT },
  }),
);
