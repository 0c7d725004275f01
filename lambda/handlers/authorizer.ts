/** The authorizer's function of one agent endpoint, as its environment states it. */
import { readAgentEndpoint, readEndpointPolicy } from './environment';
import { composeAuthorizer } from './gate-composition';

const endpointPolicy = readEndpointPolicy();

export const handler = composeAuthorizer(readAgentEndpoint(endpointPolicy), { endpointPolicy });
