/** The log of the local service stays readable when the disk is full, or a process was killed, in the middle of a line. */
import { spawnSync } from 'node:child_process';
import { openSync } from 'node:fs';
import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { buildSync } from 'esbuild';
import { openServiceLog } from '../../lib/local/service-log';
import { temporaryFolder } from '../environment/temporary-folder';

let folder: string;
let path: string;

beforeEach(() => {
  folder = temporaryFolder('service-log');
  path = join(folder, 'service.log');
});

interface Line {
  readonly message: string;
  readonly lines?: number;
  readonly error?: string;
  readonly incompleteBytes?: number;
}

const linesOf = async (): Promise<Line[]> => {
  const text = await readFile(path, 'utf8');
  expect(text.endsWith('\n')).toBe(true);
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
};

const LINE = JSON.stringify({ message: 'audit', text: 'x'.repeat(970) });

/**
 * Runs the statements in a process whose files are limited to 4 KiB: beyond that, the system stores a part of a line, and
 * rejects the rest.
 *
 * @param statements can use `log`, `path`, `LINE`, and `fs`
 * @param stderr of the process
 */
function runLimited(
  statements: string,
  stderr: 'pipe' | number = 'pipe',
): { readonly stderr: string; readonly status: number | null } {
  const compiled = join(folder, 'service-log.cjs');
  buildSync({
    entryPoints: [resolve(__dirname, '../../lib/local/service-log.ts')],
    bundle: true,
    platform: 'node',
    outfile: compiled,
  });
  const program = `const fs = require('node:fs'); const [path, LINE] = process.argv.slice(1);
    const log = require(${JSON.stringify(compiled)}).openServiceLog(path).console; ${statements}`;
  return spawnSync(
    'bash',
    ['-c', 'ulimit -f 4 && exec "$0" "$@"', process.execPath, '-e', program, path, LINE],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', stderr] },
  );
}

it('keeps complete lines when the disk is full, and says once on stderr that it cannot be written', async () => {
  const { stderr, status } = runLimited('for (let i = 0; i < 8; i += 1) log.info(LINE);');
  expect(status).toBe(0);
  expect(stderr).toBe(
    `The log ${path} cannot be written (EFBIG). The service continues without an audit log until it can be written.\n`,
  );
  const text = await readFile(path, 'utf8');
  // The end of the file is a part of the fifth line, until a line can be written.
  expect(text.length).toBe(4096);
  expect(text.split('\n').slice(0, -1)).toEqual([LINE, LINE, LINE, LINE]);

  const log = openServiceLog(path);
  log.console.info(LINE);
  log.close();
  const lines = await linesOf();
  expect(lines.map(({ message }) => message)).toEqual([
    ...Array<string>(4).fill('audit'),
    'log lines are missing',
    'audit',
  ]);
  expect(lines[4]?.incompleteBytes).toBeGreaterThan(0);
});

it('continues when there is space again, with the number of lines that are missing', async () => {
  const { stderr, status } = runLimited(`
    for (let i = 0; i < 6; i += 1) log.info(LINE);
    fs.truncateSync(path, LINE.length + 1);
    log.error(LINE);
    log.info(LINE);`);
  expect(status).toBe(0);
  expect(stderr.match(/cannot be written/g)).toHaveLength(1);
  const lines = await linesOf();
  expect(lines.map(({ message }) => message)).toEqual(['audit', 'log lines are missing', 'audit', 'audit']);
  expect(lines[1]).toMatchObject({ lines: 2, error: 'EFBIG' });
});

it('says on stderr each time that the disk is full again', async () => {
  const { stderr, status } = runLimited(`
    for (let round = 0; round < 3; round += 1) {
      for (let i = 0; i < 7; i += 1) log.info(LINE);
      fs.truncateSync(path, 2 * (LINE.length + 1));
    }
    log.info(LINE);`);
  expect(status).toBe(0);
  expect(stderr.match(/cannot be written/g)).toHaveLength(3);
  expect((await linesOf()).map(({ message }) => message)).toEqual([
    'audit',
    'audit',
    'log lines are missing',
    'audit',
  ]);
});

it('removes the half line of a process that was killed, before the first line of the next process', async () => {
  const half = LINE.slice(0, 500);
  await writeFile(path, `${LINE}\n`);
  await appendFile(path, half);
  const log = openServiceLog(path);
  // Another process could write the file: it is found out only after the log is opened.
  expect(await readFile(path, 'utf8')).toBe(`${LINE}\n${half}`);
  log.console.info(LINE);
  log.console.info(LINE);
  log.close();
  const lines = await linesOf();
  expect(lines.map(({ message }) => message)).toEqual(['audit', 'log lines are missing', 'audit', 'audit']);
  expect(lines[1]).toMatchObject({ incompleteBytes: 500 });
});

it('removes a half line that is longer than 64 KiB, and one without a line before it', async () => {
  await writeFile(path, `${LINE}\n${'x'.repeat(150_000)}`);
  const first = openServiceLog(path);
  first.console.info(LINE);
  first.close();
  expect((await linesOf())[1]).toMatchObject({ incompleteBytes: 150_000 });

  await writeFile(path, 'x'.repeat(10));
  const second = openServiceLog(path);
  second.console.info(LINE);
  second.close();
  expect((await linesOf())[0]).toMatchObject({ incompleteBytes: 10 });
});

it('writes nothing into a complete log', async () => {
  await writeFile(path, `${LINE}\n`);
  const log = openServiceLog(path);
  log.console.info(LINE);
  log.close();
  expect(await readFile(path, 'utf8')).toBe(`${LINE}\n${LINE}\n`);
});

it('continues when stderr cannot be written either', async () => {
  const output = join(folder, 'stderr');
  await writeFile(output, 'x'.repeat(4096));
  const { status } = runLimited(
    `for (let i = 0; i < 6; i += 1) log.info(LINE);
    fs.truncateSync(path, 0);
    log.info(LINE);`,
    openSync(output, 'a'),
  );
  expect(status).toBe(0);
  const lines = await linesOf();
  expect(lines.map(({ message }) => message)).toEqual(['log lines are missing', 'audit']);
  expect(lines[0]).toMatchObject({ lines: 2 });
});
