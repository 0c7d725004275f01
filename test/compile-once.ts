/**
 * Compiles each module once in a process, instead of once for each test file that loads it. Jest gives each file new
 * modules, and by default compiles their code again: most of the time in which a file with the AWS SDK or CDK loads.
 *
 * A `Script` does not belong to a context, so it can run in the context of each test file. The functions in it that V8 has
 * compiled remain compiled.
 */
import vm, { type CompileFunctionOptions } from 'node:vm';
import { setFlagsFromString } from 'node:v8';

interface Compiled {
  readonly code: string;
  readonly script: vm.Script;
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
  { filename = '', parsingContext }: CompileFunctionOptions = {},
): unknown {
  if (!parsingContext) throw new Error('A module needs the context of a test file.');
  let entry = compiled.get(filename);
  if (entry?.code !== code) {
    entry = { code, script: compile(code, parameters, filename) };
    compiled.set(filename, entry);
  }
  return entry.script.runInContext(parsingContext);
}

// Otherwise, V8 drops the code of functions that were not called for some time.
setFlagsFromString('--no-flush-bytecode');
Object.assign(vm, { compileFunction });
