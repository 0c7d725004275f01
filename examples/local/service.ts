/** How the example reaches the identity service: AWS's own clients, with nothing set but the endpoint. */
import { BedrockAgentCoreClient } from '@aws-sdk/client-bedrock-agentcore';
import { BedrockAgentCoreControlClient } from '@aws-sdk/client-bedrock-agentcore-control';
import type { LocalService } from '../../lib/local/start';

/** Agents and application run as the principal `agent`, the agents' gates as `gate`. */
export type Service = Pick<LocalService, 'endpoint' | 'region' | 'principals'>;

export function serviceClients({ endpoint, region, principals }: Service) {
  const { accessKeyId, secretAccessKey } = principals.agent;
  const configuration = { endpoint, region, credentials: { accessKeyId, secretAccessKey } };
  return {
    identity: new BedrockAgentCoreClient(configuration),
    control: new BedrockAgentCoreControlClient(configuration),
  };
}
