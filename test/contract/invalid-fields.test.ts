/** The message for a member that is not valid: plain English, and never the value. */
import * as v from 'valibot';
import { OPERATIONS } from '../../lambda/operations';
import { text } from '../../lambda/model/constraints';
import { invalidFields } from '../../lambda/domain/invalid-fields';

const said = (schema: v.GenericSchema, value: unknown): string[] => {
  const { issues = [] } = v.safeParse(v.object({ member: schema }), { member: value });
  return invalidFields(issues).map(({ name, message }) => `${name} ${message}`);
};

it.each<[string, v.GenericSchema, unknown, string]>([
  ['a text that is too short', text(3, 255), 'a', 'must have 3 to 255 characters'],
  ['a text of another length than the only one', text(43, 43), 'a', 'must have 43 characters'],
  ['a text that is too long, and can be empty', text(0, 2), 'abc', 'must have up to 2 characters'],
  ['a string that is too long', v.pipe(v.string(), v.maxLength(1)), 'ab', 'must have up to 1 character'],
  [
    'a list that is too long',
    v.pipe(v.array(v.string()), v.maxLength(2)),
    [1, 2, 3].map(String),
    'must have up to 2 entries',
  ],
  [
    'a list that is too short',
    v.pipe(v.array(v.string()), v.minLength(1)),
    [],
    'must have 1 or more entries',
  ],
  [
    'a map that is too large',
    v.pipe(v.record(v.string(), v.string()), v.maxEntries(1)),
    { a: '', b: '' },
    'must have up to 1 entry',
  ],
  ['a number that is too small', v.pipe(v.number(), v.minValue(1)), 0, 'must be 1 or more'],
  ['a number that is too large', v.pipe(v.number(), v.maxValue(20)), 21, 'must be up to 20'],
  ['a fraction', v.pipe(v.number(), v.integer()), 1.5, 'must be a whole number'],
  ['another value than the known ones', v.picklist(['A', 'B']), 'secret', 'must be one of A, B'],
  ['a value that is not a list', v.array(v.string()), 'secret', 'must be a list'],
  ['a value that is not an object', v.object({ a: v.string() }), 'secret', 'must be an object'],
  ['a value that is not a string', v.string(), 17, 'must be a string'],
  ['a value that is not a number', v.number(), 'secret', 'must be a number'],
  ['a value that is not a boolean', v.boolean(), 'secret', 'must be true or false'],
  [
    'a name with characters that are not allowed',
    OPERATIONS.GetWorkloadIdentity.input.entries.name,
    'my agent',
    'must contain only letters, digits, and the characters _ . - (must match /^[A-Za-z0-9_.-]+$/)',
  ],
  [
    'a return URL without a scheme',
    OPERATIONS.GetResourceOauth2Token.input.pipe[0].entries.resourceOauth2ReturnUrl,
    'app.example',
    'must be a URL with a scheme, such as https://app.example/connected, and without spaces (must match /^\\w[\\w.+-]*:(\\/?\\/?)[^\\s]+$/)',
  ],
])('reports %s', (_, schema, value, message) => {
  expect(said(schema, value)).toEqual([`member ${message}`]);
});

it('reports a missing member', () => {
  expect(said(v.string(), undefined)).toEqual(['member is required']);
});

it.each([
  ['the issuer of a user token without the subject', { issuer: 'https://idp.example' }],
  ['no member', {}],
])('a user named by %s gets the members that name a user', (_what, user) => {
  const { issues = [] } = v.safeParse(OPERATIONS.SuspendUser.input, { user });
  expect(invalidFields(issues)).toEqual([
    { name: 'user', message: 'must have userId, or issuer and subject, or userHash, and no other member' },
  ]);
});
