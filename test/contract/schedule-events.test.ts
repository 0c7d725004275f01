/** During a deployment, the schedule of one version can invoke a function of the version before. */
import * as v from 'valibot';
import { AUDIT_DIGEST_CALLS } from '../../lambda/model/events/audit-digest';
import { eventSchemaOf } from '../../lambda/model/events/calls';
import { KeyRotationSchema } from '../../lambda/model/events/key-rotation';

it.each<[v.GenericSchema, object]>([
  [eventSchemaOf(AUDIT_DIGEST_CALLS), { digest: 'audit-trail' }],
  [eventSchemaOf(AUDIT_DIGEST_CALLS), { lock: 'log-files' }],
  [KeyRotationSchema, { prepare: 'signing-keys' }],
])('ignores an additional member of a scheduled event', (schema, event) => {
  expect(v.parse(schema, { ...event, laterMember: { of: 'a later version' } })).toEqual(event);
});
