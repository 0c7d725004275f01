/** Generates docs/api.md from the registry, the schemas, the AWS service model, and the notes. */
import { OPERATIONS, type OperationName, type Route } from '../../lambda/contract/operations';
import { REFUSED_OPERATIONS } from '../../lambda/contract/refused-operations';
import { SCHEMAS, type JsonOperation } from '../../lambda/contract/schemas/requests';
import { ERROR_STATUS } from '../../lambda/domain/service-error';
import { casesOfOperation } from '../aws-model/cases';
import { MODELLED_OPERATIONS, type ModelledOperation } from '../aws-model/service-model';
import { differencesOf } from './differences';
import { membersOf, type Listed } from './members';
import { OPERATION_NOTES, type OperationNote } from './operation-notes';
import { ERROR_CODES, ERROR_FORM, ERRORS, OPEN_ROUTES, OPERATOR_PLANE, PREFACE, requests } from './prose';
import { table } from '../markdown-table';

/** Errors that every operation can return. */
export const EVERY_OPERATION = [
  'ValidationException',
  'AccessDeniedException',
  'ThrottlingException',
  'InternalServerException',
];

const isServed = (name: string): name is JsonOperation => name in SCHEMAS;

const routeOf = (name: OperationName): Route => OPERATIONS[name];

function noteOf(name: string): OperationNote {
  const note = OPERATION_NOTES[name];
  if (!note) throw new Error(`operation-notes.ts has no note for ${name}`);
  return note;
}

/** The anchor that Markdown viewers give a heading. */
const linked = (name: string): string => `[${name}](#${name.toLowerCase()})`;

function here(operation: ModelledOperation): string {
  const refused = REFUSED_OPERATIONS[operation.name];
  if (refused) return `not supported: ${refused.why}`;
  if (!isServed(operation.name)) throw new Error(`${operation.name} is neither served nor refused by name`);
  const count = differencesOf(operation).length;
  if (count === 0) return 'works';
  return `works, with ${count} ${count === 1 ? 'difference' : 'differences'}`;
}

const operationsTable = (): string =>
  table([
    ['operation', 'support'],
    ...MODELLED_OPERATIONS.map((operation) => [
      isServed(operation.name) ? linked(operation.name) : operation.name,
      here(operation),
    ]),
  ]);

const errorsTable = (): string =>
  table([
    ['error', 'status', 'cause and action'],
    ...Object.entries(ERROR_STATUS).map(([name, status]) => [
      `\`${name}\``,
      String(status),
      ERRORS[name as keyof typeof ERROR_STATUS],
    ]),
  ]);

const errorCodesTable = (): string =>
  table([
    ['code', 'values', 'meaning'],
    ...Object.entries(ERROR_CODES).map(([code, [values, meaning]]) => [
      `\`${code}\``,
      values.map((value) => `\`${value}\``).join(', '),
      meaning,
    ]),
  ]);

const routesTable = (): string =>
  table([
    ['route', 'use'],
    ...Object.entries(OPEN_ROUTES).map(([name, use]) => {
      const { method, path } = routeOf(name as OperationName);
      return [`\`${method} ${path}\``, use];
    }),
  ]);

/** The AWS reference of the operation, which describes the response. */
const referenceOf = ({ name, plane }: ModelledOperation): string =>
  `https://docs.aws.amazon.com/${plane === 'data_plane' ? 'bedrock-agentcore' : 'bedrock-agentcore-control'}/latest/APIReference/API_${name}.html`;

/** The AWS clients return every error by its name, even if the model does not list it for the operation. */
function errorsLine(modelled: readonly string[] | undefined, note: OperationNote): string {
  if (note.errors.length === 0) return '';
  const names = note.errors.map((name) => `\`${name}\``).join(', ');
  const beyond = modelled
    ? note.errors.filter((name) => !modelled.includes(name)).map((name) => `\`${name}\``)
    : [];
  return `Additional errors: ${names}.${beyond.length > 0 ? ` The AWS model does not list ${beyond.join(', ')} for this operation.` : ''}`;
}

/** The parts that each section has: purpose, route, and members. */
function sectionParts(name: JsonOperation, listed: Listed, reference: string): string[] {
  const { method, path, auth, group, status, query } = routeOf(name);
  const placeOf = (member: string) =>
    path.includes(`{${member}+}`) ? 'in the path' : query === member ? 'in the query' : undefined;
  return [
    `### ${name}`,
    `${noteOf(name).does}${reference}`,
    `\`${method} ${path}\`, authorized by ${auth}, function group \`${group}\`, returns ${status}${status === 204 ? ' without a body' : ''}.`,
    membersOf(name, listed, placeOf),
  ];
}

/** Returns the text with a capital letter and a period. */
const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;

const joined = (parts: readonly string[]): string => parts.filter((part) => part !== '').join('\n\n');

function operationSection(operation: ModelledOperation, listed: Listed): string {
  const { name } = operation;
  if (!isServed(name)) throw new Error(`${name} is not in the registry`);
  const differences = differencesOf(operation).map(({ what, why }) => `- ${sentence(what)} ${sentence(why)}`);
  return joined([
    ...sectionParts(name, listed, ` [AWS reference](${referenceOf(operation)})`),
    errorsLine(operation.errors, noteOf(name)),
    differences.length > 0 ? `Differences from AWS:\n\n${differences.join('\n')}` : '',
  ]);
}

const isModelled = (name: string): boolean =>
  MODELLED_OPERATIONS.some((operation) => operation.name === name);

const OWN_OPERATIONS = (Object.keys(SCHEMAS) as JsonOperation[]).filter((name) => !isModelled(name));

const isForOperators = (name: JsonOperation): boolean => routeOf(name).group === 'operator';

const ownOperationSection = (name: JsonOperation, listed: Listed): string =>
  joined([...sectionParts(name, listed, ''), errorsLine(undefined, noteOf(name))]);

/** The number of requests in the test of the AWS shapes. */
const casesTried = (): number =>
  MODELLED_OPERATIONS.filter(({ name }) => isServed(name)).reduce(
    (sum, operation) => sum + casesOfOperation(operation).length,
    0,
  );

/** The whole document. */
export function renderApiDocs(): string {
  const listed: Listed = new Map();
  return `${[
    PREFACE,
    '## AWS operations',
    operationsTable(),
    '## Requests',
    requests(casesTried()),
    '## Errors',
    ERROR_FORM,
    `Every operation can return ${EVERY_OPERATION.map((name) => `\`${name}\``).join(', ')}. The section of each operation lists its additional errors.`,
    errorsTable(),
    'A program acts on the type and on the code, never on the words of `message`. These errors have a `problem` with a `code` and its `values`:',
    errorCodesTable(),
    '## Additional routes',
    'Browsers and resource servers use these routes, so they require no signature. All are in the function group `oauth-callback`.',
    routesTable(),
    '## Operations',
    ...MODELLED_OPERATIONS.filter(({ name }) => isServed(name)).map((operation) =>
      operationSection(operation, listed),
    ),
    '## Additional operations',
    'AWS has no such operations. They use the same signatures and response formats. The AWS clients have no commands for them, so use an HTTP client that signs requests. The [client libraries](client.md) call RejectResourceOauth2Token and GetResourceDpopProof only.',
    ...OWN_OPERATIONS.filter((name) => !isForOperators(name)).map((name) =>
      ownOperationSection(name, listed),
    ),
    "## Operators' plane",
    OPERATOR_PLANE,
    ...OWN_OPERATIONS.filter(isForOperators).map((name) => ownOperationSection(name, listed)),
  ].join('\n\n')}\n`;
}
