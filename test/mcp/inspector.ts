/**
 * The command line of the MCP Inspector at a gateway with two servers: it signs its user in once, and each server needs its
 * own consent.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import type { Checks } from '../deployed/checks';
import { startSignIn } from '../flows/gate/mcp-endpoint';
import { oauth, openGateway } from '../flows/gateway/gateways';
import { TestMcpServer } from '../flows/gateway/mcp-server';
import { Browser } from '../flows/support/browser';
import { signInAndConsent, type TestProvider } from '../flows/support/provider';
import type { World } from '../flows/support/world';

/** Paths. */
export interface Inspector {
  readonly node: string;
  readonly program: string;
}

/** What it prints with `--format json`. */
interface Printed {
  readonly result: {
    readonly tools?: readonly { readonly name: string }[];
    readonly content?: readonly { readonly text: string }[];
  };
}

/**
 * `modern` is revision 2026-07-28. With `legacy`, the command line of Inspector 2.12.0 ends without a message at error -32042.
 */
type Era = 'modern' | 'legacy';

/** Milliseconds for one command. */
const TIMEOUT_MS = 60_000;

/** The command signs in only at a terminal. Its setting for other places opens the browser of this machine. */
const WITH_TERMINAL = ['--import', 'data:text/javascript,process.stdin.isTTY = true'];

class Commands {
  logins = 0;
  readonly browser = new Browser();

  constructor(
    private readonly inspector: Inspector,
    private readonly url: string,
    private readonly redirectUri: string,
    /** For what it stores, such as the tokens of the user. */
    private readonly folder: string,
  ) {}

  async run(era: Era, ...arguments_: readonly string[]): Promise<Printed['result']> {
    const { node, program } = this.inspector;
    const server = ['--server-url', this.url, '--callback-url', this.redirectUri, '--protocol-era', era];
    const command = [...WITH_TERMINAL, program, ...server, '--format', 'json', ...arguments_];
    const child = spawn(node, command, {
      env: {
        ...process.env,
        HOME: this.folder,
        MCP_STORAGE_DIR: this.folder,
        MCP_INSPECTOR_SECRET_STORE: 'file',
        MCP_AUTO_OPEN_ENABLED: 'false',
      },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: TIMEOUT_MS,
    });
    const ended = once(child, 'close');
    const printed = text(child.stdout);
    let messages = '';
    for await (const line of createInterface({ input: child.stderr })) {
      messages += `${line}\n`;
      const [, signInUrl] = /^Please navigate to: (\S+)/.exec(line) ?? [];
      if (signInUrl !== undefined) await this.signIn(signInUrl);
    }
    await ended;
    const output = await printed;
    if (output === '') throw new Error(`The Inspector printed no result:\n${messages}`);
    return (JSON.parse(output) as Printed).result;
  }

  call(era: Era, tool: string): Promise<string> {
    return this.run(era, '--method', 'tools/call', '--tool-name', tool).then(
      ({ content: [block] = [] }) => block?.text ?? '',
    );
  }

  private async signIn(url: string): Promise<void> {
    this.logins += 1;
    const { url: back } = await signInAndConsent(this.browser, url, 'ana', this.redirectUri);
    await (await fetch(back)).text();
  }
}

/** An MCP server with one tool, and the agent whose credential provider it needs. */
async function newServer(world: World, tool: string) {
  const server = await TestMcpServer.start(tool);
  const mcpToolSchema = { inlinePayload: JSON.stringify({ tools: server.tools }) };
  return { server, mcpToolSchema, agent: await world.agent() };
}

async function openServers(world: World, { discoveryUrl }: TestProvider) {
  const [notes, mail] = [await newServer(world, 'list'), await newServer(world, 'send')];
  // The audience of the tokens is the URL of the gateway.
  const authorizer = { discoveryUrl, allowedAudience: undefined, allowedScopes: ['a'] };
  const gateway = await openGateway(world, 'CUSTOM_JWT', { protocolType: 'MCP', authorizer });
  for (const [name, { server, mcpToolSchema, agent }] of Object.entries({ notes, mail })) {
    await gateway.mcpServer(name, server.endpoint, { mcpToolSchema, credential: oauth(agent.providerName) });
  }
  return { notes, mail, url: gateway.url };
}

/** @param redirectPort port at which the Inspector listens for the user's browser */
export async function checkInspector(
  checks: Checks,
  world: World,
  inspector: Inspector,
  redirectPort: number,
): Promise<void> {
  checks.chapter('The MCP Inspector at a gateway with two servers');
  const redirectUri = `http://127.0.0.1:${redirectPort}/oauth/callback`;
  const folder = await mkdtemp(join(tmpdir(), 'agent-identity-inspector-'));
  const signIn = await startSignIn();
  signIn.allowRedirect(redirectUri);
  const { notes, mail, url } = await openServers(world, signIn);
  const commands = new Commands(inspector, url, redirectUri, folder);
  try {
    await checks.check('lists the tools of both after one login', async () => {
      const { tools = [] } = await commands.run('modern', '--method', 'tools/list');
      assert.deepEqual(
        tools.map(({ name }) => name),
        ['mail___send', 'notes___list'],
      );
      assert.equal(commands.logins, 1);
    });
    for (const [tool, { server, agent }] of [
      ['notes___list', notes],
      ['mail___send', mail],
    ] as const) {
      await checks.check(`gets a link, and calls ${tool} after the consent`, async () => {
        const [link] = /https?:\S+/.exec(await commands.call('modern', tool)) ?? [];
        const userToken = String(signIn.exchanges.at(-1)?.answer.access_token);
        await agent.complete(await agent.consent(link, 'ana', commands.browser), { userToken });
        assert.match(await commands.call('legacy', tool), /^\w+ done$/);
        const granted = String(world.provider.exchanges.at(-1)?.answer.access_token);
        assert.deepEqual(server.authorizations, [`Bearer ${granted}`]);
        assert.equal(commands.logins, 1);
      });
    }
  } finally {
    await signIn.close();
    await rm(folder, { recursive: true, force: true });
  }
}
