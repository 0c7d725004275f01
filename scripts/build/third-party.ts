/**
 * Lists the third-party packages in the bundles of a package, which npm cannot see. It reads the metafile of esbuild, and
 * writes `sbom.cdx.json` (CycloneDX 1.6) and `THIRD-PARTY-NOTICES.txt` to the package's `dist`.
 *
 * `tsx third-party.ts <folder of the package> <metafile>`, both relative to the project root.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Metafile } from 'esbuild';
import { METAFILE } from './functions';

const ROOT = join(__dirname, '../..');

/** License texts for packages that name their license but do not contain its text. */
const LICENSE_TEXTS: Readonly<Record<string, string>> = {
  'Apache-2.0': join(ROOT, 'LICENSE'),
  MIT: join(__dirname, 'licenses/MIT.txt'),
  'MIT-0': join(__dirname, 'licenses/MIT-0.txt'),
};

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license?: string;
  readonly description?: string;
  readonly author?: string | { readonly name: string };
}

export interface ThirdPartyPackage {
  readonly name: string;
  readonly version: string;
  /** An SPDX expression. */
  readonly license: string;
  /** The full license and notice texts. */
  readonly texts: readonly string[];
}

const readManifest = (folder: string): Manifest =>
  JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;

/** Returns the folder of the package that contains a file, or undefined for a file of this project. */
const packageFolder = (path: string): string | undefined =>
  /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0];

/** Returns the folders of the packages that contributed code to any bundle. */
function bundledFolders({ outputs }: Metafile): string[] {
  const inputs = Object.values(outputs).flatMap((output) => Object.entries(output.inputs));
  return inputs
    .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
    .flatMap(([path]) => packageFolder(path) ?? []);
}

const authorOf = ({ author, name }: Manifest): string =>
  (typeof author === 'string' ? author : author?.name) ?? `the authors of ${name}`;

/**
 * Returns a package with its license, from its folder.
 *
 * @throws Error when the package names no license, or the text of its license is missing
 */
export function readPackage(folder: string): ThirdPartyPackage {
  const manifest = readManifest(folder);
  const { name, version, license } = manifest;
  if (!license || license === 'UNLICENSED') {
    throw new Error(
      `${name}@${version} has no license. Remove the package, or ask its authors for a license.`,
    );
  }
  const files = readdirSync(folder).filter((file) => /^(licen[cs]e|copying|notice)\b/i.test(file));
  const texts = files.sort().map((file) => readFileSync(join(folder, file), 'utf8').trim());
  if (texts.length > 0) return { name, version, license, texts };
  const standard = LICENSE_TEXTS[license];
  if (!standard) {
    throw new Error(
      `${name}@${version} has no text of its license ${license}. Add it to scripts/build/licenses.`,
    );
  }
  const text = readFileSync(standard, 'utf8').trim().replace('<author>', authorOf(manifest));
  return { name, version, license, texts: [text] };
}

/** Returns the packages in the bundles, sorted by name and version, without duplicates. */
export function thirdPartyPackages(metafile = METAFILE): ThirdPartyPackage[] {
  const folders = new Set(bundledFolders(JSON.parse(readFileSync(metafile, 'utf8')) as Metafile));
  const packages = [...folders].map((folder) => readPackage(join(ROOT, folder)));
  const byId = new Map(packages.map((each) => [`${each.name}@${each.version}`, each]));
  return [...byId].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, each]) => each);
}

const notice = (text: string, packages: readonly ThirdPartyPackage[]): string => {
  const names = packages.map(({ name, version, license }) => `- ${name} ${version} (${license})`);
  return `${names.join('\n')}\n\n${text}\n`;
};

/** Returns the notices: each text once, with the packages that it applies to. */
export function renderNotices(packages: readonly ThirdPartyPackage[]): string {
  const byText = new Map<string, ThirdPartyPackage[]>();
  for (const each of packages) {
    for (const text of each.texts) byText.set(text, [...(byText.get(text) ?? []), each]);
  }
  const line = '-'.repeat(80);
  const sections = [...byText].map(([text, users]) => notice(text, users));
  return `This package contains code of these packages.\n\n${sections.join(`\n${line}\n\n`)}`;
}

/** Returns a package URL (purl-spec, type npm). */
const purlOf = ({ name, version }: Pick<Manifest, 'name' | 'version'>): string =>
  `pkg:npm/${name.replace('@', '%40')}@${version}`;

function componentOf({ name, version, license }: Manifest & { readonly license: string }) {
  const licenses = /[ ()]/.test(license) ? [{ expression: license }] : [{ license: { id: license } }];
  const purl = purlOf({ name, version });
  return { type: 'library', 'bom-ref': purl, name, version, licenses, purl };
}

/**
 * Returns the bill of materials. It has no time and no serial number, so that two builds are equal.
 *
 * @param folder the folder of the package that contains the others
 */
export function renderSbom(packages: readonly ThirdPartyPackage[], folder = ROOT): string {
  const { name, version, license = '' } = readManifest(folder);
  const sbom = {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: { component: componentOf({ name, version, license }) },
    components: packages.map(componentOf),
    dependencies: [{ ref: purlOf({ name, version }), dependsOn: packages.map(purlOf) }],
  };
  return `${JSON.stringify(sbom, undefined, 2)}\n`;
}

/** @throws Error when a bundled package has no license */
export function writeThirdParty(folder = ROOT, metafile = METAFILE): void {
  const packages = thirdPartyPackages(metafile);
  writeFileSync(join(folder, 'dist/THIRD-PARTY-NOTICES.txt'), renderNotices(packages));
  writeFileSync(join(folder, 'dist/sbom.cdx.json'), renderSbom(packages, folder));
}

if (require.main === module) {
  const [folder = '', metafile = ''] = process.argv.slice(2);
  writeThirdParty(join(ROOT, folder), join(ROOT, metafile));
}
