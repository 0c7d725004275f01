/** The AWS clients and tables of a function: one client of each service, whatever the function composes from them. */
import type { DynamoDb } from '../../adapters/dynamodb/client';
import { createTable, type Table } from '../../adapters/dynamodb/table';
import type { Kms } from '../../adapters/kms/client';
import type { Variable } from './environment';
import { named } from './regions';

type TableVariable = Extract<Variable, `${string}_TABLE`>;

export interface AwsClients {
  /** For a read that spans tables. */
  readonly dynamodb: DynamoDb;
  readonly kms: Kms;
}

export interface Aws<Tables extends TableVariable> extends AwsClients {
  /** Tables by the variables that name them. */
  readonly tables: Readonly<Record<Tables, Table>>;
}

const isTableVariable = (variable: string): variable is TableVariable => variable.endsWith('_TABLE');

/**
 * @param env the function's environment, whose `…_TABLE` variables name its tables
 * @param clients of the AWS SDK, or those for which a start and a call cost less
 */
export function createAws<Env extends Readonly<Record<string, string>>>(
  env: Env,
  { dynamodb, kms }: AwsClients,
): Aws<Extract<keyof Env, TableVariable>> {
  const variables = Object.entries(env).filter(([variable]) => isTableVariable(variable));
  const tables = Object.fromEntries(
    variables.map(([variable, name]) => [variable, createTable(dynamodb, name)]),
  );
  return {
    // A function without the deployment's ARNs uses no key.
    kms: 'ARN_PREFIX' in env ? named(kms) : kms,
    tables: tables as Record<Extract<keyof Env, TableVariable>, Table>,
    dynamodb,
  };
}
