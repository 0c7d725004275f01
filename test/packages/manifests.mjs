/** Each tarball's manifest, types, license, and bundled packages. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { findPython } from '../clients/installation.mjs';
import { relativeTargets } from '../../scripts/pack/links.mjs';
import { npmInstall, run } from './consumer-folder.mjs';

const TOOLS = ['publint@0.3.25', '@arethetypeswrong/cli@0.18.5'];

/** publint mistakes the minified variables `import_promises,…,fromFile` of these bundles for an import, and warns. */
const MINIFIED = ['agent-identity-cli'];

const CONSTRUCTS_FOR_PYTHON = 'agent_identity_cdk';

/** Packages with bundles, which name the packages inside. */
const WITH_BUNDLES = ['agent-identity-cdk', 'agent-identity-cli', CONSTRUCTS_FOR_PYTHON];

/** The wheel of the constructs contains an npm tarball. */
const EXTRACT = `
import sys, zipfile
wheel = zipfile.ZipFile(sys.argv[1])
[name] = [name for name in wheel.namelist() if name.endswith(".jsii.tgz")]
print(wheel.extract(name, sys.argv[2]))
`;

const tarballIn = async (wheel, folder) =>
  (await run(findPython(), ['-c', EXTRACT, wheel, folder], folder)).trim();

async function assertLicensed(name, tarball, folder) {
  const files = (await run('tar', ['-tzf', tarball], folder)).split('\n');
  const bundled = ['package/dist/sbom.cdx.json', 'package/dist/THIRD-PARTY-NOTICES.txt'];
  for (const file of ['package/LICENSE', ...(WITH_BUNDLES.includes(name) ? bundled : [])]) {
    assert.ok(files.includes(file), `${file} is missing`);
  }
}

async function assertForUsers(tarball, folder) {
  const manifest = JSON.parse(await run('tar', ['-xzOf', tarball, 'package/package.json'], folder));
  for (const member of ['scripts', 'devDependencies', 'workspaces', 'publishConfig']) {
    assert.ok(!(member in manifest), member);
  }
  assert.ok(manifest.files.length > 0, 'a member for users is missing');
}

/** The package does not contain what a relative link leads to. */
async function assertLinksWork(tarball, folder) {
  const files = (await run('tar', ['-tzf', tarball], folder)).split('\n');
  const documents = files.filter((file) => /^package\/[A-Z]+\.md$/.test(file));
  assert.ok(documents.includes('package/README.md'), 'README.md is missing');
  for (const document of documents) {
    const text = await run('tar', ['-xzOf', tarball, document], folder);
    assert.deepEqual(relativeTargets(text), [], document);
  }
}

export async function checkManifests({ report, packages, folder }) {
  await report.check(
    `${CONSTRUCTS_FOR_PYTHON}: contains its license and those of bundled packages`,
    async () =>
      assertLicensed(CONSTRUCTS_FOR_PYTHON, await tarballIn(packages[CONSTRUCTS_FOR_PYTHON], folder), folder),
  );
  await report.check(
    `${CONSTRUCTS_FOR_PYTHON}: the links of its documents work without a checkout`,
    async () => assertLinksWork(await tarballIn(packages[CONSTRUCTS_FOR_PYTHON], folder), folder),
  );
  await npmInstall(folder, TOOLS);
  const tool = (name) => join(folder, 'node_modules/.bin', name);
  for (const [name, tarball] of Object.entries(packages)) {
    if (!tarball.endsWith('.tgz')) continue;
    await report.check(`${name}: contains its license and those of bundled packages`, () =>
      assertLicensed(name, tarball, folder),
    );
    await report.check(`${name}: no member of package.json that only a checkout needs`, () =>
      assertForUsers(tarball, folder),
    );
    await report.check(`${name}: the links of its documents work without a checkout`, () =>
      assertLinksWork(tarball, folder),
    );
    const level = MINIFIED.includes(name) ? [] : ['--strict'];
    await report.check(`${name}: publint finds no errors`, () =>
      run(tool('publint'), [...level, tarball], folder),
    );
    await report.check(`${name}: attw finds no errors in the types of each entry`, () =>
      run(tool('attw'), [tarball, '--no-emoji', '--no-color'], folder),
    );
  }
}
