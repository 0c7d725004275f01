/** What a step of the demonstration is, and how it tells what happened. */
import type { Exchange } from './wire';

/** The lanes of the flow's diagram. */
export type Lane = 'user' | 'application' | 'agent service' | 'identity' | 'agent' | 'third-party resource';

export type Line =
  | { readonly kind: 'exchange'; readonly exchange: Exchange; readonly note: string | undefined }
  | { readonly kind: 'check' | 'fact'; readonly text: string };

/** Something that a step checked and found otherwise. */
export class CheckError extends Error {
  override readonly name = 'CheckError';
}

/** Collects what a step has to show. */
export class Report {
  readonly lines: Line[] = [];

  /** @param note said beside it in few words, such as who signed it */
  saw(exchange: Exchange, note?: string): Exchange {
    this.lines.push({ kind: 'exchange', exchange, note });
    return exchange;
  }

  /** Something to know that was seen on the way. */
  tell(text: string): void {
    this.lines.push({ kind: 'fact', text });
  }

  /**
   * @param text what was found to hold
   * @throws CheckError when it does not
   */
  check(holds: boolean, text: string): void {
    if (!holds) throw new CheckError(`this does not hold: ${text}`);
    this.lines.push({ kind: 'check', text });
  }
}

export interface Step<Stage> {
  readonly lane: Lane;
  readonly title: string;
  readonly play: (stage: Stage, report: Report) => Promise<void>;
}
