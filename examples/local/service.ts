/** Creates the clients of the identity service: the AWS SDK clients, with only the endpoint set. */
import { BedrockAgentCoreClient } from '@aws-sdk/client-bedrock-agentcore';
import { BedrockAgentCoreControlClient } from '@aws-sdk/client-bedrock-agentcore-control';
import type { LocalService } from '../../lib/local/start';

/** Agents and application use the principal `agent`, and the agents' gates use `gate`. */
export type Service = Pick<LocalService, 'endpoint' | 'region' | 'principals' | 'publicPages'>;

export function serviceClients({ endpoint, region, principals }: Service) {
  const { accessKeyId, secretAccessKey } = principals.agent;
  const configuration = { endpoint, region, credentials: { accessKeyId, secretAccessKey } };
  return {
    identity: new BedrockAgentCoreClient(configuration),
    control: new BedrockAgentCoreControlClient(configuration),
  };
}
