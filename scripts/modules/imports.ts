/** The imports in the project's code, read from its sources. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import ts from 'typescript';

const ROOT = join(__dirname, '../..');

/** Paths relative to the project root, such as `lambda/domain/audit.ts`. */
export interface Import {
  readonly from: string;
  readonly to: string;
}

const isSource = (path: string): boolean => /\.m?ts$/.test(path) && !/\.d\.m?ts$/.test(path);

/** Folders that builds and installations create among the sources. */
const EXCLUDED = new Set(['node_modules', 'dist']);

function sourcesIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return EXCLUDED.has(entry.name) ? [] : sourcesIn(path);
    return isSource(path) ? [path] : [];
  });
}

/** Returns the file that a relative specifier names, or undefined for a package or for another kind of file. */
function resolve(from: string, specifier: string): string | undefined {
  if (!specifier.startsWith('.')) return undefined;
  const path = join(dirname(from), specifier);
  return [path, `${path}.ts`, `${path}.mts`, join(path, 'index.ts')].find(
    (candidate) => isSource(candidate) && existsSync(candidate) && statSync(candidate).isFile(),
  );
}

/**
 * Returns every import between files of the folders, including imports of types.
 *
 * @param folders relative to the project root
 */
export function importsIn(folders: readonly string[]): Import[] {
  const files = folders.flatMap((folder) => sourcesIn(join(ROOT, folder)));
  return files.flatMap((from) =>
    ts.preProcessFile(readFileSync(from, 'utf8'), true, true).importedFiles.flatMap(({ fileName }) => {
      const to = resolve(from, fileName);
      return to ? [{ from: relative(ROOT, from), to: relative(ROOT, to) }] : [];
    }),
  );
}
