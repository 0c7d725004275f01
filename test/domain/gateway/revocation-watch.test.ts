/** The checks of the access during a response: those that decide, and those without a result. */
import { watchAccess, type WatchedAccess } from '../../../lambda/domain/gateway/revocation-watch';
import { problemOf } from '../../../lambda/domain/gateway/problem';
import { ServiceError, type ErrorName } from '../../../lambda/domain/service-error';

/** Watches an access whose checks have these results, and then no longer. @returns the error for the caller, if any */
async function watched(
  results: readonly (ErrorName | undefined)[],
  isUnchanged = true,
): Promise<ServiceError | undefined> {
  const remaining = [...results];
  const controller = new AbortController();
  let reason: ServiceError | undefined;
  const access: WatchedAccess['access'] = { token: () => 'token', renew: () => Promise.resolve() };
  const source = {
    retrieve: () => {
      const error = remaining.shift();
      if (remaining.length === 0 && error === undefined) controller.abort();
      return error === undefined
        ? Promise.resolve({ kind: 'none' } as const)
        : Promise.reject(new ServiceError(error, 'No.'));
    },
  } as WatchedAccess['source'];
  const selected = { kind: 'api-key', providerName: 'key' } as const;
  await watchAccess(
    () => Promise.resolve(),
    { access, selected, source, isUnchanged: () => Promise.resolve(isUnchanged) },
    controller.signal,
    (error) => {
      reason = error;
    },
  );
  return reason;
}

const UNDECIDED = ['InternalServerException', 'ThrottlingException'] as const;

it('ends the response after five checks in a row without a result, and does not say that the access ended', async () => {
  const error = await watched([...UNDECIDED, ...UNDECIDED, 'InternalServerException']);
  expect(error && problemOf(error)).toMatchObject({
    status: 503,
    body: {
      type: 'urn:agent-identity:problem:access-unchecked',
      detail: 'The access could not be checked. Repeat the request.',
    },
  });
});

it('continues after four such checks and one that succeeds', async () => {
  const four = [...UNDECIDED, ...UNDECIDED];
  expect(await watched([...four, undefined, ...four, undefined])).toBeUndefined();
});

it('ends the response with the first denial', async () => {
  const error = await watched([undefined, 'ThrottlingException', 'AccessDeniedException']);
  expect(error && problemOf(error)).toMatchObject({
    status: 403,
    body: { type: 'urn:agent-identity:problem:access-ended' },
  });
});

it('ends the response when the gateway or the target was changed', async () => {
  const error = await watched([undefined, undefined], false);
  expect(error && problemOf(error)).toMatchObject({
    body: { type: 'urn:agent-identity:problem:access-ended' },
  });
});
