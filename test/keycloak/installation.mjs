/** Keycloak's distribution from a Maven repository, unpacked in a folder that is kept for the next run. */
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkJava, runMaven, unlessInstalled } from '../clients/installation.mjs';

const LIST = join(import.meta.dirname, 'distribution.txt');
/** A folder that Git and the linters ignore. */
const FOLDER = join(import.meta.dirname, '..', '..', 'node_modules', '.cache', 'keycloak');
const UNPACK = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:unpack';

/**
 * Returns the folder of the distribution. Maven downloads it from the repository in its settings, and keeps
 * it in its own cache.
 *
 * @throws MissingPrograms if it cannot run; InstallationError if Maven could not download it
 */
export function installKeycloak() {
  checkJava();
  const artifact = readFileSync(LIST, 'utf8').trim();
  const [, name, version] = artifact.split(':');
  unlessInstalled(FOLDER, LIST, () => {
    mkdirSync(FOLDER, { recursive: true });
    runMaven([UNPACK, `-Dartifact=${artifact}`, `-DoutputDirectory=${FOLDER}`], FOLDER, artifact);
  });
  return join(FOLDER, `${name.replace('-quarkus-dist', '')}-${version}`);
}
