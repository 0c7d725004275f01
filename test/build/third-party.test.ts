/** What the package says of the packages whose code it contains. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readPackage, renderNotices, renderSbom, thirdPartyPackages } from '../../scripts/build/third-party';

const folder = mkdtempSync(join(tmpdir(), 'agent-identity-third-party-'));
afterAll(() => rmSync(folder, { recursive: true }));

function packageWith(manifest: object, files: Readonly<Record<string, string>> = {}): string {
  const path = mkdtempSync(join(folder, 'package-'));
  const contents = { ...files, 'package.json': JSON.stringify({ name: 'a', version: '1.0.0', ...manifest }) };
  for (const [name, text] of Object.entries(contents)) writeFileSync(join(path, name), text);
  return path;
}

describe('a package', () => {
  it.each([{}, { license: 'UNLICENSED' }])('is rejected without a license: %j', (manifest) => {
    expect(() => readPackage(packageWith(manifest))).toThrow('a@1.0.0 has no license.');
  });

  it('is rejected when neither it nor the project has a text of its license', () => {
    expect(() => readPackage(packageWith({ license: 'ISC' }))).toThrow(
      'a@1.0.0 has no text of its license ISC. Add it to scripts/build/licenses.',
    );
  });

  it('comes with its own license and notice', () => {
    const path = packageWith({ license: 'ISC' }, { LICENSE: 'the license', 'NOTICE.md': 'the notice' });
    expect(readPackage(path).texts).toEqual(['the license', 'the notice']);
  });

  it('that contains no text comes with the standard text and the name of its author', () => {
    const [text] = readPackage(packageWith({ license: 'MIT', author: { name: 'Ada' } })).texts;
    expect(text).toContain('Copyright (c) Ada\n');
  });
});

describe('of the functions’ bundles', () => {
  const packages = thirdPartyPackages();
  const names = packages.map(({ name }) => name);

  it('every package that is bundled is known', () => {
    expect(names).toEqual(
      expect.arrayContaining(['@aws-sdk/client-dynamodb', '@middy/core', 'jose', 'oauth4webapi', 'valibot']),
    );
  });

  it('no package is listed that is used only to build or to test', () => {
    expect(names.filter((name) => /^(aws-cdk-lib|esbuild|jest|constructs|typescript)$/.test(name))).toEqual(
      [],
    );
  });

  it('the notices name each, with a text', () => {
    const notices = renderNotices(packages);
    for (const { name, version, license } of packages) {
      expect(notices).toContain(`- ${name} ${version} (${license})\n`);
    }
  });

  it('the bill of materials names each, and nothing of this computer', () => {
    const sbom = JSON.parse(renderSbom(packages)) as { components: { purl: string }[] };
    expect(sbom.components).toHaveLength(packages.length);
    expect(sbom.components.map(({ purl }) => purl)).toContainEqual(
      expect.stringMatching(/^pkg:npm\/%40middy\/core@6\./),
    );
    expect(JSON.stringify(sbom)).not.toContain(process.cwd());
  });
});
