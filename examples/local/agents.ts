/**
 * The two agents of the example, each behind a gate of its own: one in TypeScript, in this process, and one in Python,
 * where there is a Python for it. Each has a workload identity of its own, so what a user allows the one is nothing to
 * the other.
 */
import { principalOf } from '../../lambda/domain/principal';
import type { JwtInbound } from '../../lambda/domain/gate/agent-endpoint';
import { startAgentEndpoint } from '../../lib/local/agent-endpoint';
import { serveAgent } from './agent';
import type { ExampleAgent } from './agent-invocation';
import { setUpCalendarProvider, setUpWorkload } from './agent-setup';
import type { CalendarProvider } from './calendar-provider';
import { ASSISTANT_AUDIENCE, ASSISTANT_SCOPE, type IdentityProvider } from './identity-provider';
import type { LoopbackServer } from './loopback-server';
import { PythonAgentError, startPythonAgent } from './python-agent';
import { serviceClients, type Service } from './service';

export interface AgentsOptions {
  readonly service: Service;
  readonly identityProvider: IdentityProvider;
  readonly calendar: CalendarProvider;
  /** Of the calendar API. */
  readonly eventsUrl: string;
  /** Of the application. */
  readonly returnUrl: string;
  /** Told apart in names: what is created for one set of ports does not fit another. */
  readonly ports: { readonly application: number; readonly calendar: number };
  readonly server: LoopbackServer;
  /** Held until the agent in Python takes its port; undefined where it is not wanted. */
  readonly pythonServer: LoopbackServer | undefined;
  /** Of the gates; 0 for ones that are free. */
  readonly gatePorts: readonly [number, number];
}

/** An agent that runs, and where. */
export interface RunningAgent extends ExampleAgent {
  readonly workloadName: string;
  readonly credentialProviderName: string;
  /** Its own address, which only its gate calls. */
  readonly url: string;
}

export interface Agents {
  readonly agent: RunningAgent;
  /** The one in Python; else why it does not run and what to do about it, where that was asked for. */
  readonly python: RunningAgent | PythonAgentError | undefined;
  readonly close: () => Promise<void>;
}

type AgentKind = Pick<ExampleAgent, 'id' | 'name' | 'note'> & {
  /** What the names of its workload identity and its agent runtime begin with. */
  readonly workload: string;
};

const TYPESCRIPT: AgentKind = {
  id: 'typescript',
  name: 'calendar agent',
  note: "In TypeScript, with this project's client library",
  workload: 'calendar-agent',
};

const PYTHON: AgentKind = {
  id: 'python',
  name: 'calendar agent in Python',
  note: "On AWS's SDK, as it would run on AgentCore Runtime",
  workload: 'calendar-agent-python',
};

/** Starts the agents against the running service; each answers when this returns. */
export async function startAgents(options: AgentsOptions): Promise<Agents> {
  const { service, calendar, server, pythonServer } = options;
  const { identity, control } = serviceClients(service);
  const calendarProvider = providerName(options);
  await setUpCalendarProvider(control, calendar, calendarProvider);
  serveAgent(server, { identity, calendarProvider, eventsUrl: options.eventsUrl });

  const closers: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(closers.splice(0).map((stop) => stop()));
  };
  try {
    const [gatePort, pythonGatePort] = options.gatePorts;
    const agent = await putBehindGate(options, TYPESCRIPT, server.origin, gatePort, closers);
    if (pythonServer === undefined) return { agent, python: undefined, close };
    const missing = await runInPython(options, pythonServer, closers);
    if (missing !== undefined) return { agent, python: missing, close };
    const python = await putBehindGate(options, PYTHON, pythonServer.origin, pythonGatePort, closers);
    return { agent, python, close };
  } catch (error) {
    await close();
    throw error;
  }
}

const providerName = ({ ports }: AgentsOptions): string => `almanac-${ports.calendar}`;

/**
 * Gives an agent its identity, and starts a gate that leads to it.
 *
 * @param closers gets what stops the gate
 */
async function putBehindGate(
  options: AgentsOptions,
  { workload, ...agent }: AgentKind,
  url: string,
  gatePort: number,
  closers: (() => Promise<void>)[],
): Promise<RunningAgent> {
  const { service, returnUrl } = options;
  const workloadName = `${workload}-${options.ports.application}`;
  const gateRole = principalOf(service.principals.gate.arn);
  await setUpWorkload(serviceClients(service).control, { name: workloadName, returnUrl, gateRole });
  const { invocationUrl, close } = await startAgentEndpoint({
    service,
    port: gatePort,
    name: workload.replaceAll('-', '_'),
    workloadName,
    inbound: inboundOf(options.identityProvider),
    target: { kind: 'url', url: `${url}/invocations` },
    oauth2CallbackUrl: returnUrl,
  });
  closers.push(close);
  return { ...agent, workloadName, credentialProviderName: providerName(options), invocationUrl, url };
}

/** @returns why it does not run; undefined when it does */
async function runInPython(
  options: AgentsOptions,
  held: LoopbackServer,
  closers: (() => Promise<void>)[],
): Promise<PythonAgentError | undefined> {
  const { port } = held;
  await held.close();
  try {
    const { service, eventsUrl } = options;
    const agent = await startPythonAgent({
      ...service,
      port,
      calendarProvider: providerName(options),
      eventsUrl,
    });
    closers.push(agent.close);
    return undefined;
  } catch (error) {
    if (error instanceof PythonAgentError) return error;
    throw error;
  }
}

/** Users of the organization's identity provider may call it by the application, and no one else. */
function inboundOf({ discoveryUrl, clientId }: IdentityProvider): JwtInbound {
  return {
    kind: 'JWT',
    discoveryUrl,
    allowedAudience: [ASSISTANT_AUDIENCE],
    allowedClients: [clientId],
    allowedScopes: [ASSISTANT_SCOPE],
  };
}
