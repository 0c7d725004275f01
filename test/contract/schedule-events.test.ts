/** During a deployment, the schedule of one version can invoke a function of the version before. */
import * as v from 'valibot';
import { AuditDigestEventSchema } from '../../lambda/contract/audit-digest-event';
import { KeyRotationSchema } from '../../lambda/contract/key-rotation-event';

it.each<[v.GenericSchema, object]>([
  [AuditDigestEventSchema, { digest: 'audit-trail' }],
  [KeyRotationSchema, { prepare: 'signing-keys' }],
])('ignores an additional member of a scheduled event', (schema, event) => {
  expect(v.parse(schema, { ...event, laterMember: { of: 'a later version' } })).toEqual(event);
});
