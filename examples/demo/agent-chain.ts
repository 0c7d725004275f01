/**
 * After the flow: the travel agent asks a second agent, which asks a third one. Each of them has its own gate, and knows the
 * user and the agents before it from its workload access token only.
 */
import { createServer, type IncomingMessage } from 'node:http';
import { BedrockAgentCoreServiceException } from '@aws-sdk/client-bedrock-agentcore';
import { decodeJwt } from 'jose';
import { principalOf } from '../../lambda/domain/principal';
import { startAgentEndpoint, type LocalAgentEndpoint } from '../../lib/local/agent-endpoint';
import { listenOnLoopback, LOOPBACK } from '../../lib/local/loopback-server';
import { createIdentityClient, invokeAgent } from '../../lib/client/index';
import { setUpCalledWorkload } from '../local/agent-setup';
import { serviceClients } from '../local/service';
import type { Stage } from './stage';
import type { Report } from './step';

interface Actor {
  readonly name: string;
  readonly act?: Actor;
}

interface TokenClaims {
  readonly sub: string;
  readonly act: Actor;
}

/** Returns the names of the agents in a token, the current one first. */
const agentsIn = ({ name, act }: Actor): readonly string[] => [name, ...(act ? agentsIn(act) : [])];

/** An agent with its gate. */
interface RunningAgent {
  readonly gate: LocalAgentEndpoint;
  readonly close: () => Promise<void>;
}

/** Calls an agent as an agent of this deployment does: signed by its role, with its workload access token. */
async function call({ service }: Stage, { gate }: RunningAgent, token: string): Promise<string> {
  const { accessKeyId, secretAccessKey } = service.principals.agent;
  const client = createIdentityClient({
    endpoint: gate.baseUrl,
    region: service.region,
    credentials: { accessKeyId, secretAccessKey },
  });
  const { agentRuntimeArn } = gate;
  try {
    const { response } = await invokeAgent(client, token, { agentRuntimeArn, payload: Buffer.from('{}') });
    return (await response?.transformToString()) ?? '';
  } finally {
    client.destroy();
  }
}

/**
 * Starts an agent behind a gate with IAM.
 *
 * @param accepted name of the only agent that can call it
 * @param respond returns the agent's response, for its workload access token
 */
async function startAgent(
  { service, world }: Stage,
  name: string,
  accepted: string,
  respond: (token: string) => Promise<string>,
): Promise<RunningAgent> {
  const { issuer, clientId } = world.identityProvider;
  await setUpCalledWorkload(serviceClients(service).control, {
    name,
    caller: accepted,
    issuer: { discoveryUrl: `${issuer}/.well-known/openid-configuration`, clientId },
    gateRole: principalOf(service.principals.gate.arn),
  });

  const tokenOf = ({ headers }: IncomingMessage): string => String(headers.workloadaccesstoken);
  const server = createServer((request, response) => {
    request.resume();
    respond(tokenOf(request)).then(
      (text) => response.end(text),
      () => response.writeHead(500).end(),
    );
  });
  const { port, close } = await listenOnLoopback(server, 0);
  const gate = await startAgentEndpoint({
    name: name.replaceAll('-', '_'),
    workloadName: name,
    inbound: { kind: 'IAM', userIdPrincipals: [] },
    target: { kind: 'url', url: `http://${LOOPBACK}:${port}/invocations` },
    service,
  });
  return {
    gate,
    close: async () => {
      await gate.close();
      await close();
    },
  };
}

const statusOf = (error: unknown): number => {
  if (error instanceof BedrockAgentCoreServiceException) return error.$metadata.httpStatusCode ?? 0;
  throw error;
};

export async function askOtherAgents(stage: Stage, report: Report): Promise<void> {
  const { sub, act: travel } = decodeJwt<TokenClaims>(stage.workloadAccessToken);
  const third = await startAgent(stage, 'archive-agent', 'family-agent', (token) =>
    Promise.resolve(JSON.stringify(decodeJwt(token))),
  );
  const second = await startAgent(stage, 'family-agent', travel.name, (token) => call(stage, third, token));
  try {
    const claims = JSON.parse(await call(stage, second, stage.workloadAccessToken)) as TokenClaims;
    report.check(claims.sub === sub, 'the token of the third agent names Ana');
    const agents = agentsIn(claims.act);
    report.check(
      agents.join() === ['archive-agent', 'family-agent', travel.name].join(),
      `its act claims name the agents, the last one outermost: ${agents.join(', then ')}`,
    );
    const entries = (await stage.audit.all()).filter(({ chain = [] }) => chain.length === 2);
    report.check(entries.length > 0, 'the audit log has the whole chain in each entry of the third agent');
    const denied = await call(stage, third, stage.workloadAccessToken).then(() => 200, statusOf);
    report.check(denied === 403, `the third agent, called by one that it does not list: ${denied}`);
  } finally {
    await second.close();
    await third.close();
  }
}
