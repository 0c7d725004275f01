/** Publishes the figures of a part in docs/performance.md and docs/performance.json. */
import { execFile } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { publish } from '../figures';
import type { Outcome } from './part';
import { summaryOf, type Published } from './summary';

const JSON_FILE = join(__dirname, '../../docs/performance.json');

/** Figures have four significant digits. */
const rounded = (_name: string, value: unknown): unknown =>
  typeof value === 'number' ? Number(value.toPrecision(4)) : value;

/** @param node path of the Node.js binary that ran the functions */
export async function publishPart(name: string, { figures, report }: Outcome, node: string): Promise<void> {
  const { stdout: version } = await promisify(execFile)(node, ['--version']);
  const machine = `Node.js ${version.trim()} (${process.arch}), ${availableParallelism()} CPUs.`;
  const earlier = existsSync(JSON_FILE) ? (JSON.parse(readFileSync(JSON_FILE, 'utf8')) as object) : {};
  const parts = { ...earlier, [name]: { machine, figures } };
  writeFileSync(JSON_FILE, `${JSON.stringify(parts, rounded, 2)}\n`);
  if ('operations' in parts && 'gate' in parts) {
    publish('performance.md', summaryOf(parts as unknown as Published), 'npm run bench');
  }
  publish('performance.md', `${machine}\n\n${report}`, `npm run bench -- --only ${name}`);
}
