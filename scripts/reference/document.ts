/** The reference of a package: everything that its entry exports, with the words of the docstrings. */
import ts from 'typescript';
import { docstringOf } from './docstring';
import {
  callText,
  isOwn,
  memberLines,
  parameterLines,
  sentence,
  typeLink,
  typeText,
  type Entries,
} from './members';
import { publicSources } from './program';

export interface Part {
  readonly title: string;
  readonly kinds: readonly Kind[];
}

export type Kind = 'class' | 'function' | 'type';

interface Exported {
  readonly name: string;
  readonly symbol: ts.Symbol;
  readonly kind: Kind;
}

function kindOf({ flags }: ts.Symbol): Kind {
  if (flags & ts.SymbolFlags.Class) return 'class';
  return flags & (ts.SymbolFlags.Function | ts.SymbolFlags.Variable) ? 'function' : 'type';
}

/** @throws Error for a file that is not a module of the program */
function exportsOf(file: string): Exported[] {
  const program = publicSources();
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(file);
  const module = source && checker.getSymbolAtLocation(source);
  if (!module) throw new Error(`${file} is not a module`);
  return checker
    .getExportsOfModule(module)
    .map((symbol) => ({
      name: symbol.name,
      symbol: symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol,
    }))
    .map(({ name, symbol }) => ({ name, symbol, kind: kindOf(symbol) }))
    .sort((one, other) => one.name.localeCompare(other.name, 'en'));
}

const listed = (title: string, lines: readonly string[]): string[] =>
  lines.length === 0 ? [] : [`**${title}**`, lines.join('\n')];

const code = (text: string): string => `\`\`\`ts\n${text}\n\`\`\``;

function isOwnType(node: ts.TypeNode, checker: ts.TypeChecker): boolean {
  const type = checker.getTypeAtLocation(node);
  const [declaration] = (type.aliasSymbol ?? type.getSymbol())?.declarations ?? [];
  return declaration !== undefined && isOwn(declaration);
}

/** The types of other libraries from which a class or an interface inherits. */
function foreignBases(declaration: ts.Declaration | undefined, checker: ts.TypeChecker): string[] {
  const clauses =
    declaration && (ts.isClassDeclaration(declaration) || ts.isInterfaceDeclaration(declaration))
      ? (declaration.heritageClauses ?? [])
      : [];
  return clauses
    .filter(({ token }) => token === ts.SyntaxKind.ExtendsKeyword)
    .flatMap(({ types }) => types)
    .flatMap((base) => {
      const [own] = checker.getTypeAtLocation(base).getSymbol()?.declarations ?? [];
      if (own !== undefined && isOwn(own)) return foreignBases(own, checker);
      // The members of an own type, such as those that `Omit` leaves, are in the lists.
      if (base.typeArguments?.some((argument) => isOwnType(argument, checker))) return [];
      return [base.getText().replaceAll(/\s+/g, ' ')];
    });
}

const inherited = (bases: readonly string[]): string[] =>
  bases.length === 0 ? [] : [`Also has the members of ${bases.map((base) => `\`${base}\``).join(' and ')}.`];

function classParts({ name, symbol }: Exported, checker: ts.TypeChecker, entries: Entries): string[] {
  const [declaration] = symbol.declarations ?? [];
  const statics = checker.getTypeOfSymbol(symbol);
  const instance = checker.getDeclaredTypeOfSymbol(symbol);
  const constructors = statics.getConstructSignatures().filter((signature) => {
    const created = signature.getDeclaration() as ts.Declaration | undefined;
    return created && isOwn(created) && ts.getCombinedModifierFlags(created) === ts.ModifierFlags.None;
  });
  const created = constructors.flatMap((signature) => [
    `\`new ${callText(name, signature)}\``,
    ...listed('Parameters', parameterLines(signature, docstringOf(signature, checker), checker, entries)),
  ]);
  const ofClass = memberLines(
    statics.getProperties().filter((one) => one.name !== 'prototype'),
    `${name}.`,
    checker,
    entries,
  );
  const members = memberLines(instance.getProperties(), '', checker, entries);
  return [
    ...created,
    ...listed('Static members', [...ofClass.properties, ...ofClass.methods]),
    ...listed('Properties', members.properties),
    ...listed('Methods', members.methods),
    ...inherited(foreignBases(declaration, checker)),
  ];
}

function functionParts({ name, symbol }: Exported, checker: ts.TypeChecker, entries: Entries): string[] {
  return checker
    .getTypeOfSymbol(symbol)
    .getCallSignatures()
    .flatMap((signature) => {
      const docs = docstringOf(symbol, checker);
      const declaration = signature.getDeclaration() as ts.SignatureDeclaration | undefined;
      const returned = declaration?.type?.getText() ?? checker.typeToString(signature.getReturnType());
      return [
        `\`${callText(name, signature)}\``,
        ...listed('Parameters', parameterLines(signature, docs, checker, entries)),
        `Returns ${typeLink(returned.replaceAll(/\s+/g, ' '), entries)}${docs.returns === undefined ? '.' : `: ${sentence(docs.returns)}`}`,
        ...listed(
          'Errors',
          docs.throws.map((error) => `- ${error}`),
        ),
      ];
    });
}

function typeParts({ symbol }: Exported, checker: ts.TypeChecker, entries: Entries): string[] {
  const [declaration] = symbol.declarations ?? [];
  if (declaration && ts.isTypeAliasDeclaration(declaration)) {
    return [`\`${typeText(declaration, checker.getDeclaredTypeOfSymbol(symbol), checker)}\``];
  }
  const members = memberLines(checker.getDeclaredTypeOfSymbol(symbol).getProperties(), '', checker, entries);
  return [
    ...listed('Members', members.properties),
    ...listed('Methods', members.methods),
    ...inherited(foreignBases(declaration, checker)),
  ];
}

const RENDER = { class: classParts, function: functionParts, type: typeParts };

function entryOf(exported: Exported, title: string, entries: Entries): string[] {
  const checker = publicSources().getTypeChecker();
  const { text, example } = docstringOf(exported.symbol, checker);
  return [
    `### ${title}`,
    ...(text === '' ? [] : [text]),
    ...(example === undefined ? [] : [code(example)]),
    ...RENDER[exported.kind](exported, checker, entries),
  ];
}

/**
 * Returns the parts of the reference as Markdown.
 *
 * @param file entry of the package
 * @param suffix follows the names in the headings, for an entry that exports names of another one
 * @param omitted names that another entry documents
 */
export function referenceOf(
  file: string,
  parts: readonly Part[],
  suffix = '',
  omitted: Entries = new Set(),
): string {
  const exported = exportsOf(file).filter(({ name }) => !omitted.has(name));
  const entries = new Set(exported.map(({ name }) => name));
  return parts
    .flatMap(({ title, kinds }) => [
      `## ${title}`,
      ...exported
        .filter(({ kind }) => kinds.includes(kind))
        .flatMap((one) => entryOf(one, `${one.name}${suffix}`, entries)),
    ])
    .join('\n\n');
}

/** The names that an entry exports. */
export const namesOf = (file: string): ReadonlySet<string> =>
  new Set(exportsOf(file).map(({ name }) => name));
