/** The tables of a restore: the restored one, and those of the deployment. */
import { TABLES } from '../../../../lambda/model/table-keys';
import { CliError, usageError } from '../../failure';
import type { DynamoDb } from '../../dynamodb';

/** The tables into which records can be brought back. The others have only records that must not return. */
export const TARGETS = ['directory', 'keys', 'vault'] as const;
export type Target = (typeof TARGETS)[number];

/** The tables that the decisions read. */
export const ROLES = [...TARGETS, 'revocations'] as const;
export type Role = (typeof ROLES)[number];

export type LiveTables = Readonly<Record<Role, string>>;

const roleOf = (name: string): Role | undefined => ROLES.find((role) => role === name.toLowerCase());

/** Returns the tables of the options `--table`, each `role=name`. */
export function statedTables(stated: readonly string[]): Partial<Record<Role, string>> {
  const tables: Partial<Record<Role, string>> = {};
  for (const text of stated) {
    const [name = '', table = ''] = text.split(/=(.*)/s);
    const role = roleOf(name);
    if (!role || table === '') {
      throw usageError(`--table must be ${ROLES.join(', ')}, an equals sign, and the name of the table.`);
    }
    if (tables[role] !== undefined) throw usageError(`--table states the table ${role} twice.`);
    tables[role] = table;
  }
  return tables;
}

/**
 * Returns the role of a table of the stack. CloudFormation composes the name of the stack's name, the logical ID, and a
 * suffix of letters and digits. The name of a copy has another part.
 */
function roleInStack(table: string, stack: string): Role | undefined {
  if (!table.startsWith(`${stack}-`)) return undefined;
  const names = Object.keys(TABLES).join('|');
  const [, name] =
    new RegExp(`^\\w*?(${names})Table[0-9A-F]{8}-[0-9A-Za-z]+$`).exec(table.slice(stack.length + 1)) ?? [];
  return name === undefined ? undefined : roleOf(name);
}

async function tablesOfStack(db: DynamoDb, stack: string): Promise<Partial<Record<Role, string>>> {
  const found: Partial<Record<Role, string>> = {};
  let start: string | undefined;
  do {
    const page: { TableNames?: string[]; LastEvaluatedTableName?: string } = await db.call('ListTables', {
      ...(start !== undefined && { ExclusiveStartTableName: start }),
    });
    for (const table of page.TableNames ?? []) {
      const role = roleInStack(table, stack);
      if (!role) continue;
      if (found[role] !== undefined) {
        throw usageError(
          `The stack "${stack}" has two tables for ${role}: ${found[role]} and ${table}.`,
          `Set --table ${role}=NAME.`,
        );
      }
      found[role] = table;
    }
    start = page.LastEvaluatedTableName;
  } while (start !== undefined);
  return found;
}

/** @throws CliError if a table is not known */
export async function liveTables(
  db: DynamoDb,
  {
    stack,
    table = [],
  }: { readonly stack?: string | undefined; readonly table?: readonly string[] | undefined },
): Promise<LiveTables> {
  const stated = statedTables(table);
  const complete = ROLES.every((role) => stated[role] !== undefined);
  const found = complete || stack === undefined ? {} : await tablesOfStack(db, stack);
  const tables = { ...found, ...stated };
  const [missing] = ROLES.filter((role) => tables[role] === undefined);
  if (missing !== undefined) {
    throw usageError(
      `The table ${missing} of the deployment is not known${stack === undefined ? '' : `: the stack "${stack}" has none in this Region`}.`,
      'Set --stack to the stack that has the tables, or --table for each one.',
    );
  }
  return tables as LiveTables;
}

interface Description {
  readonly Table: {
    readonly TableArn?: string;
    readonly TableStatus?: string;
    readonly RestoreSummary?: { readonly RestoreDateTime?: number; readonly SourceTableArn?: string };
  };
}

/**
 * Returns the time of the restored records, in epoch seconds. DynamoDB states it for a table that it restored.
 *
 * @param stated the time of the option
 * @throws CliError if the table is no copy of the live one, or is not restored yet
 */
export async function restorePoint(
  db: DynamoDb,
  { source, live, stated }: { source: string; live: string; stated: number | undefined },
): Promise<number> {
  if (source === live) throw usageError('--source must be the restored table, not the live one.');
  const [copy, original] = await Promise.all(
    [source, live].map((TableName) => db.call<Description>('DescribeTable', { TableName })),
  );
  const { TableStatus: status, RestoreSummary: summary } = copy?.Table ?? {};
  if (status !== 'ACTIVE') {
    throw new CliError(`The table ${source} is not ready (${status ?? 'no status'}).`, {
      next: `Wait with "aws dynamodb wait table-exists --table-name ${source}", and run the command again.`,
    });
  }
  const { SourceTableArn: restoredFrom, RestoreDateTime: time } = summary ?? {};
  if (restoredFrom !== undefined && restoredFrom !== original?.Table.TableArn) {
    throw usageError(
      `The table ${source} was restored from ${restoredFrom}, which is not the table ${live}.`,
      'Check --source and --into.',
    );
  }
  if (time !== undefined) return time;
  if (stated !== undefined) return stated;
  throw usageError(
    `DynamoDB does not state the time to which the table ${source} was restored.`,
    'Set --restored-to.',
  );
}
