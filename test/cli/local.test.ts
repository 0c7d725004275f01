/** `agent-identity local` as a program. */
import { execFileSync } from 'node:child_process';
import { createServer } from 'node:http';
import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { listenOnLoopback } from '../../lib/local/loopback-server';
import { Programs, type Program } from '../local/program';
import { runCommand } from './command-under-test';
import { temporaryFolder } from '../environment/temporary-folder';

let home: string;
const programs = new Programs();

beforeEach(() => {
  home = temporaryFolder('cli');
});

afterEach(() => {
  programs.kill();
});

const start = (args: string[] = [], env: Record<string, string> = {}): Program =>
  programs.startCommand(['local', ...args], { HOME: home, ...env });

it('keeps its state in a private folder in the home folder, and prints its path', async () => {
  const program = start();
  const ready = await program.ready();
  const folder = join(home, '.agent-identity/local');
  for (const path of [join(home, '.agent-identity'), folder]) {
    expect([path, (await stat(path)).mode & 0o777]).toEqual([path, 0o700]);
  }
  expect(program.stdout).toContain(folder);
  expect(program.stdout).toContain(`--endpoint-url ${ready.endpoint}`);
  expect(Object.keys(ready)).toEqual([
    'ready',
    'endpoint',
    'region',
    'accountId',
    'principals',
    'gateways',
    'awsEndpoints',
  ]);
  program.child.kill('SIGTERM');
  expect(await program.ended).toBe(0);
  expect(program.stdout).toMatch(/\nagent-identity has stopped\. Its state is kept\.\n$/);
  expect(program.stderr).toBe('');
});

it('prints lines that set the environment of the other commands', async () => {
  const program = start();
  await program.ready();
  const lines = program.stdout.split('\n').filter((line) => /^ *export /.test(line));
  const print = 'echo "$AGENT_IDENTITY_ENDPOINT $AWS_REGION $AWS_ACCESS_KEY_ID $AWS_SECRET_ACCESS_KEY"';
  const values = execFileSync('bash', ['-c', [...lines, print].join('\n')], {
    encoding: 'utf8',
    env: {},
    // With a socket as stdin, bash takes itself for a remote shell, and reads files of the user.
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [endpoint = '', region = '', accessKeyId = '', secretAccessKey = ''] = values.trim().split(' ');
  const { status } = await runCommand(['agent', 'list', '--all'], {
    env: {
      AGENT_IDENTITY_ENDPOINT: endpoint,
      AWS_REGION: region,
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
    },
  });
  expect(status).toBe(0);
});

it('prints only the JSON line with --json', async () => {
  const folder = join(home, 'state');
  const program = start(['--json', '--data-dir', folder], { DATA_DIR: join(home, 'other') });
  await program.ready();
  await program.stop();
  expect(program.stdout).toMatch(/^\{"ready":true[^\n]*\}\n$/);
  expect((await stat(folder)).isDirectory()).toBe(true);
  await expect(stat(join(home, 'other'))).rejects.toThrow('ENOENT');
});

it('reads the settings of npm start from the environment', async () => {
  const folder = join(home, 'state');
  const program = start([], { DATA_DIR: folder });
  await program.ready();
  expect(program.stdout).toContain(folder);
});

it.each<[name: string, args: string[], env: Record<string, string>, line: RegExp]>([
  ['a port that is not a number', ['--port', 'http'], {}, /^--port must be a number/],
  ['a port out of range', ['--port', '70000'], {}, /^--port must be a number/],
  ['PORT in the environment that is not a number', [], { PORT: 'http' }, /^PORT must be a number/],
  [
    'trusted issuers that are not JSON',
    ['--trusted-issuers', '['],
    {},
    /^--trusted-issuers is not valid: trustedIssuers must be JSON/,
  ],
])('prints one line for %s, and ends with status 2', async (_name, args, env, line) => {
  const program = start(args, env);
  expect(await program.ended).toBe(2);
  expect(program.stdout).toBe('');
  expect(program.stderr).toMatch(line);
  expect(program.stderr.trimEnd()).not.toContain('\n');
});

it('names a taken port by the option or variable that set it, and leaves no data folder behind', async () => {
  const taken = await listenOnLoopback(createServer(), 0);
  const port = String(taken.port);
  const ended = async (program: Program): Promise<string> => {
    expect(await program.ended).toBe(1);
    return program.stderr;
  };
  // Which port it proposes depends on the tests that run at the same time.
  const line = `^Port ${port} is taken\\. Stop the program that uses it, or set another port: `;
  expect(await ended(start(['--port', port]))).toMatch(new RegExp(`${line}--port \\d+\n$`));
  expect(await ended(start([], { PORT: port }))).toMatch(new RegExp(`${line}PORT=\\d+\n$`));
  await taken.close();
  await expect(stat(join(home, '.agent-identity'))).rejects.toThrow('ENOENT');
});

it('does not use a data folder that contains other files', async () => {
  await mkdir(join(home, '.agent-identity/local/photos'), { recursive: true });
  const program = start();
  expect(await program.ended).toBe(1);
  expect(program.stderr).toBe(
    `${join(home, '.agent-identity/local')} contains other files. Set --data-dir to a new or empty folder.\n`,
  );
});
