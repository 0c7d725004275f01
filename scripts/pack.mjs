/**
 * `npm run pack`: packs everything that is published into `dist/packages/`: a tarball of the root package and of each npm
 * workspace, a wheel of each Python project, and a wheel of the constructs. Fails if a package is larger than its budget.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installPython, run } from '../test/clients/installation.mjs';
import { buildAssembly, generatePythonSources } from './jsii/assembly.mjs';
import { ToolFailure } from './jsii/tools.mjs';
import { checkBudget } from './pack/budget.mjs';
import { withAbsoluteLinks } from './pack/links.mjs';
import { pinnedDependencies } from './pack/pinned-dependencies.mjs';

const ROOT = join(import.meta.dirname, '..');
const PACKAGES = join(ROOT, 'dist/packages');

/** The folders with a pyproject.toml. */
const PYTHON_PROJECTS = ['lib/client-python'];

/** Members of package.json that only a checkout needs. */
const OF_CHECKOUT = ['scripts', 'devDependencies', 'workspaces'];

const LOCK = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8'));

/** Their links are relative in the repository. */
const DOCUMENTS = ['README.md', 'CHANGELOG.md'];

const say = (line) => process.stdout.write(`${line}\n`);

/** Runs `npm pack`; returns what it says about each tarball. */
function npmPack(...args) {
  const { npm_execpath: script } = process.env;
  // If npm runs this script, use the script of npm itself, because `npm` is not an executable file on Windows.
  const [command, ...first] = script ? [process.execPath, script] : ['npm'];
  const { status, stdout, error } = spawnSync(
    command,
    [
      ...[...first, 'pack', '--json', '--foreground-scripts=false', '--loglevel=error'],
      ...['--pack-destination', PACKAGES, ...args],
    ],
    { cwd: ROOT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], maxBuffer: 64 * 1024 * 1024 },
  );
  if (error) throw error;
  // npm has printed the reason, such as the output of a build that failed.
  if (status !== 0) process.exit(1);
  return JSON.parse(stdout);
}

/**
 * Packs a tarball again, for users without a checkout: with the members of package.json and the links that they need, and
 * a command with the versions of what is installed with it.
 */
function withoutCheckout({ filename }) {
  const folder = mkdtempSync(join(tmpdir(), 'agent-identity-pack-'));
  try {
    execFileSync('tar', ['-xzf', join(PACKAGES, filename), '-C', folder]);
    const path = join(folder, 'package/package.json');
    const members = Object.entries(JSON.parse(readFileSync(path, 'utf8')));
    const manifest = Object.fromEntries(members.filter(([name]) => !OF_CHECKOUT.includes(name)));
    if (manifest.bin) manifest.dependencies = pinnedDependencies(LOCK, manifest.repository.directory);
    writeFileSync(path, `${JSON.stringify(manifest, null, 2)}\n`);
    for (const document of DOCUMENTS.map((name) => join(folder, 'package', name)).filter(existsSync)) {
      writeFileSync(document, withAbsoluteLinks(readFileSync(document, 'utf8')));
    }
    const [packed] = npmPack('--ignore-scripts', join(folder, 'package'));
    return packed;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Packs the project and its workspaces. Each is built first, by its own `prepare` or `prepack`. */
const packNpm = () =>
  npmPack('--workspaces', '--include-workspace-root')
    .map(withoutCheckout)
    .map(({ name, filename, size, entryCount }) => ({ name, filename, bytes: size, files: entryCount }));

/** Builds the wheel of a folder, with the build tools of pack/requirements.txt only. */
function packWheel(folder) {
  const python = installPython(join(import.meta.dirname, 'pack'));
  const before = readdirSync(PACKAGES);
  run(python, ['-m', 'build', '--quiet', '--wheel', '--no-isolation', '--outdir', PACKAGES, folder], ROOT);
  const [filename] = readdirSync(PACKAGES).filter((name) => !before.includes(name));
  return { name: filename.split('-')[0], filename, bytes: statSync(join(PACKAGES, filename)).size };
}

/** Returns the folder of the generated sources. If jsii rejects the constructs, prints its diagnostics and exits. */
function generateConstructsForPython() {
  try {
    buildAssembly();
    return generatePythonSources();
  } catch (error) {
    if (!(error instanceof ToolFailure)) throw error;
    process.stderr.write(
      `${error.message.trimEnd()}\n\nCorrect these errors in lib/ and run npm run pack again: dist/jsii has copies of its files. lib/index.ts must export each type of the public API.\n`,
    );
    process.exit(1);
  }
}

rmSync(PACKAGES, { recursive: true, force: true });
mkdirSync(PACKAGES, { recursive: true });
const packed = [];
say('1/3 Building and packing the npm packages …');
packed.push(...packNpm());
say('2/3 Packing the Python client …');
packed.push(...PYTHON_PROJECTS.map((folder) => packWheel(join(ROOT, folder))));
say('3/3 Generating and packing the constructs for Python …');
// The npm package was built before: both have the same bundles.
packed.push(packWheel(generateConstructsForPython()));
for (const { filename, bytes, files } of packed) {
  const count = files === undefined ? '' : `, ${files} files`;
  say(`dist/packages/${filename}  ${Math.ceil(bytes / 1000)} kB${count}`);
}
packed.forEach(checkBudget);
