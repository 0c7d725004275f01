/** The data folder and the keys in it: private to their owner, on a responsive file system, at the intended path. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, chown, cp, mkdir, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { SealedFile } from '../../examples/local/sealed-file';
import { tryFolder } from '../../lib/local/answering-folder';
import { closeFolderToOthers, isPrivateFile } from '../../lib/local/private-path';
import { parseSettings } from '../../lib/local/settings';
import { casesToRun } from '../all-cases';
import { Programs } from './program';
import { temporaryFolder } from '../environment/temporary-folder';

const PROJECT = resolve(__dirname, '../..');
const DEAD_FILE_SYSTEM = join(__dirname, 'dead-file-system.cjs');

let folder: string;
let dataDir: string;
const usedBefore = temporaryFolder('data-folder');
const programs = new Programs();

beforeAll(() => useFolder(usedBefore));

beforeEach(() => {
  folder = temporaryFolder('data-folder');
  dataDir = join(folder, 'data');
});

afterEach(() => {
  programs.kill();
});

const start = (env: Record<string, string> = {}) => programs.start({ DATA_DIR: dataDir, ...env });
const modeOf = async (path: string): Promise<string> => ((await stat(path)).mode & 0o777).toString(8);
const mkfifo = (path: string) => execFileSync('mkfifo', [path]);

/** Starts the service, and expects a one-line error and the end of the process. */
async function refused(line: RegExp, env: Record<string, string> = {}): Promise<void> {
  const program = start(env);
  expect(await program.ended).toBe(1);
  expect(program.stderr).toMatch(line);
  expect(program.stderr.trimEnd()).not.toContain('\n');
  expect(program.stdout).toBe('');
}

/** Starts the service with a data folder, and ends it. */
async function useFolder(path: string): Promise<void> {
  const program = start({ DATA_DIR: path });
  await program.ready();
  await program.stop();
  expect(program.stderr).toBe('');
}

/** Makes the data folder one that the service has used: a copy, which takes less time than a start. */
const usedFolder = (): Promise<void> => cp(usedBefore, dataDir, { recursive: true });

describe('a folder that other users', () => {
  it('could write to is rejected, and nothing in it is read', async () => {
    await mkdir(dataDir);
    await writeFile(join(dataDir, 'kms.json'), '{"planted":true}', { mode: 0o600 });
    for (const mode of [0o777, 0o770, 0o733]) {
      await chmod(dataDir, mode);
      await refused(/^Other users can write to .*data \(7\d\d\), so its content might be theirs.* chmod 700/);
    }
    expect(await readdir(dataDir)).toEqual(['kms.json']);
  });

  it('could write to is made private if it is empty', async () => {
    await mkdir(dataDir);
    await chmod(dataDir, 0o777);
    const program = start();
    await program.ready();
    expect(program.stderr).toMatch(
      /^Other users could write to .* \(777\)\. Its permissions are now 700\.\n$/,
    );
    expect(await modeOf(dataDir)).toBe('700');
  });

  it('could read is made private', async () => {
    await usedFolder();
    await chmod(dataDir, 0o755);
    const program = start();
    await program.ready();
    expect(program.stderr).toMatch(/^Other users could read .* \(755\)\. Its permissions are now 700\.\n$/);
    expect(await modeOf(dataDir)).toBe('700');
  });
});

