/** A part of the benchmark. */
import type { Settings } from './settings';
import type { Stage } from './stage';

export interface Surroundings {
  readonly stage: Stage;
  readonly settings: Settings;
  /** A folder that is deleted after the run. */
  readonly folder: string;
}

/** Returns the figures as Markdown. */
export type Part = (surroundings: Surroundings) => Promise<string>;
