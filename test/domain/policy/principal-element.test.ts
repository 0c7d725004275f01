/** The Principal element: each kind of principal with each kind of caller. */
import { principalOf } from '../../../lambda/domain/principal';
import { FOREIGN_ROLE, OWNER, policy, ROLE, ROOT, statement, USER, verdict } from './policies';

const USER_WITH_PATH = 'arn:aws:iam::123456789012:user/team/alice';
const ROLE_WITH_PATH = 'arn:aws:iam::123456789012:role/team/eu/agent';
const SESSION = 'arn:aws:sts::123456789012:assumed-role/agent/session-1';

/** Callers by the ARN that the gateway states. */
const CALLERS = {
  user: USER,
  'user with a path': USER_WITH_PATH,
  session: SESSION,
  'another session': 'arn:aws:sts::123456789012:assumed-role/agent/session-2',
  'session of another role': 'arn:aws:sts::123456789012:assumed-role/operator/session-1',
  root: ROOT,
  'foreign user': 'arn:aws:iam::999999999999:user/alice',
  'foreign session': 'arn:aws:sts::999999999999:assumed-role/agent/session-1',
  'foreign root': 'arn:aws:iam::999999999999:root',
} as const;
type Caller = keyof typeof CALLERS;

const SESSIONS: Caller[] = ['session', 'another session'];
const HERE: Caller[] = ['user', 'user with a path', ...SESSIONS, 'session of another role', 'root'];
const FOREIGN: Caller[] = ['foreign user', 'foreign session', 'foreign root'];

const TABLE: [string, unknown, Caller[]][] = [
  ['a user', { AWS: USER }, ['user']],
  ['a user with a path', { AWS: USER_WITH_PATH }, ['user with a path']],
  ['a role, by all its sessions', { AWS: ROLE }, SESSIONS],
  ['a role with a path, by account and name', { AWS: ROLE_WITH_PATH }, SESSIONS],
  ['another role', { AWS: OWNER }, ['session of another role']],
  ['an account id', { AWS: '123456789012' }, HERE],
  ['an account root: every principal of the account', { AWS: ROOT }, HERE],
  ['another account', { AWS: '999999999999' }, FOREIGN],
  ["another account's role", { AWS: FOREIGN_ROLE }, ['foreign session']],
  ["another account's user", { AWS: 'arn:aws:iam::999999999999:user/alice' }, ['foreign user']],
  ['a list', { AWS: [USER, FOREIGN_ROLE] }, ['user', 'foreign session']],
  ['everyone', '*', [...HERE, ...FOREIGN]],
  ['everyone, in a list', { AWS: ['*'] }, [...HERE, ...FOREIGN]],
  ['a role name in different case', { AWS: 'arn:aws:iam::123456789012:role/Agent' }, []],
  ["a role name with the caller's name as a prefix", { AWS: 'arn:aws:iam::123456789012:role/agent2' }, []],
];

const CASES = TABLE.flatMap(([what, principal, taken]) =>
  (Object.keys(CALLERS) as Caller[]).map((caller) => ({
    what,
    principal,
    caller,
    applies: taken.includes(caller),
  })),
);

it.each(CASES)('$what applies to the $caller: $applies', ({ principal, caller, applies }) => {
  const request = { principal: principalOf(CALLERS[caller]) };
  for (const [effect, decision] of [
    ['Allow', 'allow'],
    ['Deny', 'deny'],
  ]) {
    const text = policy(statement({ Effect: effect, Principal: principal }));
    expect(verdict(text, request)).toBe(applies ? decision : 'no-decision');
  }
});

it('gives an account ID the partition of the resource', () => {
  const china = 'arn:aws-cn:bedrock-agentcore:cn-north-1:123456789012:workload-identity-directory/default';
  const text = policy(statement({ Principal: { AWS: '123456789012' } }));
  const by = (partition: string) =>
    verdict(
      text,
      { principal: `arn:${partition}:iam::123456789012:role/agent`, operation: 'GetWorkloadAccessToken' },
      `${china}/workload-identity/travel-agent`,
    );
  expect(by('aws-cn')).toBe('allow');
  expect(by('aws')).toBe('no-decision');
});
