/** The rate limits of gateways in the directory table, and the counts of requests and open responses in the sessions table. */
import * as v from 'valibot';
import type { OpenResponses } from '../../domain/gateway/open-responses';
import type { RequestCounts } from '../../domain/gateway/rate-limits';
import type { RateLimitStore } from '../../domain/gateway/manage/rate-limits';
import { GatewayRateLimitsSchema } from '../../model/records/gateway-rate-limits';
import {
  openResponseKey,
  openResponsePartition,
  rateLimitsKey,
  requestCountKey,
  SORT_KEY,
  TTL_ATTRIBUTE,
} from '../../model/table-keys';
import { readRecord, versioned } from './record';
import { ABSENT, type Table } from './table';

export const createRateLimitStore = (directory: Table): RateLimitStore => ({
  async get({ name, id }) {
    const found = await readRecord(directory, rateLimitsKey(name), GatewayRateLimitsSchema);
    return found?.gatewayId === id ? found : undefined;
  },
  put({ name }, { limits, ...members }) {
    const record = versioned({ ...members, limits: JSON.stringify(limits) });
    const { gatewayId, revision } = members;
    // An interrupted deletion of an earlier gateway can have left limits under the name.
    return revision === 1
      ? directory.put(rateLimitsKey(name), record, {
          condition: `${ABSENT.condition} OR gatewayId <> :gatewayId`,
          values: { ':gatewayId': gatewayId },
        })
      : directory.put(rateLimitsKey(name), record, {
          condition: 'gatewayId = :gatewayId AND revision = :before',
          values: { ':gatewayId': gatewayId, ':before': revision - 1 },
        });
  },
  async remove({ name, id }) {
    await directory.remove(rateLimitsKey(name), {
      condition: 'gatewayId = :gatewayId',
      values: { ':gatewayId': id },
    });
  },
});

export const createRequestCounts = (sessions: Table): RequestCounts => ({
  add: (bucket, { most, until }) =>
    sessions.update(requestCountKey(bucket), 'ADD requests :one SET #ttl = :until', {
      condition: 'attribute_not_exists(requests) OR requests < :most',
      names: { '#ttl': TTL_ATTRIBUTE },
      values: { ':one': 1, ':most': most, ':until': until },
    }),
});

const SlotSchema = v.object({
  [SORT_KEY]: v.string(),
  [TTL_ATTRIBUTE]: v.number(),
});

export const createOpenResponses = (sessions: Table): OpenResponses => ({
  async taken(group, now) {
    const slots = v.parse(v.array(SlotSchema), await sessions.query(openResponsePartition(group)));
    return slots.filter(({ ttl }) => ttl > now).map(({ sk }) => Number(sk));
  },
  take: (group, slot, { id, until }, now) =>
    sessions.put(
      openResponseKey(group, slot),
      { lease: id, [TTL_ATTRIBUTE]: until },
      {
        // A repetition of the request, whose response was lost, finds its own lease.
        condition: `${ABSENT.condition} OR #ttl <= :now OR lease = :lease`,
        names: { '#ttl': TTL_ATTRIBUTE },
        values: { ':now': now, ':lease': id },
      },
    ),
  renew: (group, slot, { id, until }) =>
    sessions.update(openResponseKey(group, slot), 'SET #ttl = :until', {
      condition: 'lease = :lease',
      names: { '#ttl': TTL_ATTRIBUTE },
      values: { ':lease': id, ':until': until },
    }),
  async release(group, slot, id) {
    await sessions.remove(openResponseKey(group, slot), {
      condition: 'lease = :lease',
      values: { ':lease': id },
    });
  },
});
