/** What policies see of a request, and the sets of policies that stay parsed. */
import { createCedar } from '../../../lambda/adapters/cedar/cedar';
import { hasDuplicateNames } from '../../../lambda/domain/gateway/duplicate-names';
import { evaluate } from '../../../lambda/domain/gateway/policy-decision';
import { cedarRequest, httpAction, userEntity } from '../../../lambda/domain/gateway/policy-request';

describe('the action of an HTTP request', () => {
  it.each([
    ['', 'orders___GET:/'],
    ['/a/%62', 'orders___GET:/a/b'],
    ['/%C3%A4', 'orders___GET:/ä'],
  ])('has the decoded path of "%s"', (path, id) => {
    expect(httpAction('orders', 'GET', path)).toMatchObject({ id, parents: ['orders'] });
  });

  it('does not exist for a path that is not UTF-8', () => {
    expect(() => httpAction('orders', 'GET', '/%E4')).toThrow(/path: must be UTF-8/);
  });
});

it.each([
  ['{"a":{"a":[{"b":1},{"b":2}]},"b":"\\"a\\":"}', false],
  ['{"a":1,"b":{"c":1,"\\u0063":2}}', true],
  ['[{"a":"}"},{"a":1,"a":2}]', true],
])('finds a name that an object has twice in %s', (json, expected) => {
  expect(hasDuplicateNames(json)).toBe(expected);
});

it('evaluates more sets of policies than stay parsed, each with its own policies', async () => {
  const cedar = createCedar();
  const subject = { principal: userEntity({ sub: 'ana' }), agents: { chain: [] } };
  const decide = async (set: number) => {
    const statement = `permit(principal, action == AgentCore::Action::"orders___GET:/${set}", resource);`;
    const policies = { key: `set ${set}`, statements: { only: statement } };
    const decisions = [
      httpAction('orders', 'GET', `/${set}`),
      httpAction('orders', 'GET', `/${set + 1}`),
    ].map((action) => cedar.evaluate(policies, cedarRequest({ arn: 'arn' }, subject, action)));
    return (await Promise.all(decisions)).map(({ decision }) => decision);
  };
  const broken = { key: 'broken', statements: { only: 'permit everything;' } };
  const request = cedarRequest({ arn: 'arn' }, subject, httpAction('orders', 'GET', '/'));
  for (const set of [...Array(30).keys(), 0, 29, 5]) {
    expect(await decide(set)).toEqual(['allow', 'deny']);
    await expect(cedar.evaluate(broken, request)).rejects.toThrow('a stored policy is not valid');
  }
});

it('decides although a policy that only logs cannot be evaluated', async () => {
  const policy = { name: 'one', createdTime: 0, lastUpdatedTime: 0 };
  const statement = 'permit(principal, action, resource);';
  const policies = [
    { ...policy, id: 'active', mode: 'ACTIVE', statement } as const,
    { ...policy, id: 'logging', mode: 'LOG_ONLY', statement: 'permit everything;' } as const,
  ];
  const decision = await evaluate(
    { cedar: createCedar() },
    { engineId: 'engine', revision: 1, policies },
    { gateway: { arn: 'arn', owner: 'owner' }, target: { name: 'orders' }, method: 'GET', path: '/' },
    { principal: userEntity({ sub: 'ana' }), agents: { chain: [] } },
  );
  expect(decision).toEqual({ isAllowed: true, reason: '', determining: ['active'], logged: [] });
});
