/** Creates, reads, changes, deletes, and lists the rate limits of a gateway. */
import { isDeepStrictEqual } from 'node:util';
import { ANY_VALUE, JWT_PREFIX, MAX_RATE_LIMITS, type LimitEntry } from '../../../model/gateway/rate-limit';
import type {
  CreateRateLimitInput,
  IdentifiedRateLimit,
  ListRateLimitsInput,
  PutRateLimitsInput,
  UpdateRateLimitInput,
} from '../../../model/gateway/rate-limit-request';
import type { Gateway } from '../../../model/records/gateway';
import type { GatewayRateLimits, RateLimit } from '../../../model/records/gateway-rate-limits';
import { audited, type Annotate, type AuditTrail } from '../../audit';
import { openPage, type Listed, type PageTokens } from '../../pagination';
import type { OwnerOperation } from '../../policy/governed-operations';
import type { Caller } from '../../principal';
import { changedConcurrently } from '../../resource-write';
import { writeContents } from '../../sealing/deletion';
import { invalidMember, ServiceError } from '../../service-error';
import { epochSeconds, type System } from '../../system';
import { PAGE, type GatewayOfTargets } from './gateway';
import {
  arnOf,
  creationHashOf,
  ownedGateway,
  randomSuffix,
  type OwnedGatewayDependencies,
} from './owned-gateway';

export interface RateLimitStore {
  /** @returns undefined for a gateway that never had limits. The read is strongly consistent */
  get(gateway: GatewayOfTargets): Promise<GatewayRateLimits | undefined>;
  /** Writes the limits if the stored ones have the previous revision. @returns whether they were written */
  put(gateway: GatewayOfTargets, limits: GatewayRateLimits): Promise<boolean>;
  remove(gateway: GatewayOfTargets): Promise<void>;
}

export interface RateLimitDependencies extends OwnedGatewayDependencies {
  readonly rateLimits: RateLimitStore;
  readonly pageTokens: PageTokens;
  readonly audit: AuditTrail;
  readonly system: System;
}

/** A rate limit, and the gateway that it belongs to. */
export interface LimitOfGateway {
  readonly gateway: Gateway;
  readonly limit: RateLimit;
}

/** Each request to the gateway reads all of them. */
const MAX_BYTES = 131_072;

type Stated = PutRateLimitsInput['rateLimits'][number];

/** @throws ValidationException for a dimension that no request to the gateway has: its limit would never apply */
function checkKeys({ authorizerType, protocolType }: Gateway, keys: readonly string[], member: string): void {
  if (new Set(keys).size < keys.length) throw invalidMember(member, 'must be different');
  for (const key of keys) {
    if (key.startsWith(JWT_PREFIX) && authorizerType !== 'CUSTOM_JWT') {
      throw invalidMember(member, `${key} needs a gateway with the authorizerType CUSTOM_JWT`);
    }
    if (key === '$.context.iam.principal' && authorizerType !== 'AWS_IAM') {
      throw invalidMember(member, `${key} needs a gateway with the authorizerType AWS_IAM`);
    }
    if (key === 'toolName' && protocolType !== 'MCP') {
      throw invalidMember(member, `${key} needs a gateway with the protocolType MCP`);
    }
  }
}

/** @throws ValidationException for an entry that no request could match, or that hides another one */
function checkEntries(keys: readonly string[], entries: readonly LimitEntry[], member: string): void {
  const seen = new Set<string>();
  entries.forEach(({ dimensions }, index) => {
    const place = `${member}.${index}.dimensions`;
    const values = keys.map((key) => dimensions[key]);
    if (values.includes(undefined) || Object.keys(dimensions).length !== keys.length) {
      throw invalidMember(place, 'must have a value for each of the dimensionKeys, and no others');
    }
    const any = values.indexOf(ANY_VALUE);
    if (any >= 0 && values.slice(any).some((value) => value !== ANY_VALUE)) {
      throw invalidMember(place, `can have ${ANY_VALUE} only for the last of the dimensionKeys`);
    }
    const form = JSON.stringify(values);
    if (seen.has(form)) throw invalidMember(place, 'are those of an earlier entry');
    seen.add(form);
  });
}

function check(gateway: Gateway, { dimensionKeys, entries }: Stated, prefix = ''): void {
  checkKeys(gateway, dimensionKeys, `${prefix}dimensionKeys`);
  checkEntries(dimensionKeys, entries, `${prefix}entries`);
}

