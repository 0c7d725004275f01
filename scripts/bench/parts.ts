/** The parts of the benchmark, in the order of their run. */
import { gate } from './gate';
import { gateway } from './gateway';
import { load } from './load';
import { operations } from './operations';
import type { Part } from './part';
import { starts } from './starts';

export const PARTS = { operations, starts, load, gate, gateway } as const satisfies Record<string, Part>;

export type PartName = keyof typeof PARTS;

export const PART_NAMES = Object.keys(PARTS) as PartName[];
