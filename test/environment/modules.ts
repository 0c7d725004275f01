/**
 * How the modules of a test file load.
 *
 * Packages are loaded once in a process, by Node.js. Jest by default gives each file new modules of every package, and V8
 * starts again with each: more than half of the time of a file with the AWS SDK or CDK. Packages of Jest itself are the
 * exception, because each file has a state of theirs.
 *
 * Modules of the project are new in each file, so that their state, such as caches, ends with it. Their code is compiled
 * once in a process, instead of once for each file that loads it.
 */
import { createRequire } from 'node:module';
import { sep } from 'node:path';
import vm, { type CompileFunctionOptions } from 'node:vm';
import { setFlagsFromString } from 'node:v8';

interface Compiled {
  readonly code: string;
  readonly script: vm.Script;
}

const load = createRequire(__filename);

const PACKAGES = `${sep}node_modules${sep}`;
const OF_JEST = /^(?:@jest|@sinonjs|expect|jest|pretty-format|source-map-support)\b/;

function isSharedPackage(filename: string): boolean {
  const at = filename.lastIndexOf(PACKAGES);
  return at >= 0 && !OF_JEST.test(filename.slice(at + PACKAGES.length));
}

/** By the file's name. */
const compiled = new Map<string, Compiled>();

function compile(code: string, parameters: readonly string[], filename: string): vm.Script {
  const start = `(function (${parameters.join(', ')}) {`;
  // Positions in stack traces are those of the code, as with `compileFunction`.
  return new vm.Script(`${start}${code}\n})`, { filename, columnOffset: -start.length });
}

/** `vm.compileFunction`, as Jest calls it. Jest does not support `import()` without a flag, so it is left out. */
function compileFunction(
  code: string,
  parameters: readonly string[] = [],
  { filename = '' }: CompileFunctionOptions = {},
): unknown {
  if (isSharedPackage(filename)) {
    return (module: { exports: unknown }) => {
      module.exports = load(filename);
    };
  }
  let entry = compiled.get(filename);
  if (entry?.code !== code) {
    entry = { code, script: compile(code, parameters, filename) };
    compiled.set(filename, entry);
  }
  return entry.script.runInThisContext();
}

// Otherwise, V8 drops the code of functions that were not called for some time.
setFlagsFromString('--no-flush-bytecode');
Object.assign(vm, { compileFunction });
