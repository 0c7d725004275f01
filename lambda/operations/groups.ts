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
