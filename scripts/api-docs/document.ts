/** docs/api.md, made from the registry, the schemas, AWS's service model and the notes. */
import { OPERATIONS, type OperationName, type Route } from '../../lambda/contract/operations';
import { SCHEMAS, type JsonOperation } from '../../lambda/contract/schemas/requests';
import { ERROR_STATUS } from '../../lambda/domain/service-error';
import { casesOfOperation } from '../../lambda/contract/model/cases';
import { MODELLED_OPERATIONS, type ModelledOperation } from '../../lambda/contract/model/service-model';
import { differencesOf } from './differences';
import { membersOf, type Listed } from './members';
import { OPERATION_NOTES, type Difference, type OperationNote } from './operation-notes';
import { ERROR_FORM, ERRORS, OPEN_ROUTES, PREFACE, requests } from './prose';
import { table } from './table';

const EVERY_OPERATION = [
  'ValidationException',
  'AccessDeniedException',
  'ThrottlingException',
  'InternalServerException',
];

const isServed = (name: string): name is JsonOperation => name in SCHEMAS;

const routeOf = (name: OperationName): Route => OPERATIONS[name];

function noteOf(name: string): OperationNote {
  const note = OPERATION_NOTES[name];
  if (!note) throw new Error(`operation-notes.ts says nothing of ${name}`);
  return note;
}

/** The anchor that Markdown viewers give a heading. */
const linked = (name: string): string => `[${name}](#${name.toLowerCase()})`;

/** What is refused, together; the rest one by one. */
function inShort(differences: readonly Difference[]): string {
  const refuses = 'refuses ';
  const refused = differences.filter(({ what }) => what.startsWith(refuses));
  const others = differences.filter(({ what }) => !what.startsWith(refuses)).map(({ what }) => what);
  const together = refused.map(({ what }) => what.slice(refuses.length)).join(', ');
  return [...others, ...(together === '' ? [] : [refuses + together])].join('; ');
}

function here(operation: ModelledOperation): string {
  if (!isServed(operation.name)) return 'not yet';
  const differences = differencesOf(operation);
  return differences.length === 0 ? 'works' : `works; differs: ${inShort(differences)}`;
}

const operationsTable = (): string =>
  table([
    ['operation', 'here'],
    ...MODELLED_OPERATIONS.map((operation) => [
      isServed(operation.name) ? linked(operation.name) : operation.name,
      here(operation),
    ]),
  ]);

const errorsTable = (): string =>
  table([
    ['error', 'status', 'when'],
    ...Object.entries(ERROR_STATUS).map(([name, status]) => [
      `\`${name}\``,
      String(status),
      ERRORS[name as keyof typeof ERROR_STATUS],
    ]),
  ]);

const routesTable = (): string =>
  table([
    ['route', 'for'],
    ...Object.entries(OPEN_ROUTES).map(([name, use]) => {
      const { method, path } = routeOf(name as OperationName);
      return [`\`${method} ${path}\``, use];
    }),
  ]);

/** AWS's reference of the operation, for what it answers. */
const referenceOf = ({ name, plane }: ModelledOperation): string =>
  `https://docs.aws.amazon.com/${plane === 'data_plane' ? 'bedrock-agentcore' : 'bedrock-agentcore-control'}/latest/APIReference/API_${name}.html`;

/** AWS's clients give every error by its name, whether the model names it for the operation or not. */
function errorsLine(modelled: readonly string[] | undefined, note: OperationNote): string {
  if (note.errors.length === 0) return '';
  const names = note.errors.map((name) => `\`${name}\``).join(', ');
  const beyond = modelled
    ? note.errors.filter((name) => !modelled.includes(name)).map((name) => `\`${name}\``)
    : [];
  return `Errors besides the usual: ${names}${beyond.length > 0 ? `. AWS's model does not name ${beyond.join(', ')} here` : ''}.`;
}

/** What every operation's section has: what it does, where it is, what it takes. */
function sectionParts(name: JsonOperation, listed: Listed, reference: string): string[] {
  const { method, path, auth, group, status, query } = routeOf(name);
  const placeOf = (member: string) =>
    path.includes(`{${member}+}`) ? 'in the path' : query === member ? 'in the query' : undefined;
  return [
    `### ${name}`,
    `${noteOf(name).does}${reference}`,
    `\`${method} ${path}\`, authorized by ${auth}, function group \`${group}\`, answers ${status}${status === 204 ? ' without a body' : ''}.`,
    membersOf(name, listed, placeOf),
  ];
}

const joined = (parts: readonly string[]): string => parts.filter((part) => part !== '').join('\n\n');

function operationSection(operation: ModelledOperation, listed: Listed): string {
  const { name } = operation;
  if (!isServed(name)) throw new Error(`${name} is not in the registry`);
  const differences = differencesOf(operation).map(({ what, why }) => `- ${what}: ${why}`);
  return joined([
    ...sectionParts(name, listed, ` [AWS's reference](${referenceOf(operation)})`),
    errorsLine(operation.errors, noteOf(name)),
    differences.length > 0 ? `Differs from AWS:\n\n${differences.join('\n')}` : '',
  ]);
}

const isModelled = (name: string): boolean =>
  MODELLED_OPERATIONS.some((operation) => operation.name === name);

const OWN_OPERATIONS = (Object.keys(SCHEMAS) as JsonOperation[]).filter((name) => !isModelled(name));

const ownOperationSection = (name: JsonOperation, listed: Listed): string =>
  joined([...sectionParts(name, listed, ''), errorsLine(undefined, noteOf(name))]);

/** How many requests the walk over AWS's shapes tries. */
const casesTried = (): number =>
  MODELLED_OPERATIONS.reduce((sum, operation) => sum + casesOfOperation(operation).length, 0);

/** The whole document. */
export function renderApiDocs(): string {
  const listed: Listed = new Map();
  return `${[
    PREFACE,
    "## AWS's operations",
    operationsTable(),
    '## Requests',
    requests(casesTried()),
    '## Errors',
    ERROR_FORM,
    `Every operation may answer ${EVERY_OPERATION.map((name) => `\`${name}\``).join(', ')}. The others are named at each.`,
    errorsTable(),
    '## Routes of our own',
    'Reached by browsers and by resource servers, so without a signature; all in the function group `oauth-callback`.',
    routesTable(),
    '## Operations',
    ...MODELLED_OPERATIONS.filter(({ name }) => isServed(name)).map((operation) =>
      operationSection(operation, listed),
    ),
    '## Operations of our own',
    "For which AWS has none. Signed and answered like the others; AWS's clients have no command for them, any HTTP client that signs does.",
    ...OWN_OPERATIONS.map((name) => ownOperationSection(name, listed)),
  ].join('\n\n')}\n`;
}
