/** `agent-identity gateway limit delete`. */
import { isDeepStrictEqual } from 'node:util';
import { buildCommand } from '@stricli/core';
import { OPERATIONS } from '../../../../../lambda/operations';
import { CONNECTION_FLAGS, flag, optionalTexts, type ConnectionFlags } from '../../../connection-flags';
import type { CliContext } from '../../../context';
import { CliError } from '../../../failure';
import { notFound } from '../../../not-found';
import { print, printJson } from '../../../output';
import { confirmOrCancel } from '../../../prompt';
import { connect } from '../../../service';
import { findGateway } from '../gateways';
import {
  dimensionsOf,
  GATEWAY_FLAG,
  listLimits,
  ONE_LIMIT,
  shownDimensions,
  type Entry,
  type RateLimit,
} from './limits';

interface DeleteFlags extends ConnectionFlags {
  readonly gateway: string;
  readonly by?: readonly string[];
  readonly yes: boolean;
}

/** @throws CliError if the limit has no entry with these values */
function entryOf(limit: RateLimit, by: readonly string[]): Entry {
  const dimensions = Object.fromEntries(dimensionsOf(by));
  const found = limit.entries.find((entry) => isDeepStrictEqual(entry.dimensions, dimensions));
  if (found) return found;
  throw new CliError(`The rate limit "${limit.rateLimitId}" has no such entry.`, {
    next: `Its entries are ${limit.entries.map((entry) => shownDimensions(limit, entry)).join('; ')}.`,
  });
}

export const remove = buildCommand({
  docs: {
    brief: 'Delete a rate limit of a gateway, or one of its entries',
    fullDescription:
      'Deletes the rate limit. With --by, deletes only the entry with these values, as list shows them.',
  },
  parameters: {
    flags: {
      ...CONNECTION_FLAGS,
      ...GATEWAY_FLAG,
      by: optionalTexts(
        'dimension',
        'Value of the entry, such as user=alice; set the option again for each further one',
      ),
      yes: flag('Delete without a question'),
    },
    positional: ONE_LIMIT,
  },
  async func(this: CliContext, flags: DeleteFlags, rateLimitId: string) {
    const service = await connect(this, flags);
    const gateway = await findGateway(service, flags.gateway);
    const limits = await listLimits(service, gateway);
    const found = limits.find((limit) => limit.rateLimitId === rateLimitId);
    if (!found) {
      throw notFound(`The gateway "${gateway.name}" has no rate limit`, rateLimitId, {
        names: limits.map((limit) => limit.rateLimitId),
        list: `gateway limit list --gateway ${gateway.name}`,
      });
    }
    const entry = flags.by && entryOf(found, flags.by);
    const others = found.entries.filter((other) => other !== entry);
    const isWhole = !entry || others.length === 0;
    const what = isWhole
      ? `the rate limit "${rateLimitId}"`
      : `the entry ${shownDimensions(found, entry)} of the rate limit "${rateLimitId}"`;
    await confirmOrCancel(this, {
      yes: flags.yes,
      question: `Delete ${what} of the gateway "${gateway.name}"?`,
      done: 'deleted',
    });
    const identifiers = { gatewayIdentifier: gateway.gatewayId, rateLimitId };
    if (isWhole) await service.call(OPERATIONS.DeleteGatewayRateLimit, identifiers);
    else await service.call(OPERATIONS.UpdateGatewayRateLimit, { ...identifiers, entries: others });
    if (flags.json) printJson(this, { rateLimitId, deleted: true });
    else print(this, `${what.replace(/^t/, 'T')} is deleted.`);
  },
});
