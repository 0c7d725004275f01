/** The rate limits of a gateway: the shapes of the AWS API (control plane 2023-06-05), as requests state them and records keep them. */
import * as v from 'valibot';
import { matching, refused, text } from '../constraints';
import type { Of } from '../of';

/** Matches every value of a dimension, and counts each value on its own. */
export const ANY_VALUE = '*';

/** Keys that the AWS API does not have: the agent that calls, and the user that its token names. */
export const AGENT_NAME_KEY = '$.context.agent.name';
export const USER_ID_KEY = '$.context.user.id';

export const JWT_PREFIX = '$.context.jwt.';

const SERVED_KEY =
  /^(targetName|toolName|\$\.context\.(iam\.principal|agent\.name|user\.id|jwt\.[a-zA-Z_][a-zA-Z0-9_.-]{0,61}[a-zA-Z0-9_]))$/;

const NOT_SERVED = [
  [/^qualifiedModelId$/, 'this service has no gateway for models'],
  [/^\$\.context\.iam\.sourceIdentity$/, 'API Gateway does not state the source identity of a caller'],
  [
    /^\$\.context\.request\./,
    'a caller chooses its headers and bodies, and could choose a new value each time',
  ],
] as const;

const reasonAgainst = (key: string): string | undefined =>
  NOT_SERVED.find(([pattern]) => pattern.test(key))?.[1];

export const DimensionKeySchema = v.pipe(
  text(1, 128),
  v.check(
    (key) => reasonAgainst(key) === undefined,
    ({ input }) => `must be another dimension: ${reasonAgainst(input)}`,
  ),
  v.regex(
    SERVED_KEY,
    `must be targetName, toolName, $.context.iam.principal, ${AGENT_NAME_KEY}, ${USER_ID_KEY}, or ${JWT_PREFIX} and the name of a claim`,
  ),
);

/** Returns the schema of a metric: one whole number. */
const rates = <const Period extends string>(most: number, periods: readonly Period[]) =>
  v.exactOptional(
    v.pipe(
      v.array(
        v.strictObject({
          rate: v.pipe(
            v.number(),
            v.integer('must be a whole number'),
            v.minValue(0, 'must be at least 0'),
            v.maxValue(most, `must be up to ${most}`),
          ),
          period: v.picklist(periods),
        }),
      ),
      v.length(1, 'must have one rate'),
    ),
  );

/** Connections of one count: each has a slot, and a request reads those that are taken. */
const MAX_CONNECTIONS = 1000;

export const LimitEntrySchema = v.pipe(
  v.strictObject({
    dimensions: v.pipe(v.record(DimensionKeySchema, text(1, 256)), v.minEntries(1), v.maxEntries(10)),
    requests: rates(10_000_000, ['second', 'minute']),
    /** Requests that are in progress at the same time; AWS states the period, which has no effect. */
    connections: rates(MAX_CONNECTIONS, ['second']),
    tokens: refused('is not supported by this service: it has no gateway for models'),
  }),
  v.check(
    ({ requests, connections }) => Boolean(requests ?? connections),
    'must have requests or connections',
  ),
);
export interface LimitEntry extends Of<typeof LimitEntrySchema> {}

export const RateLimitIdSchema = matching(
  2,
  64,
  /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,62}[a-zA-Z0-9]$/,
  'must be letters and digits, with hyphens, underscores, and periods between them',
);

/** What the owner of a gateway configures. */
export const configuredLimit = {
  description: v.exactOptional(text(0, 512)),
  dimensionKeys: v.pipe(v.array(DimensionKeySchema), v.minLength(1), v.maxLength(10)),
  entries: v.pipe(v.array(LimitEntrySchema), v.minLength(1), v.maxLength(1000)),
};

/** As many as AWS allows. */
export const MAX_RATE_LIMITS = 50;
