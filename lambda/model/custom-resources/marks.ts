/** Tags by which a stack knows its own resources. They are written in the same call that creates the resource. */

/** Begins the keys of the service's own tags, which a stack cannot set. */
export const MARK_PREFIX = 'agent-identity:';

/** Tags that say which resource of which stack this is, whether the stack created or adopted it, and by which request. */
export const MARKS = {
  stack: `${MARK_PREFIX}stack`,
  resource: `${MARK_PREFIX}resource`,
  origin: `${MARK_PREFIX}origin`,
  request: `${MARK_PREFIX}request`,
} as const;
