/** A request that a person's answers make. The command asks again for what the service rejects, and keeps the rest. */
import type { CliContext } from './context';
import { CliError, ServiceFailure } from './failure';
import { printAside } from './output';
import { confirm, isInteractive } from './prompt';

export interface Corrections<Answer extends string> {
  /** Returns the answers that the service rejects. */
  readonly rejected: (failure: ServiceFailure) => readonly Answer[];
  /** Replaces an answer. */
  readonly askAgain: (answer: Answer) => Promise<void>;
}

/** Whether the same request can succeed later, for example after the person has signed in again. */
const canRepeat = ({ type, name }: CliError & { readonly type?: string }): boolean =>
  type !== 'ValidationException' && name !== 'UsageError';

/**
 * Sends the request until the service accepts it, or the person stops.
 *
 * @param request is called again after a correction, with the answers of then
 * @throws the error if there is no person, or nothing that the person can correct here
 */
export async function untilAccepted<Output, Answer extends string>(
  context: CliContext,
  request: () => Promise<Output>,
  { rejected, askAgain }: Corrections<Answer>,
): Promise<Output> {
  for (;;) {
    try {
      return await request();
    } catch (error) {
      if (!isInteractive(context) || !(error instanceof CliError)) throw error;
      const answers = new Set(error instanceof ServiceFailure ? rejected(error) : []);
      if (answers.size === 0 && !canRepeat(error)) throw error;
      printAside(context, error.message);
      if (answers.size === 0 && !(await confirm(context, 'Send the request again?'))) throw error;
      for (const answer of answers) await askAgain(answer);
    }
  }
}
