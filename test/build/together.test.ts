/** Parts of .ci/run at the same time: .ci/together.sh, in real shells. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const TOGETHER = join(__dirname, '../../.ci/together.sh');

/** Starts a server, which removes its file when it is stopped. The test fails if the server is killed, or still runs. */
const serve = (name: string): string =>
  `sh -c 'trap "rm ${name}; exit" TERM; touch ${name}; echo serving; while :; do sleep 0.1; done' 2>/dev/null & wait`;

interface Outcome {
  /** The exit status, or the name of the signal. */
  readonly ended: number | string | null;
  readonly stdout: string;
  readonly stderr: string;
  /** The files that are left. */
  readonly files: readonly string[];
}

/**
 * Runs three parts. The last commands of the first two are these, and the third one waits for the first two to begin. The
 * shell forgets the status of a process that it waited for, as bash does when another process gets the same number.
 *
 * @param interrupted whom Ctrl-C interrupts at each output after the word `serving`: all programs of the terminal, as a
 *   rule. The program that the shell waits for can end at this moment, and is then not interrupted
 */
async function run(first: string, second: string, interrupted?: 'all' | 'shell'): Promise<Outcome> {
  const folder = await mkdtemp(join(tmpdir(), 'agent-identity-together-'));
  const script = `set -euo pipefail
declare -A waited
wait() { [[ -z \${1-} || -z \${waited[$1]-} ]] || return 127; [[ -z \${1-} ]] || waited[$1]=1; builtin wait "$@"; }
source '${TOGETHER}'
trap stop_all EXIT
one() { echo 'one begins'; touch one; ${first}; echo 'one ends'; }
other() { echo 'other begins'; touch other; ${second}; echo 'other ends'; }
third() { until [ -e one ] && [ -e other ]; do sleep 0.1; done; echo third; }
together one other third
echo 'all ended'`;
  // A separate process group, as that of a terminal, which Ctrl-C interrupts.
  const shell = spawn('bash', ['-c', script], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const printed = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    shell[stream].setEncoding('utf8').on('data', (text: string) => {
      printed[stream] += text;
      if (!interrupted || !printed.stdout.includes('serving')) return;
      process.kill(interrupted === 'all' ? -Number(shell.pid) : Number(shell.pid), 'SIGINT');
    });
  }
  const [status, signal] = (await once(shell, 'close')) as [number | null, string | null];
  const files = await readdir(folder);
  await rm(folder, { recursive: true });
  return { ended: status ?? signal, ...printed, files };
}

it.concurrent('shows the output of the parts one after the other', async () => {
  // Each waits for the other one to begin.
  const wait = (name: string): string => `until [ -e ${name} ]; do sleep 0.1; done`;
  expect(await run(wait('other'), wait('one'))).toEqual({
    ended: 0,
    stdout: 'one begins\none ends\nother begins\nother ends\nthird\nall ended\n',
    stderr: '',
    files: ['one', 'other'],
  });
});

it.concurrent('ends with the failure of the first part, and stops the second one', async () => {
  expect(await run('until [ -e server ]; do sleep 0.1; done; (exit 3)', serve('server'))).toEqual({
    ended: 3,
    stdout: 'one begins\n',
    stderr: '\n== FAILED: one\n',
    files: ['one', 'other'],
  });
});

it.concurrent(
  'stops the first part when the second one fails, and shows the output of the failed part last',
  async () => {
    const fails = 'until [ -e server ]; do sleep 0.1; done; echo the reason | show_and_keep kept; (exit 4)';
    expect(await run(serve('server'), fails)).toEqual({
      ended: 4,
      stdout: 'one begins\nserving\nother begins\nthe reason\n',
      stderr: '\n== FAILED: other\n',
      files: ['kept', 'one', 'other'],
    });
  },
);

it.concurrent('waits for the first part long after the others ended', async () => {
  expect(await run('sleep 3', 'true')).toMatchObject({ ended: 0, stderr: '' });
});

it.concurrent('ends with a failure at the beginning of a pipeline', async () => {
  const { ended } = await run('true', '(exit 5) | show_and_keep kept');
  expect(ended).toBe(5);
});

it.concurrent.each(['all', 'shell'] as const)(
  'stops both parts at the first of several Ctrl-C of %s, and shows what the servers of the first one still print',
  async (interrupted) => {
    const first = `sh -c 'trap "echo stopped; rm first; exit" TERM; touch first; echo serving; while :; do sleep 0.1; done' | show_and_keep kept`;
    const { ended, stdout, files } = await run(
      `until [ -e second ]; do sleep 0.1; done; ${first}`,
      serve('second'),
      interrupted,
    );
    expect({ ended, stdout, files }).toEqual({
      ended: 'SIGINT',
      stdout: 'one begins\nserving\nstopped\n',
      files: ['kept', 'one', 'other'],
    });
  },
);
