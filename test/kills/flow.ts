/** A flow of requests during which the service is killed, and which then must continue. */
import type { Counts } from './inventory';
import type { Stage } from './stage';

/** What a kill costs a person, within what is documented in docs/engineering/faults.md. */
export interface Cost {
  /** Consents in addition to those of a run without a kill. */
  readonly consentsAgain?: number;
}

/** One run of a flow. Nothing is killed before `run`, and nothing after it. */
export interface Run {
  /** Sends the requests as clients do, which repeat a request that got no response. */
  readonly run: () => Promise<void>;
  /** Checks what is documented: throws an error for each violation. */
  readonly check: () => Promise<Cost>;
}

export interface Flow {
  readonly name: string;
  /** Whether it is left out of a quick run, because another flow has similar writes, or each request has one write. */
  readonly omittedFromQuick?: boolean;
  /** Whether each run needs tables without the items of earlier runs. */
  readonly alone?: boolean;
  /** How many items of a kind a kill can leave in addition: documented in docs/engineering/faults.md. */
  readonly leftovers?: Counts;
  /** Prepares one run: its agents, providers, and grants have new names. */
  readonly prepare: (stage: Stage) => Promise<Run>;
}
