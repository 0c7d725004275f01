/** Publishes the figures of a part in docs/engineering/performance.md. */
import { availableParallelism } from 'node:os';
import { publish } from '../figures';
import { versionOf } from './node-binary';

/** @param node path of the Node.js binary that ran the functions */
export function publishPart(name: string, report: string, node: string): void {
  const machine = `Node.js ${versionOf(node)} (${process.arch}), ${availableParallelism()} CPUs.`;
  publish('engineering/performance.md', `${machine}\n\n${report}`, `npm run bench -- --only ${name}`);
}
