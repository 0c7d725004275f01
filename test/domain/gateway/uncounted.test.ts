/** A request whose limits cannot be counted. */
import { parseLimitPolicy } from '../../../lambda/domain/gateway/limit-policy';
import { problemOf } from '../../../lambda/domain/gateway/problem';
import { countRequest } from '../../../lambda/domain/gateway/rate-limits';
import { ServiceError } from '../../../lambda/domain/service-error';
import type { RateLimit } from '../../../lambda/model/records/gateway-rate-limits';

const limit = (rate: number): RateLimit => ({
  id: 'one',
  dimensionKeys: ['targetName'],
  entries: [{ dimensions: { targetName: '*' }, requests: [{ rate, period: 'minute' }] }],
  createdTime: 0,
  lastUpdatedTime: 0,
});

interface Counting {
  readonly add?: () => Promise<boolean>;
  readonly limits?: readonly RateLimit[];
}

/** @returns what the audit entry learns */
async function count(
  policy: string,
  rate = 1,
  { add = () => Promise.reject(new Error('throttled')), limits = [limit(rate)] }: Counting = {},
): Promise<object[]> {
  const learned: object[] = [];
  await countRequest(
    {
      requestCounts: { add },
      limitPolicy: parseLimitPolicy(policy),
      system: { now: () => 0 },
    },
    { id: 'gateway', rateLimits: limits },
    {
      calledFor: { onBehalfOf: undefined, callingAgent: undefined },
      workloadAccessToken: '',
      targetName: 'echo',
      isMcp: false,
    },
    (entry) => learned.push(entry),
  );
  return learned;
}

it('continues by default, and the audit entry says that nothing was counted', async () => {
  expect(await count('{}')).toEqual([{ result: 'limits-not-counted' }]);
});

it('is rejected if the deployment denies it', async () => {
  const error = await count('{"onFailure":"DENY"}').catch((thrown: unknown) => thrown);
  if (!(error instanceof ServiceError)) throw error;
  expect(problemOf(error)).toMatchObject({
    status: 503,
    body: { type: 'urn:agent-identity:problem:limits-unchecked' },
  });
});

it('is rejected by another limit, which is counted', async () => {
  const other = { ...limit(1), id: 'other' };
  let added = 0;
  const add = (): Promise<boolean> =>
    (added += 1) === 1 ? Promise.reject(new Error('throttled')) : Promise.resolve(false);
  await expect(count('{}', 1, { add, limits: [limit(1), other] })).rejects.toThrow('Too many requests');
});

it('is rejected in both cases if its limit blocks all requests', async () => {
  await expect(count('{}', 0)).rejects.toThrow('Too many requests');
});
