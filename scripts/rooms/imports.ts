/** The imports of this project's own code, read from its sources. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import ts from 'typescript';

const ROOT = join(__dirname, '../..');

/** Paths from the project's root, such as `lambda/domain/audit.ts`. */
export interface Import {
  readonly from: string;
  readonly to: string;
}

const isSource = (path: string): boolean => /\.m?ts$/.test(path) && !/\.d\.m?ts$/.test(path);

/** Folders that builds and installations make beside the sources. */
const NOT_OURS = new Set(['node_modules', 'dist']);

function sourcesIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return NOT_OURS.has(entry.name) ? [] : sourcesIn(path);
    return isSource(path) ? [path] : [];
  });
}

/** @returns the file that a relative specifier names, or undefined for a package and for what is no source */
function resolved(from: string, specifier: string): string | undefined {
  if (!specifier.startsWith('.')) return undefined;
  const path = join(dirname(from), specifier);
  return [path, `${path}.ts`, `${path}.mts`, join(path, 'index.ts')].find(
    (candidate) => isSource(candidate) && existsSync(candidate) && statSync(candidate).isFile(),
  );
}

/**
 * Returns every import between files of the given folders, of types too.
 *
 * @param folders from the project's root
 */
export function importsIn(folders: readonly string[]): Import[] {
  const files = folders.flatMap((folder) => sourcesIn(join(ROOT, folder)));
  return files.flatMap((from) =>
    ts.preProcessFile(readFileSync(from, 'utf8'), true, true).importedFiles.flatMap(({ fileName }) => {
      const to = resolved(from, fileName);
      return to ? [{ from: relative(ROOT, from), to: relative(ROOT, to) }] : [];
    }),
  );
}
