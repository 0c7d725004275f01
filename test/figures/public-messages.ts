/** The public messages of the service, from its source: those of its errors, and the titles of its pages. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { PROBLEM_KINDS } from '../../lambda/domain/gateway/problem';
import { ERROR_STATUS } from '../../lambda/domain/service-error';

const ROOT = join(__dirname, '../..');

export interface PublicMessage {
  readonly type: string;
  /** With `…` for each part that differs. */
  readonly text: string;
}

const filesIn = (folder: string): string[] =>
  readdirSync(join(ROOT, folder), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name));

/** Functions that create an error with their first argument as the message, after a prefix if they have one. */
const CREATORS: Readonly<Record<string, { readonly type: string; readonly prefix?: string }>> = {
  accessDenied: { type: 'AccessDeniedException' },
  chainDenied: { type: 'AccessDeniedException', prefix: 'Chain of agents: ' },
  unauthorized: { type: 'UnauthorizedException' },
  notFound: { type: 'ResourceNotFoundException' },
  runtimeClientError: { type: 'RuntimeClientError' },
  failure: { type: 'RuntimeClientError' },
  targetFailure: { type: 'RuntimeClientError' },
};

/** Classes whose first argument is the message, too. */
const ERRORS: Readonly<Record<string, string>> = {
  RestrictionDenial: 'AccessDeniedException',
  IssuerUnavailable: 'InternalServerException',
};

type Constants = ReadonlyMap<string, ts.Node>;

/**
 * Returns the text of an expression; undefined if it is none. A function that returns a text counts as the text.
 *
 * @param within the expressions on the way, because constants of different files can have names that lead to each other
 */
function textOf(
  node: ts.Node | undefined,
  constants: Constants,
  within: readonly ts.Node[] = [],
): string | undefined {
  if (node === undefined || within.includes(node)) return undefined;
  const textIn = (other: ts.Node | undefined) => textOf(other, constants, [...within, node]);
  if (ts.isStringLiteralLike(node)) return node.text;
  if (ts.isIdentifier(node)) return textIn(constants.get(node.text));
  if (ts.isCallExpression(node)) return textIn(node.expression);
  if (ts.isArrowFunction(node)) return textIn(node.body);
  if (!ts.isTemplateExpression(node)) return undefined;
  return node.head.text + node.templateSpans.map(({ literal }) => `…${literal.text}`).join('');
}

const parsed = (file: string): ts.SourceFile =>
  ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true);

