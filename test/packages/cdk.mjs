/**
 * CDK apps with @agent-identity/cdk from its tarball: each module format, each TypeScript version, and the lowest and
 * newest peer dependencies. Every app must synthesize the same bundles as the project's own app.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { programsOf } from './client-types.mjs';
import { npmInstall, run, writeFiles } from './consumer-folder.mjs';
import { combinations } from './matrix.mjs';

const ROOT = join(import.meta.dirname, '../..');
const APP = join(import.meta.dirname, 'cdk-app.ts');

/** The peer dependencies of consumers. `lowest` are the lowest versions that package.json allows. */
const PEERS = {
  lowest: ['aws-cdk-lib@2.269.0', 'constructs@10.5.0'],
  newest: ['aws-cdk-lib@2', 'constructs@10'],
};

const TYPESCRIPT_VERSIONS = ['5.4', '5.9', '6.0', '7.0'];
const COMPILERS = TYPESCRIPT_VERSIONS.map((version) => `typescript-${version}@npm:typescript@${version}`);

/** Tools of the consumer, installed in a separate folder so that the library cannot use their esbuild. */
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
 * By name: the type of the consumer's package, and its compiler options. `skipLibCheck: false` and
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

/** Type of the consumer's package in a quick test, by its peer dependencies. */
const TSX = { lowest: 'commonjs', newest: 'module' };

/** The source of a consumer's app. */
const source = () => readFileSync(APP, 'utf8').replace("'../../lib'", "'@agent-identity/cdk'");

/** Returns the names of the functions' assets, which contain the hash of every file in them. */
async function assetsOf(assembly) {
  const names = await readdir(assembly);
  return names.filter((name) => /^asset\.[0-9a-f]+$/.test(name)).sort();
}

/** Runs an app, which synthesizes into the folder's `cdk.out`; returns the assets. */
async function synthesize(folder, arguments_, environment = {}) {
  const output = join(folder, 'cdk.out');
  const printed = await run(process.execPath, arguments_, folder, { ...environment, CDK_OUTDIR: output });
  assert.doesNotMatch(printed, /bundling/i);
  return assetsOf(output);
}

/** The project's own synthesis of the same app, with bundles of the current code. */
async function ownAssets(folder) {
  const output = join(folder, 'own');
  await run(process.execPath, ['--import', 'tsx', 'scripts/build/functions.ts'], ROOT);
  await run(process.execPath, ['--import', 'tsx', APP], ROOT, { CDK_OUTDIR: output });
  return assetsOf(output);
}

/** Creates the folder of a CDK app in an installation, whose packages Node.js finds there. */
async function consumer(installation, name, type, files) {
  const folder = join(installation, name.replaceAll(/\W+/g, '-'));
  await mkdir(folder);
  await writeFiles(folder, { 'package.json': { private: true, type }, ...files });
  return folder;
}

/** Returns the checks of one installation: each checks an app with these sources and returns its assets. */
function appChecks({ report, installation, peers, own, tools }) {
  const tool = (path) => join(tools, 'node_modules', path);
  const typeRoots = [tool('@types')];
  const check = (name, type, files, work) =>
    report.check(`${name}, ${peers}`, async () => {
      const folder = await consumer(installation, name, type, { 'app.ts': source(), ...files });
      assert.deepEqual(await work(folder), own);
    });
  return {
    compiled: (version, kind, { type, options }) => {
      const tsconfig = { compilerOptions: { ...options, typeRoots }, files: ['app.ts'] };
      return check(`tsc ${version} + node, ${kind}`, type, { 'tsconfig.json': tsconfig }, async (folder) => {
        await run(process.execPath, [tool(`typescript-${version}/bin/tsc`)], folder);
        return synthesize(folder, ['app.js']);
      });
    },
    tsx: (type) =>
      check(`tsx, ${type}`, type, {}, (folder) => synthesize(folder, [tool('tsx/dist/cli.mjs'), 'app.ts'])),
    tsNode: () => {
      const tsconfig = { compilerOptions: { ...STRICT, module: 'commonjs', typeRoots } };
      return check('ts-node', 'commonjs', { 'tsconfig.json': tsconfig }, (folder) =>
        synthesize(folder, [tool('ts-node/dist/bin.js'), '--prefer-ts-exts', 'app.ts'], {
          TS_NODE_COMPILER: tool('typescript-5.9'),
        }),
      );
    },
  };
}

/** The app of docs/deploying.md, with the endpoint and the portal of docs/portal.md that continue it, in an installation of the package. */
export function checkDocumentedApp({ report, installation, tools }) {
  const [app, endpoint] = programsOf(join(ROOT, 'docs/deploying.md'), 'ts');
  const [portal] = programsOf(join(ROOT, 'docs/portal.md'), 'ts');
  const [kind] = Object.values(COMPILED);
  const typeRoots = [join(tools, 'node_modules/@types')];
  const compilerOptions = { ...kind.options, typeRoots, skipLibCheck: true, noEmit: true };
  return report.check('the programs of docs/deploying.md and docs/portal.md compile', async () => {
    const folder = await consumer(installation, 'documented', kind.type, {
      'app.ts': [app, portal, endpoint].join('\n'),
      'tsconfig.json': { compilerOptions, files: ['app.ts'] },
    });
    await run(process.execPath, [join(tools, 'node_modules/typescript-5.9/bin/tsc')], folder);
  });
}

async function checkTarball({ report, folder, packages, own, tools, quick }) {
  for (const [peers, installed] of Object.entries(PEERS)) {
    const installation = join(folder, peers);
    await mkdir(installation);
    await npmInstall(installation, [packages['agent-identity-cdk'], ...installed]);
    const checks = appChecks({ report, installation, peers: `${peers} peers`, own, tools });
    const versions = peers === 'lowest' ? ['5.9'] : TYPESCRIPT_VERSIONS;
    const kinds = Object.keys(COMPILED).slice(0, quick && peers === 'lowest' ? 1 : undefined);
    for (const [version, kind] of combinations(versions, kinds, quick)) {
      await checks.compiled(version, kind, COMPILED[kind]);
    }
    for (const type of quick ? [TSX[peers]] : Object.values(TSX)) await checks.tsx(type);
    if (quick && peers === 'lowest') continue;
    await checks.tsNode();
    await checkDocumentedApp({ report, installation, tools });
  }
}

/** npm clones the repository, installs the build dependencies, and builds with `prepare`. */
async function checkGit({ report, folder, own, tools }) {
  const name = 'an installation from Git';
  const changes = await run('git', ['status', '--porcelain'], ROOT).catch(() => undefined);
  if (changes === undefined) return report.skip(name, 'the project is not in a Git repository');
  if (changes !== '') return report.skip(name, 'the work tree has changes, which Git would not install');
  const installation = join(folder, 'git');
  await mkdir(installation);
  const install = () => npmInstall(installation, [`git+${pathToFileURL(ROOT)}`, ...PEERS.newest]);
  await report.check(name, install);
  return appChecks({ report, installation, peers: 'from Git', own, tools }).tsx('commonjs');
}

export async function checkCdk({ report, packages, folder, quick }) {
  const own = await report.check("the project's own app", () => ownAssets(folder));
  const tools = join(folder, 'tools');
  await mkdir(tools);
  await npmInstall(tools, TOOLS);
  await checkTarball({ report, folder, packages, own, tools, quick });
  if (!quick) await checkGit({ report, folder, own, tools });
}
