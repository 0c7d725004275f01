/** The parts of the benchmark, in the order of their run. */
import { operations } from './operations';

export const PARTS = { operations };

export type PartName = keyof typeof PARTS;