describe('a folder that contains other files', () => {
  it.each(['755', '777', '1777', '700'])('is rejected and not changed, with mode %s', async (mode) => {
    await mkdir(dataDir);
    await writeFile(join(dataDir, 'notes.txt'), 'mine');
    await chmod(dataDir, parseInt(mode, 8));
    await refused(/^\/.*data contains other files\. Set DATA_DIR to a new or empty folder\.$/m);
    expect(await readdir(dataDir)).toEqual(['notes.txt']);
    expect(((await stat(dataDir)).mode & 0o7777).toString(8)).toBe(mode);
  });

  it.each(['objects.json', 'secrets.json'])(
    'is rejected and not changed if it contains a file %s of another program',
    async (name) => {
      await mkdir(dataDir, { mode: 0o755 });
      for (const file of [name, 'thesis.txt']) {
        await writeFile(join(dataDir, file), '[]', { mode: 0o644 });
      }
      await refused(/^\/.*data contains other files\. Set DATA_DIR to a new or empty folder\.$/m);
      expect((await readdir(dataDir)).sort()).toEqual([name, 'thesis.txt']);
      expect(await modeOf(dataDir)).toBe('755');
      for (const file of [name, 'thesis.txt']) {
        expect(await readFile(join(dataDir, file), 'utf8')).toBe('[]');
        expect(await modeOf(join(dataDir, file))).toBe('644');
      }
    },
  );

  it('is rejected if it is a shared folder, even if it is empty', async () => {
    await mkdir(dataDir);
    await chmod(dataDir, 0o1777);
    await refused(/^\/.*data is a folder that users share \(1777\)\. Set DATA_DIR to a new folder\.$/m);
    expect(((await stat(dataDir)).mode & 0o7777).toString(8)).toBe('1777');
  });

  it('is not a folder in which the service was killed during its start', async () => {
    await mkdir(join(dataDir, 'dynamodb'), { recursive: true });
    await mkdir(join(dataDir, 'lost+found'));
    await writeFile(join(dataDir, 'service.log'), '');
    await writeFile(join(dataDir, '.try-1'), '');
    await chmod(dataDir, 0o700);
    await start().ready();
  });

  it('is rejected if it is a file', async () => {
    await writeFile(dataDir, 'mine');
    await refused(/^\/.*data is not a folder\. Set DATA_DIR to a folder\.$/m);
  });
});

it.each(['LOCAL_REGION', 'LOCAL_IDENTITY_REGION'])('%s is rejected if it is not a Region', async (name) => {
  const program = start({ [name]: 'Europe' });
  expect(await program.ended).toBe(2);
  expect(program.stderr).toBe(`${name} must be a Region, such as eu-west-1. It is "Europe".\n`);
});

describe('an empty variable', () => {
  it('is the same as an unset one', () => {
    const names = [
      'PORT',
      'DATA_DIR',
      'EXAMPLES',
      'TRUSTED_ISSUERS',
      'LOCAL_REGION',
      'LOCAL_IDENTITY_REGION',
    ];
    expect(parseSettings(Object.fromEntries(names.map((name) => [name, ''])))).toEqual(parseSettings({}));
    expect(parseSettings({}).dataDir).toBe(resolve('.local'));
  });

  it('does not put keys into the current folder, and does not change the Region', async () => {
    await writeFile(join(folder, 'notes.txt'), 'mine');
    await chmod(folder, 0o755);
    const env = { DATA_DIR: '', LOCAL_REGION: '', LOCAL_IDENTITY_REGION: '' };
    const program = programs.start(env, [], folder);
    expect(await program.ready()).toMatchObject({ region: 'us-east-1' });
    expect((await readdir(folder)).sort()).toEqual(['.local', 'notes.txt']);
    expect(await modeOf(folder)).toBe('755');
    expect(program.stderr).toBe('');
  });
});

describe.each(['kms.json', 'objects.json', 'principals.json', 'secrets.json'])('%s', (name) => {
  it('is made private if other users could read it, and rejected if they could write to it', async () => {
    await usedFolder();
    const path = join(dataDir, name);
    await chmod(path, 0o644);
    const program = start();
    await program.ready();
    expect(program.stderr).toMatch(
      new RegExp(
        `^Other users could read .*${name} \\(644\\)\\. Its permissions are now 600\\. If other users have accounts on this machine, they might know the keys in it\\. Set DATA_DIR to a new folder\\.\\n$`,
      ),
    );
    expect(await modeOf(path)).toBe('600');
    await program.stop();

    await chmod(path, 0o666);
    await refused(new RegExp(`^Other users can write to .*${name} \\(666\\).* chmod 600`));
    expect(await modeOf(path)).toBe('666');
  });
});

