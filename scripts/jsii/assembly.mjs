/**
 * The constructs compiled by jsii, in `dist/jsii`: a separate package, with the description of the public API
 * (`.jsii`) from which packages for other languages are generated. jsii rejects what such a language cannot express.
 *
 * The npm package is compiled by TypeScript alone. docs/engineering/architecture.md says why ("Published packages").
 */
import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withAbsoluteLinks } from '../pack/links.mjs';
import { runTool } from './tools.mjs';

const ROOT = join(import.meta.dirname, '../..');

/** Folder of the staged package. */
export const STAGED = join(ROOT, 'dist/jsii');

/** What the public API consists of, and what it imports. */
const SOURCES = ['lib/index.ts', 'lib/constructs', 'lib/resources', 'lib/stacks', 'lambda'];

/** Shared with the npm package. The functions' bundles must be built first. */
const CONTENT = [...['dist/functions', 'dist/sbom.cdx.json', 'dist/THIRD-PARTY-NOTICES.txt'], 'LICENSE'];

/** Returns the package.json of the staged package: that of the npm package, with what jsii needs. */
function manifest() {
  const root = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const { name, version, description, license, keywords, homepage, repository, engines } = root;
  const { dependencies, peerDependencies } = root;
  const lowest = Object.entries(peerDependencies).map(([peer, range]) => [peer, range.replace('^', '')]);
  return {
    ...{ name, version, description, license, keywords, homepage, repository, engines },
    author: { name: 'The agent-identity authors', organization: true },
    stability: 'stable',
    main: 'dist/lib/index.js',
    types: 'dist/lib/index.d.ts',
    files: [
      ...['.jsii', 'dist/lib', 'dist/lambda', 'dist/functions'],
      ...['dist/sbom.cdx.json', 'dist/THIRD-PARTY-NOTICES.txt'],
    ],
    ...{ dependencies, peerDependencies },
    devDependencies: Object.fromEntries(lowest),
    bundledDependencies: Object.keys(dependencies),
    jsii: {
      outdir: 'packages',
      targets: { python: { distName: 'agent-identity-cdk', module: 'agent_identity_cdk' } },
      tsc: { outDir: 'dist', rootDir: '.' },
      // Compiled where the public API imports them.
      excludeTypescript: ['lambda/**'],
    },
  };
}

function stage() {
  rmSync(STAGED, { recursive: true, force: true });
  mkdirSync(STAGED, { recursive: true });
  for (const path of [...SOURCES, ...CONTENT])
    cpSync(join(ROOT, path), join(STAGED, path), { recursive: true });
  const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
  writeFileSync(join(STAGED, 'README.md'), withAbsoluteLinks(readme));
  writeFileSync(join(STAGED, 'package.json'), JSON.stringify(manifest(), null, 2));
  symlinkSync(join(ROOT, 'node_modules'), join(STAGED, 'node_modules'), 'junction');
}

/**
 * Compiles the constructs with jsii.
 *
 * @throws ToolFailure with what jsii rejects, such as a type that another language cannot express
 */
export function buildAssembly() {
  stage();
  // `AgentTarget.lambda` is `lambda_` in Python, which is how CDK itself has such names.
  runTool('jsii', ['--silence-warnings=reserved-word'], STAGED);
}

/**
 * Generates the sources of the Python package of the assembly. jsii-pacmak would also build its wheel, with whatever
 * releases of the build tools the index has.
 *
 * @returns the folder of the sources
 */
export function generatePythonSources() {
  runTool('jsii-pacmak', ['--targets', 'python', '--code-only'], STAGED);
  return join(STAGED, 'packages/python');
}
