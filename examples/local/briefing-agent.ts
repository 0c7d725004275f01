/**
 * An agent for other agents: the calendar agent asks it to sum up a day. It has its own gate, which only this agent can pass: its
 * workload access token names the user, itself, and the calendar agent within (RFC 8693, section 4.1). It needs no
 * credentials.
 */
import type { BedrockAgentCoreClient } from '@aws-sdk/client-bedrock-agentcore';
import * as v from 'valibot';
import { principalOf } from '../../lambda/domain/principal';
import { createIdentityClient, invokeAgent, type GateOptions } from '../../lib/client/index';
import { startAgentEndpoint } from '../../lib/local/agent-endpoint';
import { EventSchema, type Event } from './agent-api';
import { setUpCalledWorkload } from './agent-setup';
import type { IdentityProvider } from './identity-provider';
import { bindLoopback, type LoopbackServer } from './loopback-server';
import { readJson } from './request-body';
import { serviceClients, type Service } from './service';

const RequestSchema = v.object({ events: v.array(EventSchema) });
const ResponseSchema = v.object({ summary: v.pipe(v.string(), v.maxLength(200)) });

const time = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });

function summaryOf(events: readonly Event[]): string {
  const [first] = events.toSorted((one, other) => one.start.localeCompare(other.start));
  if (!first) return 'Nothing is planned.';
  const count = events.length === 1 ? 'One event' : `${events.length} events`;
  return `${count}. The first begins at ${time.format(new Date(first.start))}.`;
}

function serveBriefings(server: LoopbackServer): void {
  server.serve(async (request, response) => {
    const body = v.safeParse(RequestSchema, await readJson(request));
    const isInvocation = `${request.method} ${request.url}` === 'POST /invocations' && body.success;
    response.writeHead(isInvocation ? 200 : 400, { 'content-type': 'application/json' });
    response.end(
      JSON.stringify(
        isInvocation
          ? { summary: summaryOf(body.output.events) }
          : { error: 'Send POST /invocations with {"events": […]}.' },
      ),
    );
  });
}

/** Sums up events for the user of the calendar agent's own token. */
export type Briefing = (
  token: GateOptions['workloadIdentityToken'],
  events: readonly Event[],
) => Promise<string>;

export interface BriefingAgentOptions {
  readonly service: Service;
  readonly identityProvider: Pick<IdentityProvider, 'discoveryUrl' | 'clientId'>;
  /** Name of its workload identity. */
  readonly workloadName: string;
  /** Name of the workload identity of the only agent that can call it. */
  readonly caller: string;
}

async function ask(
  gate: BedrockAgentCoreClient,
  agentRuntimeArn: string,
  token: GateOptions['workloadIdentityToken'],
  events: readonly Event[],
): Promise<string> {
  const payload = Buffer.from(JSON.stringify({ events }));
  const contentType = 'application/json';
  const { response } = await invokeAgent(gate, token, { agentRuntimeArn, contentType, payload });
  return v.parse(ResponseSchema, JSON.parse((await response?.transformToString()) ?? '')).summary;
}

/** Starts the agent and its gate on free ports. */
export async function startBriefingAgent({
  service,
  identityProvider,
  workloadName,
  caller,
}: BriefingAgentOptions): Promise<{ readonly briefing: Briefing; readonly close: () => Promise<void> }> {
  await setUpCalledWorkload(serviceClients(service).control, {
    name: workloadName,
    caller,
    issuer: identityProvider,
    gateRole: principalOf(service.principals.gate.arn),
  });
  const server = await bindLoopback(0);
  serveBriefings(server);
  const gate = await startAgentEndpoint({
    service,
    name: 'briefing_agent',
    workloadName,
    inbound: { kind: 'IAM', userIdPrincipals: [] },
    target: { kind: 'url', url: `${server.origin}/invocations` },
  });
  const { accessKeyId, secretAccessKey } = service.principals.agent;
  const client = createIdentityClient({
    endpoint: gate.baseUrl,
    region: service.region,
    credentials: { accessKeyId, secretAccessKey },
  });
  return {
    briefing: (token, events) => ask(client, gate.agentRuntimeArn, token, events),
    close: async () => {
      client.destroy();
      await gate.close();
      await server.close();
    },
  };
}
