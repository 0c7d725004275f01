/** A part of the benchmark. */
import type { Settings } from './settings';
import type { Stage } from './stage';

export interface Surroundings {
  readonly stage: Stage;
  readonly settings: Settings;
  /** A folder that is deleted after the run. */
  readonly folder: string;
}

export interface Outcome {
  /** For JSON. */
  readonly figures: unknown;
  /** The figures as Markdown. */
  readonly report: string;
}

export type Part = (surroundings: Surroundings) => Promise<Outcome>;
