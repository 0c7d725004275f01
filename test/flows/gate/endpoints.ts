/** Agent endpoints of the running service, each with a workload identity that allows the gate to act for it. */
import { BedrockAgentCore } from '@aws-sdk/client-bedrock-agentcore';
import {
  startAgentEndpoint,
  type AgentEndpointOptions,
  type LocalAgentEndpoint,
} from '../../../lib/local/agent-endpoint';
import { authorizerFor, agentWith } from '../support/authorizer';
import type { TestIssuer } from '../support/issuer';
import { TestAgent, type PrincipalName, type World } from '../support/world';

const MINT = [
  'GetWorkloadAccessToken',
  'GetWorkloadAccessTokenForJWT',
  'GetWorkloadAccessTokenForUserId',
].map((operation) => `bedrock-agentcore:${operation}`);

/** Allows the gate to get the agent's tokens, as the construct's `grantGetWorkloadAccessToken` does. */
export async function letGateMint(world: World, { name }: TestAgent): Promise<void> {
  const { region, accountId, principals } = world.local;
  const resourceArn = `arn:aws:bedrock-agentcore:${region}:${accountId}:workload-identity-directory/default/workload-identity/${name}`;
  const statement = {
    Effect: 'Allow',
    Principal: { AWS: roleOf(principals.gate.arn) },
    Action: MINT,
    Resource: '*',
  };
  const policy = JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
  await world.control().putResourcePolicy({ resourceArn, policy });
}

/** The role behind a session. */
export const roleOf = (arn: string): string =>
  arn.replace(/^arn:aws:sts::(\d+):assumed-role\/([^/]+)\/.*$/, 'arn:aws:iam::$1:role/$2');

export interface Opened extends LocalAgentEndpoint {
  readonly agent: TestAgent;
}

let names = 0;

/** @param given the agent, or the issuer whose tokens its workload identity trusts in place of the deployment's */
export async function openEndpoint(
  world: World,
  options: Pick<AgentEndpointOptions, 'inbound' | 'target'> & Partial<AgentEndpointOptions>,
  given?: TestIssuer | TestAgent,
): Promise<Opened> {
  const agent =
    given instanceof TestAgent
      ? given
      : await (given ? agentWith(world, authorizerFor(given)) : world.agent());
  await letGateMint(world, agent);
  names += 1;
  const endpoint = await startAgentEndpoint({
    name: `agent_${names}`,
    workloadName: agent.name,
    service: world.local,
    ...options,
  });
  world.gates.push(endpoint.baseUrl);
  return { ...endpoint, agent };
}

/** The options of an endpoint of an MCP server, for the users of the world's issuer. */
export const mcpEndpointAt = ({ issuer }: World, server: { readonly url: string }) => ({
  inbound: {
    kind: 'JWT' as const,
    discoveryUrl: issuer.discoveryUrl,
    allowedAudience: [issuer.audience],
  },
  target: { kind: 'url' as const, url: server.url },
  protocol: 'MCP' as const,
});

/** The AWS SDK client of an application. */
export function awsClient(
  world: World,
  { baseUrl }: Pick<Opened, 'baseUrl'>,
  principal: PrincipalName = 'operator',
): BedrockAgentCore {
  const { accessKeyId, secretAccessKey } = world.local.principals[principal];
  return new BedrockAgentCore({
    region: world.local.region,
    endpoint: baseUrl,
    credentials: { accessKeyId, secretAccessKey },
  });
}

/** Claims of a workload access token, unverified. */
export const claimsOf = (token: unknown): Record<string, unknown> =>
  JSON.parse(Buffer.from(String(token).split('.')[1] ?? '', 'base64url').toString('utf8')) as Record<
    string,
    unknown
  >;
