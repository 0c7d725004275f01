/** Who called: IAM users, roles by their sessions, the account root; nobody else. */
import fc from 'fast-check';
import { callerOf, principalOf } from '../../lambda/domain/principal';
import { ServiceError } from '../../lambda/domain/service-error';
import { caught } from './caught';

const ACCOUNT = '123456789012';
const ROLE = `arn:aws:iam::${ACCOUNT}:role/agent`;

it.each([
  ['a session as its role', `arn:aws:sts::${ACCOUNT}:assumed-role/agent/session-1`, ROLE],
  ['another session as the same role', `arn:aws:sts::${ACCOUNT}:assumed-role/agent/i-0abc@x.example`, ROLE],
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
])('takes %s', (_kind, callerArn, principal) => {
  expect(principalOf(callerArn)).toBe(principal);
});

it.each([
  ['nobody (undefined)', undefined],
  ['nobody (null)', null],
  ['nobody (empty)', ''],
  ['a federated user', `arn:aws:sts::${ACCOUNT}:federated-user/alice`],
  ['a role that is no session', ROLE],
  ['a session without a name', `arn:aws:sts::${ACCOUNT}:assumed-role/agent/`],
  ['a session with a part too many', `arn:aws:sts::${ACCOUNT}:assumed-role/agent/session/more`],
  ['a role name with a wildcard', `arn:aws:sts::${ACCOUNT}:assumed-role/*/session`],
  ['an account id that is none', 'arn:aws:sts::12345:assumed-role/agent/session'],
  ['a service', 'lambda.amazonaws.com'],
  ['anonymous', 'anonymous'],
  ['a wildcard', '*'],
  ['a user ARN with a line break', `arn:aws:iam::${ACCOUNT}:user/alice\n`],
  ['a user ARN with a space', `arn:aws:iam::${ACCOUNT}:user/alice bob`],
  ['a root ARN with more behind it', `arn:aws:iam::${ACCOUNT}:root/x`],
  ['something before the ARN', ` arn:aws:iam::${ACCOUNT}:user/alice`],
  ['another vendor', `arn:evil:iam::${ACCOUNT}:user/alice`],
])('refuses %s', (_kind, callerArn) => {
  const refusal = caught(() => principalOf(callerArn));
  expect(refusal).toMatchObject({ name: 'AccessDeniedException' });
  expect(refusal).toBeInstanceOf(ServiceError);
});

const roleName = fc.stringMatching(/^[\w+=,.@-]{1,64}$/);
const sessionName = fc.stringMatching(/^[\w+=,.@-]{2,64}$/);
const account = fc.stringMatching(/^\d{12}$/);

it('gives every session of a role the same principal, and sessions of different roles different ones', () => {
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

describe('the unique id', () => {
  const SESSION = `arn:aws:sts::${ACCOUNT}:assumed-role/agent/session-1`;
  const USER = `arn:aws:iam::${ACCOUNT}:user/alice`;
  const ROOT = `arn:aws:iam::${ACCOUNT}:root`;
  const ROLE_ID = 'AROAEXAMPLE123456789A';
  const USER_ID = 'AIDAEXAMPLE123456789A';

  it.each([
    ['a role, whatever the session', SESSION, `${ROLE_ID}:session-1`, ROLE_ID],
    ['a role of a web identity', SESSION, `${ROLE_ID}:CognitoIdentityCredentials`, ROLE_ID],
    ['a user', USER, USER_ID, USER_ID],
    ['a user whose path looks like a role', `arn:aws:iam::${ACCOUNT}:user/a:role/b:root`, USER_ID, USER_ID],
    ['the account root', ROOT, ACCOUNT, ACCOUNT],
  ])('is that of %s', (_whose, userArn, caller, id) => {
    expect(callerOf({ userArn, caller })).toEqual({ arn: principalOf(userArn), id });
  });

  it.each([
    ['the gateway gives none', SESSION, null],
    ['it is empty', SESSION, ''],
    ["it is a user's and the ARN a role's", SESSION, USER_ID],
    ["it is a role's and the ARN a user's", USER, `${ROLE_ID}:session-1`],
    ["it is an account's and the ARN a user's", USER, ACCOUNT],
    ['it has no session', SESSION, ROLE_ID],
    ['it has something before it', SESSION, `x${ROLE_ID}:session-1`],
    ['it is in small letters', SESSION, `${ROLE_ID.toLowerCase()}:session-1`],
  ])('is none where %s', (_why, userArn, caller) => {
    expect(callerOf({ userArn, caller })).toEqual({ arn: principalOf(userArn) });
  });

  it('makes no caller of a request without an ARN', () => {
    expect(() => callerOf({ userArn: null, caller: `${ROLE_ID}:session-1` })).toThrow();
  });
});
