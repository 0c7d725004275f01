/**
 * Bundles one program for Node.js: `index.js` and, in `parts`, one file for each group of modules that it loads later, and for
 * each group that several of these share. A cold start compiles only the files that it loads, and most AWS clients are
 * rarely used.
 */
import { readFile } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import {
  build,
  transform,
  type BuildOptions,
  type Metafile,
  type Plugin,
  type TransformOptions,
} from 'esbuild';

const ROOT = join(__dirname, '../..');

/** esbuild divides only ES modules, and CommonJS loads faster: each part is built as an ES module, and then translated. */
const OPTIONS = {
  build: {
    absWorkingDir: ROOT,
    bundle: true,
    splitting: true,
    format: 'esm',
    chunkNames: 'parts/[name]-[hash]',
    platform: 'node',
    target: 'node24',
    // The ES entry points of packages: esbuild tree-shakes only these. The bundle is a third smaller.
    mainFields: ['module', 'main'],
    minify: true,
    sourcemap: 'inline',
    sourcesContent: false,
    // Bundle the SDK: the SDK of the runtime changes without notice, and loads more slowly.
    external: [],
    metafile: true,
    write: false,
    logLevel: 'warning',
  },
  translation: {
    format: 'cjs',
    platform: 'node',
    target: 'node24',
    // With import(), Node.js finds the exports of a CommonJS file by reading its text, and misses some. require() returns all.
    supported: { 'dynamic-import': false },
    minify: true,
    sourcemap: 'external',
    sourcesContent: false,
  },
} satisfies { build: BuildOptions; translation: TransformOptions };

/** The libraries that a program can load later, with `import()`, and the module that only clients load later. */
const CLIENTS =
  /^(@aws-sdk\/client-|@smithy\/core\/event-streams$|@modelcontextprotocol\/(client|server)$|@cedar-policy\/cedar-wasm\/nodejs$)/;

/** Cedar reads its WebAssembly from the folder of the file that contains it. */
const CEDAR = require.resolve('@cedar-policy/cedar-wasm/nodejs');
const CEDAR_MODULE = 'cedar_wasm_bg.wasm';

/** A module of Node.js that a library imports, and no program needs at its start, with its imported exports. */
const LATER_MODULES: Readonly<Record<string, readonly string[]>> = { 'node:stream/web': ['ReadableStream'] };

/** What the content of a bundle depends on, other than its source files and the version of esbuild. */
export const BUNDLE_SETTINGS = {
  ...OPTIONS,
  build: { ...OPTIONS.build, absWorkingDir: '' },
  clients: CLIENTS.source,
  laterModules: LATER_MODULES,
};

interface BundleFile {
  readonly path: string;
  readonly content: string | Uint8Array;
}

export interface Bundle {
  /** The parts, and then `index.js`, which needs them. */
  readonly files: readonly BundleFile[];
  readonly metafile: Metafile;
}

/**
 * Returns the sources of a part as paths relative to the project root. The hash of a bundle's folder includes the source
 * maps, so they must not depend on the location of the project.
 */
const withoutFolders = (sources: readonly string[], folder: string): string[] =>
  sources.map((source) => {
    const path = relative(ROOT, resolve(folder, source)).replaceAll('\\', '/');
    // A package can be installed outside the project, in a folder that several projects share.
    return path.startsWith('../') ? path.slice(path.lastIndexOf('node_modules/')) : path;
  });

export const merged = (metafiles: readonly Metafile[]): Metafile => ({
  inputs: Object.fromEntries(metafiles.flatMap(({ inputs }) => Object.entries(inputs))),
  outputs: Object.fromEntries(metafiles.flatMap(({ outputs }) => Object.entries(outputs))),
});

async function translated(path: string, text: string): Promise<BundleFile[]> {
  const { code, map } = await transform(text, { ...OPTIONS.translation, sourcefile: path });
  const parsed = JSON.parse(map) as { readonly sources: readonly string[] };
  // A part that only exports from others has no source, so the map would name the part.
  if (parsed.sources.every((source) => resolve(dirname(path), source) === path))
    return [{ path, content: code }];
  const sources = withoutFolders(parsed.sources, dirname(path));
  return [
    { path, content: `${code}//# sourceMappingURL=${basename(path)}.map\n` },
    { path: `${path}.map`, content: JSON.stringify({ ...parsed, sources }) },
  ];
}

/** Loads a module of Node.js when its exports are used. Node.js itself loads ten modules for this one. */
const withLaterModules: Plugin = {
  name: 'with-later-modules',
  setup(program) {
    const filter = new RegExp(`^(${Object.keys(LATER_MODULES).join('|')})$`);
    const namespace = 'later-module';
    program.onResolve({ filter }, ({ path, namespace: importer }) =>
      importer === namespace ? { path, external: true } : { path, namespace },
    );
    program.onLoad({ filter, namespace }, ({ path }) => {
      const getters = LATER_MODULES[path]?.map(
        (name) => `get ${name}() { return require('${path}').${name}; }`,
      );
      return { contents: `module.exports = { ${getters?.join(', ')} };`, resolveDir: ROOT };
    });
  },
};

/** Leaves out the clients of the AWS SDK and the libraries of MCP and Cedar that a program loads later, and adds their names to the list. */
const withoutLaterClients = (clients: Set<string>): Plugin => ({
  name: 'without-later-clients',
  setup(program) {
    program.onResolve({ filter: CLIENTS }, ({ path, kind }) => {
      if (kind !== 'dynamic-import') return undefined;
      clients.add(path);
      return { path: `./parts/${basename(path)}.js`, external: true };
    });
  },
});

/**
 * Builds a program. The clients of the AWS SDK and the libraries of MCP and Cedar that it loads later are built apart: esbuild would add what they need of the
 * modules that both use to the files that a cold start loads.
 */
async function built(entry: string, outdir: string) {
  const options = { ...OPTIONS.build, outdir };
  const clients = new Set<string>();
  const program = await build({
    ...options,
    entryPoints: [{ in: entry, out: 'index' }],
    plugins: [withLaterModules, withoutLaterClients(clients)],
  });
  const later = [...clients].sort().map((name) => ({ in: name, out: `parts/${basename(name)}` }));
  return [program, await build({ ...options, entryPoints: later, plugins: [withLaterModules] })];
}

const cedarModule = async (folder: string): Promise<BundleFile> => ({
  path: join(folder, 'parts', CEDAR_MODULE),
  content: await readFile(join(dirname(CEDAR), CEDAR_MODULE)),
});

/**
 * @param entry path of the program
 * @param folder of the bundle, which is not written
 */
export async function bundle(entry: string, folder: string): Promise<Bundle> {
  const builds = await built(entry, folder);
  const outputFiles = builds.flatMap(({ outputFiles }) => outputFiles);
  const metafile = merged(builds.map(({ metafile }) => metafile));
  const files = await Promise.all(outputFiles.map(({ path, text }) => translated(path, text)));
  const usesCedar = Object.keys(metafile.inputs).some((input) => resolve(ROOT, input) === CEDAR);
  const wasm = usesCedar ? [await cedarModule(folder)] : [];
  const isIndex = ({ path }: BundleFile) => path.startsWith(join(folder, 'index.js'));
  return {
    files: [...wasm, ...files.flat()].sort((a, b) => Number(isIndex(a)) - Number(isIndex(b))),
    metafile,
  };
}
