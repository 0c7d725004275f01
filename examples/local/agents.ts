/**
 * The two agents of the example, each behind a gate of its own: one in TypeScript, in this process, and one in Python,
 * where there is a Python for it. Each has a workload identity of its own, so what a user allows the one is nothing to
 * the other.
 */
import { principalOf } from '../../lambda/domain/identity/principal';
import type { JwtInbound } from '../../lambda/domain/inbound/agent-endpoint';
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

const TYPESCRIPT = {
  id: 'typescript',
  name: 'calendar agent',
  note: 'In TypeScript, with this project’s client library',
  workload: 'calendar-agent',
} as const;

const PYTHON = {
  id: 'python',
  name: 'calendar agent in Python',
  note: 'On AWS’s SDK, as it would run on AgentCore Runtime',
  workload: 'calendar-agent-python',
} as const;

/** Starts the agents against the running service; each answers when this returns. */
export async function startAgents(options: AgentsOptions): Promise<Agents> {
  const { service, calendar, eventsUrl, ports, server, pythonServer, gatePorts } = options;
  const { identity, control } = serviceClients(service);
  const calendarProvider = `almanac-${ports.calendar}`;
  await setUpCalendarProvider(control, calendar, calendarProvider);
  const closers: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(closers.splice(0).map((stop) => stop()));
  };

  const running = async (
    { workload, ...agent }: typeof TYPESCRIPT | typeof PYTHON,
    url: string,
    gatePort: number,
  ): Promise<RunningAgent> => {
    const name = `${workload}-${ports.application}`;
    await setUpWorkload(control, {
      name,
      returnUrl: options.returnUrl,
      gateRole: principalOf(service.principals.gate.arn),
    });
    const gate = await startAgentEndpoint({
      service,
      port: gatePort,
      name: workload.replaceAll('-', '_'),
      workloadName: name,
      inbound: inboundOf(options.identityProvider),
      target: { kind: 'url', url: `${url}/invocations` },
      oauth2CallbackUrl: options.returnUrl,
    });
    closers.push(gate.close);
    return {
      ...agent,
      workloadName: name,
      credentialProviderName: calendarProvider,
      invocationUrl: gate.invocationUrl,
      url,
    };
  };

  const inPython = async (held: LoopbackServer): Promise<RunningAgent | PythonAgentError> => {
    const { port, origin } = held;
    await held.close();
    try {
      const python = await startPythonAgent({ ...service, port, calendarProvider, eventsUrl });
      closers.push(python.close);
      return await running(PYTHON, origin, gatePorts[1]);
    } catch (error) {
      if (error instanceof PythonAgentError) return error;
      throw error;
    }
  };

  serveAgent(server, { identity, calendarProvider, eventsUrl });
  try {
    const agent = await running(TYPESCRIPT, server.origin, gatePorts[0]);
    const python = pythonServer && (await inPython(pythonServer));
    return { agent, python, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Users of the organisation's identity provider may call it by the application, and nobody else. */
function inboundOf({ discoveryUrl, clientId }: IdentityProvider): JwtInbound {
  return {
    kind: 'JWT',
    discoveryUrl,
    allowedAudience: [ASSISTANT_AUDIENCE],
    allowedClients: [clientId],
    allowedScopes: [ASSISTANT_SCOPE],
  };
}
