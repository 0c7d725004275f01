/** A rate limit of a gateway, as a stack states it. */
import * as v from 'valibot';
import { OPERATIONS } from '../../lambda/operations';
import { checkPropNames, type PropNames } from '../constructs/prop-names';
import { invalidProps } from './invalid-props';
import { withSamples } from './samples';

/** How many requests a combination of values can have. */
export interface RateLimitEntry {
  /**
   * One value for each of the `dimensionKeys`. `*` is for every other value, each with a separate count, and only other `*` can
   * follow it.
   */
  readonly values: string[];
  /**
   * Requests in each second: a whole number. 0 blocks all.
   * @default - none; not together with `requestsPerMinute`
   */
  readonly requestsPerSecond?: number;
  /**
   * Requests in each minute: a whole number. 0 blocks all.
   * @default - none; not together with `requestsPerSecond`
   */
  readonly requestsPerMinute?: number;
  /**
   * Requests that are in progress at the same time: a whole number, up to 1000. 0 blocks all.
   * @default - none
   */
  readonly connections?: number;
}

/** A limit of the requests to a gateway. */
export interface RateLimitProps {
  /**
   * By what requests are counted: `targetName`, `toolName`, `$.context.jwt.` with the name of a claim, `$.context.iam.principal`,
   * `$.context.agent.name`, or `$.context.user.id`. No two limits of a gateway have the same keys.
   */
  readonly dimensionKeys: string[];
  /** The limits by values: the entry with the most exact values applies. */
  readonly entries: RateLimitEntry[];
  /**
   * A text for the owners of the gateway: up to 512 characters.
   * @default - none
   */
  readonly description?: string;
}

const PROPS: PropNames<RateLimitProps> = {
  dimensionKeys: 'required',
  entries: 'required',
  description: 'optional',
};

const ENTRY_PROPS: PropNames<RateLimitEntry> = {
  values: 'required',
  requestsPerSecond: 'optional',
  requestsPerMinute: 'optional',
  connections: 'optional',
};

function metricsOf({ requestsPerSecond, requestsPerMinute, connections }: RateLimitEntry, where: string) {
  if (requestsPerSecond !== undefined && requestsPerMinute !== undefined) {
    throw new Error(`${where}: set either requestsPerSecond or requestsPerMinute`);
  }
  if (requestsPerSecond === undefined && requestsPerMinute === undefined && connections === undefined) {
    throw new Error(`${where}: set requestsPerSecond, requestsPerMinute, or connections`);
  }
  return {
    ...(requestsPerSecond !== undefined && { requests: [{ rate: requestsPerSecond, period: 'second' }] }),
    ...(requestsPerMinute !== undefined && { requests: [{ rate: requestsPerMinute, period: 'minute' }] }),
    ...(connections !== undefined && { connections: [{ rate: connections, period: 'second' }] }),
  };
}

/** @throws Error for a limit that the service rejects */
export function rateLimitOf(rateLimitId: string, props: RateLimitProps) {
  const where = `rate limit ${rateLimitId}`;
  checkPropNames(where, props, PROPS);
  const { dimensionKeys, description } = props;
  const entries = props.entries.map((entry, index) => {
    const place = `${where}: entries[${index}]`;
    checkPropNames(place, entry, ENTRY_PROPS);
    if (entry.values.length !== dimensionKeys.length) {
      throw new Error(`${place}: values must have one value for each of the dimensionKeys`);
    }
    const dimensions = Object.fromEntries(dimensionKeys.map((key, at) => [key, entry.values[at]]));
    return { dimensions, ...metricsOf(entry, place) };
  });
  const stated = { rateLimitId, ...(description !== undefined && { description }), dimensionKeys, entries };
  const schema = v.omit(OPERATIONS.CreateGatewayRateLimit.input, ['gatewayIdentifier']);
  const parsed = v.safeParse(schema, withSamples(stated));
  if (!parsed.success) throw new Error(`${where}: ${invalidProps(parsed.issues, [])}`);
  return stated;
}

export type StatedRateLimit = ReturnType<typeof rateLimitOf>;