describe('root', () => {
  /** Makes the path another user's, and this process root, whether or not the tests run as root. */
  async function anothersBeforeRoot(path: string): Promise<void> {
    if (process.getuid?.() === 0) await chown(path, 65_534, 65_534);
    else jest.spyOn(process, 'getuid').mockReturnValue(0);
  }

  it('uses a file with keys that belongs to another user, and says so', async () => {
    const path = join(folder, 'kms.json');
    await writeFile(path, '{}', { mode: 0o600 });
    await anothersBeforeRoot(path);
    const said = jest.spyOn(process.stderr, 'write').mockReturnValue(true);
    expect(isPrivateFile(path)).toBe(true);
    expect(said.mock.calls).toEqual([
      [
        expect.stringMatching(
          /kms\.json belongs to another user \(ID \d+\), who can read or replace the keys in it\..* set DATA_DIR to your own folder\.\n$/,
        ),
      ],
    ]);
  });

  it('uses a data folder that belongs to another user, and says so', async () => {
    await mkdir(dataDir, { mode: 0o700 });
    await anothersBeforeRoot(dataDir);
    const said = jest.spyOn(process.stderr, 'write').mockReturnValue(true);
    closeFolderToOthers(dataDir);
    expect(said).toHaveBeenCalledWith(expect.stringMatching(/data belongs to another user \(ID \d+\)/));
  });
});

it.each(casesToRun(['kms.json', 'principals.json', 'secrets.json', 'service.log']))(
  'reports that a pipe instead of %s is not a file, without waiting for it',
  async (name) => {
    await mkdir(dataDir, { mode: 0o700 });
    mkfifo(join(dataDir, name));
    await refused(
      new RegExp(`${name} is not a regular file\\. Remove it, or set DATA_DIR to another folder\\.`),
    );
  },
);

it.each(casesToRun(['kms.json', 'principals.json', 'secrets.json', 'service.log']))(
  'rejects a symbolic link instead of %s, and does not change its target',
  async (name) => {
    await mkdir(dataDir, { mode: 0o700 });
    const another = join(folder, 'another.json');
    await writeFile(another, '{}', { mode: 0o644 });
    await symlink(another, join(dataDir, name));
    await refused(new RegExp(`${name} is not a regular file\\.`));
    expect(await readFile(another, 'utf8')).toBe('{}');
    expect(await modeOf(another)).toBe('644');
  },
);

describe("an example's encrypted file", () => {
  const sealed = () => join(folder, 'provider.sealed');

  beforeEach(() => {
    new SealedFile(sealed()).write({ kept: true });
  });

  it('is private, and so is its key', async () => {
    const said = jest.spyOn(process.stderr, 'write').mockReturnValue(true);
    for (const path of [sealed(), `${sealed()}.key`]) {
      await chmod(path, 0o644);
      expect(new SealedFile(sealed()).read()).toEqual({ kept: true });
      expect(said).toHaveBeenLastCalledWith(expect.stringContaining(`${path} (644)`));
      expect(await modeOf(path)).toBe('600');
    }
    said.mockRestore();
  });

  it('is rejected if other users could have written to it or its key', async () => {
    for (const path of [sealed(), `${sealed()}.key`]) {
      await chmod(path, 0o622);
      expect(() => new SealedFile(sealed())).toThrow('Other users can write to');
      await chmod(path, 0o600);
    }
  });
});

