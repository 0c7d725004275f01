/** The packages of these tests at pinned versions, installed in this folder and kept for the next run. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import {
  findPython,
  InstallationError,
  installNode24,
  installPython,
  MissingPrograms,
  runNpm,
  unlessInstalled,
} from '../clients/installation.mjs';

const PACKAGES = join(import.meta.dirname, 'node_modules');
const SUITE = join(PACKAGES, '@modelcontextprotocol', 'conformance');
/** The command line of the Inspector, without the launcher, which starts it in another process. */
const INSPECTOR = join(PACKAGES, '@modelcontextprotocol', 'inspector', 'clients', 'cli', 'build', 'index.js');

/** The oldest Node.js that the conformance suite and the Inspector are run on. */
const OLDEST_NODE = 24;

/** Folders with the requirements of clients that do not fit in one environment. */
const ENVIRONMENTS = join(import.meta.dirname, 'clients', 'environments');
/** The oldest version of Python that FastMCP supports. */
const OLDEST_PYTHON = [3, 11];

/**
 * Returns the paths of the conformance suite, of its requirements, of the Inspector, and of the Node.js that runs both.
 *
 * @throws MissingPrograms on a machine for which npm has no Node.js; InstallationError if an installation failed
 */
export function installSuite() {
  unlessInstalled(PACKAGES, join(import.meta.dirname, 'package-lock.json'), () => {
    runNpm(['ci'], import.meta.dirname);
  });
  const node = join(installNode24(import.meta.dirname), 'node');
  const version = execFileSync(node, ['--version'], { encoding: 'utf8' }).trim();
  if (Number(/^v(\d+)/.exec(version)?.[1]) < OLDEST_NODE) {
    throw new MissingPrograms(
      `On this machine, the conformance suite requires that the tests run on Node.js ${OLDEST_NODE}, and this is ${version}.`,
    );
  }
  const suite = { node, program: join(SUITE, 'dist', 'index.js'), requirements: join(SUITE, 'requirements') };
  return { suite, inspector: { node, program: INSPECTOR } };
}

/**
 * Returns the path of the Python of each environment with clients, or `missing` with a message if no Python is new enough.
 *
 * @throws InstallationError if an installation failed
 */
export function installClients() {
  try {
    findPython(OLDEST_PYTHON);
  } catch (error) {
    if (!(error instanceof InstallationError)) throw error;
    return { missing: error.message };
  }
  const names = ['fastmcp', 'langchain', 'strands'];
  return {
    pythons: Object.fromEntries(names.map((name) => [name, installPython(join(ENVIRONMENTS, name))])),
  };
}
