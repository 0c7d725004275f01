/** Generates docs/api.md from the operations and the AWS service model. */
import {
  isJsonOperation,
  OPERATIONS,
  type JsonOperationName,
  type OperationName,
} from '../../lambda/operations';
import { pathMembers, type Route } from '../../lambda/operations/operation';
import { REFUSED_OPERATIONS } from '../../lambda/operations/refused-operations';
import { ERROR_STATUS } from '../../lambda/domain/service-error';
import { casesOfOperation } from '../aws-model/cases';
import { MODELLED_OPERATIONS, type ModelledOperation } from '../aws-model/service-model';
import { differencesOf } from './differences';
import { membersOf, type Listed } from './members';
import { ERROR_CODES, ERROR_FORM, ERRORS, OPERATOR_PLANE, PREFACE, requests } from './prose';
import { REFERENCES } from './references';
import { table } from '../markdown-table';

/** Errors that every operation can return. */
export const EVERY_OPERATION = [
  'ValidationException',
  'AccessDeniedException',
  'ThrottlingException',
  'InternalServerException',
];

const NAMES = Object.keys(OPERATIONS) as OperationName[];

const routeOf = (name: OperationName): Route => OPERATIONS[name];

/** The anchor that Markdown viewers give a heading. */
const linked = (name: string): string => `[${name}](#${name.toLowerCase()})`;

function here(operation: ModelledOperation): string {
  const refused = REFUSED_OPERATIONS[operation.name];
  if (refused) return `not supported: ${refused.why}`;
  if (!isJsonOperation(operation.name))
    throw new Error(`${operation.name} is neither served nor refused by name`);
  const count = differencesOf(operation).length;
  if (count === 0) return 'works';
  return `works, with ${count} ${count === 1 ? 'difference' : 'differences'}`;
}

const operationsTable = (): string =>
  table([
    ['operation', 'support'],
    ...MODELLED_OPERATIONS.map((operation) => [
      isJsonOperation(operation.name) ? linked(operation.name) : operation.name,
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
    ...NAMES.flatMap((name) => {
      const { method, path } = routeOf(name);
      return isJsonOperation(name) ? [] : [[`\`${method} ${path}\``, REFERENCES[name]]];
    }),
  ]);

/** The AWS reference of the operation, which describes the response. */
const referenceOf = ({ name, plane }: ModelledOperation): string =>
  `https://docs.aws.amazon.com/${plane === 'data_plane' ? 'bedrock-agentcore' : 'bedrock-agentcore-control'}/latest/APIReference/API_${name}.html`;

/** The AWS clients return every error by its name, even if the model does not list it for the operation. */
function errorsLine(modelled: readonly string[] | undefined, name: JsonOperationName): string {
  const { errors = [] } = REFERENCES[name];
  if (errors.length === 0) return '';
  const names = errors.map((name) => `\`${name}\``).join(', ');
  const beyond = modelled
    ? errors.filter((name) => !modelled.includes(name)).map((name) => `\`${name}\``)
    : [];
  return `Additional errors: ${names}.${beyond.length > 0 ? ` The AWS model does not list ${beyond.join(', ')} for this operation.` : ''}`;
}

/** The parts that each section has: purpose, route, and members. */
function sectionParts(name: JsonOperationName, listed: Listed, reference: string): string[] {
  const { method, path, auth, group, status, query } = routeOf(name);
  const placeOf = (member: string) =>
    pathMembers({ path }).includes(member) ? 'in the path' : query?.[member] && 'in the query';
  return [
    `### ${name}`,
    `${REFERENCES[name].does}${reference}`,
    `\`${method} ${path}\`, authorized by ${auth}, function group \`${group}\`, returns ${status}${status === 204 ? ' without a body' : ''}.`,
    membersOf(name, listed, placeOf),
  ];
}

/** Returns the text with a capital letter and a period. */
const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;

const joined = (parts: readonly string[]): string => parts.filter((part) => part !== '').join('\n\n');

function operationSection(operation: ModelledOperation, listed: Listed): string {
  const { name } = operation;
  if (!isJsonOperation(name)) throw new Error(`${name} is not in the registry`);
  const differences = differencesOf(operation).map(({ what, why }) => `- ${sentence(what)} ${sentence(why)}`);
  return joined([
    ...sectionParts(name, listed, ` [AWS reference](${referenceOf(operation)})`),
    errorsLine(operation.errors, name),
    differences.length > 0 ? `Differences from AWS:\n\n${differences.join('\n')}` : '',
  ]);
}

const isModelled = (name: string): boolean =>
  MODELLED_OPERATIONS.some((operation) => operation.name === name);

const OWN_OPERATIONS = NAMES.filter(isJsonOperation).filter((name) => !isModelled(name));

const isForOperators = (name: JsonOperationName): boolean => routeOf(name).group === 'operator';

const ownOperationSection = (name: JsonOperationName, listed: Listed): string =>
  joined([...sectionParts(name, listed, ''), errorsLine(undefined, name)]);

/** The number of requests in the test of the AWS shapes. */
const casesTried = (): number =>
  MODELLED_OPERATIONS.filter(({ name }) => isJsonOperation(name)).reduce(
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
    ...MODELLED_OPERATIONS.filter(({ name }) => isJsonOperation(name)).map((operation) =>
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
