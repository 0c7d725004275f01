/**
 * The public API of the last release, in `released/api.jsii`: what jsii says of it, without documentation. Before the first
 * release, there is none.
 *
 * `npm run release:api` replaces it with the API of the sources and empties `released/breaking.txt`. Run it for each
 * release.
 */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildAssembly, STAGED } from './assembly.mjs';
import { runTool } from './tools.mjs';

const ROOT = join(import.meta.dirname, '../..');
const RELEASED = join(import.meta.dirname, 'released');
const ASSEMBLY = join(RELEASED, 'api.jsii');

/** Keys of the breaking changes since the release, as `jsii-diff --keys` prints them. */
const BREAKING = join(RELEASED, 'breaking.txt');

/** Of the assembly: places in the source, and texts. */
const OMITTED = ['locationInModule', 'symbolId', 'readme'];

/** Whether there has been a release. */
export const hasRelease = () => existsSync(ASSEMBLY);

const parse = (path) => JSON.parse(readFileSync(path, 'utf8'));

function apiOnly(part) {
  if (Array.isArray(part)) return part.map(apiOnly);
  if (typeof part !== 'object' || part === null) return part;
  const kept = Object.entries(part)
    .filter(([name]) => !OMITTED.includes(name))
    .map(([name, value]) => [name, name === 'docs' ? { stability: value.stability } : apiOnly(value)]);
  return Object.fromEntries(kept.sort(([one], [other]) => (one < other ? -1 : 1)));
}

/** Replaces the released API with that of the sources. */
function release() {
  buildAssembly();
  const { dependencyClosure, ...assembly } = apiOnly(parse(join(STAGED, '.jsii')));
  // The packages that the API builds on have their own assemblies, so their names are enough.
  const names = Object.fromEntries(Object.keys(dependencyClosure).map((name) => [name, {}]));
  const released = { ...assembly, dependencyClosure: names, fingerprint: 'of the API only' };
  mkdirSync(RELEASED, { recursive: true });
  writeFileSync(ASSEMBLY, `${JSON.stringify(released, null, 1)}\n`);
  writeFileSync(BREAKING, '');
}

/**
 * Compares the API of the sources, which `buildAssembly` has compiled, with the released one.
 *
 * @throws Error with each breaking change that `breaking.txt` does not list
 */
export function compareWithRelease() {
  const folder = mkdtempSync(join(tmpdir(), 'agent-identity-released-'));
  try {
    const { name, version } = parse(ASSEMBLY);
    const { peerDependencies, jsii } = parse(join(STAGED, 'package.json'));
    const manifest = { name, version, main: 'index.js', types: 'index.d.ts', peerDependencies, jsii };
    writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest));
    writeFileSync(join(folder, '.jsii'), readFileSync(ASSEMBLY));
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'), 'junction');
    runTool('jsii-diff', ['--error-on=all', '--keys', '--ignore-file', BREAKING, folder, STAGED], ROOT);
  } catch (error) {
    throw new Error(
      `The public API has changed since the last release. Restore it, or add the keys in brackets to scripts/jsii/released/breaking.txt and a "Breaking" entry to CHANGELOG.md.\n${error.message}`,
      { cause: error },
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  checkChangelog();
}

/** @throws Error when the changelog does not mention the breaking changes */
function checkChangelog() {
  if (readFileSync(BREAKING, 'utf8').trim() === '') return;
  const [, unreleased = ''] = readFileSync(join(ROOT, 'CHANGELOG.md'), 'utf8').split(/^## /m);
  if (!unreleased.includes('**Breaking, constructs**')) {
    throw new Error('CHANGELOG.md has no entry "**Breaking, constructs**" for the changes in breaking.txt.');
  }
}

if (process.argv[1] === import.meta.filename) release();
