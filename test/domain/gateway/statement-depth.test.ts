/** The nesting of policies, and what Cedar can read. */
import { createCedar } from '../../../lambda/adapters/cedar/cedar';
import { cedarRequest, httpAction, userEntity } from '../../../lambda/domain/gateway/policy-request';
import { depthOf, MAX_STATEMENT_DEPTH } from '../../../lambda/domain/gateway/manage/statement-depth';

const PERMIT = 'permit(principal, action, resource)';
const repeat = (text: string, count: number) => text.repeat(count);

/** Statements that nest a count of expressions. */
const FORMS: Readonly<Record<string, (count: number) => string>> = {
  alternatives: (count) =>
    `${PERMIT} when { ${Array(count).fill('context.http.path == "/a"').join(' || ')} };`,
  parentheses: (count) => `${PERMIT} when { ${repeat('(', count)}true${repeat(')', count)} };`,
  sets: (count) => `${PERMIT} when { context.chain == ${repeat('[', count)}1${repeat(']', count)} };`,
  records: (count) => `${PERMIT} when { context == ${repeat('{a:', count)}1${repeat('}', count)} };`,
  members: (count) => `${PERMIT} when { context${repeat('.http', count)} == 1 };`,
  sums: (count) => `${PERMIT} when { 1${repeat(' + 1', count)} == 3 };`,
  branches: (count) => `${PERMIT} when { ${repeat('if context has a then true else ', count)}true };`,
  calls: (count) => `${PERMIT} when { ${repeat('[1].contains(', count)}1${repeat(')', count)} };`,
  clauses: (count) => `${PERMIT}${repeat(' when { context has agent }', count)};`,
};

describe.each(Object.entries(FORMS))('a policy with nested %s', (_what, statement) => {
  it('has at least their depth', () => {
    expect(depthOf(statement(30))).toBeGreaterThanOrEqual(30);
    expect(depthOf(statement(200))).toBeGreaterThan(MAX_STATEMENT_DEPTH);
  });

  it('is decided on, and lists tools, at the limit', async () => {
    let count = MAX_STATEMENT_DEPTH;
    while (depthOf(statement(count)) > MAX_STATEMENT_DEPTH) count -= 1;
    const cedar = createCedar();
    const policies = { key: `${_what} at the limit`, statements: { only: statement(count) } };
    const subject = { principal: userEntity({ sub: 'ana' }), agents: { chain: [] } };
    const request = cedarRequest({ arn: 'arn' }, subject, httpAction('orders', 'GET', '/b'));
    for (let times = 0; times < 100; times += 1) await cedar.evaluate(policies, request);
    expect(await cedar.couldPermit(policies, [request])).toHaveLength(1);
  });
});

it.each([
  ['permit(principal, action, resource) when { context.agent == "a" || context.agent == "b" };', 5],
  [`permit(principal, action, resource) when { [${'"a",'.repeat(500)}"b"].contains(context.agent) };`, 5],
  ['permit(principal == AgentCore::OAuthUser::"a", action, resource);', 2],
  ['permit(principal, action, resource) when { "(((( || ||" == "\\"((((" };  // ((((', 3],
  [`// ((((\rpermit(principal, action, resource) when { ${'('.repeat(50)}`, 52],
  [`permit(principal, action, resource) when { "\\\n" || ${'('.repeat(50)}`, 53],
])('counts of %.60s', (statement, depth) => {
  expect(depthOf(statement)).toBe(depth);
});
