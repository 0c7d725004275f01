/** The authorizer function of one agent endpoint, configured by its environment. */
import { readAgentEndpoint, readEndpointPolicy } from './environment';
import { composeAuthorizer } from './gate-composition';

const endpointPolicy = readEndpointPolicy();

export const handler = composeAuthorizer(readAgentEndpoint(endpointPolicy), { endpointPolicy });
