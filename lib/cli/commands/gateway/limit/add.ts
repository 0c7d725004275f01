/** `agent-identity gateway limit add`. */
import { isDeepStrictEqual } from 'node:util';
import { buildCommand } from '@stricli/core';
import { AGENT_NAME_KEY } from '../../../../../lambda/model/gateway/rate-limit';
import { OPERATIONS } from '../../../../../lambda/operations';
import { CONNECTION_FLAGS, optionalText, type ConnectionFlags } from '../../../connection-flags';
import type { CliContext } from '../../../context';
import { ServiceFailure, usageError } from '../../../failure';
import { namingOptions } from '../../../option-names';
import { print, printAside, printJson } from '../../../output';
import { connect, type Service } from '../../../service';
import { findGateway, type Gateway } from '../gateways';
import { listTargets } from '../target/targets';
import {
  dimensionsOf,
  GATEWAY_FLAG,
  listLimits,
  nameOfDimension,
  ONE_LIMIT,
  shownDimensions,
  shownRate,
  type Entry,
  type RateLimit,
} from './limits';

interface AddFlags extends ConnectionFlags {
  readonly gateway: string;
  readonly by: readonly string[];
  readonly perSecond?: number;
  readonly perMinute?: number;
  readonly connections?: number;
  readonly description?: string;
}

/** @throws CliError if no option is set, or both of which only one can be */
function metricsOf({ perSecond, perMinute, connections }: AddFlags): Omit<Entry, 'dimensions'> {
  if (perSecond !== undefined && perMinute !== undefined) {
    throw usageError('Set either --per-second or --per-minute.');
  }
  if (perSecond === undefined && perMinute === undefined && connections === undefined) {
    throw usageError('Set --per-second, --per-minute, or --connections.', '0 blocks all requests.');
  }
  return {
    ...(perSecond !== undefined && { requests: [{ rate: perSecond, period: 'second' }] }),
    ...(perMinute !== undefined && { requests: [{ rate: perMinute, period: 'minute' }] }),
    ...(connections !== undefined && { connections: [{ rate: connections, period: 'second' }] }),
  };
}

const rate = (option: string, brief: string) =>
  ({
    kind: 'parsed',
    parse: (text: string) => {
      if (!/^\d+$/.test(text)) throw usageError(`${option} must be a whole number, or 0 to block.`);
      return Number(text);
    },
    optional: true,
    placeholder: 'number',
    brief,
  }) as const;

/** Returns why a limit has no effect yet: it names a target or an agent that the caller does not have. */
async function missingOf(
  service: Pick<Service, 'call'>,
  gateway: Gateway,
  { dimensions }: Entry,
): Promise<string | undefined> {
  const { targetName, toolName, [AGENT_NAME_KEY]: agent } = dimensions;
  const target = targetName ?? toolName?.split('___')[0];
  if (target !== undefined && !target.includes('*')) {
    const names = (await listTargets(service, gateway)).map(({ name }) => name);
    if (!names.includes(target)) {
      const form = toolName === undefined ? '' : ': the name of a tool is TARGET___TOOL';
      return `The gateway has no target "${target}" yet${form}.`;
    }
  }
  if (agent === undefined || agent === '*') return undefined;
  try {
    await service.call(OPERATIONS.GetWorkloadIdentity, { name: agent });
    return undefined;
  } catch (error) {
    if (!(error instanceof ServiceFailure)) throw error;
    if (error.problem?.code === 'ResourceNotFound') return `There is no agent "${agent}" yet.`;
    // It belongs to another owner, or the caller has no right to read agents.
    if (error.type === 'AccessDeniedException') return undefined;
    throw error;
  }
}

export const add = buildCommand({
  docs: {
    brief: 'Limit the requests to a gateway',
    fullDescription: [
      'Creates a rate limit, or adds an entry to the one with this ID, which must have the same dimensions. An entry with the same values is replaced.',
      'Each --by is a dimension with a value: target, tool, agent, user, principal, or claim.NAME of the user token. Without a value, or with *, each value is counted separately.',
      'All rate limits of a gateway have to allow a request, and of each, the entry with the most exact values applies.',
    ].join('\n'),
  },
  parameters: {
    flags: {
      ...CONNECTION_FLAGS,
      ...GATEWAY_FLAG,
      by: {
        kind: 'parsed',
        parse: String,
        variadic: true,
        placeholder: 'dimension',
        brief: 'What is counted, such as agent=my-agent or user; set the option again for each further one',
      },
      perSecond: rate('--per-second', 'Requests in each second; 0 blocks'),
      perMinute: rate('--per-minute', 'Requests in each minute; 0 blocks'),
      connections: rate('--connections', 'Requests that are in progress at the same time; 0 blocks'),
      description: optionalText('text', 'Description for the owners of the gateway'),
    },
    positional: ONE_LIMIT,
  },
  async func(this: CliContext, flags: AddFlags, rateLimitId: string) {
    const { description, json } = flags;
    const stated = dimensionsOf(flags.by);
    if (stated.length === 0) throw usageError('Set --by, for example --by user.');
    const dimensionKeys = stated.map(([key]) => key);
    const entry: Entry = { dimensions: Object.fromEntries(stated), ...metricsOf(flags) };
    const service = await connect(this, flags);
    const gateway = await findGateway(service, flags.gateway);
    const { gatewayId: gatewayIdentifier } = gateway;
    const limits = await listLimits(service, gateway);
    const present = limits.find((limit) => limit.rateLimitId === rateLimitId);
    if (present && !isDeepStrictEqual(present.dimensionKeys, dimensionKeys)) {
      throw usageError(
        `The rate limit "${rateLimitId}" has other dimensions: --by must be ${present.dimensionKeys.map(nameOfDimension).join(', ')}, in this order.`,
        'Choose another ID, or delete it.',
      );
    }
    const alike = limits.find((limit) => isDeepStrictEqual(limit.dimensionKeys, dimensionKeys));
    if (!present && alike) {
      throw usageError(
        `The rate limit "${alike.rateLimitId}" has these dimensions.`,
        `Add the entry to it: agent-identity gateway limit add ${alike.rateLimitId}`,
      );
    }
    const missing = await missingOf(service, gateway, entry);
    if (missing !== undefined) printAside(this, missing);
    const entries = present?.entries ?? [];
    const replaced = entries.find(({ dimensions }) => isDeepStrictEqual(dimensions, entry.dimensions));
    const changed = {
      gatewayIdentifier,
      rateLimitId,
      ...(description !== undefined && { description }),
      entries: [...entries.filter((other) => other !== replaced), entry],
    };
    const options = { rateLimitId: 'the ID', description: '--description', entries: '--by and the rate' };
    const limit = await namingOptions({ ...options, dimensionKeys: '--by' }, () =>
      present
        ? service.call<RateLimit>(OPERATIONS.UpdateGatewayRateLimit, changed)
        : service.call<RateLimit>(OPERATIONS.CreateGatewayRateLimit, { ...changed, dimensionKeys }),
    );
    if (json) printJson(this, limit);
    else {
      print(
        this,
        `The rate limit "${rateLimitId}" of the gateway "${gateway.name}" allows ${shownRate(entry)} for ${shownDimensions(limit, entry)}${replaced ? `, in place of ${shownRate(replaced)}` : ''}.`,
      );
    }
  },
});
