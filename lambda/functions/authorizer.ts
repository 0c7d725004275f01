/** The authorizer function of one agent endpoint, configured by its environment. */
import { readAgentEndpoint, readConnectionPolicy, readEnvironment } from './composition/environment';
import { composeAuthorizer } from './composition/agent-endpoint';

const { STAGE_SECRET_HASH: stageSecretHash } = readEnvironment('STAGE_SECRET_HASH');
const endpointPolicy = readConnectionPolicy();

export const handler = composeAuthorizer(readAgentEndpoint(endpointPolicy), {
  endpointPolicy,
  stageSecretHash,
});
