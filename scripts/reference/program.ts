/** The sources with the docstrings of the reference, compiled once for all documents that need them. */
import { join } from 'node:path';
import ts from 'typescript';

export const ROOT = join(__dirname, '../..');

/** What other packages import, and the configuration file of a deployment. */
export const ENTRIES = {
  configuration: join(ROOT, 'bin/configuration/index.ts'),
  constructs: join(ROOT, 'lib/index.ts'),
  client: join(ROOT, 'lib/client/index.ts'),
  mcp: join(ROOT, 'lib/client/mcp.ts'),
} as const;

let program: ts.Program | undefined;

export function publicSources(): ts.Program {
  program ??= ts.createProgram(Object.values(ENTRIES), {
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    target: ts.ScriptTarget.ES2022,
    strict: true,
    skipLibCheck: true,
    types: [],
  });
  return program;
}
