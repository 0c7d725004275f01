/** The gate function of one agent endpoint, configured by its environment. */
import type {} from 'aws-lambda';
import { readAgentEndpoint, readEndpointPolicy, readEnvironment } from './environment';
import { composeGate } from './gate-composition';

const { IDENTITY_ENDPOINT } = readEnvironment('IDENTITY_ENDPOINT');
const endpointPolicy = readEndpointPolicy();

export const handler = awslambda.streamifyResponse(
  composeGate(readAgentEndpoint(endpointPolicy), {
    endpointPolicy,
    identity: { endpoint: IDENTITY_ENDPOINT },
  }),
);
