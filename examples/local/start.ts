/**
 * Starts the examples around the identity service: an identity provider, a calendar product with its authorization
 * server and API, the agents behind their gates, and the application for users.
 *
 * Starts in two steps, because each side needs the other's address: the providers must answer before the service starts
 * to trust them, and the agents, gates, and application need the running service.
 */
import { join } from 'node:path';
import { ALMANAC_ACCOUNTS, FERNHILL_ACCOUNTS, type ExampleAccount } from './accounts';
import type { ExampleAgent } from './agent-invocation';
import { startAgents, type Agents, type RunningAgent } from './agents';
import { startCalendarApi } from './calendar-api';
import { MCP_PATH } from './calendar-mcp';
import { startCalendarProvider } from './calendar-provider';
import { ASSISTANT_AUDIENCE, ASSISTANT_SCOPE, startIdentityProvider } from './identity-provider';
import { bindLoopback, type LoopbackServer } from './loopback-server';
import { OpenIdClient } from './openid-client';
import { setUpPortal } from './portal-setup';
import { serviceClients, type Service } from './service';
import { REDIRECT_PATH, RETURN_PATH, WebApp } from './web-app';

export interface PrepareOptions {
  /**
   * The first of eight consecutive ports, in this order: identity provider, calendar provider, calendar API, agent,
   * application, Python agent, gate of the agent, gate of the Python agent. 0 selects free ports.
   */
  readonly firstPort: number;
  /** The examples keep their state in `{dataDir}/examples`. */
  readonly dataDir: string;
}

export interface SignInName {
  readonly username: string;
  readonly password: string;
}

/** The addresses and names of all examples, for users and scripts. All of them are local and fictitious. */
export interface ExampleWorld {
  /** URL of the application to open. */
  readonly exampleApp: string;
  readonly identityProvider: {
    readonly issuer: string;
    readonly clientId: string;
    readonly clientSecret: string;
    readonly redirectUri: string;
    readonly scope: string;
    /** `aud` of the access tokens. */
    readonly audience: string;
    readonly users: readonly SignInName[];
  };
  readonly calendar: {
    readonly issuer: string;
    readonly discoveryUrl: string;
    readonly clientId: string;
    readonly clientSecret: string;
    /** RFC 7591, with the initial access token as bearer token. */
    readonly registrationEndpoint: string;
    readonly initialAccessToken: string;
    readonly scopes: readonly string[];
    readonly eventsUrl: string;
    /** Of its MCP server. */
    readonly mcpUrl: string;
    readonly users: readonly SignInName[];
  };
  /** The page on which users see and end the access of their agents. */
  readonly portal: { readonly url: string };
  readonly agent: AgentAddress;
  /** Absent when the Python agent does not run. */
  readonly pythonAgent?: AgentAddress;
  /** The reason why a requested Python agent does not run, and how to install it. */
  readonly pythonAgentMissing?: string;
}

export type AgentAddress = Omit<RunningAgent, keyof ExampleAgent> &
  Pick<ExampleAgent, 'invocationUrl'> & { readonly returnUrl: string };

export interface ConnectOptions {
  /** Whether to start the Python agent, if a suitable Python is installed. */
  readonly pythonAgent: boolean;
}

export interface Examples {
  /** The entry for `TRUSTED_ISSUERS` of the identity service. */
  readonly trustedIssuer: {
    readonly discoveryUrl: string;
    readonly allowedAudience: string[];
    readonly allowedClients: string[];
  };
  /** Starts the agents, gates, and application against the running service. */
  connect(service: Service, options: ConnectOptions): Promise<ExampleWorld>;
  close(): Promise<void>;
}

const signInName = ({ username, password }: ExampleAccount): SignInName => ({ username, password });

/** Binds `count` servers, or none: if a port is taken, the earlier servers are closed. */
async function bindAll(firstPort: number, count: number): Promise<LoopbackServer[]> {
  const servers: LoopbackServer[] = [];
  try {
    while (servers.length < count) {
      servers.push(await bindLoopback(firstPort === 0 ? 0 : firstPort + servers.length));
    }
    return servers;
  } catch (error) {
    await Promise.all(servers.map((server) => server.close()));
    throw error;
  }
}

/** The number of ports that the examples bind. The gates use the next two ports. */
const SERVERS = 6;

/**
 * Binds the ports and starts the two providers and the calendar API.
 *
 * @throws the system's error, with `code` `EADDRINUSE` and the `port`, when a port is taken.
 */
