/** Docstrings as Markdown. */
import ts from 'typescript';
import { paragraphLines } from '../paragraph-lines';

/** Links to the documents that docstrings name, from docs/. */
const linked = (text: string): string =>
  text
    .replaceAll(/\{@link (\w+)\}/g, '`$1`')
    .replaceAll(
      /\bdocs\/((?:[a-z-]+\/)?([a-z-]+\.md))(#[a-z-]+)?/g,
      (_, path: string, file: string, heading = '') => `[${file}](${path}${heading})`,
    );

const inLine = (text: string): string => linked(text).replaceAll(/\s+/g, ' ').trim();

/** Returns the text of a tag such as `@returns`; undefined without such a tag. */
function tagOf(tags: readonly ts.JSDocTagInfo[], name: string): string | undefined {
  const tag = tags.find((one) => one.name === name);
  return tag && ts.displayPartsToString(tag.text);
}

/** An expression, and a description that can follow it. A link to a document is not an expression. */
const EXPRESSION = /^(?!.*\]\()(?<value>[^\s`]+|\[.*\]|[\w.]+\(.*\))(?<rest> - .*)?$/;

/** A value in code, or a description, which follows a hyphen where it could be mistaken for a value. */
function defaultText(text: string): string {
  if (text.startsWith('- ')) return text.slice(2);
  const { value, rest = '' } = EXPRESSION.exec(text)?.groups ?? {};
  return value === undefined ? text : `\`${value}\`${rest}`;
}

export interface Docstring {
  /** With its paragraphs. */
  readonly text: string;
  /** In one line. */
  readonly line: string;
  readonly defaultValue: string | undefined;
  readonly returns: string | undefined;
  /** One for each kind of error. */
  readonly throws: readonly string[];
  readonly example: string | undefined;
  readonly parameters: ReadonlyMap<string, string>;
}

const PARAMETER = /^(?<name>[\w.]+)\s+(?:-\s+)?(?<text>[^]*)$/;

export function docstringOf(symbol: ts.Symbol | ts.Signature, checker: ts.TypeChecker): Docstring {
  const text = ts.displayPartsToString(symbol.getDocumentationComment(checker));
  const tags = 'getJsDocTags' in symbol ? symbol.getJsDocTags(checker) : [];
  const stated = tagOf(tags, 'default');
  const returns = tagOf(tags, 'returns');
  const described = tags
    .filter(({ name }) => name === 'param')
    .map((tag) => PARAMETER.exec(ts.displayPartsToString(tag.text))?.groups ?? {});
  return {
    text: paragraphLines(linked(text).trim()),
    line: inLine(text),
    defaultValue: stated === undefined ? undefined : defaultText(inLine(stated)),
    returns: returns === undefined ? undefined : inLine(returns),
    throws: tags
      .filter(({ name }) => name === 'throws')
      .map((tag) => inLine(ts.displayPartsToString(tag.text))),
    example: tagOf(tags, 'example')?.trim(),
    parameters: new Map(described.map(({ name = '', text: words = '' }) => [name, inLine(words)])),
  };
}
