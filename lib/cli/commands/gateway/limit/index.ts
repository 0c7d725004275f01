/** `agent-identity gateway limit`: how many requests callers, targets, and tools of a gateway can have. */
import { buildRouteMap } from '@stricli/core';
import { add } from './add';
import { remove } from './delete';
import { list } from './list';

export const limit = buildRouteMap({
  routes: { add, delete: remove, list },
  docs: { brief: 'Rate limits of a gateway: add, delete, and list them' },
});
