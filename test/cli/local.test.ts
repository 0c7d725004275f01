/** `agent-identity local` as a program. */
import { execFileSync, spawn } from 'node:child_process';
import { createServer } from 'node:http';
import { chmod, mkdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Browser } from '../../examples/demo/browser';
import { ALMANAC_ACCOUNTS } from '../../examples/local/accounts';
import { listenOnLoopback } from '../../lib/local/loopback-server';
import { freePorts } from '../local/free-ports';
import { AGENT_IDENTITY, Programs, type Program } from '../local/program';
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

/** The members of the variables that every service has. */
const NAMES = [
  'AGENT_IDENTITY_ENDPOINT',
  'AWS_REGION',
  'AWS_DEFAULT_REGION',
  'AWS_ACCESS_KEY_ID',
  'AWS_SECRET_ACCESS_KEY',
  'SERVICE_LOG',
];

it('keeps its state in a private folder in the home folder, and prints its path', async () => {
  const program = start();
  await program.announced();
  const folder = join(home, '.agent-identity/local');
  for (const path of [join(home, '.agent-identity'), folder]) {
    expect([path, (await stat(path)).mode & 0o777]).toEqual([path, 0o700]);
  }
  expect(program.stdout).toContain(folder);
  expect(program.stdout).toMatch(/\n {2}eval "\$\(agent-identity env\)"\n\n$/);
  program.child.kill('SIGTERM');
  expect(await program.ended).toBe(0);
  expect(program.stdout).toMatch(/\nagent-identity has stopped\. Its state is kept\.\n$/);
  expect(program.stderr).toBe('');
});

