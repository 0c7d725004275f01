/** The license notices and the bill of materials of the packages whose code this package contains. */
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

  it('is rejected if neither it nor the project has the text of its license', () => {
    expect(() => readPackage(packageWith({ license: 'ISC' }))).toThrow(
      'a@1.0.0 has no text of its license ISC. Add it to scripts/build/licenses.',
    );
  });

  it('has its own license and notice', () => {
    const path = packageWith({ license: 'ISC' }, { LICENSE: 'the license', 'NOTICE.md': 'the notice' });
    expect(readPackage(path).texts).toEqual(['the license', 'the notice']);
  });

  it('without a license file gets the standard text with the name of its author', () => {
    const [text] = readPackage(packageWith({ license: 'MIT', author: { name: 'Ada' } })).texts;
    expect(text).toContain('Copyright (c) Ada\n');
  });
});

describe("the packages in the functions' bundles", () => {
  const packages = thirdPartyPackages();
  const names = packages.map(({ name }) => name);

  it('include every bundled package', () => {
    expect(names).toEqual(
      expect.arrayContaining(['@aws-sdk/client-dynamodb', '@middy/core', 'jose', 'oauth4webapi', 'valibot']),
    );
  });

  it('include no package that is used only to build or to test', () => {
    expect(names.filter((name) => /^(aws-cdk-lib|esbuild|jest|constructs|typescript)$/.test(name))).toEqual(
      [],
    );
  });

  it('are all in the notices, each with a license text', () => {
    const notices = renderNotices(packages);
    for (const { name, version, license } of packages) {
      expect(notices).toContain(`- ${name} ${version} (${license})\n`);
    }
  });

  it('are all in the bill of materials, without information about this computer', () => {
    const sbom = JSON.parse(renderSbom(packages)) as { components: { purl: string }[] };
    expect(sbom.components).toHaveLength(packages.length);
    expect(sbom.components.map(({ purl }) => purl)).toContainEqual(
      expect.stringMatching(/^pkg:npm\/%40middy\/core@6\./),
    );
    expect(JSON.stringify(sbom)).not.toContain(process.cwd());
  });
});
