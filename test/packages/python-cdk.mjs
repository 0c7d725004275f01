/**
 * A CDK app in Python with the constructs from their wheel: it must synthesize the same template as the same app
 * in TypeScript with the npm tarball, with the bundles of the functions. And the public API, from which the
 * wheel is generated, must match the last release.
 *
 * These checks are not in `npm test`, because jsii compiles the whole library again.
 */
import assert from 'node:assert/strict';
import { copyFile, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { compareWithRelease, hasRelease } from '../../scripts/jsii/released-api.mjs';
import { findPython, IN_VENV } from '../clients/installation.mjs';
import { npmInstall, run, writeFiles } from './consumer-folder.mjs';

const EXAMPLES = join(import.meta.dirname, '../../examples');

/** The same version in both languages, so that CDK writes the same template: the lowest one that cdk-nag supports. */
const CDK = '2.269.0';
const CONSTRUCTS = '10.5.1';

async function templateOf(output) {
  return JSON.parse(await readFile(join(output, 'TravelAgent.template.json'), 'utf8'));
}

async function synthesizeInTypescript(folder, tarball) {
  await mkdir(folder);
  const source = await readFile(join(EXAMPLES, 'consumer-app/app.ts'), 'utf8');
  const app = source.replace("'../../lib'", "'@agent-identity/cdk'");
  await writeFiles(folder, { 'package.json': { private: true, type: 'commonjs' }, 'app.ts': app });
  await npmInstall(folder, [
    ...[tarball, `aws-cdk-lib@${CDK}`, `constructs@${CONSTRUCTS}`],
    ...['cdk-nag@3', 'tsx@4'],
  ]);
  const CDK_OUTDIR = join(folder, 'cdk.out');
  await run(process.execPath, ['node_modules/tsx/dist/cli.mjs', 'app.ts'], folder, { CDK_OUTDIR });
  return templateOf(CDK_OUTDIR);
}

/** Returns an app of the Python line in docs/deploying.md, unchanged. */
async function documentedSnippet() {
  const page = await readFile(join(import.meta.dirname, '../../docs/deploying.md'), 'utf8');
  const [, line] = /in snake case: `(AgentIdentity\(stack, [^`]+)`/.exec(page) ?? [];
  assert.ok(line, 'docs/deploying.md has no Python line');
  return [
    'from aws_cdk import App, Stack',
    'from agent_identity_cdk import *',
    'app = App()',
    'stack = Stack(app, "Readme")',
    'discovery_url = "https://login.example.com/.well-known/openid-configuration"',
    line,
    'app.synth()',
    '',
  ].join('\n');
}

async function synthesizeInPython(folder, wheel) {
  await mkdir(folder);
  await copyFile(join(EXAMPLES, 'consumer-app-python/app.py'), join(folder, 'app.py'));
  await run(findPython(), ['-m', 'venv', '.venv'], folder);
  const python = join(folder, '.venv', IN_VENV);
  const packages = [wheel, `aws-cdk-lib==${CDK}`, `constructs==${CONSTRUCTS}`];
  await run(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...packages], folder);
  const CDK_OUTDIR = join(folder, 'cdk.out');
  // jsii starts the Node.js that runs this program.
  const JSII_NODE = process.execPath;
  await run(python, ['app.py'], folder, { CDK_OUTDIR, JSII_NODE });
  await writeFiles(folder, { 'snippet.py': await documentedSnippet() });
  await run(python, ['snippet.py'], folder, { CDK_OUTDIR: join(folder, 'snippet.out'), JSII_NODE });
  return templateOf(CDK_OUTDIR);
}

export async function checkPythonCdk({ report, packages, folder }) {
  // From the first release on.
  if (hasRelease()) await report.check('the public API matches the last release', compareWithRelease);
  const { 'agent-identity-cdk': tarball, agent_identity_cdk: wheel } = packages;
  const expected = await report.check('the consumer example in TypeScript synthesizes', () =>
    synthesizeInTypescript(join(folder, 'typescript'), tarball),
  );
  await report.check('the consumer example in Python has the same template', async () => {
    const template = await synthesizeInPython(join(folder, 'python'), wheel);
    assert.ok(expected, 'the TypeScript template is missing');
    assert.deepEqual(template, expected);
  });
}
