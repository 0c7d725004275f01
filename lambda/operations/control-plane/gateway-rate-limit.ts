/** Rate limits of gateways: how many requests callers, targets, and tools can have. */
import {
  createdRateLimit,
  identifiedRateLimit,
  listedRateLimits,
  putRateLimits,
  updatedRateLimit,
} from '../../model/gateway/rate-limit-request';
import { operations } from '../operation';
import type { Difference, ReferenceOf } from '../reference';
import { GATEWAY_OWNED, PAGE_QUERY, REPEATED } from './gateway';

const RATE_LIMITS = '/gateways/{gatewayIdentifier}/rate-limits';
const RATE_LIMIT = `${RATE_LIMITS}/{rateLimitId}`;

export const gatewayRateLimit = operations('control-plane', '/gateways', {
  CreateGatewayRateLimit: { path: RATE_LIMITS, status: 201, input: createdRateLimit },
  BatchPutGatewayRateLimits: { method: 'PUT', path: `${RATE_LIMITS}/batch`, input: putRateLimits },
  GetGatewayRateLimit: { method: 'GET', path: RATE_LIMIT, input: identifiedRateLimit },
  UpdateGatewayRateLimit: { method: 'PATCH', path: RATE_LIMIT, input: updatedRateLimit },
  DeleteGatewayRateLimit: { method: 'DELETE', path: RATE_LIMIT, input: identifiedRateLimit },
  ListGatewayRateLimits: { method: 'GET', path: RATE_LIMITS, query: PAGE_QUERY, input: listedRateLimits },
});

const ACTIVE: Difference = {
  what: 'has only the status `ACTIVE`, and applies to the next request',
  why: 'a request reads the limits together with its gateway',
};

const DIMENSIONS: Difference = {
  what: 'rejects dimension keys that no request to the gateway has',
  why: 'a limit that never applies protects nothing',
};

const METRICS: Difference = {
  what: 'requires `requests` or `connections` in each entry, with a whole number as `rate`',
  why: 'requests are counted in windows of the clock',
};

const SIZED: Difference = {
  what: 'limits all rate limits of a gateway to 131,072 bytes as JSON',
  why: 'each request to the gateway reads them',
};

export const reference: ReferenceOf<typeof gatewayRateLimit> = {
  CreateGatewayRateLimit: {
    does: 'Creates a rate limit. `dimensionKeys` say by what requests are counted, and `entries` how many requests each combination of values can have. `*` is for every other value, each with its own count, and can be only in the last dimensions. The entry with the most exact values applies, and all rate limits of the gateway have to allow a request. A `rate` of 0 blocks. No two rate limits of a gateway have the same `dimensionKeys`.',
    errors: ['ConflictException', 'ServiceQuotaExceededException', 'ResourceNotFoundException'],
    differs: [GATEWAY_OWNED, ACTIVE, REPEATED, DIMENSIONS, METRICS, SIZED],
  },
  BatchPutGatewayRateLimits: {
    does: 'Creates or updates several rate limits with one write: those with the same `dimensionKeys` are updated. After an error, nothing is changed.',
    errors: ['ConflictException', 'ServiceQuotaExceededException', 'ResourceNotFoundException'],
    differs: [
      GATEWAY_OWNED,
      ACTIVE,
      DIMENSIONS,
      METRICS,
      SIZED,
      {
        what: 'keeps rate limits that the request does not name, and ignores `clientToken`',
        why: 'AWS documents both; a repetition of the request changes nothing',
      },
    ],
  },
  GetGatewayRateLimit: {
    does: 'Returns a rate limit by its ID.',
    errors: ['ResourceNotFoundException'],
    differs: [GATEWAY_OWNED],
  },
  UpdateGatewayRateLimit: {
    does: 'Replaces the entries of a rate limit, and its description if the request has one. The dimension keys must stay. Counts of the present window stay.',
    errors: ['ConflictException', 'ResourceNotFoundException'],
    differs: [GATEWAY_OWNED, ACTIVE, METRICS, SIZED],
  },
  DeleteGatewayRateLimit: {
    does: 'Deletes a rate limit.',
    errors: ['ConflictException', 'ResourceNotFoundException'],
    differs: [GATEWAY_OWNED],
  },
  ListGatewayRateLimits: {
    does: 'Returns a page of the rate limits of a gateway, sorted by ID.',
    errors: ['ResourceNotFoundException'],
    differs: [GATEWAY_OWNED],
  },
};
