/** A step of the demonstration, and the report of what happened. */
import type { Exchange } from './wire';

/** The lanes of the flow's diagram. */
export type Lane = 'user' | 'application' | 'agent service' | 'identity' | 'agent' | 'third-party resource';

export type Line =
  | { readonly kind: 'exchange'; readonly exchange: Exchange; readonly note: string | undefined }
  | { readonly kind: 'check' | 'fact'; readonly text: string };

/** A check of a step failed. */
export class CheckError extends Error {
  override readonly name = 'CheckError';
}

/** Collects the output of a step. */
export class Report {
  readonly lines: Line[] = [];

  /** @param note a short addition, such as the signer */
  saw(exchange: Exchange, note?: string): Exchange {
    this.lines.push({ kind: 'exchange', exchange, note });
    return exchange;
  }

  /** Reports a fact that was observed. */
  tell(text: string): void {
    this.lines.push({ kind: 'fact', text });
  }

  /**
   * @param text the condition in words
   * @throws CheckError when the condition is false
   */
  check(holds: boolean, text: string): void {
    if (!holds) throw new CheckError(`the check failed: ${text}`);
    this.lines.push({ kind: 'check', text });
  }
}

export interface Step<Stage> {
  readonly lane: Lane;
  readonly title: string;
  readonly play: (stage: Stage, report: Report) => Promise<void>;
}
