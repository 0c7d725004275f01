/** `agent-identity restore`: brings records that were lost back from a table that was restored to a point in time. */
import { buildCommand } from '@stricli/core';
import { selectedUserHash } from '../../../../lambda/model/user';
import { flag, JSON_FLAG, optionalText } from '../../connection-flags';
import type { CliContext } from '../../context';
import { dynamoDb } from '../../dynamodb';
import { usageError } from '../../failure';
import { isoTime, print, printAside, printJson, printTable, progress } from '../../output';
import { USER_FLAGS, userOf, type UserFlags } from '../../user-flags';
import { REASONS, RECORD_KINDS, type Reason, type RecordKind, type Subject } from './records';
import { restoreRecords, type Result } from './run';
import { liveTables, restorePoint, TARGETS, type Target } from './tables';

interface RestoreFlags extends UserFlags {
  readonly source: string;
  readonly into: Target;
  readonly stack?: string;
  readonly table?: readonly string[];
  readonly restoredTo?: number;
  readonly record?: RecordKind;
  readonly agent?: string;
  readonly provider?: string;
  readonly apply: boolean;
  readonly region?: string;
  readonly profile?: string;
  readonly json: boolean;
}

/** Returns epoch seconds. */
function timeOf(text: string): number {
  const time = Date.parse(text);
  if (Number.isNaN(time)) throw usageError('--restored-to must be a time, such as 2026-11-26T12:00:00Z.');
  return time / 1000;
}

function matcherOf({ record, agent, provider, ...flags }: RestoreFlags): (subject: Subject) => boolean {
  const user = userOf(flags);
  const hash = user && selectedUserHash(user);
  return (subject) =>
    (record === undefined || subject.record === record) &&
    (agent === undefined || subject.agent === agent) &&
    (provider === undefined || subject.provider === provider) &&
    (hash === undefined || subject.userHash === hash);
}

function printResult(
  context: CliContext,
  { records, notRestored, present }: Result,
  {
    apply,
    table,
    restoredTo,
  }: { readonly apply: boolean; readonly table: string; readonly restoredTo: number },
): void {
  if (records.length > 0) {
    printTable(
      context,
      ['RECORD', 'AGENT', 'PROVIDER', 'USER', 'OWNER'],
      records.map((one) => [one.record, one.agent, one.provider, one.userHash, one.owner]),
    );
  }
  const many = `${records.length} ${records.length === 1 ? 'record' : 'records'}`;
  print(
    context,
    `${apply ? 'Restored' : 'Would restore'} ${many} of ${isoTime(restoredTo)} to the table ${table}.`,
  );
  const counts = new Map<Reason, number>(present > 0 ? [['Present', present]] : []);
  for (const { reason } of notRestored) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  for (const [reason, count] of counts) print(context, `Not restored: ${count}: ${REASONS[reason]}.`);
  if (!apply && records.length > 0)
    printAside(context, 'Nothing was written. Repeat the command with --apply.');
}

export const restore = buildCommand({
  docs: {
    brief: 'Bring lost records back from a table that was restored to a point in time, as an operator',
    fullDescription: [
      'Copies records that the live table has lost from a table that DynamoDB restored to a point in time.',
      'Prints what it would copy, never a secret or a ciphertext. Writes only with --apply, and only where the live table has no record, or an older one of the same resource.',
      'What was deleted, revoked, or suspended since stays so. What cannot be decided does not return; the command says why.',
      'Stop the writers first: docs/runbook.md, "Restore from a point in time". It needs permissions for DynamoDB, which docs/cli.md lists.',
    ].join('\n'),
  },
  parameters: {
    flags: {
      source: { kind: 'parsed', parse: String, placeholder: 'name', brief: 'Table that DynamoDB restored' },
      into: { kind: 'enum', values: TARGETS, brief: 'Live table that it is a copy of' },
      stack: optionalText('name', 'CloudFormation stack with the live tables'),
      table: {
        kind: 'parsed',
        parse: String,
        variadic: true,
        optional: true,
        placeholder: 'role=name',
        brief: 'Live table, such as vault=NAME; set the option again for each one',
      },
      restoredTo: {
        kind: 'parsed',
        parse: timeOf,
        optional: true,
        placeholder: 'time',
        brief: 'Time of the restored records, if DynamoDB does not state it',
      },
      record: { kind: 'enum', values: RECORD_KINDS, optional: true, brief: 'Records of this kind' },
      agent: optionalText('name', 'Records of this agent'),
      provider: optionalText('name', 'Records of this credential provider'),
      ...USER_FLAGS,
      apply: flag('Write the records'),
      region: optionalText('name', 'Region of the tables (default: AWS_REGION, or of the profile)'),
      profile: optionalText('name', 'Profile of the AWS configuration with the credentials (AWS_PROFILE)'),
      json: JSON_FLAG,
    },
  },
  async func(this: CliContext, flags: RestoreFlags) {
    const { source, into, apply, json } = flags;
    const matches = matcherOf(flags);
    const db = await dynamoDb(this, flags);
    const tables = await liveTables(db, flags);
    const table = tables[into];
    const restoredTo = await restorePoint(db, { source, live: table, stated: flags.restoredTo });
    const { show, end } = progress(this);
    let result: Result;
    try {
      const request = {
        source,
        into,
        tables,
        restoredTo,
        apply,
        matches,
        show: json ? () => undefined : show,
      };
      result = await restoreRecords(db, request, Math.floor(Date.now() / 1000));
    } finally {
      end();
    }
    if (json) printJson(this, { source, table, restoredTo, applied: apply, ...result });
    else printResult(this, result, { apply, table, restoredTo });
  },
});
