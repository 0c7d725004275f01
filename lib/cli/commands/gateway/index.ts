/** `agent-identity gateway`: gateways, which attach credentials to the requests of agents. */
import { buildRouteMap } from '@stricli/core';
import { add } from './add';
import { call } from './call';
import { remove } from './delete';
import { get } from './get';
import { limit } from './limit';
import { list } from './list';
import { policy } from './policy';
import { target } from './target';
import { update } from './update';

export const gateway = buildRouteMap({
  routes: { add, get, update, delete: remove, list, target, limit, policy, call },
  docs: {
    brief:
      'Gateways: create, show, change, delete, and list them, their targets, and their policies, and call a target',
  },
});
