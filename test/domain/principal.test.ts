/** The callers: IAM users, roles by their sessions, and the account root. All others are rejected. */
import fc from 'fast-check';
import { callerOf, principalOf } from '../../lambda/domain/principal';
import { ServiceError } from '../../lambda/domain/service-error';
import { caught } from './caught';

const ACCOUNT = '123456789012';
const ROLE = `arn:aws:iam::${ACCOUNT}:role/agent`;

it.each([
  ['a session, as its role', `arn:aws:sts::${ACCOUNT}:assumed-role/agent/session-1`, ROLE],
  ['another session, as the same role', `arn:aws:sts::${ACCOUNT}:assumed-role/agent/i-0abc@x.example`, ROLE],
  ['an IAM user', `arn:aws:iam::${ACCOUNT}:user/alice`, `arn:aws:iam::${ACCOUNT}:user/alice`],
  [
    'an IAM user with a path',
    `arn:aws:iam::${ACCOUNT}:user/a/b/alice`,
    `arn:aws:iam::${ACCOUNT}:user/a/b/alice`,
  ],
  ['the account root', `arn:aws:iam::${ACCOUNT}:root`, `arn:aws:iam::${ACCOUNT}:root`],
  [
    'a session in another partition',
    `arn:aws-us-gov:sts::${ACCOUNT}:assumed-role/agent/session-1`,
    `arn:aws-us-gov:iam::${ACCOUNT}:role/agent`,
  ],
])('accepts %s', (_kind, callerArn, principal) => {
  expect(principalOf(callerArn)).toBe(principal);
});

it.each([
  ['undefined', undefined],
  ['null', null],
  ['an empty string', ''],
  ['a federated user', `arn:aws:sts::${ACCOUNT}:federated-user/alice`],
  ['a role instead of a session', ROLE],
  ['a session without a name', `arn:aws:sts::${ACCOUNT}:assumed-role/agent/`],
  ['a session with an additional part', `arn:aws:sts::${ACCOUNT}:assumed-role/agent/session/more`],
  ['a role name with a wildcard', `arn:aws:sts::${ACCOUNT}:assumed-role/*/session`],
  ['an account ID that is not valid', 'arn:aws:sts::12345:assumed-role/agent/session'],
  ['a service', 'lambda.amazonaws.com'],
  ['anonymous', 'anonymous'],
  ['a wildcard', '*'],
  ['a user ARN with a line break', `arn:aws:iam::${ACCOUNT}:user/alice\n`],
  ['a user ARN with a space', `arn:aws:iam::${ACCOUNT}:user/alice bob`],
  ['a root ARN with text after it', `arn:aws:iam::${ACCOUNT}:root/x`],
  ['text before the ARN', ` arn:aws:iam::${ACCOUNT}:user/alice`],
  ['another vendor', `arn:evil:iam::${ACCOUNT}:user/alice`],
])('rejects %s', (_kind, callerArn) => {
  const refusal = caught(() => principalOf(callerArn));
  expect(refusal).toMatchObject({ name: 'AccessDeniedException' });
  expect(refusal).toBeInstanceOf(ServiceError);
});

const roleName = fc.stringMatching(/^[\w+=,.@-]{1,64}$/);
const sessionName = fc.stringMatching(/^[\w+=,.@-]{2,64}$/);
const account = fc.stringMatching(/^\d{12}$/);

it('returns the same principal for every session of a role, and different principals for different roles', () => {
  fc.assert(
    fc.property(account, roleName, sessionName, sessionName, roleName, (id, role, one, two, other) => {
      const session = (name: string, as: string) =>
        principalOf(`arn:aws:sts::${id}:assumed-role/${name}/${as}`);
      expect(session(role, one)).toBe(session(role, two));
      expect(session(role, one) === session(other, one)).toBe(role === other);
    }),
  );
});

it('returns a principal only for an IAM or STS ARN', () => {
  fc.assert(
    fc.property(fc.string(), (junk) => {
      expect(() => principalOf(junk)).toThrow();
    }),
  );
});

describe('the unique ID', () => {
  const SESSION = `arn:aws:sts::${ACCOUNT}:assumed-role/agent/session-1`;
  const USER = `arn:aws:iam::${ACCOUNT}:user/alice`;
  const ROOT = `arn:aws:iam::${ACCOUNT}:root`;
  const ROLE_ID = 'AROAEXAMPLE123456789A';
  const USER_ID = 'AIDAEXAMPLE123456789A';

  it.each([
    ['a role, for any session', SESSION, `${ROLE_ID}:session-1`, ROLE_ID],
    ['a role of a web identity', SESSION, `${ROLE_ID}:CognitoIdentityCredentials`, ROLE_ID],
    ['a user', USER, USER_ID, USER_ID],
    ['a user whose path looks like a role', `arn:aws:iam::${ACCOUNT}:user/a:role/b:root`, USER_ID, USER_ID],
    ['the account root', ROOT, ACCOUNT, ACCOUNT],
  ])('is read for %s', (_whose, userArn, caller, id) => {
    expect(callerOf({ userArn, caller })).toEqual({ arn: principalOf(userArn), id });
  });

  it.each([
    ['the gateway states none', SESSION, null],
    ['the gateway states an empty text', SESSION, ''],
    ["it is a user's and the ARN a role's", SESSION, USER_ID],
    ["it is a role's and the ARN a user's", USER, `${ROLE_ID}:session-1`],
    ["it is an account's and the ARN a user's", USER, ACCOUNT],
    ['it has no session', SESSION, ROLE_ID],
    ['it has text before it', SESSION, `x${ROLE_ID}:session-1`],
    ['it is in lower case', SESSION, `${ROLE_ID.toLowerCase()}:session-1`],
  ])('is absent if %s', (_why, userArn, caller) => {
    expect(callerOf({ userArn, caller })).toEqual({ arn: principalOf(userArn) });
  });

  it('does not make a caller of a request without an ARN', () => {
    expect(() => callerOf({ userArn: null, caller: `${ROLE_ID}:session-1` })).toThrow();
  });
});
