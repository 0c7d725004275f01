/** `agent-identity audit`: the audit log, and whether the audit trail was tampered with. */
import { buildRouteMap } from '@stricli/core';
import { read } from './read';
import { verify } from './verify';

export const audit = buildRouteMap({
  routes: { read, verify },
  defaultCommand: 'read',
  docs: { brief: 'Audit log: read it, follow it (--follow), and verify the audit trail in Amazon S3' },
});