const noSuchLimit = (id: string): ServiceError =>
  new ServiceError('ResourceNotFoundException', `The gateway has no rate limit "${id}".`);

const conflict = (message: string): ServiceError => new ServiceError('ConflictException', message);

/** @throws ServiceQuotaExceededException; ValidationException for limits that are too large together */
function checkSize(limits: readonly RateLimit[]): void {
  if (limits.length > MAX_RATE_LIMITS) {
    throw new ServiceError(
      'ServiceQuotaExceededException',
      `A gateway has up to ${MAX_RATE_LIMITS} rate limits. Delete some, or add entries to the present ones.`,
    );
  }
  if (Buffer.byteLength(JSON.stringify(limits)) > MAX_BYTES) {
    throw invalidMember('entries', `of all rate limits of a gateway must have up to ${MAX_BYTES} bytes`);
  }
}

/** @throws ThrottlingException after a concurrent change */
async function write(
  { rateLimits, gateways }: Pick<RateLimitDependencies, 'rateLimits' | 'gateways'>,
  gateway: Gateway,
  present: GatewayRateLimits | undefined,
  limits: readonly RateLimit[],
): Promise<void> {
  checkSize(limits);
  const changed = { gatewayId: gateway.id, limits, revision: (present?.revision ?? 0) + 1 };
  const put = async () => {
    if (!(await rateLimits.put(gateway, changed))) throw changedConcurrently();
  };
  // A deletion of the gateway removes the present limits, and a later write finds none to change.
  if (present) await put();
  else await writeContents(gateways, gateway, put, () => rateLimits.remove(gateway));
}

/** What an operation on the limits of a gateway has. */
interface OnLimits {
  readonly gateway: Gateway;
  readonly present: GatewayRateLimits | undefined;
  readonly limits: readonly RateLimit[];
  readonly annotate: Annotate;
}

/** Performs an operation for the owner of a gateway. */
const onLimits = <Result>(
  deps: RateLimitDependencies,
  operation: OwnerOperation,
  principal: Caller,
  { gatewayIdentifier, rateLimitId }: { gatewayIdentifier: string; rateLimitId?: string | undefined },
  work: (on: OnLimits) => Promise<Result>,
): Promise<Result> =>
  audited(deps.audit, { operation, principal }, async (annotate, call) => {
    annotate({
      resource: arnOf(deps.arnPrefix, gatewayIdentifier),
      ...(rateLimitId !== undefined && { rateLimit: rateLimitId }),
    });
    const gateway = await ownedGateway(deps, call, gatewayIdentifier);
    const present = await deps.rateLimits.get(gateway);
    return work({ gateway, present, limits: present?.limits ?? [], annotate });
  });

function found(limits: readonly RateLimit[], id: string): RateLimit {
  const limit = limits.find((one) => one.id === id);
  if (!limit) throw noSuchLimit(id);
  return limit;
}

/** Returns the new limit. @throws ConflictException for an ID or dimension keys that another limit has */
function added(
  { system }: Pick<RateLimitDependencies, 'system'>,
  limits: readonly RateLimit[],
  { rateLimitId: id = randomSuffix(system), description, dimensionKeys, entries }: Stated,
  creationHash?: string,
): RateLimit {
  if (limits.some((other) => other.id === id))
    throw conflict(`A rate limit with the ID "${id}" already exists.`);
  const same = limits.find((other) => isDeepStrictEqual(other.dimensionKeys, dimensionKeys));
  if (same) throw conflict(`The rate limit "${same.id}" already exists with these dimensionKeys. Update it.`);
  const now = epochSeconds(system);
  return {
    id,
    description,
    dimensionKeys,
    entries,
    creationHash,
    createdTime: now,
    lastUpdatedTime: now,
  };
}

/**
 * Creates a rate limit. A repetition of the request with the same `clientToken` returns it.
 *
 * @throws ConflictException, ServiceQuotaExceededException, ValidationException; as `getGateway`
 */
export const createRateLimit = (
  deps: RateLimitDependencies,
  principal: Caller,
  input: CreateRateLimitInput,
): Promise<LimitOfGateway> =>
  onLimits(
    deps,
    'CreateGatewayRateLimit',
    principal,
    input,
    async ({ gateway, present, limits, annotate }) => {
      check(gateway, input);
      const creationHash = creationHashOf(input);
      const repeated =
        creationHash === undefined ? undefined : limits.find((limit) => limit.creationHash === creationHash);
      const limit = repeated ?? added(deps, limits, input, creationHash);
      annotate({ rateLimit: limit.id });
      if (!repeated) await write(deps, gateway, present, [...limits, limit]);
      return { gateway, limit };
    },
  );

