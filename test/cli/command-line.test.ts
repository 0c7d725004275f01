/** The command line of `agent-identity`: help, version, wrong input, and the settings of the service. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { runCommandLine } from '../../lib/cli/application';
import type { ServeOptions } from '../../lib/local/serve';

interface Outcome {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
  /** The settings with which the service was started. */
  readonly served: readonly ServeOptions[];
}

async function runWith(args: string[], env: Record<string, string> = {}): Promise<Outcome> {
  let stdout = '';
  let stderr = '';
  const served: ServeOptions[] = [];
  const terminal = { getColorDepth: (at?: object) => (at && 'NO_COLOR' in at ? 1 : 8) };
  const status = await runCommandLine({
    args,
    version: '1.2.3',
    process: {
      stdout: { write: (text: string) => (stdout += text), ...terminal },
      stderr: { write: (text: string) => (stderr += text), ...terminal },
      env,
    },
    stdin: new PassThrough(),
    loadLocal: () => {
      throw new Error('Only the gate loads this.');
    },
    loadAws: () => {
      throw new Error('Only requests load this.');
    },
    loadS3: () => {
      throw new Error('Only the verification loads this.');
    },
    loadCedar: () => {
      throw new Error('Only the test of policies loads this.');
    },
    templates: '/nowhere',
    openBrowser: () => Promise.resolve(false),
    openFile: () => Promise.resolve(false),
    loadService: () => ({
      serve: (options) => {
        served.push(options);
        return Promise.resolve();
      },
    }),
  });
  return { status, stdout, stderr, served };
}

const run = (...args: string[]): Promise<Outcome> => runWith(args, { NO_COLOR: '1' });

it.each([[['--version']], [['-v']], [['local', '--version']]])(
  'prints the version for %j without loading the service',
  async (args) => {
    expect(await run(...args)).toEqual({ status: 0, stdout: '1.2.3\n', stderr: '', served: [] });
  },
);

it.each([[[]], [['--help']], [['-h']], [['help']]])(
  'lists the commands for %j without loading the service',
  async (args) => {
    const { status, stdout, stderr, served } = await run(...args);
    expect({ status, stderr, served }).toEqual({ status: 0, stderr: '', served: [] });
    expect(stdout).toMatch(/^ {2}local +Run the identity service on this computer$/m);
  },
);

