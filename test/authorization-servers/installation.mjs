/** Builds the authorization servers from the sources and packages of their registries, in folders that are kept for the next run. */
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  checkJava,
  InstallationError,
  isProgram,
  MissingPrograms,
  run,
  runMaven,
  unlessInstalled,
} from '../clients/installation.mjs';

/** Folders that Git and the linters ignore. */
const cached = (name) => join(import.meta.dirname, '..', '..', 'node_modules', '.cache', name);

/**
 * Returns the archive with Spring Authorization Server.
 *
 * @throws MissingPrograms if it cannot run; InstallationError if Maven could not download or build it
 */
export function installSpring() {
  checkJava();
  const folder = cached('spring-authorization-server');
  const source = join(import.meta.dirname, 'spring');
  const project = join(source, 'pom.xml');
  unlessInstalled(folder, [project, join(source, 'Server.java')], () => {
    mkdirSync(folder, { recursive: true });
    runMaven([`-Dfolder=${folder}`, '--file', project, 'package'], folder, 'Spring Authorization Server');
  });
  return join(folder, 'server.jar');
}

/** The oldest Go version that Ory Hydra supports. */
const OLDEST_GO = [1, 22];

function goVersion() {
  const { stdout } = spawnSync('go', ['env', 'GOVERSION'], { encoding: 'utf8' });
  return (/go(\d+)\.(\d+)/.exec(stdout ?? '') ?? []).slice(1).map(Number);
}

/** @throws MissingPrograms */
function checkGo() {
  if (process.platform === 'win32') throw new MissingPrograms('They run on Linux and macOS.');
  const [major = 0, minor = 0] = goVersion();
  if (major < OLDEST_GO[0] || (major === OLDEST_GO[0] && minor < OLDEST_GO[1])) {
    throw new MissingPrograms(`There is no Go ${OLDEST_GO.join('.')} or newer. Install it.`);
  }
  if (!isProgram('cc', '--version')) {
    throw new MissingPrograms('There is no C compiler (cc), with which Ory Hydra is built. Install one.');
  }
}

/** Makes the copy of a module writable: Go's own cache is read-only. */
function makeWritable(folder) {
  chmodSync(folder, 0o755);
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) makeWritable(path);
    else chmodSync(path, 0o644);
  }
}

/** Builds a module's main package as its authors do: with their `replace` directives, which `go install` does not support. */
function buildHydra(module, program) {
  const found = spawnSync('go', ['mod', 'download', '-json', module], { cwd: tmpdir(), encoding: 'utf8' });
  const { Dir: source, Error: reason } = JSON.parse(found.stdout || '{}');
  if (source === undefined) {
    throw new InstallationError(`Go could not fetch ${module}: ${reason ?? found.stderr}`);
  }
  const folder = mkdtempSync(join(tmpdir(), 'agent-identity-hydra-'));
  try {
    cpSync(source, folder, { recursive: true });
    makeWritable(folder);
    // A folder of the repository, which the published module does not contain. Its own module is published, too.
    run('go', ['mod', 'edit', '-dropreplace=github.com/ory/hydra-client-go/v2'], folder);
    run('go', ['build', '-mod=mod', '-tags', 'sqlite', '-o', program, '.'], folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Returns the program of Ory Hydra.
 *
 * @throws MissingPrograms if it cannot be built; InstallationError if Go could not download or build it
 */
export function installHydra() {
  checkGo();
  const folder = cached('ory-hydra');
  const list = join(import.meta.dirname, 'hydra.txt');
  const program = join(folder, 'hydra');
  unlessInstalled(folder, list, () => {
    mkdirSync(folder, { recursive: true });
    buildHydra(readFileSync(list, 'utf8').trim(), program);
  });
  return program;
}