function declarationsIn(source: ts.SourceFile): [string, ts.Node][] {
  const found: [string, ts.Node][] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isVariableDeclaration(node) && ts.isIdentifier(node.name) && node.initializer) {
      found.push([node.name.text, node.initializer]);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

const isExported = ([, { parent }]: readonly [string, ts.Node]): boolean =>
  ts.isVariableStatement(parent.parent.parent) &&
  parent.parent.parent.modifiers?.[0]?.kind === ts.SyntaxKind.ExportKeyword;

/** Why a policy denies: the message of a denial becomes that of an AccessDeniedException. */
const DENIALS = join('domain', 'policy', 'access.ts');

/** Returns the members of an object, by name. */
const membersOf = (node: ts.ObjectLiteralExpression): Partial<Record<string, ts.Node>> =>
  Object.fromEntries(
    node.properties.flatMap((member) =>
      ts.isPropertyAssignment(member) ? [[member.name.getText(), member.initializer] as const] : [],
    ),
  );

function messagesIn(source: ts.SourceFile, shared: Constants): PublicMessage[] {
  const constants = new Map([...shared, ...declarationsIn(source)]);
  const found: PublicMessage[] = [];
  const add = (type: string | undefined, node: ts.Node | undefined, prefix = ''): void => {
    const message = textOf(node, constants);
    const text = message && prefix + message;
    // A text without words is put together from others, and one that begins in lower case follows a name. The audit log,
    // not the caller, gets texts without a period.
    const isPublic = text !== undefined && /[a-z]{2}.*[a-z]{2} /.test(text) && /\.$|^Invalid/.test(text);
    if (type !== undefined && isPublic) found.push({ type, text: /^[a-z]/.test(text) ? `… ${text}` : text });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isNewExpression(node)) add(ERRORS[node.expression.getText()], node.arguments?.[0]);
    if (ts.isNewExpression(node) && node.expression.getText() === 'ServiceError') {
      const [type, message] = node.arguments ?? [];
      add(textOf(type, constants), message);
    }
    if (ts.isNewExpression(node) && node.expression.getText() === 'GatewayProblem') {
      const [kind, message] = node.arguments ?? [];
      const name = textOf(kind, constants) as keyof typeof PROBLEM_KINDS;
      add(PROBLEM_KINDS[name]?.error, message);
    }
    if (ts.isCallExpression(node)) {
      const creator = CREATORS[node.expression.getText()];
      add(creator?.type, node.arguments[0], creator?.prefix);
    }
    if (ts.isObjectLiteralExpression(node)) {
      const { type, message, ended } = membersOf(node);
      add(source.fileName.endsWith(DENIALS) ? 'AccessDeniedException' : textOf(type, constants), message);
      // The verifiers of tokens pass this message on.
      add('UnauthorizedException', ended);
    }
    if (ts.isArrayLiteralExpression(node)) {
      const [type, message] = node.elements;
      const text = textOf(type, constants) ?? '';
      if (Object.hasOwn(ERROR_STATUS, text)) add(text, message);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

/** Returns the messages of all errors of the API, except those that name a member of the request. */
export function publicMessages(): PublicMessage[] {
  // API Gateway also returns errors, in the same form.
  const files = [...filesIn('lambda'), join(ROOT, 'lib/constructs/gateway-responses.ts')];
  const sources = files.map(parsed);
  const shared = new Map(sources.flatMap((source) => declarationsIn(source).filter(isExported)));
  return sources.flatMap((source) => messagesIn(source, shared));
}

/** Returns the texts that an expression can be, as far as the source shows them. */
function textsOf(node: ts.Node | undefined, constants: Constants): string[] {
  if (node === undefined) return [];
  if (ts.isStringLiteralLike(node)) return [node.text];
  if (ts.isIdentifier(node)) return textsOf(constants.get(node.text), constants);
  if (!ts.isConditionalExpression(node)) return [];
  return [...textsOf(node.whenTrue, constants), ...textsOf(node.whenFalse, constants)];
}

const FAILURE = 'ProviderFailure';

/** Returns the class that the class extends. */
const baseOf = (node: ts.Node | undefined): string | undefined =>
  node !== undefined && ts.isClassLike(node)
    ? node.heritageClauses?.[0]?.types[0]?.expression.getText()
    : undefined;

function failureCodesIn(source: ts.SourceFile): string[] {
  const constants = new Map(declarationsIn(source));
  const found: string[] = [];
  const visit = (node: ts.Node, enclosing?: ts.Node): void => {
    const within = ts.isClassLike(node) ? node : enclosing;
    const isCreated = ts.isNewExpression(node) && node.expression.getText() === FAILURE;
    const isSuper =
      ts.isCallExpression(node) &&
      node.expression.kind === ts.SyntaxKind.SuperKeyword &&
      baseOf(within) === FAILURE;
    if (isCreated || isSuper) found.push(...textsOf(node.arguments?.[0], constants));
    // What to do about a code, in the table of the failures.
    if (ts.isVariableDeclaration(node) && node.name.getText() === 'REMEDIES' && node.initializer) {
      found.push(...Object.keys(membersOf(node.initializer as ts.ObjectLiteralExpression)));
    }
    ts.forEachChild(node, (child) => {
      visit(child, within);
    });
  };
  visit(source);
  return found;
}

/** Returns the codes of failures at providers that this service itself sets, in messages, sessions, and the audit log. */
export const failureCodes = (): string[] =>
  [...new Set(filesIn('lambda').map(parsed).flatMap(failureCodesIn))].sort();

/** What the messages about a changed client or server of a provider begin with, after the name of a member. */
const ABOUT_MEMBER =
  /^(is required: |is not named |must contain the origins|must be an origin|must be omitted unless the discovery|must be the identifier)/;

/**
 * Returns the messages about a changed client or server of a credential provider: those of the API, which follow the name of
 * a member, and those of `agent-identity provider update`.
 */
export function providerChangeMessages(): string[] {
  const found: string[] = [];
  const visit = (node: ts.Node, constants: Constants): void => {
    const text = ts.isTemplateExpression(node) || ts.isStringLiteralLike(node) ? textOf(node, constants) : '';
    if (text !== undefined && ABOUT_MEMBER.test(text)) found.push(`… ${text}`);
    ts.forEachChild(node, (child) => {
      visit(child, constants);
    });
  };
  const service = [
    'domain/provider/expected-server.ts',
    'domain/provider/custom-config.ts',
    'model/discovery-url.ts',
  ];
  for (const file of service) visit(parsed(join(ROOT, 'lambda', file)), new Map());
  const usage = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && node.expression.getText() === 'usageError') {
      const text = textOf(node.arguments[0], new Map());
      // An entry would be for any message without words.
      if (text === undefined || !/[a-z]{2}/.test(text))
        throw new Error('a usage error without a literal message');
      found.push(text);
    }
    ts.forEachChild(node, usage);
  };
  usage(parsed(join(ROOT, 'lib/cli/commands/provider/update.ts')));
  return found;
}

/** Returns the titles of the pages for people. */
export function pageTitles(): string[] {
  const texts = filesIn('lambda/pages').map((file) => readFileSync(file, 'utf8'));
  return texts.flatMap((text) =>
    [...text.matchAll(/title: (?:declined \? )?'([^']+)'(?: : '([^']+)')?/g)].flatMap(([, one, other]) =>
      [one, other].filter((title) => title !== undefined),
    ),
  );
}
