/** A stored token from tables with different numbers of grants. */
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { startDynamoDb } from '../../lib/local/dynamodb';
import { table } from '../markdown-table';
import { bundleOf } from '../build/functions';
import { compare, SIDES, type Comparison } from './compare';
import { fillVault } from './fill-vault';
import { buildFloor } from './floor-bundles';
import { FunctionProcess } from './function-process';
import type { Part } from './part';

const SIZES = [100, 10_000, 1_000_000] as const;

const AMOUNTS = {
  full: { batches: 10, calls: 60, warmUp: 300 },
  quick: { batches: 2, calls: 2, warmUp: 2 },
} as const;

interface SizeFigures extends Comparison {
  readonly grants: number;
}

function report(figures: readonly SizeFigures[]): string {
  const pair = (ours: number, floor: number) => `${ours.toFixed(2)} / ${floor.toFixed(2)}`;
  return table([
    ['grants in the table', 'CPU ms', 'ratio', 'p50 ms', 'p99 ms'],
    ...figures.map(({ grants, ours, floor, ratio }) => [
      grants.toLocaleString('en'),
      pair(ours.cpu, floor.cpu),
      ratio.toFixed(2),
      pair(ours.p50, floor.p50),
      pair(ours.p99, floor.p99),
    ]),
  ]);
}

export const tableSizes: Part = async ({ stage, settings, folder }) => {
  const { node, grants: most, quick } = settings;
  const floorOf = await buildFloor(folder);
  const { group, call } = stage.stored;
  // The database of the service is open, and nothing writes to it now.
  const store = join(folder, 'dynamodb');
  await cp(join(stage.world.dataDir, 'dynamodb'), store, { recursive: true });
  const { AWS_ACCESS_KEY_ID: accessKeyId = '', AWS_SECRET_ACCESS_KEY: secretAccessKey = '' } = process.env;
  const figures: SizeFigures[] = [];
  let present = 1;
  for (const grants of SIZES.filter((size) => size <= most && (!quick || size === SIZES[0]))) {
    await fillVault(store, stage.storedGrant, grants - present);
    present = grants;
    const database = await startDynamoDb(store, { accessKeyId, secretAccessKey });
    const start = (bundle: string) =>
      FunctionProcess.start({
        node,
        bundle,
        calls: [call],
        env: { AWS_ENDPOINT_URL_DYNAMODB: database.endpoint },
      });
    const sides = { ours: await start(bundleOf(group)), floor: await start(floorOf(group)) };
    figures.push({ grants, ...(await compare(sides, AMOUNTS[quick ? 'quick' : 'full'], 1)) });
    for (const side of SIDES) await sides[side].stop();
    await database.close();
  }
  return { figures, report: report(figures) };
};
