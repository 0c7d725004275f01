/** During a deployment, the schedule of one version can invoke a function of the version before. */
import * as v from 'valibot';
import { AuditDigestEventSchema } from '../../lambda/model/events/audit-digest';
import { KeyRotationSchema } from '../../lambda/model/events/key-rotation';

it.each<[v.GenericSchema, object]>([
  [AuditDigestEventSchema, { digest: 'audit-trail' }],
  [KeyRotationSchema, { prepare: 'signing-keys' }],
])('ignores an additional member of a scheduled event', (schema, event) => {
  expect(v.parse(schema, { ...event, laterMember: { of: 'a later version' } })).toEqual(event);
});
