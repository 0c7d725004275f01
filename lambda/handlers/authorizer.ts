/** The authorizer function of one agent endpoint, configured by its environment. */
import { readAgentEndpoint, readEndpointPolicy } from './composition/environment';
import { composeAuthorizer } from './composition/agent-endpoint';

const endpointPolicy = readEndpointPolicy();

export const handler = composeAuthorizer(readAgentEndpoint(endpointPolicy), { endpointPolicy });
