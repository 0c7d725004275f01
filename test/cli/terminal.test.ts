/** What the command does on a narrow terminal, and when its output cannot be written. */
import { spawn } from 'node:child_process';
import { existsSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { printChecks } from '../../lib/cli/checks';
import type { CliContext } from '../../lib/cli/context';
import { progress } from '../../lib/cli/output';
import { confirm } from '../../lib/cli/prompt';

const COLUMNS = 40;

/** Returns a context whose streams are one terminal, and what the terminal has received. */
function terminal() {
  let received = '';
  const stream = { write: (text: string) => (received += text), getColorDepth: () => 1, columns: COLUMNS };
  const stdin = Object.assign(new PassThrough(), { isTTY: true });
  const context = { process: { stdout: stream, stderr: stream }, stdin, env: {} } as unknown as CliContext;
  return { context, stdin, received: () => received };
}

/** Returns the texts between sequences that move the cursor or erase. */
const texts = (received: string): string[] =>
  received.split(/\p{Cc}+(?:\[\d*[A-K])?/u).filter((text) => text !== '');

it('shows progress in one row, which the next text can replace', () => {
  const { context, received } = terminal();
  const { show, end } = progress(context);
  show('Verifying the portal … (Ctrl-C ends the command, and not the verification)');
  end();
  expect(received()).toContain('Verifying the portal');
  for (const text of texts(received())) expect(text.length).toBeLessThan(COLUMNS);
});

it('places the cursor behind a question that wraps, and ends its line when the person gives no answer', async () => {
  const { context, stdin, received } = terminal();
  const answer = confirm(context, 'x'.repeat(COLUMNS));
  stdin.write('\u0003');
  await expect(answer).rejects.toThrow('There was no answer');
  // "[y/N] " with the space before it has 7 characters: the cursor is in column 8 of the second row.
  expect(received()).toMatch(/\[8G\n$/);
});

it('ends the line of an answer once', async () => {
  const { context, stdin, received } = terminal();
  const answer = confirm(context, 'Continue?');
  stdin.write('yes\n');
  expect(await answer).toBe(true);
  expect(received()).toMatch(/yes\r\n$/);
});

it('prints what to do about a check without a wide margin', () => {
  const { context, received } = terminal();
  printChecks(context, [
    { status: 'fail', check: 'authorization endpoint', detail: 'missing', action: 'Set a discovery URL.' },
  ]);
  expect(received()).toMatch(/^ {6}Set a discovery URL\.$/m);
});

/** Runs the command as a program. */
const run = (args: readonly string[], stdout: 'pipe' | number) =>
  spawn(process.execPath, ['--require', 'tsx/cjs', join(__dirname, '../../bin/agent-identity.ts'), ...args], {
    stdio: ['ignore', stdout, 'pipe'],
  });

async function outcome(child: ReturnType<typeof run>) {
  let stderr = '';
  child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const status = await new Promise((resolve) => child.once('close', resolve));
  return { status, stderr };
}

it('ends without a word when the reader has closed the pipe, as a program that SIGPIPE ends', async () => {
  const child = run(['provider', 'guide', '--json'], 'pipe');
  child.stdout?.destroy();
  expect(await outcome(child)).toEqual({ status: 141, stderr: '' });
});

(existsSync('/dev/full') ? it : it.skip)('says that the output cannot be written', async () => {
  const child = run(['provider', 'guide'], openSync('/dev/full', 'w'));
  expect(await outcome(child)).toEqual({
    status: 1,
    stderr: 'The output cannot be written (ENOSPC).\n',
  });
});
