/** Keycloak's distribution from a Maven repository, unpacked in a folder that is kept for the next run. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { InstallationError, MissingPrograms, run, unlessInstalled } from '../clients/installation.mjs';

const LIST = join(import.meta.dirname, 'distribution.txt');
/** A folder that Git and the linters ignore. */
const FOLDER = join(import.meta.dirname, '..', '..', 'node_modules', '.cache', 'keycloak');
const UNPACK = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:unpack';

/** The oldest Java version that Keycloak supports. */
const OLDEST_JAVA = 17;

const javaVersion = () => {
  const { JAVA_HOME: home } = process.env;
  const { stderr } = spawnSync(home ? join(home, 'bin', 'java') : 'java', ['-version'], { encoding: 'utf8' });
  return Number(/version "(\d+)/.exec(stderr ?? '')?.[1] ?? 0);
};

const hasMaven = () => spawnSync('mvn', ['--version'], { stdio: 'ignore' }).status === 0;

/** @throws MissingPrograms */
function checkPrograms() {
  if (process.platform === 'win32') throw new MissingPrograms('They run on Linux and macOS.');
  if (javaVersion() < OLDEST_JAVA) {
    throw new MissingPrograms(`There is no Java ${OLDEST_JAVA} or newer. Install it, or set JAVA_HOME.`);
  }
  if (!hasMaven()) throw new MissingPrograms('There is no Maven (mvn), which fetches Keycloak. Install it.');
}

function unpack(artifact) {
  const quietly = ['--quiet', '--batch-mode', '--no-transfer-progress', '-Dstyle.color=never'];
  const settings = [`-Dartifact=${artifact}`, `-DoutputDirectory=${FOLDER}`];
  try {
    run('mvn', [...quietly, UNPACK, ...settings], FOLDER);
  } catch (error) {
    if (!(error instanceof InstallationError)) throw error;
    throw new InstallationError(
      `Maven could not fetch ${artifact}; its own error is above. Check that it reaches the repository of its settings.`,
    );
  }
}

/**
 * Returns the folder of the distribution. Maven downloads it from the repository in its settings, and keeps
 * it in its own cache.
 *
 * @throws MissingPrograms if it cannot run; InstallationError if Maven could not download it
 */
export function installKeycloak() {
  checkPrograms();
  const artifact = readFileSync(LIST, 'utf8').trim();
  const [, name, version] = artifact.split(':');
  unlessInstalled(FOLDER, LIST, () => {
    mkdirSync(FOLDER, { recursive: true });
    unpack(artifact);
  });
  return join(FOLDER, `${name.replace('-quarkus-dist', '')}-${version}`);
}
