/**
 * Clients that know only the URL of an MCP server behind the gate: they find the authorization server, register, log in
 * their user, and call a tool that needs the user's consent.
 */
import assert from 'node:assert/strict';
import type { Checks } from '../deployed/checks';
import { federated, identityClient } from '../flows/client/agent-code';
import { startMcpServer } from '../flows/client/mcp-server';
import { startMcpServerVersion2 } from '../flows/client/mcp-server-version-2';
import { openMcpEndpoint, startSignIn } from '../flows/gate/mcp-endpoint';
import type { Opened } from '../flows/gate/endpoints';
import { Browser } from '../flows/support/browser';
import { signInAndConsent, type TestProvider } from '../flows/support/provider';
import type { World } from '../flows/support/world';
import { runClient, type Course } from './python-client';
import { tableOf } from './table';

/** Paths of Python by the name of the environment. */
export type Pythons = Readonly<Record<'fastmcp' | 'langchain' | 'strands', string>>;

/** `modern` clients speak revision 2026-07-28 with a server that does. */
const CLIENTS = [
  { name: 'Python SDK 2', program: 'python_sdk', environment: 'fastmcp', modern: true },
  { name: 'Python SDK 1', program: 'python_sdk_1', environment: 'langchain', modern: false },
  { name: 'FastMCP', program: 'fastmcp_client', environment: 'fastmcp', modern: true },
  { name: 'LangChain', program: 'langchain_client', environment: 'langchain', modern: false },
  { name: 'Strands', program: 'strands_client', environment: 'strands', modern: true },
] as const;

type Client = (typeof CLIENTS)[number];

/** A server whose tool needs consent, behind an endpoint. */
interface Server {
  readonly name: string;
  readonly endpoint: Opened;
  /** How each client gets the link. */
  readonly link: (client: Client) => string;
  close(): Promise<void>;
}

async function serverVersion1(world: World, signIn: TestProvider): Promise<Server> {
  const server = await startMcpServer(() => federated(world, endpoint.agent));
  const endpoint = await openMcpEndpoint(world, signIn, server.url, ['a']);
  return {
    name: 'TypeScript SDK 1',
    endpoint,
    link: () => '-32042',
    async close() {
      await endpoint.close();
      await server.close();
    },
  };
}

async function serverVersion2(world: World, signIn: TestProvider): Promise<Server> {
  const server = await startMcpServerVersion2(() => {
    const token = federated(world, endpoint.agent);
    return { token, inner: token, key: { identity: identityClient(world), providerName: 'none' } };
  });
  const endpoint = await openMcpEndpoint(world, signIn, server.url, ['a']);
  return {
    name: 'TypeScript SDK 2',
    endpoint,
    link: ({ modern }) => (modern ? 'input_required' : '-32042'),
    async close() {
      await endpoint.close();
      await server.close();
    },
  };
}

class Login {
  constructor(
    private readonly world: World,
    private readonly signIn: TestProvider,
    private readonly redirectUri: string,
  ) {}

  /** The client calls the tool for a new user, who has not consented. */
  async run(client: Client, python: string, { name, endpoint }: Server, course: Course): Promise<void> {
    const login = `${client.program}-${name.replaceAll(' ', '-')}`;
    const browser = new Browser();
    const user = {
      signIn: async (url: string): Promise<URL> =>
        new URL((await signInAndConsent(browser, url, login, this.redirectUri)).url),
      consent: async (link: string): Promise<void> => {
        const back = await endpoint.agent.consent(link, login, browser);
        await endpoint.agent.complete(back, { userToken: this.userToken() });
      },
    };
    await runClient(python, client.program, [endpoint.invocationUrl, this.redirectUri], user, course);
  }

  /** The token that the client got in its login. */
  private userToken(): string {
    return String(this.signIn.exchanges.at(-1)?.answer.access_token);
  }

  /** The access token that the provider issued last. */
  get issued(): unknown {
    return this.world.provider.exchanges.at(-1)?.answer.access_token;
  }
}

const rowOf = (client: Client, server: Server, course: Course, token: unknown): string[] => [
  client.name,
  course.packages.join(', '),
  server.name,
  course.logins === 1 ? 'ok' : `${course.logins} logins`,
  course.links.join(', ') || 'none',
  course.result !== undefined && course.result === token ? 'ok' : 'none',
];

/** @param redirectPort port at which the clients listen for their user's browser, one after the other */
export async function checkClients(
  checks: Checks,
  world: World,
  pythons: Pythons,
  redirectPort: number,
): Promise<void> {
  checks.chapter('Clients that log in and call a tool that needs consent');
  const redirectUri = `http://127.0.0.1:${redirectPort}/callback`;
  const signIn = await startSignIn();
  signIn.allowRedirect(redirectUri);
  const servers = [await serverVersion1(world, signIn), await serverVersion2(world, signIn)];
  const login = new Login(world, signIn, redirectUri);
  const rows: string[][] = [];
  try {
    for (const server of servers) {
      for (const client of CLIENTS) {
        const course: Course = { logins: 0, links: [], result: undefined, packages: [] };
        await checks.check(`${client.name} at a server with the ${server.name}`, async () => {
          await login.run(client, pythons[client.environment], server, course);
          assert.deepEqual([course.logins, course.links], [1, [server.link(client)]]);
          assert.equal(course.result, login.issued);
        });
        rows.push(rowOf(client, server, course, login.issued));
      }
    }
    checks.remark(`\n${tableOf(['client', 'packages', 'server', 'login', 'link', 'token'], rows)}`);
  } finally {
    await Promise.all(servers.map((server) => server.close()));
    await signIn.close();
  }
}