it('shows an example of each command, whose options the command has', async () => {
  const { stdout } = await run('--help');
  const examples = [...stdout.matchAll(/^ {2,}\$ (?:eval "\$\()?agent-identity ([^)\n]+)/gm)].map(
    ([, example = '']) => example,
  );
  expect(examples).toHaveLength(stdout.match(/^ {2}\w/gm)?.length ?? 0);
  for (const example of examples) {
    const words = example.split(' ');
    const command = words.slice(0, words.findIndex((word) => word.startsWith('-')) >>> 0);
    const { stdout: help } = await run(...command, '--help');
    for (const option of words.filter((word) => word.startsWith('--'))) expect(help).toContain(option);
  }
});

it.each([[['local', '--help']], [['help', 'local']]])(
  'describes the options of a command for %j, with their environment variables',
  async (args) => {
    const { status, stdout, served } = await run(...args);
    expect({ status, served }).toEqual({ status: 0, served: [] });
    for (const text of [
      '--port',
      '--data-dir',
      '--trusted-issuers',
      '--json',
      'PORT',
      'DATA_DIR',
      'TRUSTED_ISSUERS',
    ]) {
      expect(stdout).toContain(text);
    }
  },
);

it.each([
  [
    'an unknown command',
    ['frobnicate'],
    'There is no command "frobnicate". Run agent-identity --help for the list of commands.',
  ],
  [
    'a mistyped command',
    ['locl'],
    'There is no command "locl". Did you mean "local"? Run agent-identity --help for the list of commands.',
  ],
  [
    'a mistyped option',
    ['local', '--prot', '1'],
    'There is no option --prot. Did you mean --port? Run the command with --help for its options.',
  ],
  [
    'an option without its value',
    ['local', '--port'],
    'The option --port needs a value. Run the command with --help for its options.',
  ],
  [
    'an option that is set twice',
    ['local', '--port', '1', '--port', '2'],
    'The option --port can be set only once. Run the command with --help for its options.',
  ],
  [
    'an option and its negation',
    ['provider', 'update', 'p', '--dpop', '--no-dpop'],
    'Set either --dpop or --no-dpop. Run the command with --help for its options.',
  ],
  [
    'the negation of an option and the option',
    ['provider', 'update', 'p', '--no-dpop', '--dpop'],
    'Set either --dpop or --no-dpop. Run the command with --help for its options.',
  ],
  [
    'a value that an option does not take',
    ['audit', '--since', 'yesterday'],
    '--since must be a duration, such as 30m, 12h, or 7d, or a time, such as 2026-11-26T12:00:00Z. Run the command with --help for its options.',
  ],
  [
    'a value that is not one of those of the option',
    ['provider', 'get', 'p', '--kind', 'oauth'],
    'The option --kind must be oauth2 or api-key. Run the command with --help for its options.',
  ],
  [
    'an option in the plural',
    ['agent', 'add', 'a', '--return-urls', 'https://app.example'],
    'There is no option --return-urls. Did you mean --return-url? Run the command with --help for its options.',
  ],
  [
    'a value in another case',
    ['provider', 'add', 'p', '--client-registration', 'dynamic'],
    'The option --client-registration must be METADATA_DOCUMENT or DYNAMIC. Did you mean DYNAMIC? Run the command with --help for its options.',
  ],
  [
    'an empty folder',
    ['local', '--data-dir', ''],
    '--data-dir is empty. Name a folder, or omit the option for ~/.agent-identity/local.',
  ],
  [
    'a value of an option that has none',
    ['agent', 'list', '--all=perhaps'],
    'The option --all must be true or false. Run the command with --help for its options.',
  ],
  [
    'a short option',
    ['agent', 'list', '-z'],
    'There is no option -z. Run the command with --help for its options.',
  ],
  [
    'an argument',
    ['local', 'here'],
    'The command does not take the argument "here". Run the command with --help for its options.',
  ],
])('rejects %s with status 2, and says what to do', async (_name, args, message) => {
  expect(await run(...args)).toEqual({ status: 2, stdout: '', stderr: `${message}\n`, served: [] });
});

it('passes the options to the service', async () => {
  const issuers = '[{"discoveryUrl":"https://idp.example/.well-known/openid-configuration"}]';
  const { status, served } = await run(
    'local',
    '--port=0',
    '--public-url',
    'https://name.example',
    '--data-dir',
    'here',
    '--trusted-issuers',
    issuers,
    '--json',
  );
  expect(status).toBe(0);
  expect(served).toEqual([
    {
      options: {
        PORT: '0',
        PUBLIC_URL: 'https://name.example',
        DATA_DIR: 'here',
        TRUSTED_ISSUERS: issuers,
      },
      json: true,
    },
  ]);
});

it('takes settings without an option from the environment', async () => {
  expect((await run('local')).served).toEqual([{ options: {}, json: false }]);
});

it('colors help on a terminal, unless NO_COLOR is set', async () => {
  const escape = '\u001b[';
  expect((await runWith(['--help'])).stdout).toContain(escape);
  expect((await runWith(['--help'], { NO_COLOR: '1' })).stdout).not.toContain(escape);
});

it('has the version of the project, and requires the Node.js version that the programs check', () => {
  const root = join(__dirname, '../..');
  const read = (path: string): string => readFileSync(join(root, path), 'utf8');
  const project = JSON.parse(read('package.json')) as { version: string; engines: { node: string } };
  expect(JSON.parse(read('lib/cli/package.json'))).toMatchObject({
    version: project.version,
    engines: project.engines,
  });
  const [, ...needed] = /^>=(\d+)\.(\d+)$/.exec(project.engines.node) ?? [];
  expect(read('bin/node-version.cjs')).toContain(`NEEDED = [${needed.join(', ')}]`);
});

it.each([
  [['agen'], ['agent']],
  [
    ['provider', ''],
    ['add', 'get', 'update', 'delete', 'list', 'test', 'guide'],
  ],
  [['provider', 'add', '--vendor', 'goo'], ['google']],
  [['provider', 'guide', 'git'], ['github']],
  [['agent', 'add', '--ret'], ['--return-url']],
])('completes %j', async (words, proposals) => {
  const { stdout } = await run('__complete', ...words);
  expect(stdout.trimEnd().split('\n')).toEqual(proposals);
});

it('prints a script that bash accepts, with which it completes', async () => {
  const { stdout } = await run('completion', 'bash');
  const proposals = 'agent-identity() { (IFS=" "; echo "called with $*"); }';
  const script = `${stdout}\n${proposals}\nCOMP_WORDS=(agent-identity provider gu); COMP_CWORD=2\n_agent_identity\necho "$COMPREPLY"`;
  expect(execFileSync('bash', ['-c', script], { encoding: 'utf8' })).toBe(
    'called with __complete provider gu\n',
  );
});
