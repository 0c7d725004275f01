/** `agent-identity init`: each template in an empty folder, with the packed client library, from the command to a token. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { tsImport } from 'tsx/esm/api';
import { cleanEnvironment, npmInstall, run, writeFiles } from './consumer-folder.mjs';
import { withRunningService } from './running-service.mjs';

const ROOT = join(import.meta.dirname, '../..');
const CLIENT = '@modelcontextprotocol/client@2';
const EVENT = 'Orchard planning';

const CONNECT = `printf %s "$CALENDAR_INITIAL_ACCESS_TOKEN" |
  node_modules/.bin/agent-identity connect my-calendar --issuer "$CALENDAR_ISSUER" --initial-access-token`;

/** An MCP client that prints the URL of a consent, and repeats the call until it has the result. */
const MCP_CLIENT = `
import { setTimeout } from 'node:timers/promises';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
const client = new Client({ name: 'test', version: '1.0.0' }, { capabilities: { elicitation: { url: {} } } });
await client.connect(new StdioClientTransport({ command: 'npx', args: ['tsx', 'server.ts'], env: process.env }));
for (let result; result === undefined; await setTimeout(500)) {
  try {
    result = await client.callTool({ name: 'read' });
    console.log(result.content[0].text);
  } catch (error) {
    if (error.code !== -32042) throw error;
    console.log('Open this URL to allow access: ' + error.data.elicitations[0].url);
  }
}
await client.close();
`;

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

/** Signs in at the calendar, allows access, and returns to the program. */
async function allow(url, user) {
  const { Browser } = await tsImport('../../examples/demo/browser.ts', import.meta.url);
  const browser = new Browser();
  let page = await browser.go(url);
  while (!page.html.includes('Access is allowed')) {
    const fields = page.html.includes('name="decision"') ? { decision: 'allow' } : user;
    page = await browser.submit(page, fields);
  }
}

/** Runs a program, and returns its output. Its user consents at the first URL that it prints. */
async function outputOf([command, ...arguments_], { folder, env, user }) {
  const child = spawn(command, arguments_, { cwd: folder, env: { ...cleanEnvironment(), ...env } });
  let output = '';
  let consented;
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      output += text;
      const [, url] = /Open this URL to allow access: (\S+)\n/.exec(output) ?? [];
      // Without the consent, the program would wait for ten minutes.
      if (url) consented ??= allow(url, user).catch((error) => (child.kill(), (output += error.stack)));
    });
  }
  const [status] = await once(child, 'close');
  await consented;
  assert.equal(status, 0, output);
  return output;
}

/** The project has no compiler: the one of this repository checks its types. */
const assertTyped = (program, folder) =>
  run(
    process.execPath,
    [
      ...[join(ROOT, 'node_modules/typescript/bin/tsc'), program, '--ignoreConfig', '--noEmit', '--strict'],
      ...['--target', 'es2022', '--module', 'nodenext', '--skipLibCheck', '--resolveJsonModule'],
      ...['--types', 'node', '--typeRoots', join(ROOT, 'node_modules/@types')],
    ],
    folder,
  );

export async function checkInit({ report, packages, folder }) {
  await writeFiles(folder, { 'package.json': { private: true } });
  await npmInstall(folder, [packages['agent-identity-cli']]);
  const bin = join(folder, 'node_modules/.bin/agent-identity');
  await withRunningService(async ({ dataDir, ready }) => {
    const variables = JSON.parse(await run(bin, ['env', '--data-dir', dataDir, '--json'], folder));
    const [user] = ready.calendar.users;
    await run('sh', ['-c', CONNECT], folder, variables);
    /** Writes a project, and returns its folder, and what runs there. */
    const project = async (template, client) => {
      const options = {
        '--template': template,
        '--provider': 'my-calendar',
        '--scope': 'calendar.read',
        '--url': variables.CALENDAR_EVENTS_URL,
        '--return-url': `http://127.0.0.1:${await freePort()}/connected`,
        '--client': client,
      };
      const name = `my-${template}`;
      const args = ['init', name, '--json', ...Object.entries(options).flat()];
      const { commands } = JSON.parse(await run(bin, args, folder, variables));
      return { folder: join(folder, name), env: variables, user, commands };
    };
    const shell = (line) => ['sh', '-c', `exec ${line}`];

    /** Runs the commands that `init` prints, after `cd`; the last one runs the program. */
    const assertAgent = async (template, client) => {
      const { commands, ...agent } = await project(template, client);
      const lines = commands.slice(commands.findIndex((line) => line.startsWith('cd ')) + 1);
      for (const line of lines.slice(0, -1)) await run('sh', ['-c', line], agent.folder);
      if (template === 'typescript') await assertTyped('agent.ts', agent.folder);
      const first = await outputOf(shell(lines.at(-1)), agent);
      assert.match(first, /Open this URL to allow access: /);
      assert.ok(first.includes(EVENT), first);
      const second = await outputOf(shell(lines.at(-1)), agent);
      assert.ok(second.includes(EVENT) && !second.includes('Open this URL'), second);
    };

    const npm = packages['agent-identity-client'];
    const checks = [
      report.check('init typescript: a consent, and then the token of the user', () =>
        assertAgent('typescript', npm),
      ),
      report.check('init python: a consent, and then the token of the user', () =>
        assertAgent('python', packages.agent_identity_client),
      ),
      report.check('init mcp: a client shows the URL of the consent, and gets the result', async () => {
        const server = await project('mcp', npm);
        await writeFiles(server.folder, { 'client.mjs': MCP_CLIENT });
        await npmInstall(server.folder, [CLIENT]);
        await assertTyped('server.ts', server.folder);
        const output = await outputOf(['node', 'client.mjs'], server);
        assert.match(output, /Open this URL to allow access: /);
        assert.ok(output.includes(EVENT), output);
      }),
    ];
    await Promise.all(checks);
  });
}
