/**
 * The two agents of the example that users ask, each behind its own gate: one in TypeScript, in this process, and one in
 * Python, if a suitable Python is installed. Each agent has its own workload identity, so a consent for one does not apply
 * to the other. The agent in TypeScript asks a third one (./briefing-agent.ts).
 */
import { principalOf } from '../../lambda/domain/principal';
import type { JwtInbound } from '../../lambda/domain/gate/agent-endpoint';
import { startAgentEndpoint } from '../../lib/local/agent-endpoint';
import { SettingError } from '../../lib/local/start-error';
import { serveAgent, type AgentOptions } from './agent';
import type { ExampleAgent } from './agent-invocation';
import { setUpCalendarProvider, setUpGateway, setUpWorkload } from './agent-setup';
import { startBriefingAgent } from './briefing-agent';
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
  /** Part of resource names, because resources for one set of ports do not fit another set. */
  readonly ports: { readonly application: number; readonly calendar: number };
  readonly server: LoopbackServer;
  /** Holds the port until the Python agent binds it. Undefined if the Python agent is not wanted. */
  readonly pythonServer: LoopbackServer | undefined;
  /** Ports of the gates. 0 selects free ports. */
  readonly gatePorts: readonly [number, number];
}

/** A running agent and its addresses. */
export interface RunningAgent extends ExampleAgent {
  readonly workloadName: string;
  readonly credentialProviderName: string;
  /** Its own address, which only its gate calls. */
  readonly url: string;
}

export interface Agents {
  readonly agent: RunningAgent;
  /** The Python agent. If it was requested but does not run: the reason and what to do. */
  readonly python: RunningAgent | PythonAgentError | undefined;
  readonly close: () => Promise<void>;
}

type AgentKind = Pick<ExampleAgent, 'id' | 'name' | 'note'> & {
  /** Prefix of the names of its workload identity and agent runtime. */
  readonly workload: string;
  /** The agent's name on the service's own pages. */
  readonly displayName: string;
};

const TYPESCRIPT: AgentKind = {
  id: 'typescript',
  name: 'calendar agent',
  note: "In TypeScript, with this project's client library",
  workload: 'calendar-agent',
  displayName: 'Calendar assistant',
};

const PYTHON: AgentKind = {
  id: 'python',
  name: 'calendar agent in Python',
  note: 'In Python, with the AWS SDK, as it would run on AgentCore Runtime',
  workload: 'calendar-agent-python',
  displayName: 'Calendar assistant in Python',
};

/** Starts the agents against the running service. Returns when each agent answers. */
export async function startAgents(options: AgentsOptions): Promise<Agents> {
  const { service, calendar, server, pythonServer } = options;
  const { identity, control } = serviceClients(service);
  const calendarProvider = providerName(options);
  const providerArn = await setUpCalendarProvider(control, calendar, calendarProvider);

  const closers: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(closers.splice(0).map((stop) => stop()));
  };
  try {
    const briefingAgent = await startBriefingAgent({
      service,
      identityProvider: options.identityProvider,
      workloadName: `briefing-agent-${options.ports.application}`,
      caller: workloadNameOf(options, TYPESCRIPT),
    });
    closers.push(briefingAgent.close);
    const { briefing } = briefingAgent;
    const atCalendar = usesGateway()
      ? await behindGateway(options, providerArn)
      : { eventsUrl: options.eventsUrl };
    serveAgent(server, { identity, calendarProvider, briefing, ...atCalendar });
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

/** @throws SettingError */
function usesGateway(): boolean {
  const text = process.env.EXAMPLE_GATEWAY ?? '';
  if (['', 'on', 'off'].includes(text)) return text === 'on';
  throw new SettingError(`EXAMPLE_GATEWAY must be "on" or "off". It is ${JSON.stringify(text)}.`);
}

/** Puts the calendar behind a gateway, for the agent in TypeScript. */
async function behindGateway(
  { service, eventsUrl, ports }: AgentsOptions,
  providerArn: string,
): Promise<Pick<AgentOptions, 'eventsUrl' | 'gatewayUrl'>> {
  const { origin, pathname } = new URL(eventsUrl);
  const gatewayUrl = await setUpGateway(serviceClients(service).control, {
    name: `examples-${ports.application}`,
    providerArn,
    url: origin,
  });
  return { gatewayUrl, eventsUrl: `${gatewayUrl}/calendar${pathname}` };
}

const workloadNameOf = ({ ports }: AgentsOptions, { workload }: AgentKind): string =>
  `${workload}-${ports.application}`;

const providerName = ({ ports }: AgentsOptions): string => `almanac-${ports.calendar}`;

/**
 * Creates an agent's workload identity, and starts a gate in front of the agent.
 *
 * @param closers receives the function that stops the gate
 */
async function putBehindGate(
  options: AgentsOptions,
  kind: AgentKind,
  url: string,
  gatePort: number,
  closers: (() => Promise<void>)[],
): Promise<RunningAgent> {
  const { service, returnUrl } = options;
  const { workload, displayName, ...agent } = kind;
  const workloadName = workloadNameOf(options, kind);
  const gateRole = principalOf(service.principals.gate.arn);
  await setUpWorkload(serviceClients(service).control, {
    name: workloadName,
    displayName,
    returnUrl,
    gateRole,
  });
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

/** @returns the reason why the agent does not run, or undefined if it runs */
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

/** Only users of the organization's identity provider can call the agent, and only through the application. */
function inboundOf({ discoveryUrl, clientId }: IdentityProvider): JwtInbound {
  return {
    kind: 'JWT',
    discoveryUrl,
    allowedAudience: [ASSISTANT_AUDIENCE],
    allowedClients: [clientId],
    allowedScopes: [ASSISTANT_SCOPE],
  };
}
