/** Publishes the figures of a part in docs/performance.md. */
import { execFile } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { promisify } from 'node:util';
import { publish } from '../figures';

/** @param node path of the Node.js binary that ran the functions */
export async function publishPart(name: string, report: string, node: string): Promise<void> {
  const { stdout: version } = await promisify(execFile)(node, ['--version']);
  const machine = `Node.js ${version.trim()} (${process.arch}), ${availableParallelism()} CPUs.`;
  publish('performance.md', `${machine}\n\n${report}`, `npm run bench -- --only ${name}`);
}