/** Returns the limit. @throws ResourceNotFoundException, AccessDeniedException */
export const getRateLimit = (
  deps: RateLimitDependencies,
  principal: Caller,
  input: IdentifiedRateLimit,
): Promise<LimitOfGateway> =>
  onLimits(deps, 'GetGatewayRateLimit', principal, input, ({ gateway, limits }) =>
    Promise.resolve({ gateway, limit: found(limits, input.rateLimitId) }),
  );

/** Replaces the entries. @throws as `getRateLimit`; ValidationException; ThrottlingException after a concurrent change */
export const updateRateLimit = (
  deps: RateLimitDependencies,
  principal: Caller,
  input: UpdateRateLimitInput,
): Promise<LimitOfGateway> =>
  onLimits(deps, 'UpdateGatewayRateLimit', principal, input, async ({ gateway, present, limits }) => {
    const before = found(limits, input.rateLimitId);
    const { description = before.description, entries } = input;
    check(gateway, { ...before, entries });
    const limit = { ...before, description, entries, lastUpdatedTime: epochSeconds(deps.system) };
    await write(
      deps,
      gateway,
      present,
      limits.map((one) => (one === before ? limit : one)),
    );
    return { gateway, limit };
  });

/** Deletes the limit. @throws as `getRateLimit`; ThrottlingException after a concurrent change */
export const deleteRateLimit = (
  deps: RateLimitDependencies,
  principal: Caller,
  input: IdentifiedRateLimit,
): Promise<LimitOfGateway> =>
  onLimits(deps, 'DeleteGatewayRateLimit', principal, input, async ({ gateway, present, limits }) => {
    const limit = found(limits, input.rateLimitId);
    await write(
      deps,
      gateway,
      present,
      limits.filter((one) => one !== limit),
    );
    return { gateway, limit };
  });

/**
 * Creates or updates several limits with one write. The limit with the same `dimensionKeys` is updated.
 *
 * @throws as `createRateLimit`; then nothing was changed
 */
export const putRateLimits = (
  deps: RateLimitDependencies,
  principal: Caller,
  input: PutRateLimitsInput,
): Promise<readonly LimitOfGateway[]> =>
  onLimits(deps, 'BatchPutGatewayRateLimits', principal, input, async ({ gateway, present, limits }) => {
    const changed: RateLimit[] = [];
    const all = input.rateLimits.reduce<readonly RateLimit[]>((others, stated, index) => {
      check(gateway, stated, `rateLimits.${index}.`);
      const before = others.find((one) => isDeepStrictEqual(one.dimensionKeys, stated.dimensionKeys));
      if (!before) {
        const limit = added(deps, others, stated);
        changed.push(limit);
        return [...others, limit];
      }
      const { rateLimitId = before.id, description = before.description, entries } = stated;
      if (rateLimitId !== before.id) {
        throw conflict(`The rate limit "${before.id}" already exists with these dimensionKeys.`);
      }
      const limit = { ...before, description, entries, lastUpdatedTime: epochSeconds(deps.system) };
      changed.push(limit);
      return others.map((one) => (one === before ? limit : one));
    }, limits);
    await write(deps, gateway, present, all);
    return changed.map((limit) => ({ gateway, limit }));
  });

/** Lists the limits by ID. @throws as `getGateway`; ValidationException for a token of another listing */
export const listRateLimits = (
  deps: RateLimitDependencies,
  principal: Caller,
  input: ListRateLimitsInput,
): Promise<Listed<LimitOfGateway>> =>
  onLimits(deps, 'ListGatewayRateLimits', principal, input, async ({ gateway, limits }) => {
    const { maxResults = PAGE, nextToken } = input;
    const listing = { principal, operation: `ListGatewayRateLimits ${gateway.id}` };
    const { after = '', seal } = await openPage(deps.pageTokens, listing, nextToken);
    const rest = limits.filter(({ id }) => id > after).sort((one, other) => (one.id < other.id ? -1 : 1));
    const page = rest.slice(0, maxResults);
    const last = rest.length > maxResults ? page.at(-1)?.id : undefined;
    return {
      resources: page.map((limit) => ({ gateway, limit })),
      ...(last !== undefined && { nextToken: await seal(last) }),
    };
  });
