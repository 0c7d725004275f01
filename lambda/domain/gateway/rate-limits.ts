/**
 * The rate limits of a gateway. Requests are counted in windows of the clock: each second or minute begins with a new count. Of a limit, the entry with the most exact values applies, as in AWS, and all limits have to pass. Limits of single
 * callers come first: a caller that exceeds its own limit uses up no shared one.
 * Source: AgentCore developer guide, "Rate limit enforcement".
 */
import { decodeJwt } from 'jose';
import {
  AGENT_NAME_KEY,
  ANY_VALUE,
  JWT_PREFIX,
  USER_ID_KEY,
  type LimitEntry,
} from '../../model/gateway/rate-limit';
import { NAME_SEPARATOR } from '../../model/gateway/mcp-tools';
import type { RateLimit } from '../../model/records/gateway-rate-limits';
import type { Annotate } from '../audit';
import { hashOf } from '../digest';
import { epochSeconds, type System } from '../system';
import { delegationIn } from '../workload-token/issued-token';
import type { LimitedGateway } from './gateway-reader';
import type { CalledFor } from './inbound';
import { counted } from './counted';
import type { LimitPolicy } from './limit-policy';
import type { SlotGroup } from './open-responses';
import { RateLimited } from './rate-limited';

export interface RequestCounts {
  /**
   * Adds a request to a bucket, in one step.
   *
   * @param window.until epoch seconds after which nothing needs the count
   * @returns false if the bucket had `most` requests; then nothing was added
   */
  add(bucket: string, window: { readonly most: number; readonly until: number }): Promise<boolean>;
}

export interface RateLimitDependencies {
  readonly requestCounts: RequestCounts;
  readonly limitPolicy: LimitPolicy;
  readonly system: Pick<System, 'now'>;
}

/** A request whose caller is admitted. */
export interface CountedRequest {
  readonly calledFor: CalledFor;
  /** The gateway's token for this request, as the identity service has just issued it. */
  readonly workloadAccessToken: string;
  readonly targetName?: string | undefined;
  readonly tool?: string | undefined;
  readonly isMcp: boolean;
  /** For a list of tools, for which the caller's own request was counted: only limits of targets count. */
  readonly ofTargetsOnly?: boolean;
}

type ValueOf = (key: string) => string | undefined;

/** Returns what the dimensions of a request are. The user token was verified before. */
function valuesOf({ calledFor, workloadAccessToken, targetName, tool }: CountedRequest): ValueOf {
  const { onBehalfOf, callingAgent } = calledFor;
  const claims: Readonly<Record<string, unknown>> =
    onBehalfOf && 'userToken' in onBehalfOf ? decodeJwt(onBehalfOf.userToken) : {};
  const { chain: [agent] = [], user } = delegationIn(workloadAccessToken) ?? {};
  const known: Readonly<Record<string, string | undefined>> = {
    targetName,
    toolName: targetName === undefined || tool === undefined ? undefined : targetName + NAME_SEPARATOR + tool,
    '$.context.iam.principal': callingAgent?.principal?.arn,
    [AGENT_NAME_KEY]: agent?.name,
    [USER_ID_KEY]: user && (user.kind === 'jwt' ? user.subject : user.id),
  };
  return (key) => {
    if (!key.startsWith(JWT_PREFIX)) return known[key];
    const name = key.slice(JWT_PREFIX.length);
    const claim = Object.hasOwn(claims, name) ? claims[name] : undefined;
    return typeof claim === 'string' ? claim : undefined;
  };
}

/** Returns the entry with the most exact values: the last dimensions are the first to match any value. */
function entryFor(
  { dimensionKeys, entries }: Pick<RateLimit, 'dimensionKeys' | 'entries'>,
  values: readonly string[],
): LimitEntry | undefined {
  const byValues = new Map(
    entries.map((entry) => [JSON.stringify(dimensionKeys.map((key) => entry.dimensions[key])), entry]),
  );
  for (let exact = values.length; exact >= 0; exact -= 1) {
    const stated = values.map((value, index) => (index < exact ? value : ANY_VALUE));
    const entry = byValues.get(JSON.stringify(stated));
    if (entry) return entry;
  }
  return undefined;
}

