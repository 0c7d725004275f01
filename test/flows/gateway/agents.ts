/** Agents in functions of the local Lambda, as targets of gateways. */
import { principalOf } from '../../../lambda/domain/principal';
import type { LambdaFunction } from '../../../lib/local/lambda';
import { alsoSending } from '../support/members-beyond-aws';
import type { PrincipalName, World } from '../support/world';
import type { TestGateway } from './gateways';

export interface AgentEvent {
  readonly rawPath: string;
  readonly headers: Record<string, string>;
  readonly body: string;
  readonly requestContext: { readonly http: { readonly method: string } };
}

/** What an agent receives, until a test begins. */
export class Invocations {
  readonly events: AgentEvent[] = [];

  static ofFile(): Invocations {
    const invocations = new Invocations();
    beforeEach(() => {
      invocations.events.length = 0;
    });
    return invocations;
  }

  /** Responds with the text. */
  readonly handler: LambdaFunction = (event) => {
    this.events.push(event as AgentEvent);
    return Promise.resolve({ statusCode: 200, headers: { 'content-type': 'text/plain' }, body: 'done' });
  };
}

export const functionArn = (name: string): string => `arn:aws:lambda:us-east-1:000000000000:function:${name}`;

/** Adds a function that the gateways of an owner can invoke. @returns its ARN */
export function deploy(
  world: World,
  name: string,
  handler: LambdaFunction,
  owner: PrincipalName = 'agent',
): string {
  world.local.functions.set(name, handler);
  world.local.ownerTags.set(name, principalOf(world.local.principals[owner].arn));
  return functionArn(name);
}

/** Allows the gateway function to get the tokens of an agent. */
export async function letGatewaysAct(
  world: World,
  name: string,
  owner: PrincipalName = 'agent',
): Promise<void> {
  const resourceArn = `arn:aws:bedrock-agentcore:us-east-1:000000000000:workload-identity-directory/default/workload-identity/${name}`;
  const Statement = [
    {
      Effect: 'Allow',
      Principal: { AWS: principalOf(world.local.principals.gateway.arn) },
      Action: [
        'GetWorkloadAccessToken',
        'GetWorkloadAccessTokenForJWT',
        'GetWorkloadAccessTokenForUserId',
      ].map((operation) => `bedrock-agentcore:${operation}`),
      Resource: resourceArn,
    },
  ];
  const policy = JSON.stringify({ Version: '2012-10-17', Statement });
  await world.control(owner).putResourcePolicy({ resourceArn, policy });
}

interface AgentMembers {
  readonly workloadIdentity?: string;
  readonly oauth2CallbackUrl?: string;
}

/** Adds an agent, by default with the name of its workload identity. @returns its URL at the gateway */
export async function addAgent(
  world: World,
  gateway: Pick<TestGateway, 'id' | 'url'>,
  name: string,
  arn: string,
  {
    owner = 'agent',
    allowedRequestHeaders,
    ...members
  }: AgentMembers & { owner?: PrincipalName; allowedRequestHeaders?: string[] } = {},
): Promise<string> {
  const targetConfiguration = { http: { agentcoreRuntime: { arn, ...members } } };
  await alsoSending(world.control(owner), { targetConfiguration }).createGatewayTarget({
    gatewayIdentifier: gateway.id,
    name,
    targetConfiguration,
    ...(allowedRequestHeaders && { metadataConfiguration: { allowedRequestHeaders } }),
  });
  return `${gateway.url}/${name}`;
}
