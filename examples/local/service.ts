/** How the example reaches the identity service: AWS's own clients, with nothing set but the endpoint. */
import { BedrockAgentCoreClient } from '@aws-sdk/client-bedrock-agentcore';
import { BedrockAgentCoreControlClient } from '@aws-sdk/client-bedrock-agentcore-control';

export interface Service {
  readonly endpoint: string;
  readonly region: string;
  /** The AWS principal that the agent and its application run as. */
  readonly agent: { readonly arn: string; readonly accessKeyId: string; readonly secretAccessKey: string };
}

export function serviceClients({ endpoint, region, agent }: Service) {
  const { accessKeyId, secretAccessKey } = agent;
  const configuration = { endpoint, region, credentials: { accessKeyId, secretAccessKey } };
  return {
    identity: new BedrockAgentCoreClient(configuration),
    control: new BedrockAgentCoreControlClient(configuration),
  };
}
