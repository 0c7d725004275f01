/**
 * `npm run test:packages [-- --packed] [--quick] [group …]`: the published packages as their users get them. Each consumer is
 * a folder outside the project with the tarballs or the wheel, and without files of this project. The last line counts the
 * checks.
 *
 * `--packed` uses the packages of the last `npm run pack`. `--quick` tests each TypeScript version and each kind of consumer,
 * but not all combinations. Groups are the names below; all of them run by default.
 */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkCdk } from './cdk.mjs';
import { checkCli } from './cli.mjs';
import { checkClient } from './client.mjs';
import { run } from './consumer-folder.mjs';
import { checkInit } from './init.mjs';
import { checkManifests } from './manifests.mjs';
import { checkPythonCdk } from './python-cdk.mjs';
import { checkPythonClient } from './python-client.mjs';
import { Report } from './report.mjs';
import { checkTestSuites } from './test-suites.mjs';

const ROOT = join(import.meta.dirname, '../..');
const PACKAGES = join(ROOT, 'dist/packages');

/**
 * Each group is a function of the report, the packages, an empty folder that is deleted afterwards, and `quick`. `packages`
 * has the absolute paths of the files in dist/packages, by name without version: `agent-identity-cdk`.
 */
const GROUPS = {
  manifests: checkManifests,
  cdk: checkCdk,
  cli: checkCli,
  client: checkClient,
  python: checkPythonClient,
  init: checkInit,
  'python-cdk': checkPythonCdk,
  'test-suites': checkTestSuites,
};

const OPTIONS = ['--packed', '--quick'];

async function packagesByName() {
  const files = await readdir(PACKAGES);
  return Object.fromEntries(files.map((file) => [file.replace(/-\d.*$/, ''), join(PACKAGES, file)]));
}

async function main(arguments_) {
  const names = arguments_.filter((argument) => !OPTIONS.includes(argument));
  const quick = arguments_.includes('--quick');
  const unknown = names.find((name) => !(name in GROUPS));
  if (unknown) throw new Error(`There is no group ${unknown}. Groups: ${Object.keys(GROUPS).join(', ')}`);
  const report = new Report();
  const folder = await mkdtemp(join(tmpdir(), 'agent-identity-packages-'));
  try {
    if (!arguments_.includes('--packed')) {
      const { npm_execpath } = process.env;
      const pack = () => run(process.execPath, [join(ROOT, 'scripts/pack.mjs')], ROOT, { npm_execpath });
      if ((await report.check('npm run pack', pack)) === undefined) return report;
    }
    const packages = await packagesByName();
    for (const name of names.length > 0 ? names : Object.keys(GROUPS)) {
      process.stdout.write(`\n== ${name}\n`);
      await GROUPS[name]({ report, packages, quick, folder: await mkdtemp(join(folder, `${name}-`)) });
    }
    return report;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

main(process.argv.slice(2)).then(
  (report) => {
    process.stdout.write(`\n${report.line}\n`);
    process.exitCode = report.failed === 0 && report.passed > 0 ? 0 : 1;
  },
  (error) => {
    process.stderr.write(`${error.stack}\n`);
    process.exitCode = 1;
  },
);