const SECONDS = { second: 1, minute: 60 } as const;

/** A limit that a request matches, with the rate of one metric. */
interface AppliedLimit {
  readonly limit: RateLimit;
  readonly values: readonly string[];
  readonly rate: number;
  readonly seconds: number;
}

const isOfCaller = ({ limit }: AppliedLimit): boolean =>
  limit.dimensionKeys.some((key) => key.startsWith('$.'));

/** Returns the limits that apply, in the order in which they are counted. */
function appliedLimits(
  { rateLimits }: Pick<LimitedGateway, 'rateLimits'>,
  request: CountedRequest,
  metric: 'requests' | 'connections',
): readonly AppliedLimit[] {
  if (rateLimits.length === 0) return [];
  const valueOf = valuesOf(request);
  const applied = rateLimits.flatMap((limit): AppliedLimit[] => {
    if (request.ofTargetsOnly && !limit.dimensionKeys.includes('targetName')) return [];
    const values = limit.dimensionKeys.flatMap((key) => valueOf(key) ?? []);
    if (values.length < limit.dimensionKeys.length) return [];
    const [stated] = entryFor(limit, values)?.[metric] ?? [];
    return stated ? [{ limit, values, rate: stated.rate, seconds: SECONDS[stated.period] }] : [];
  });
  return applied.sort(
    (one, other) =>
      Number(one.rate !== 0) - Number(other.rate !== 0) ||
      Number(isOfCaller(other)) - Number(isOfCaller(one)) ||
      other.limit.dimensionKeys.length - one.limit.dimensionKeys.length ||
      one.rate / one.seconds - other.rate / other.seconds,
  );
}

/** Returns the hash of what is counted together. */
const bucketOf = (
  { id }: Pick<LimitedGateway, 'id'>,
  { limit, values }: AppliedLimit,
  ...of: number[]
): string => hashOf(JSON.stringify([id, limit.id, limit.createdTime, ...of, values]));

/** Returns the groups of connections of a request, each with its most. */
export const connectionsOf = (
  gateway: Pick<LimitedGateway, 'id' | 'rateLimits'>,
  request: CountedRequest,
): readonly SlotGroup[] =>
  appliedLimits(gateway, request, 'connections').map((applied) => ({
    name: applied.limit.id,
    hash: bucketOf(gateway, applied),
    most: applied.rate,
  }));

/** Seconds for which a count outlives its window: the clocks of functions differ. */
const MARGIN = 60;

/**
 * Counts a request.
 *
 * @throws RateLimited; GatewayProblem if the limits cannot be counted and the deployment is closed then
 */
export async function countRequest(
  { requestCounts, limitPolicy, system }: RateLimitDependencies,
  gateway: Pick<LimitedGateway, 'id' | 'rateLimits'>,
  request: CountedRequest,
  annotate: Annotate,
): Promise<void> {
  const applied = appliedLimits(gateway, request, 'requests');
  if (applied.length === 0) return;
  await counted(
    limitPolicy,
    async () => {
      let failure: Error | undefined;
      for (const one of applied) {
        const { limit, rate, seconds } = one;
        const now = epochSeconds(system);
        const window = Math.floor(now / seconds);
        const end = (window + 1) * seconds;
        const bucket = bucketOf(gateway, one, seconds, window);
        if (rate > 0) {
          try {
            if (await requestCounts.add(bucket, { most: rate, until: end + MARGIN })) continue;
          } catch (error) {
            // The other limits apply all the same.
            failure ??= error instanceof Error ? error : new Error('a count failed', { cause: error });
            continue;
          }
        }
        throw new RateLimited(
          {
            limitKey: limit.id,
            metric: 'requests',
            retryAfter: rate > 0 ? end - now : undefined,
          },
          request.isMcp,
        );
      }
      if (failure) throw failure;
    },
    annotate,
  );
}
