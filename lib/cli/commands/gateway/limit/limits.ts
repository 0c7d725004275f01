/** Rate limits of a gateway: how a person states and sees them. */
import { OPERATIONS } from '../../../../../lambda/operations';
import { AGENT_NAME_KEY, JWT_PREFIX, USER_ID_KEY } from '../../../../../lambda/model/gateway/rate-limit';
import { usageError } from '../../../failure';
import { allPages, type Service } from '../../../service';
import type { Gateway } from '../gateways';

interface Rate {
  readonly rate: number;
  readonly period: 'second' | 'minute';
}

export interface Entry {
  readonly dimensions: Readonly<Record<string, string>>;
  readonly requests?: readonly Rate[];
  readonly connections?: readonly Rate[];
}

export interface RateLimit {
  readonly rateLimitId: string;
  readonly description?: string;
  readonly dimensionKeys: readonly string[];
  readonly entries: readonly Entry[];
}

export const GATEWAY_FLAG = {
  gateway: { kind: 'parsed', parse: String, placeholder: 'name', brief: 'Gateway of the rate limit' },
} as const;

export const ONE_LIMIT = {
  kind: 'tuple',
  parameters: [{ brief: 'ID of the rate limit', parse: String, placeholder: 'limit' }],
} as const;

/** Short names of dimensions. */
const NAMES: Readonly<Record<string, string>> = {
  target: 'targetName',
  tool: 'toolName',
  agent: AGENT_NAME_KEY,
  user: USER_ID_KEY,
  principal: '$.context.iam.principal',
};

const CLAIM = 'claim.';

/** Returns the key of a dimension that a person names. @throws CliError for a name that is unknown */
function keyOf(name: string): string {
  if (name.startsWith(CLAIM)) return JWT_PREFIX + name.slice(CLAIM.length);
  const key = Object.hasOwn(NAMES, name) ? NAMES[name] : undefined;
  if (key !== undefined) return key;
  throw usageError(
    `--by must be ${Object.keys(NAMES).join(', ')}, or ${CLAIM}NAME, with a value: for example --by agent=my-agent.`,
  );
}

/** Returns the short name of a dimension. */
export const nameOfDimension = (key: string): string =>
  Object.keys(NAMES).find((name) => NAMES[name] === key) ?? key.replace(JWT_PREFIX, CLAIM);

/** Returns the dimensions that options state, in their order. @throws CliError */
export function dimensionsOf(stated: readonly string[]): [key: string, value: string][] {
  return stated.map((text) => {
    const at = text.indexOf('=');
    if (at < 0) return [keyOf(text), '*'];
    return [keyOf(text.slice(0, at)), text.slice(at + 1)];
  });
}

export const shownDimensions = (
  { dimensionKeys }: Pick<RateLimit, 'dimensionKeys'>,
  { dimensions }: Entry,
): string => dimensionKeys.map((key) => `${nameOfDimension(key)}=${dimensions[key] ?? ''}`).join(' ');

export const shownRate = ({ requests = [], connections = [] }: Entry): string =>
  [
    ...requests.map(({ rate, period }) => `${rate} per ${period}`),
    ...connections.map(({ rate }) => `${rate} at the same time`),
  ].join(', ');

export const listLimits = (
  service: Pick<Service, 'call'>,
  { gatewayId: gatewayIdentifier }: Pick<Gateway, 'gatewayId'>,
): Promise<RateLimit[]> =>
  allPages<RateLimit>(service, OPERATIONS.ListGatewayRateLimits, 'rateLimits', { gatewayIdentifier });
