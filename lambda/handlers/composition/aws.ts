/** The AWS clients and tables of a function: one client of each service, whatever the function composes from them. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { KMSClient } from '@aws-sdk/client-kms';
import { createTable, type Table } from '../../adapters/dynamodb/table';
import type { Variable } from './environment';
import { named } from './regions';
import { REQUEST_TIMEOUTS } from './request-timeouts';

type TableVariable = Extract<Variable, `${string}_TABLE`>;

export interface Aws<Tables extends TableVariable> {
  readonly kms: KMSClient;
  /** Tables by the variables that name them. */
  readonly tables: Readonly<Record<Tables, Table>>;
  /** For a read that spans tables. */
  readonly dynamodb: DynamoDBClient;
}

const isTableVariable = (variable: string): variable is TableVariable => variable.endsWith('_TABLE');

/** @param env the function's environment, whose `…_TABLE` variables name its tables */
export function createAws<Env extends Readonly<Record<string, string>>>(
  env: Env,
): Aws<Extract<keyof Env, TableVariable>> {
  const dynamodb = new DynamoDBClient(REQUEST_TIMEOUTS);
  const variables = Object.entries(env).filter(([variable]) => isTableVariable(variable));
  const tables = Object.fromEntries(
    variables.map(([variable, name]) => [variable, createTable(dynamodb, name)]),
  );
  return {
    // A function without the deployment's ARNs uses no key.
    kms: 'ARN_PREFIX' in env ? named(new KMSClient(REQUEST_TIMEOUTS)) : new KMSClient(REQUEST_TIMEOUTS),
    tables: tables as Record<Extract<keyof Env, TableVariable>, Table>,
    dynamodb,
  };
}