describe('a folder that has been in use', () => {
  it('is rejected if the database lost its file CURRENT, and stays as it is', async () => {
    await usedFolder();
    const store = join(dataDir, 'dynamodb');
    await rm(join(store, 'CURRENT'));
    const before = await readdir(store);
    await refused(
      /^The database .*dynamodb has records, but its file CURRENT is missing\. Restore the data folder from a backup\. To begin with an empty one, move the data folder away, or set DATA_DIR to another folder\.$/m,
    );
    expect(await readdir(store)).toEqual(before);
  });

  // One file each, and then several together.
  it.each(
    casesToRun(
      [
        [
          'kms.json',
          /^The file kms\.json with the keys is missing in the data folder, so its data cannot .*data\./,
        ],
        [
          'principals.json',
          /^The file principals\.json .* new ones would not own its agents and providers: .*data\./,
        ],
        [
          'dynamodb',
          /^The database dynamodb is missing .* would have none of its agents: .*data\. Restore the data/,
        ],
        ['secrets.json', /^The file secrets\.json of the local Secrets Manager is missing .*data\./],
        ['objects.json and kms.json', /^The file kms\.json with the keys is missing/],
        ['objects.json and dynamodb', /^The database dynamodb is missing/],
        ['kms.json and principals.json', /^The file principals\.json .* is missing/],
        ['principals.json, kms.json, secrets.json', /^The file principals\.json .* is missing/],
        ['dynamodb, secrets.json, objects.json', /^The database dynamodb is missing/],
        ['dynamodb, kms.json, secrets.json, objects.json', /^The database dynamodb is missing/],
        ['dynamodb, principals.json, kms.json, secrets.json', /^The database dynamodb is missing/],
      ] as const,
      5,
    ),
  )('is rejected if it lost %s, and gets no other', async (lost, message) => {
    await usedFolder();
    const parts = lost.split(/ and |, /);
    for (const part of parts) await rm(join(dataDir, part), { recursive: true });
    await refused(message);
    const left = await readdir(dataDir);
    for (const part of parts) expect(left).not.toContain(part);
  });

  it('is rejected if its database is empty', async () => {
    await usedFolder();
    for (const file of await readdir(join(dataDir, 'dynamodb'))) await rm(join(dataDir, 'dynamodb', file));
    await refused(/^The database dynamodb is missing/);
    expect(await readdir(join(dataDir, 'dynamodb'))).toEqual([]);
  });

  it.each(
    casesToRun(
      [
        ['objects.json'],
        ['secrets.json', 'objects.json'],
        ['kms.json', 'secrets.json', 'objects.json'],
        ['principals.json', 'kms.json', 'secrets.json', 'objects.json'],
      ],
      2,
    ),
  )('is completed if its first start was killed before it created %s', async (...missing) => {
    await usedFolder();
    for (const part of missing) await rm(join(dataDir, part));
    await useFolder(dataDir);
    expect(await readdir(dataDir)).toEqual(expect.arrayContaining(missing));
  });

  it('is used if a start ended before the database was created', async () => {
    await mkdir(join(dataDir, 'dynamodb'), { recursive: true, mode: 0o700 });
    await writeFile(join(dataDir, 'dynamodb', 'MANIFEST-000001'), '');
    await useFolder(dataDir);
  });
});

describe('a file system that does not respond', () => {
  const dead = () => {
    const pipe = join(folder, 'pipe');
    mkfifo(pipe);
    return { NODE_OPTIONS: `--require ${DEAD_FILE_SYSTEM}`, DEAD_FOLDER: dataDir, DEAD_PIPE: pipe };
  };

  it.each(['off', 'on'])(
    'stops the start with a message that names the folder, with examples %s',
    async (EXAMPLES) => {
      await refused(
        /^The data folder .*data does not respond within 10 seconds\. .*DATA_DIR to a folder on a/,
        {
          ...dead(),
          EXAMPLES,
        },
      );
    },
  );

  it('is not reported if the folder responds before the deadline', async () => {
    await tryFolder(dataDir, undefined, 60_000);
    expect(await readdir(dataDir)).toEqual([]);
    expect(await modeOf(dataDir)).toBe('700');
  });
});

it('resolves a relative DATA_DIR from the folder where npm was started, not from the project', async () => {
  const npm = spawn('npm', ['--prefix', PROJECT, '--silent', 'start'], {
    cwd: folder,
    env: { PATH: process.env.PATH, HOME: folder, PORT: '0', EXAMPLES: 'off', DATA_DIR: './data' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let printed = '';
  for await (const text of npm.stdout as AsyncIterable<Buffer>) {
    printed += text.toString();
    if (printed.includes('agent-identity env')) break;
  }
  npm.kill('SIGTERM');
  await once(npm, 'exit');
  expect(printed).toContain(dataDir);
  expect(await readdir(dataDir)).toContain('kms.json');
});
