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

/** The others run only if `--only` names them. */
export const PARTS = { ...USUAL, functions, 'gate-memory': gateMemory } as const satisfies Record<
  string,
  Part
>;

export type PartName = keyof typeof PARTS;

export const USUAL_PARTS = Object.keys(USUAL) as PartName[];
