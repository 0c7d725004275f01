/** PostgreSQL with a new cluster: on loopback only, with its defaults, and ended with this process. */
import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chownSync, existsSync, readdirSync, writeFileSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { LOOPBACK } from '../../../lib/local/loopback-server';
import { freePort } from '../../../test/clients/background-process.mjs';

/** Where Debian and Ubuntu install the servers, which are not on the path. */
const DEBIAN = '/usr/lib/postgresql';
const READY_MILLISECONDS = 30_000;

/** Settings of a pool of `pg`. */
export interface DatabaseAccess {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
}

export interface Postgres {
  readonly access: DatabaseAccess;
  readonly version: string;
  /** The postmaster, whose children are the other processes of the server. */
  readonly pid: number;
  readonly stop: () => Promise<void>;
}

/** @returns the folder with `initdb` and `postgres`; undefined if this machine has no PostgreSQL server */
export function findPostgres(): string | undefined {
  const debian = existsSync(DEBIAN) ? readdirSync(DEBIAN).map((version) => join(DEBIAN, version, 'bin')) : [];
  const folders = [...debian, ...(process.env.PATH ?? '').split(delimiter)];
  return folders.find((folder) => ['initdb', 'postgres'].every((name) => existsSync(join(folder, name))));
}

/** PostgreSQL refuses to run as root, so it then runs as the user of its package. */
function unprivileged(): { uid?: number; gid?: number } {
  if (process.getuid?.() !== 0) return {};
  const id = (kind: string): number =>
    Number(execFileSync('id', [kind, 'postgres'], { encoding: 'utf8' }).trim());
  return { uid: id('-u'), gid: id('-g') };
}

/** @param bin folder with the programs, from {@link findPostgres} */
export async function startPostgres(bin: string): Promise<Postgres> {
  const folder = await mkdtemp(join(tmpdir(), 'agent-identity-postgres-'));
  const password = randomBytes(24).toString('base64url');
  const user = unprivileged();
  const passwordFile = join(folder, 'password');
  writeFileSync(passwordFile, password, { mode: 0o600 });
  if (user.uid !== undefined && user.gid !== undefined) {
    chownSync(folder, user.uid, user.gid);
    chownSync(passwordFile, user.uid, user.gid);
  }
  await chmod(folder, 0o700);
  const data = join(folder, 'data');
  const settings = [
    '--auth=scram-sha-256',
    '--username=vault',
    `--pwfile=${passwordFile}`,
    '--encoding=UTF8',
  ];
  const options = { cwd: folder, ...user };
  execFileSync(join(bin, 'initdb'), ['-D', data, ...settings], { ...options, stdio: 'ignore' });
  const port = await freePort();
  const listening = ['-c', `listen_addresses=${LOOPBACK}`, '-c', `unix_socket_directories=${folder}`];
  const child = spawn(join(bin, 'postgres'), ['-D', data, '-p', String(port), ...listening], {
    ...options,
    stdio: 'ignore',
  });
  const gone = once(child, 'exit');
  const killNow = (): void => {
    child.kill('SIGQUIT');
  };
  process.on('exit', killNow);
  const stop = async (): Promise<void> => {
    // "Fast" shutdown: it ends the connections.
    child.kill('SIGINT');
    await gone;
    process.off('exit', killNow);
    await rm(folder, { recursive: true, force: true });
  };
  if (!(await listens(port))) {
    await stop();
    throw new Error('PostgreSQL did not become ready.');
  }
  const version = execFileSync(join(bin, 'postgres'), ['--version'], { encoding: 'utf8' });
  return {
    access: { host: LOOPBACK, port, user: 'vault', password, database: 'postgres' },
    version: /\d+(\.\d+)*/.exec(version)?.[0] ?? '',
    pid: child.pid ?? 0,
    stop,
  };
}

async function listens(port: number): Promise<boolean> {
  const until = Date.now() + READY_MILLISECONDS;
  while (Date.now() < until) {
    const socket = connect(port, LOOPBACK);
    const connected = await Promise.race([
      once(socket, 'connect').then(() => true),
      once(socket, 'error').then(() => false),
    ]).catch(() => false);
    socket.destroy();
    if (connected) return true;
    await wait(50);
  }
  return false;
}
