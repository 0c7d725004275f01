/** Events that a principal sends to a gate directly, as a principal that can invoke functions could. */
import type { APIGatewayProxyEvent } from 'aws-lambda';
import { createRequire } from 'node:module';
import { PassThrough } from 'node:stream';
import {
  parseAgentEndpoint,
  type AgentEndpointConfiguration,
} from '../../../lambda/domain/gate/agent-endpoint';
import type { ResponseStream } from '../../../lambda/gate/response-stream';
import type * as Composition from '../../../lambda/functions/composition/agent-endpoint';
import { LOCAL_STAGE_SECRET_HASH } from '../../../lib/local/stage-secret';
import type { World } from '../support/world';
import type { Opened } from './endpoints';

export interface DirectEvent {
  readonly multiValueHeaders: Readonly<Record<string, string[]>>;
  readonly stageVariables: unknown;
  readonly requestContext: object;
}

/** Returns the response of the endpoint's gate, with another configuration of its callers and its agent. */
export async function sendToGate(
  world: World,
  { agentRuntimeArn, agent, baseUrl }: Opened,
  configuration: Pick<AgentEndpointConfiguration, 'inbound' | 'target'>,
  direct: DirectEvent,
): Promise<string> {
  // Loaded late, as in Lambda, because the environment sets up the log.
  const load = createRequire(__filename);
  const { composeGate } = load('../../../lambda/functions/composition/agent-endpoint') as typeof Composition;
  const endpointPolicy = { loopback: true };
  const parsed = parseAgentEndpoint(
    JSON.stringify({
      agentRuntimeArn,
      workloadName: agent.name,
      baseUrl,
      protocol: 'HTTP',
      requestHeaderAllowlist: [],
      ...configuration,
    }),
    endpointPolicy,
  );
  const { endpoint, region, principals } = world.local;
  const { accessKeyId, secretAccessKey } = principals.gate;
  const gate = composeGate(parsed, {
    endpointPolicy,
    stageSecretHash: LOCAL_STAGE_SECRET_HASH,
    identity: { endpoint, region, credentials: { accessKeyId, secretAccessKey } },
  });
  const event = {
    resource: '/runtimes/{agentRuntimeArn+}',
    httpMethod: 'POST',
    pathParameters: { agentRuntimeArn: `${agentRuntimeArn}/invocations` },
    multiValueQueryStringParameters: null,
    body: '{}',
    isBase64Encoded: false,
    ...direct,
  } as unknown as APIGatewayProxyEvent;
  const stream = Object.assign(new PassThrough(), { setContentType: () => undefined }) as ResponseStream &
    PassThrough;
  const answered = gate(event, stream, { getRemainingTimeInMillis: () => 60_000 });
  const chunks: Buffer[] = [];
  for await (const chunk of stream as AsyncIterable<Buffer>) chunks.push(chunk);
  await answered;
  return Buffer.concat(chunks).toString('utf8');
}