describe('env', () => {
  const environment = (args: string[] = [], env: Record<string, string> = {}) =>
    runCommand(['env', ...args], { env: { HOME: home, ...env } });

  /** Returns what a shell has after it has evaluated the lines. */
  function evaluated(lines: string): string[] {
    const print = NAMES.map((name) => `printenv ${name}`).join('\n');
    return execFileSync(
      'bash',
      ['-c', `${lines}\n${print}\nprintenv AWS_PROFILE AWS_SESSION_TOKEN || true`],
      {
        encoding: 'utf8',
        env: { PATH: process.env.PATH, AWS_PROFILE: 'other', AWS_SESSION_TOKEN: 'other' },
        // With a socket as stdin, bash takes itself for a remote shell, and reads files of the user.
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    )
      .trimEnd()
      .split('\n');
  }

  it('prints lines that set the environment of other commands, as long as the service runs', async () => {
    const program = start();
    await program.announced();
    const { status, stdout, stderr } = await environment();
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const values = evaluated(stdout);
    const env = Object.fromEntries(NAMES.map((name, index) => [name, values[index] ?? '']));
    expect(values).toHaveLength(NAMES.length);
    expect(await runCommand(['agent', 'list', '--all'], { env })).toMatchObject({ status: 0 });
    expect(JSON.parse((await environment(['--json'])).stdout)).toEqual(env);
    await program.stop();
    expect(await environment()).toEqual({
      status: 1,
      stdout: '',
      stderr: expect.stringMatching(
        /^No service runs with the data folder .*\. Start one with agent-identity local/,
      ) as string,
    });
  });

  it('finds a service by its data folder, whose file only the owner can read', async () => {
    const folder = join(home, "a 'folder'");
    const program = start([], { DATA_DIR: folder });
    await program.announced();
    expect((await stat(join(folder, 'running.json'))).mode & 0o777).toBe(0o600);
    expect(await environment()).toMatchObject({ status: 1 });
    const { stdout } = await environment(['--data-dir', folder]);
    expect(evaluated(stdout).at(-1)).toBe(join(folder, 'service.log'));
    expect(await environment([], { DATA_DIR: folder })).toMatchObject({ status: 0, stdout });
    // The printed line names this folder.
    const printed = /eval "\$\(agent-identity env (.*)\)"/.exec(program.stdout)?.[1] ?? '';
    const args = execFileSync('bash', ['-c', `printf '%s\\n' ${printed}`], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    expect(args).toBe(`--data-dir\n${folder}\n`);
  });

  it('prints no variable that is not one of the service', async () => {
    const folder = join(home, 'cloned');
    const program = start(['--data-dir', join(home, 'real')]);
    await program.announced();
    const real = JSON.parse(await readFile(join(home, 'real/running.json'), 'utf8')) as {
      variables: Record<string, string>;
    };
    await mkdir(folder);
    const written = async (variables: Record<string, string>) => {
      const content = JSON.stringify({ ...real, variables: { ...real.variables, ...variables } });
      await writeFile(join(folder, 'running.json'), content, { mode: 0o600 });
      return environment(['--data-dir', folder]);
    };
    expect(await written({})).toMatchObject({ status: 0 });
    // Node.js rejects the port.
    const outside = { AGENT_IDENTITY_ENDPOINT: 'http://127.0.0.1:99999' };
    expect(await written(outside)).toMatchObject({ status: 1, stdout: '' });
    expect(await written({ LD_PRELOAD: '/tmp/other.so' })).toMatchObject({ status: 1, stdout: '' });
    expect(await written({ AGENT_IDENTITY_ENDPOINT: 'https://other.example' })).toMatchObject({ status: 1 });
    const { stdout } = await written({ AWS_DEFAULT_REGION: "'; echo executed; '$(echo executed)" });
    expect(evaluated(stdout)).toContain("'; echo executed; '$(echo executed)");
    const foreign = { AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE', AWS_SECRET_ACCESS_KEY: 'of-another-person' };
    expect(await written(foreign)).toMatchObject({ status: 1, stdout: '' });
    expect(await written({ AWS_SECRET_ACCESS_KEY: 'of-another-person' })).toMatchObject({
      status: 1,
      stdout: '',
    });
  });

  it('takes no data folder of the current folder, which could be a clone that contains one', async () => {
    const clone = join(home, 'clone');
    const program = start(['--data-dir', join(clone, '.local')]);
    await program.announced();
    const before = process.cwd();
    process.chdir(clone);
    const { status } = await environment();
    process.chdir(before);
    expect(status).toBe(1);
    expect(await environment(['--data-dir', join(clone, '.local')])).toMatchObject({ status: 0 });
  });

  it('does not take a service that was killed for a running one', async () => {
    const folder = join(home, 'killed');
    const program = start(['--data-dir', folder]);
    await program.announced();
    program.child.kill('SIGKILL');
    await program.ended;
    expect(await environment(['--data-dir', folder])).toMatchObject({ status: 1, stdout: '' });
  });

  it('rejects a file that other users could have written', async () => {
    const folder = join(home, 'open');
    await mkdir(folder);
    const file = join(folder, 'running.json');
    await writeFile(file, '{}');
    await chmod(file, 0o666);
    expect(await environment(['--data-dir', folder])).toEqual({
      status: 1,
      stdout: '',
      stderr: expect.stringMatching(
        /^Other users can write to .*running\.json .* set --data-dir to another/,
      ) as string,
    });
  });
});

/** Allows access at the example calendar, and returns to the command. */
async function allowAccess(page: string, returnUrl: string): Promise<void> {
  const browser = new Browser();
  const [{ username = '', password = '' } = {}] = ALMANAC_ACCOUNTS;
  const signIn = await browser.go(page);
  const request = await browser.submit(signIn, { username, password });
  const { url } = await browser.submit(request, { decision: 'allow' }, returnUrl);
  await fetch(url);
}

it('runs the examples, and prints the two commands to a first token, which work as printed', async () => {
  const command = join(home, 'node_modules/.bin/agent-identity');
  await mkdir(dirname(command), { recursive: true });
  // As npm does.
  await chmod(AGENT_IDENTITY, 0o755);
  await symlink(AGENT_IDENTITY, command);
  const program = programs.startCommand(['local'], { HOME: home, EXAMPLES: '' }, command);
  await program.announced();
  expect(program.stdout.trimEnd().split('\n').length).toBeLessThanOrEqual(24);
  const [, environment = ''] = /^ {2}(eval .*)$/m.exec(program.stdout) ?? [];
  expect(environment).toBe(`eval "$(${command} env)"`);
  const [, connect = ''] = /^ {2}(echo [^]*)\n\n$/m.exec(program.stdout) ?? [];
  const port = await freePorts();
  const returnUrl = `http://127.0.0.1:${port}/done`;
  const terminal = spawn(
    'bash',
    ['-c', `${environment}\n${connect} --no-browser --return-url ${returnUrl} 2>&1`],
    { env: { PATH: process.env.PATH, HOME: home }, stdio: ['ignore', 'pipe', 'inherit'] },
  );
  let output = '';
  for await (const chunk of terminal.stdout) {
    output += String(chunk);
    const [page] = /^http:\S+\/oauth2\/authorize\?\S+$/m.exec(String(chunk)) ?? [];
    if (page !== undefined) await allowAccess(page, returnUrl);
  }
  expect(output).toMatch(/^The agent "my-agent" has a token for "my-calendar"\./m);
});

it('prints only the JSON line with --json', async () => {
  const folder = join(home, 'state');
  const program = start(['--json', '--data-dir', folder], { DATA_DIR: join(home, 'other') });
  expect(Object.keys(await program.ready())).toEqual([
    'ready',
    'endpoint',
    'region',
    'accountId',
    'principals',
    'gateways',
    'awsEndpoints',
    'consoleUrl',
  ]);
  await program.stop();
  expect(program.stdout).toMatch(/^\{"ready":true[^\n]*\}\n$/);
  expect((await stat(folder)).isDirectory()).toBe(true);
  await expect(stat(join(home, 'other'))).rejects.toThrow('ENOENT');
});

it('reads the settings of npm start from the environment', async () => {
  const folder = join(home, 'state');
  const program = start([], { DATA_DIR: folder });
  expect(await program.announced()).toContain(folder);
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
