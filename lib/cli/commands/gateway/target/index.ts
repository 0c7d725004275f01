/** `agent-identity gateway target`: the servers to which a gateway forwards requests. */
import { buildRouteMap } from '@stricli/core';
import { add } from './add';
import { remove } from './delete';
import { get } from './get';
import { list } from './list';
import { sync } from './sync';
import { update } from './update';

export const target = buildRouteMap({
  routes: { add, get, update, delete: remove, list, sync },
  docs: { brief: 'Targets of a gateway: create, show, change, delete, list, and synchronize them' },
});
