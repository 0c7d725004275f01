/**
 * CDK apps that have @agent-identity/cdk from its tarball: each kind of module, each TypeScript, the lowest peers and
 * the newest. Every app must synthesize the very bundles that the project's own app does.
 */
import assert from 'node:assert/strict';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { npmInstall, run, writeFiles } from './consumer-folder.mjs';

const ROOT = join(import.meta.dirname, '../..');
const APP = join(import.meta.dirname, 'cdk-app.ts');

/** The peers that consumers have. `lowest` is what package.json promises. */
const PEERS = {
  lowest: ['aws-cdk-lib@2.269.0', 'constructs@10.5.0'],
  newest: ['aws-cdk-lib@2', 'constructs@10'],
};

const TYPESCRIPT_VERSIONS = ['5.4', '5.9', '6.0', '7.0'];
const COMPILERS = TYPESCRIPT_VERSIONS.map((version) => `typescript-${version}@npm:typescript@${version}`);

/** Of the consumer, not of the library: they are beside it, so that its folder has no esbuild. */
const TOOLS = ['tsx@4', 'ts-node@10.9.2', '@types/node@20', ...COMPILERS];

const STRICT = {
  target: 'ES2022',
  lib: ['ES2022'],
  types: ['node'],
  strict: true,
  noUncheckedIndexedAccess: true,
  noImplicitOverride: true,
  noPropertyAccessFromIndexSignature: true,
};

/**
 * By name: the kind of the consumer's package, and its compiler options. `skipLibCheck: false` and
 * `exactOptionalPropertyTypes` are in different consumers: together they fail inside aws-cdk-lib.
 */
const COMPILED = {
  'CommonJS, nodenext, every declaration checked': {
    type: 'commonjs',
    options: { ...STRICT, module: 'nodenext', skipLibCheck: false },
  },
  'CommonJS, default resolution': {
    type: 'commonjs',
    options: { ...STRICT, module: 'commonjs', skipLibCheck: true },
  },
  'ES module, nodenext, verbatimModuleSyntax, exactOptionalPropertyTypes': {
    type: 'module',
    options: {
      ...STRICT,
      ...{ module: 'nodenext', verbatimModuleSyntax: true, exactOptionalPropertyTypes: true },
      skipLibCheck: true,
    },
  },
};

/** Returns the names of the functions' assets, which contain the hash of every file in them. */
async function assetsOf(assembly) {
  const names = await readdir(assembly);
  return names.filter((name) => /^asset\.[0-9a-f]+$/.test(name)).sort();
}

/** Runs an app, which synthesizes into `cdk.out` of the folder; returns the assets. */
async function synthesize(folder, arguments_, environment = {}) {
  const output = join(folder, 'cdk.out');
  const printed = await run(process.execPath, arguments_, folder, { ...environment, CDK_OUTDIR: output });
  assert.doesNotMatch(printed, /bundling/i);
  return assetsOf(output);
}

/** The project's own synthesis of the same app. */
async function ownAssets(folder) {
  const output = join(folder, 'own');
  await run(process.execPath, ['--import', 'tsx', APP], ROOT, { CDK_OUTDIR: output });
  return assetsOf(output);
}

/** A folder of a CDK app in an installation, in which Node.js finds the packages that are installed there. */
async function consumer(installation, name, type, files) {
  const folder = join(installation, name.replaceAll(/\W+/g, '-'));
  await mkdir(folder);
  await writeFiles(folder, { 'package.json': { private: true, type }, ...files });
  return folder;
}

async function checkPeers({ report, installation, tools, own, peers, versions }) {
  const source = (await readFile(APP, 'utf8')).replace("'../../lib'", "'@agent-identity/cdk'");
  const tool = (path) => join(tools, 'node_modules', path);
  const check = (name, work) =>
    report.check(`${name}, ${peers} peers`, async () => assert.deepEqual(await work(name), own));

  for (const version of versions) {
    for (const [kind, { type, options }] of Object.entries(COMPILED)) {
      await check(`tsc ${version} + node, ${kind}`, async (name) => {
        const compilerOptions = { ...options, typeRoots: [tool('@types')] };
        const files = { 'app.ts': source, 'tsconfig.json': { compilerOptions, files: ['app.ts'] } };
        const folder = await consumer(installation, name, type, files);
        await run(process.execPath, [tool(`typescript-${version}/bin/tsc`)], folder);
        return synthesize(folder, ['app.js']);
      });
    }
  }
  for (const type of ['commonjs', 'module']) {
    await check(`tsx, ${type}`, async (name) => {
      const folder = await consumer(installation, name, type, { 'app.ts': source });
      return synthesize(folder, [tool('tsx/dist/cli.mjs'), 'app.ts']);
    });
  }
  await check('ts-node', async (name) => {
    const compilerOptions = { ...STRICT, module: 'commonjs', typeRoots: [tool('@types')] };
    const files = { 'app.ts': source, 'tsconfig.json': { compilerOptions } };
    const folder = await consumer(installation, name, 'commonjs', files);
    const compiler = { TS_NODE_COMPILER: tool('typescript-5.9') };
    return synthesize(folder, [tool('ts-node/dist/bin.js'), '--prefer-ts-exts', 'app.ts'], compiler);
  });
}

export async function checkCdk({ report, packages, folder }) {
  const own = await report.check('the project’s own app', () => ownAssets(folder));
  const tools = join(folder, 'tools');
  await mkdir(tools);
  await npmInstall(tools, TOOLS);
  for (const [peers, installed] of Object.entries(PEERS)) {
    const installation = join(folder, peers);
    await mkdir(installation);
    await npmInstall(installation, [packages['agent-identity-cdk'], ...installed]);
    const versions = peers === 'lowest' ? ['5.9'] : TYPESCRIPT_VERSIONS;
    await checkPeers({ report, installation, tools, own, peers, versions });
  }
}
