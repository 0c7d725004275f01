/** The parts of the benchmark, in the order of their run. */
import { functions } from './functions';
import { gate } from './gate';
import { gateMemory } from './gate-memory';
import { memory } from './memory';
import { operations } from './operations';
import type { Part } from './part';
import { starts } from './starts';
import { tableSizes } from './table-sizes';

/** The parts of a run without options. They take up to five minutes together. */
const USUAL = { operations, starts, gate, 'table-sizes': tableSizes, memory };

/** Each part runs only if an option of its name, such as `--functions`, requests it. */
const ON_REQUEST = { functions, 'gate-memory': gateMemory };

export const PARTS = { ...USUAL, ...ON_REQUEST } as const satisfies Record<string, Part>;

export type PartName = keyof typeof PARTS;

export const USUAL_PARTS = Object.keys(USUAL) as PartName[];
export const PARTS_ON_REQUEST = Object.keys(ON_REQUEST) as PartName[];
