/** The groups of the service's functions. Functions are split where permissions differ: each group has its own role. */

/** The groups that API Gateway reaches. */
export const ROUTED_GROUPS = [
  'control-plane',
  'token-exchange',
  'credential-retrieval',
  'oauth-callback',
  'token-vault',
  'grants',
  'operator',
  'security-events',
  'portal',
] as const;

export type RoutedGroup = (typeof ROUTED_GROUPS)[number];

/**
 * Groups without a route. Other functions invoke `provider-client` for work that they must not wait for or have no
 * permission for. Other functions and a schedule invoke `revocation`. The functions of consent portals invoke
 * `connections`. A schedule and operators invoke `key-rotation`. A schedule invokes `event-poll`.
 */
export const INVOKED_GROUPS = [
  'provider-client',
  'revocation',
  'connections',
  'key-rotation',
  'event-poll',
] as const;

export const FUNCTION_GROUPS = [...ROUTED_GROUPS, ...INVOKED_GROUPS] as const;

export type FunctionGroup = (typeof FUNCTION_GROUPS)[number];

/** The functions that write audit entries. */
const AUDITED = [
  ...FUNCTION_GROUPS,
  'audit-digest',
  'endpoint-gate',
  'endpoint-authorizer',
  'gateway',
  'gateway-authorizer',
] as const;

/** Returns the ID of the construct of a function's log group. */
export const auditLogGroupIdOf = (name: (typeof AUDITED)[number]): string => `${name}-logs`;

/**
 * Returns whether a log group in a stack is that of such a function. Another one, such as that of an agent, can contain
 * lines that look like audit entries.
 *
 * @param logicalId in the stack
 */
export const isAuditLogGroup = (logicalId: string): boolean =>
  // The AWS CDK removes hyphens from IDs, and adds a hash of eight characters.
  AUDITED.some((name) => logicalId.slice(0, -8).endsWith(auditLogGroupIdOf(name).replaceAll('-', '')));

/** The beginning of the description of a stack's output with the endpoint of its service. */
export const ENDPOINT_OUTPUT = 'Identity service: address for AWS clients';
