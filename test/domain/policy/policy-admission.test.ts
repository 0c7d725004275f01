/** Rules that a policy must follow when it is stored. A policy from before a rule is still evaluated. */
import { checkAdmission } from '../../../lambda/domain/policy/policy-admission';
import { parsePolicyDocument } from '../../../lambda/domain/policy/policy-document';
import { binding, IDENTITY, policy, PROVIDER, statement, verdict } from './policies';

const SCOPES = 'bedrock-agentcore:Scopes';

const scoped = (operator: string, values: string | readonly string[]) =>
  policy(binding({ Condition: { [operator]: { [SCOPES]: values } } }));

const put = (text: string, resource = PROVIDER) => checkAdmission(parsePolicyDocument(text, resource));

const many = (count: number, text: string): readonly string[] =>
  Array.from({ length: count }, (_, index) => `${text}${index}`);

describe('the cost of evaluating a policy', () => {
  /** 20 kB in 240 patterns. With backtracking, each request would take seconds of a function's time. */
  const COSTLY = scoped(
    'ForAnyValue:StringLike',
    many(240, '*a').map((value) => '*a'.repeat(37) + value),
  );

  it('has a limit, and a policy above the limit is rejected', () => {
    expect(() => put(COSTLY)).toThrow(
      /^policy: must not take more than 100 steps per character \(this policy takes 241\); /,
    );
  });

  it('counts long pieces of a pattern by their length', () => {
    expect(() => put(scoped('ForAnyValue:StringLike', `*${'a'.repeat(32 * 99)}*`))).not.toThrow();
    expect(() => put(scoped('ForAnyValue:StringLike', `*${'a'.repeat(32 * 100)}*`))).toThrow(/takes 101\)/);
  });

  it('is the sum of all statements', () => {
    const half = (prefix: string) =>
      binding({ Condition: { 'ForAnyValue:StringLike': { [SCOPES]: many(60, `${prefix}*`) } } });
    expect(() => put(policy(half('a')))).not.toThrow();
    expect(() => put(policy(half('a'), half('b')))).toThrow(/takes 122\)/);
  });

  it('is small for values without wildcards, whatever their number, and for keys with one value', () => {
    expect(() => put(scoped('ForAnyValue:StringEquals', many(1500, 'scope-')))).not.toThrow();
    expect(() => put(scoped('ForAnyValue:StringLike', many(1500, 'scope-')))).not.toThrow();
    const patterns = many(240, 'arn:aws:iam::123456789012:role/team-*-');
    const principals = statement({ Condition: { ArnLike: { 'aws:PrincipalArn': patterns } } });
    expect(() => put(policy(principals), IDENTITY)).not.toThrow();
  });

  it('does not make a policy from before the limit invalid', () => {
    expect(verdict(COSTLY, { context: { scopes: ['a'.repeat(38) + '7'] } }, PROVIDER)).toBe('allow');
  });
});

describe('a Deny on scopes', () => {
  const EVERYONE = { Effect: 'Deny', Principal: '*' };
  const denying = (Condition: object) => policy(binding({ ...EVERYONE, Condition }));
  const only = { [SCOPES]: ['read'] };

  it.each(['ForAnyValue:StringNotEquals', 'ForAnyValue:StringNotLike', 'ForAnyValue:StringEquals'])(
    "by %s is rejected, because a request without scopes would get the provider's default scopes",
    (operator) => {
      expect(() => put(denying({ [operator]: only }))).toThrow(
        /^policy: Statement\.0: would not deny a request without bedrock-agentcore:Scopes/,
      );
    },
  );

  it('can also cover requests without scopes, and then denies them', () => {
    const text = denying({ 'ForAnyValue:StringNotEqualsIfExists': only });
    expect(() => put(text)).not.toThrow();
    const asked = (...scopes: string[]) => verdict(text, { context: { scopes } }, PROVIDER);
    expect([asked(), asked('write'), asked('read')]).toEqual(['deny', 'deny', 'no-decision']);
  });

  it.each([
    [
      'states that it excludes requests without scopes',
      { 'ForAnyValue:StringNotEquals': only, Null: { [SCOPES]: 'false' } },
    ],
    ['covers requests without scopes anyway', { 'ForAllValues:StringNotEquals': only }],
    ['is only about the absence of scopes', { Null: { [SCOPES]: 'true' } }],
  ])('is accepted if it %s', (_what, condition) => {
    expect(() => put(denying(condition))).not.toThrow();
  });

  it('from before the rule is evaluated as stored', () => {
    const text = denying({ 'ForAnyValue:StringNotEquals': only });
    expect(verdict(text, { context: { scopes: ['write'] } }, PROVIDER)).toBe('deny');
    expect(verdict(text, { context: { scopes: [] } }, PROVIDER)).toBe('no-decision');
  });
});
