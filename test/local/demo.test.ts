/** `npm run demo` as a program: all 20 steps in order, no secrets in its output, and its failure. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { temporaryFolder } from '../environment/temporary-folder';

const ROOT = resolve(__dirname, '../..');

/** The lanes of the flow's diagram and their steps. */
const STEPS: readonly (readonly [lane: string, what: string])[] = [
  ['user', 'signs in with OAuth/OIDC and passes the token to the application'],
  ['application', 'processes the sign-in'],
  ['user', 'asks for something that needs a resource'],
  ['application', "authorizes the request with the user's token"],
  ['agent service', "requests the agent's access token"],
  ['identity', "validates the user's token and issues the agent's access token"],
  ['agent service', 'invokes the agent'],
  ['agent', 'requests a resource access token'],
  ['identity', 'requests user authentication with the resource'],
  ['agent service', "returns the resource's authentication URL"],
  ['application', "redirects to the resource's authentication URL"],
  ['user', 'authenticates with the third-party resource'],
  ['third-party resource', 'validates the credentials and issues a resource access token'],
  ['identity', 'stores and returns the resource access token'],
  ['agent', 'requests data from the resource'],
  ['third-party resource', 'validates the token and returns the data'],
  ['agent', 'assembles the response'],
  ['agent service', 'returns the response to the application'],
  ['application', 'displays the response'],
  ['user', 'done'],
];

interface Played {
  readonly status: number;
  readonly output: string;
}

/** For both runs, so that the second one finds the code that the first one has compiled. */
const folder = temporaryFolder('demo-test');

/** Runs the command from package.json, with a preloaded module. */
async function play(preload: string, env: Record<string, string> = {}): Promise<Played> {
  const { scripts } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  const [node, ...arguments_] = (scripts.demo ?? '').replace(/^exec /, '').split(' ');
  expect(node).toBe('node');
  const child = spawn(process.execPath, ['--require', preload, ...arguments_], {
    cwd: ROOT,
    env: { PATH: process.env.PATH, TMPDIR: folder, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  }
  const [status] = (await once(child, 'close')) as [number];
  return { status, output };
}

const stepsIn = (output: string): string[] =>
  [...output.matchAll(/^ ┃ +(?<number>\d+ {2}.*)$/gm)].map(({ groups }) => groups?.number ?? '');

const titleOf = ([lane, what]: readonly [string, string], number: number): string =>
  `${number}  ${lane}  ${what}`;

describe('npm run demo', () => {
  it('runs all 20 steps, and prints no secrets', async () => {
    const secretsFile = join(folder, 'secrets.json');
    const { status, output } = await play(join(__dirname, 'demo-secrets.cjs'), { DEMO_SECRETS: secretsFile });

    expect(output).not.toContain('✗');
    expect(status).toBe(0);
    expect(stepsIn(output)).toEqual(STEPS.map((step, index) => titleOf(step, index + 1)));
    expect(output).toMatch(
      /act claims name the agents, .*: archive-agent, then family-agent, then calendar-/,
    );
    expect(output).toContain('All 20 steps succeeded');
    // Each step has printed at least one verified fact.
    for (const step of output.split(/^ ┃ +\d+ {2}/m).slice(1)) expect(step).toMatch(/[✓·→]/);

    const secrets = JSON.parse(await readFile(secretsFile, 'utf8')) as Record<string, string[]>;
    for (const kind of [
      ...['bearer', 'basic', 'WorkloadAccessToken', 'cookie', 'code', 'state', 'nonce', 'password'],
      ...['access_token', 'refresh_token', 'id_token', 'code_verifier', 'csrf_token', 'authorizationUrl'],
      ...['workloadAccessToken', 'userToken', 'accessToken', 'customState', 'sessionUri', 'request_uri'],
    ]) {
      expect([kind, secrets[kind]?.length]).not.toEqual([kind, undefined]);
    }
    for (const [kind, values] of Object.entries(secrets)) {
      for (const value of values) expect([kind, output.includes(value)]).toEqual([kind, false]);
    }
    // Anything else that looks like a token.
    expect(output).not.toMatch(/\bey[\w-]{16,}/);
    // No files remain.
    expect((await readdir(folder)).filter((name) => name.startsWith('agent-identity'))).toEqual([]);
  });

  it('reports the failed step, ends with status 1, and keeps the log', async () => {
    const preload = join(folder, 'no-token.cjs');
    // The application does not send the user token to the gate.
    await writeFile(
      preload,
      `const send = globalThis.fetch;
       globalThis.fetch = (url, options) => {
         if (String(url).includes('/runtimes/')) delete options.headers.authorization;
         return send(url, options);
       };`,
    );
    const { status, output } = await play(preload);
    expect(status).toBe(1);
    expect(stepsIn(output)).toEqual(STEPS.slice(0, 4).map((step, index) => titleOf(step, index + 1)));
    expect(output).toMatch(/✗ .+\n\n {2}The demo stopped at the step above\./);
    const [, log] = /Log of the service: (.*)/.exec(output) ?? [];
    expect(await readFile(log ?? '', 'utf8')).toContain('The demo failed');
  });
});
