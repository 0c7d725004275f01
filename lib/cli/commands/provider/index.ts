/** `agent-identity provider`: credential providers. Each command has its own file. */
import { buildRouteMap } from '@stricli/core';
import { add } from './add';
import { remove } from './delete';
import { get } from './get';
import { guide } from './guide';
import { list } from './list';
import { test } from './test';
import { update } from './update';

export const provider = buildRouteMap({
  routes: { add, get, update, delete: remove, list, test, guide },
  docs: { brief: 'Credential providers: create, change, delete, list, and check them' },
});
