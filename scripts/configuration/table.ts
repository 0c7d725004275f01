/** The table of docs/configuration.md: the members of the configuration with the words of their docstrings. */
import ts from 'typescript';
import { table } from '../markdown-table';
import { ENTRIES, publicSources } from '../reference/program';

function declaredMembers(checker: ts.TypeChecker, file: ts.SourceFile | undefined): readonly ts.Symbol[] {
  const configuration = file?.statements
    .filter(ts.isInterfaceDeclaration)
    .find(({ name }) => name.text === 'DeploymentConfiguration');
  if (!configuration) throw new Error('bin/configuration/index.ts has no interface DeploymentConfiguration');
  return checker.getPropertiesOfType(checker.getTypeAtLocation(configuration));
}

/** Returns text of a docstring for a cell of Markdown. */
const cell = (text: string): string =>
  text
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/\{@link (\w+)\}/g, '`$1`')
    .trim();

/** Returns the default as a value in code, or as a description after a hyphen, as the docstrings write them. */
function defaultOf(symbol: ts.Symbol, checker: ts.TypeChecker): string {
  const tag = symbol.getJsDocTags(checker).find(({ name }) => name === 'default');
  const text = cell(ts.displayPartsToString(tag?.text));
  if (text.startsWith('- ')) return text.slice(2);
  const [, value = text, rest = ''] = /^(\S+)( - .*)?$/.exec(text) ?? [];
  return value === '' ? '' : `\`${value}\`${rest}`;
}

export function configurationTable(): string {
  const program = publicSources();
  const checker = program.getTypeChecker();
  const members = declaredMembers(checker, program.getSourceFile(ENTRIES.configuration));
  return table([
    ['Member', 'Meaning', 'Default'],
    ...members
      .map((symbol) => [
        `\`${symbol.getName()}\``,
        cell(ts.displayPartsToString(symbol.getDocumentationComment(checker))),
        defaultOf(symbol, checker),
      ])
      .sort(([one = ''], [other = '']) => one.localeCompare(other)),
  ]);
}
