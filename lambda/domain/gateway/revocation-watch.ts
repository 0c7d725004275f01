/**
 * Ends a response when the right to its credential ends: a grant was revoked, an agent or a user suspended, a policy
 * changed, a session ended, or the gateway or its target was changed or deleted.
 */
import { unlessAborted } from '../abort';
import { ServiceError, type ErrorName } from '../service-error';
import type { Access } from './access';
import type { OpenResponse } from './open-responses';
import { isRetrieved, type CredentialSource, type SelectedCredential } from './credential';
import { GatewayProblem } from './problem';
import { RateLimited } from './rate-limited';

/** Milliseconds between two checks. */
export const INTERVAL = 2_000;

/** Checks without a result, after which the response ends: a denial could be among what was not received. */
const MAX_FAILURES = 5;

/** Errors that decide nothing. */
const UNDECIDED: readonly ErrorName[] = ['InternalServerException', 'ThrottlingException'];

const isDecision = (error: unknown): boolean =>
  error instanceof ServiceError && !UNDECIDED.includes(error.type);

const reasonOf = (cause: unknown): string =>
  cause instanceof ServiceError ? (cause.detail ?? cause.message) : 'internal error';

const ended = (detail: string, cause?: unknown): GatewayProblem =>
  new GatewayProblem(
    'access-ended',
    'The agent or the user no longer has access, or the gateway was changed. Repeat the request.',
    {
      detail: `access ended: ${detail}`,
      cause,
    },
  );

/** The request was admitted for a gateway or a target that is not the present one. */
export const changedMeanwhile = (): GatewayProblem => ended('the gateway or the target was changed');

const unchecked = (cause: unknown): GatewayProblem =>
  new GatewayProblem('access-unchecked', 'The access could not be checked. Repeat the request.', {
    detail: `access not checked: ${reasonOf(cause)}`,
    cause,
  });

/** What a response depends on. */
export interface WatchedAccess {
  readonly access: Access;
  readonly selected: SelectedCredential;
  readonly source: CredentialSource;
  /** Absent for a response that another one needs, which is held. */
  readonly open?: Pick<OpenResponse, 'hold'> | undefined;
  /** Returns whether the gateway and the target are still as they were when the request was admitted. */
  readonly isUnchanged: () => Promise<boolean>;
}

/** @throws ServiceError if there is no access any more, or it cannot be checked */
async function check({ access, selected, source, open, isUnchanged }: WatchedAccess): Promise<void> {
  if (!(await isUnchanged())) throw changedMeanwhile();
  await access.renew(isRetrieved(selected) ? 'ending' : 'always');
  await source.retrieve();
  await open?.hold();
}

/** Resolves after milliseconds, and rejects if the signal aborts first. */
export type Pause = (milliseconds: number, signal: AbortSignal) => Promise<void>;

/**
 * Checks the access until the signal aborts.
 *
 * @param end receives the error for the caller, once
 */
export async function watchAccess(
  pause: Pause,
  watched: WatchedAccess,
  signal: AbortSignal,
  end: (reason: ServiceError) => void,
): Promise<void> {
  let failures = 0;
  while (!signal.aborted) {
    try {
      await pause(INTERVAL, signal);
      await unlessAborted(signal, check(watched));
      failures = 0;
    } catch (error) {
      if (signal.aborted) return;
      failures += 1;
      if (error instanceof RateLimited) return end(error);
      if (error instanceof GatewayProblem && error.kind === 'access-ended') return end(error);
      if (isDecision(error)) return end(ended(reasonOf(error), error));
      if (failures >= MAX_FAILURES) return end(unchecked(error));
    }
  }
}
