/** The public members of the types in the reference. */
import { relative } from 'node:path';
import ts from 'typescript';
import { docstringOf, type Docstring } from './docstring';
import { ROOT } from './program';

/** Names with an entry in the same document, to which types are links. */
export type Entries = ReadonlySet<string>;

const HIDDEN = ts.ModifierFlags.Private | ts.ModifierFlags.Protected;

/** Whether the project declares it: members of `Construct` and of other libraries have their own documentation. */
export const isOwn = (declaration: ts.Declaration): boolean => {
  const path = relative(ROOT, declaration.getSourceFile().fileName);
  return !path.startsWith('..') && !path.includes('node_modules');
};

export function isPublic(symbol: ts.Symbol): boolean {
  const [declaration] = symbol.declarations ?? [];
  return (
    declaration !== undefined &&
    isOwn(declaration) &&
    !symbol.name.startsWith('_') &&
    (ts.getCombinedModifierFlags(declaration) & HIDDEN) === 0 &&
    !ts.isPrivateIdentifier((declaration as ts.NamedDeclaration).name ?? declaration)
  );
}

/** Returns the type as the source states it, in one line. */
export function typeText(
  declaration: ts.Declaration | undefined,
  type: ts.Type,
  checker: ts.TypeChecker,
): string {
  const stated =
    declaration && 'type' in declaration ? (declaration.type as ts.TypeNode | undefined) : undefined;
  const text = stated?.getText() ?? checker.typeToString(type, declaration, ts.TypeFormatFlags.NoTruncation);
  return text.replaceAll(/\s+/g, ' ').replace(/^\| /, '');
}

/** Returns a type in code, as a link if it is another entry of the document. */
export function typeLink(text: string, entries: Entries): string {
  const name = text.replace(/(\[\])$/, '');
  return entries.has(name) ? `[\`${text}\`](#${name.toLowerCase()})` : `\`${text}\``;
}

/** Returns the text with a full stop, unless it ends with a punctuation mark. */
export const sentence = (text: string): string => (/[.:!?]$/.test(text) || text === '' ? text : `${text}.`);

/** Returns the words of a member, with its default, what it returns, and its errors. */
function words({ line, defaultValue, returns, throws }: Docstring): string {
  const parts = [
    sentence(line),
    returns === undefined ? '' : sentence(`Returns ${returns}`),
    ...throws.map((error) => sentence(`Throws ${error.replace(/^(\w+Error)\b/, '`$1`')}`)),
    defaultValue === undefined ? '' : sentence(`Default: ${defaultValue}`),
  ];
  return parts.filter((part) => part !== '').join(' ');
}

const entry = (head: string, text: string): string => (text === '' ? `- ${head}` : `- ${head}: ${text}`);

function propertyLine(symbol: ts.Symbol, checker: ts.TypeChecker, entries: Entries): string {
  const [declaration] = symbol.declarations ?? [];
  const type = declaration
    ? checker.getTypeOfSymbolAtLocation(symbol, declaration)
    : checker.getTypeOfSymbol(symbol);
  const optional = (symbol.flags & ts.SymbolFlags.Optional) === 0 ? '' : ', optional';
  const text = typeText(declaration, type, checker);
  return entry(
    `\`${symbol.name}\` (${typeLink(text, entries)}${optional})`,
    words(docstringOf(symbol, checker)),
  );
}

/** Returns the head of a signature, such as `grantActAs(grantee, options?)`. */
export const callText = (name: string, signature: ts.Signature): string => {
  const names = signature.parameters.map((parameter) => {
    const declaration = parameter.valueDeclaration as ts.ParameterDeclaration;
    const rest = declaration.dotDotDotToken ? '...' : '';
    const optional = declaration.questionToken || declaration.initializer ? '?' : '';
    const text = ts.isIdentifier(declaration.name) ? parameter.name : 'options';
    return `${rest}${text}${optional}`;
  });
  return `${name}(${names.join(', ')})`;
};

/** Returns the parameters of a signature, each in a line. */
export function parameterLines(
  signature: ts.Signature,
  { parameters }: Docstring,
  checker: ts.TypeChecker,
  entries: Entries,
): string[] {
  // Every construct has `scope` and `id`, which are described only where they mean something else.
  const described = signature.parameters.filter(
    ({ name }) => !['scope', 'id'].includes(name) || parameters.has(name),
  );
  return described.map((parameter) => {
    const declaration = parameter.valueDeclaration;
    const type = typeText(declaration, checker.getTypeOfSymbol(parameter), checker);
    const name =
      declaration && ts.isParameter(declaration) && ts.isIdentifier(declaration.name)
        ? parameter.name
        : 'options';
    return entry(`\`${name}\` (${typeLink(type, entries)})`, sentence(parameters.get(parameter.name) ?? ''));
  });
}

function methodLines(symbol: ts.Symbol, prefix: string, checker: ts.TypeChecker, entries: Entries): string[] {
  const [declaration] = symbol.declarations ?? [];
  const type = checker.getTypeOfSymbol(symbol);
  return type.getCallSignatures().flatMap((signature) => {
    const docs = docstringOf(symbol, checker);
    const result = typeLink(typeText(declaration, signature.getReturnType(), checker), entries);
    const parameters = parameterLines(signature, docs, checker, entries).map((line) => `  ${line}`);
    return [
      entry(`\`${callText(`${prefix}${symbol.name}`, signature)}\`, returns ${result}`, words(docs)),
      ...parameters,
    ];
  });
}

const isMethod = (symbol: ts.Symbol): boolean => (symbol.flags & ts.SymbolFlags.Method) !== 0;

/** Returns the lines for the public members of a type: properties, then methods, each in the order of the source. */
export function memberLines(
  symbols: readonly ts.Symbol[],
  prefix: string,
  checker: ts.TypeChecker,
  entries: Entries,
): { readonly properties: string[]; readonly methods: string[] } {
  const own = symbols.filter(isPublic);
  return {
    properties: own
      .filter((symbol) => !isMethod(symbol))
      .map((symbol) => propertyLine(symbol, checker, entries)),
    methods: own.filter(isMethod).flatMap((symbol) => methodLines(symbol, prefix, checker, entries)),
  };
}
