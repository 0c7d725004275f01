/** The committed counts: the calls of each operation, and the faults at them. A run fails if an operation has fewer. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { table } from '../../scripts/markdown-table';
import { publish } from '../../scripts/figures';
import type { Dependency } from './calls';

const FILE = join(__dirname, 'counts.json');

/** The command that writes the counts, and their table in docs/engineering/faults.md. */
export const FAULT_COUNTS_COMMAND = 'npm run test:faults -- --count --update';

/** What the calls of one scenario are, and how many faults they get. */
export interface Row {
  readonly title: string;
  /** Calls by what they call. */
  readonly calls: Readonly<Partial<Record<Dependency, number>>>;
  readonly faults: number;
}

export const committedRows = (): Row[] => JSON.parse(readFileSync(FILE, 'utf8')) as Row[];

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);
const callsOf = ({ calls }: Row): number => sum(Object.values(calls));

const figure = (number: number): string => number.toLocaleString('en-US');

/** `N faults at M calls of K operations and variants` */
export const totalOf = (rows: readonly Row[]): string =>
  `${figure(sum(rows.map(({ faults }) => faults)))} faults at ${figure(sum(rows.map(callsOf)))} calls of ${rows.length} operations and variants`;

/** In the order of the table's columns. AWS STS and Amazon S3 have a column when an operation calls them. */
const COLUMNS: readonly Dependency[] = [
  'DynamoDB',
  'KMS',
  'Lambda',
  'Secrets Manager',
  'S3',
  'STS',
  'OAuth servers',
];

/** Returns the table of the committed counts. */
export function faultsTable(): string {
  const rows = committedRows();
  const columns = COLUMNS.filter((column) => rows.some(({ calls }) => calls[column] !== undefined));
  const cells = (of: (column: Dependency) => number): string[] => columns.map((column) => figure(of(column)));
  return table([
    ['operation', ...columns, 'faults'],
    ...rows.map(({ title, calls, faults }) => [
      title,
      ...cells((column) => calls[column] ?? 0),
      figure(faults),
    ]),
    [
      'all',
      ...cells((column) => sum(rows.map(({ calls }) => calls[column] ?? 0))),
      figure(sum(rows.map(({ faults }) => faults))),
    ],
  ]);
}

/** Writes the rows in the place of those of the same titles, in the order of the titles, and their table. */
export function writeRows(rows: readonly Row[], titles: readonly string[]): void {
  const known = new Map([...committedRows(), ...rows].map((row) => [row.title, row]));
  const all = titles.flatMap((title) => known.get(title) ?? []);
  writeFileSync(FILE, `${JSON.stringify(all, null, 2)}\n`);
  publish('engineering/faults.md', faultsTable(), FAULT_COUNTS_COMMAND);
}
