/** The calls of the functions to their dependencies, as the proxies see them. */
import { PREFIX } from '../../lambda/model/table-keys';

/** What the functions call. */
export type Dependency = 'DynamoDB' | 'KMS' | 'Lambda' | 'Secrets Manager' | 'S3' | 'STS' | 'OAuth servers';

/** A request of the functions. */
export interface Call {
  readonly dependency: Dependency;
  /** What it does, without names that differ from run to run. */
  readonly label: string;
  /** The same in all attempts of the AWS SDK. */
  readonly invocation: string | undefined;
}

/** One call of an operation: the first, second, … with its label. */
export interface Site {
  readonly dependency: Dependency;
  readonly label: string;
  readonly occurrence: number;
}

export const nameOf = ({ dependency, label, occurrence }: Site): string =>
  `${dependency} ${label}${occurrence > 1 ? ` (${occurrence})` : ''}`;

export interface RequestHead {
  readonly method: string;
  readonly path: string;
  readonly headers: NodeJS.Dict<string | string[]>;
}

type Attributes = Readonly<Record<string, { readonly S?: string } | undefined>>;

/** The members of requests to DynamoDB that name items. */
export interface DatabaseRequest {
  readonly TableName?: string;
  readonly IndexName?: string;
  readonly Key?: Attributes;
  readonly Item?: Attributes;
  readonly RequestItems?: Readonly<Record<string, { readonly Keys?: readonly Attributes[] }>>;
  readonly ExpressionAttributeValues?: Attributes;
}

const PREFIXES = Object.values(PREFIX).sort((one, other) => other.length - one.length);

/** Returns the kind of an item: the prefix of its partition key. */
export const kindOf = (pk = ''): string =>
  PREFIXES.find((prefix) => pk.startsWith(prefix))?.replace(/#$/, '') ?? 'another';

export const tableOf = (name = ''): string => name.split('-').at(-1) ?? '';

function databaseLabel(operation: string, body: string): string {
  const request = JSON.parse(body) as DatabaseRequest;
  const kinds = Object.values(request.RequestItems ?? {})
    .flatMap(({ Keys = [] }) => Keys)
    .map(({ pk }) => kindOf(pk?.S));
  if (kinds.length > 0) return `${operation} ${[...new Set(kinds)].sort().join(', ')}`;
  const { ':pk': partition, ':partition': indexed } = request.ExpressionAttributeValues ?? {};
  const { pk = partition ?? indexed } = request.Key ?? request.Item ?? {};
  const index = request.IndexName === undefined ? '' : ` ${request.IndexName}`;
  return `${operation} ${tableOf(request.TableName)}${index} ${kindOf(pk?.S)}`;
}

const first = (header: string | string[] | undefined): string | undefined => [header].flat()[0];

/** Path parts that differ from run to run. */
const VARIABLE_PART = /\/[\w-]{16,}/g;

export function callOf(dependency: Dependency, { method, path, headers }: RequestHead, body: string): Call {
  const invocation = first(headers['amz-sdk-invocation-id']);
  const operation = first(headers['x-amz-target'])?.split('.').at(-1);
  const [location = ''] = path.split('?');
  if (dependency === 'DynamoDB') {
    return { dependency, invocation, label: databaseLabel(operation ?? '', body) };
  }
  if (dependency === 'Lambda') {
    const name = location.split('/')[3]?.replace(/^.*(function%3A|:)/, '') ?? '';
    const type = first(headers['x-amz-invocation-type']) ?? 'RequestResponse';
    return { dependency, invocation, label: `Invoke ${name.replace('agent-identity-', '')}, ${type}` };
  }
  const label = operation ?? `${method} ${location.replaceAll(VARIABLE_PART, '/…')}`;
  return { dependency, invocation, label };
}