export async function prepareExamples({ firstPort, dataDir }: PrepareOptions): Promise<Examples> {
  const servers = await bindAll(firstPort, SERVERS);
  const [identityServer, calendarServer, apiServer, agentServer, appServer, pythonServer] = servers as [
    LoopbackServer,
    LoopbackServer,
    LoopbackServer,
    LoopbackServer,
    LoopbackServer,
    LoopbackServer,
  ];
  const redirectUri = `${appServer.origin}${REDIRECT_PATH}`;
  const postLogoutRedirectUri = `${appServer.origin}/`;
  const returnUrl = `${appServer.origin}${RETURN_PATH}`;
  const eventsUrl = `${apiServer.origin}/events`;
  const scope = `openid profile ${ASSISTANT_SCOPE}`;
  const stateFile = (name: string): string => join(dataDir, 'examples', `${name}.sealed`);

  const identityProvider = startIdentityProvider(identityServer, stateFile('identity-provider'), {
    redirectUri,
    postLogoutRedirectUri,
  });
  const mcpUrl = `${apiServer.origin}${MCP_PATH}`;
  const calendar = startCalendarProvider(
    calendarServer,
    stateFile('calendar-provider'),
    apiServer.origin,
    mcpUrl,
  );
  startCalendarApi(apiServer, {
    issuer: calendar.issuer,
    jwksUri: calendar.jwksUri,
    audience: apiServer.origin,
    mcpUrl,
  });
  let agents: Agents | undefined;

  return {
    trustedIssuer: {
      discoveryUrl: identityProvider.discoveryUrl,
      // The audience and the client of the ID tokens with which people sign in to the portal.
      allowedAudience: [ASSISTANT_AUDIENCE, identityProvider.portalClient.clientId],
      allowedClients: [identityProvider.clientId, identityProvider.portalClient.clientId],
    },
    connect: async (service, { pythonAgent }) => {
      agents = await startAgents({
        service,
        identityProvider,
        calendar,
        eventsUrl,
        returnUrl,
        ports: { application: appServer.port, calendar: calendarServer.port },
        server: agentServer,
        pythonServer: pythonAgent ? pythonServer : undefined,
        gatePorts: firstPort === 0 ? [0, 0] : [firstPort + SERVERS, firstPort + SERVERS + 1],
      });
      const { agent, python } = agents;
      const running = isRunning(python) ? ([agent, python] as const) : ([agent] as const);
      const { identity, control } = serviceClients(service);
      const portal = await setUpPortal(control, {
        endpoint: service.endpoint,
        identityProvider,
        ports: { application: appServer.port, identityProvider: identityServer.port },
        agents: running,
      });
      const { issuer, clientId, clientSecret } = identityProvider;
      const openId = new OpenIdClient({
        issuer,
        clientId,
        clientSecret,
        redirectUri,
        postLogoutRedirectUri,
        scope,
      });
      new WebApp({
        server: appServer,
        openId,
        identity,
        agents: running,
        portalUrl: portal.url,
        serviceOrigin: new URL(service.publicPages?.url ?? service.endpoint).origin,
      }).serve();
      return {
        exampleApp: appServer.origin,
        identityProvider: {
          issuer,
          clientId,
          clientSecret,
          redirectUri,
          scope,
          audience: ASSISTANT_AUDIENCE,
          users: FERNHILL_ACCOUNTS.map(signInName),
        },
        calendar: {
          issuer: calendar.issuer,
          discoveryUrl: calendar.discoveryUrl,
          clientId: calendar.clientId,
          clientSecret: calendar.clientSecret,
          registrationEndpoint: calendar.registrationEndpoint,
          initialAccessToken: calendar.initialAccessToken,
          scopes: ['calendar.read', 'calendar.write'],
          eventsUrl,
          mcpUrl,
          users: ALMANAC_ACCOUNTS.map(signInName),
        },
        portal,
        agent: addressOf(agent, returnUrl),
        ...(isRunning(python) && { pythonAgent: addressOf(python, returnUrl) }),
        ...(python instanceof Error && { pythonAgentMissing: python.message }),
      };
    },
    close: async () => {
      await agents?.close();
      await Promise.all(servers.map((server) => server.close()));
    },
  };
}

const isRunning = (agent: Agents['python']): agent is RunningAgent =>
  agent !== undefined && !(agent instanceof Error);

const addressOf = (
  { workloadName, credentialProviderName, invocationUrl, url }: RunningAgent,
  returnUrl: string,
): AgentAddress => ({ workloadName, credentialProviderName, invocationUrl, url, returnUrl });
