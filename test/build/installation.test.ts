/** The installation of packages for suites that run at the same time. */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const INSTALLATION = pathToFileURL(join(__dirname, '../clients/installation.mjs')).href;

let folder: string;

/** Installs a package. Writes the begin and the end of the work, which takes longer than a look at the lock. */
const program = (): string => `
import { appendFileSync, mkdirSync } from 'node:fs';
import { unlessInstalled } from '${INSTALLATION}';
unlessInstalled(${JSON.stringify(join(folder, 'packages'))}, 'list.txt', () => {
  appendFileSync('work.txt', 'begin ');
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300);
  mkdirSync('packages');
  appendFileSync('work.txt', 'end ');
});`;

async function install(): Promise<void> {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program()], {
    cwd: folder,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  expect(await once(child, 'exit')).toEqual([0, null]);
}

const work = (): Promise<string> => readFile(join(folder, 'work.txt'), 'utf8');

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'agent-identity-installation-'));
  await writeFile(join(folder, 'list.txt'), 'a package');
});

afterEach(() => rm(folder, { recursive: true }));

it('installs a list of packages once, when two suites need it at the same time', async () => {
  await Promise.all([install(), install()]);
  expect(await work()).toBe('begin end ');
});

it('installs again when the list has changed, also after an installation that was killed', async () => {
  await install();
  await writeFile(join(folder, 'list.txt'), 'another package');
  const killed = spawnSync(process.execPath, ['--eval', '']).pid;
  const digest = createHash('sha256').update(join(folder, 'packages')).digest('hex');
  await writeFile(join(tmpdir(), `agent-identity-installation-${digest}`), String(killed));
  await install();
  expect(await work()).toBe('begin end begin end ');
});
