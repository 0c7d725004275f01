/**
 * Exports of a part as plain properties. esbuild's own translation to CommonJS exports getters of getters, because a binding
 * can change after its module is loaded (ES2025 section 16.2.3). Almost none does, and each call across parts pays for it.
 */
import { analyze, type Variable } from 'eslint-scope';
import { latestEcmaVersion, parse } from 'espree';
import type { ExportNamedDeclaration, Program } from 'estree';

const DIALECT = { ecmaVersion: latestEcmaVersion, sourceType: 'module' } as const;

/** Whether the value cannot change after the part is loaded: only its top level writes it. */
const isFinal = ({ defs, references }: Variable): boolean =>
  defs.every(({ type }) => type !== 'ImportBinding') &&
  references.every((reference) => !reference.isWrite() || reference.from.type === 'module');

/**
 * Returns the ES module with `module.exports` in place of its `export` statement. A binding that can change stays a getter.
 *
 * @param text of a file that esbuild divided: at most one `export` statement, which lists local names
 * @throws Error for any other form of export
 */
export function withExportedValues(text: string): string {
  const program = parse(text, { ...DIALECT, range: true }) as Program;
  const statements = program.body.filter(({ type }) => type.startsWith('Export'));
  const [statement] = statements as ExportNamedDeclaration[];
  if (!statement) return text;
  const isList = statement.type === 'ExportNamedDeclaration' && !statement.declaration && !statement.source;
  if (!isList || statements.length > 1 || !statement.range)
    throw new Error('The part has an unknown form of export.');
  const scope = analyze(program, DIALECT).acquire(program, true);
  const properties = statement.specifiers.map(({ local, exported }) => {
    if (local.type !== 'Identifier' || exported.type !== 'Identifier')
      throw new Error('The part exports a string.');
    const variable = scope?.set.get(local.name);
    return variable && isFinal(variable)
      ? `${exported.name}:${local.name}`
      : `get ${exported.name}(){return ${local.name}}`;
  });
  const [start, end] = statement.range;
  const assignment = `Object.defineProperty(module.exports={${properties.join()}},"__esModule",{value:!0});`;
  return `${text.slice(0, start)}${assignment}${text.slice(end)}`;
}
