/** `agent-identity portal`: consent portals, on which users see and disconnect what their agents can reach. */
import { buildRouteMap } from '@stricli/core';
import { add } from './add';
import { remove } from './delete';
import { get } from './get';
import { list } from './list';
import { update } from './update';
import { verify } from './verify';

export const portal = buildRouteMap({
  routes: { add, get, update, delete: remove, list, verify },
  docs: { brief: 'Consent portals: create, show, change, delete, list, and verify them' },
});
