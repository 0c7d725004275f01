/** Properties of every policy: a Deny never allows more, and a policy that was accepted can always be evaluated. */
import fc from 'fast-check';
import { actionDenial, credentialUseDenial } from '../../../lambda/domain/policy/access';
import { evaluate, type PolicyRequest } from '../../../lambda/domain/policy/evaluate';
import { GOVERNED_OPERATIONS } from '../../../lambda/domain/policy/governed-operations';
import { parsePolicyDocument } from '../../../lambda/domain/policy/policy-document';
import { ServiceError } from '../../../lambda/domain/service-error';
import { caught } from '../caught';
import {
  FOREIGN_ROLE,
  IDENTITY,
  OTHER_IDENTITY,
  OWNER,
  policy,
  PROVIDER,
  ROLE,
  ROOT,
  statement,
  USER,
  type Elements,
} from './policies';

const OPERATIONS = GOVERNED_OPERATIONS.oauth2credentialprovider;
const ARNS = [OWNER, ROLE, USER, ROOT, FOREIGN_ROLE];

const principal = fc.oneof(
  fc.constant('*'),
  fc.record({ AWS: fc.constantFrom('*', '123456789012', '999999999999', ...ARNS) }),
  fc.record({ AWS: fc.uniqueArray(fc.constantFrom(...ARNS), { minLength: 1 }) }),
);

const action = fc.constantFrom('*', ...OPERATIONS.map((operation) => `bedrock-agentcore:${operation}`));

const comparison = (operators: string[], key: string, values: string[]) =>
  fc.record({
    operator: fc.constantFrom(...operators),
    members: fc.record({ [key]: fc.uniqueArray(fc.constantFrom(...values), { minLength: 1 }) }),
  });

const condition = fc
  .oneof(
    comparison(['StringEquals', 'StringNotEquals', 'ArnLike', 'ArnNotLike'], 'aws:PrincipalArn', ARNS),
    comparison(['StringEquals', 'StringNotEqualsIfExists'], 'aws:PrincipalType', ['User', 'AssumedRole']),
    comparison(
      ['ArnEquals', 'ArnNotEquals', 'StringEqualsIfExists'],
      'bedrock-agentcore:WorkloadIdentityArn',
      [IDENTITY, OTHER_IDENTITY],
    ),
    comparison(['ForAnyValue:StringEquals', 'ForAnyValue:StringNotLike'], 'bedrock-agentcore:Scopes', [
      'read',
      'w*',
    ]),
  )
  .map(({ operator, members }) => ({ [operator]: members }));

const anyStatement = (Effect: 'Allow' | 'Deny') =>
  fc
    .record({ principal, action, condition: fc.option(condition, { nil: undefined }) })
    .map((drawn) =>
      statement({ Effect, Principal: drawn.principal, Action: drawn.action, Condition: drawn.condition }),
    );

const statements = fc.array(fc.oneof(anyStatement('Allow'), anyStatement('Deny')), {
  minLength: 1,
  maxLength: 4,
});

const request: fc.Arbitrary<PolicyRequest> = fc.record({
  principal: fc.constantFrom(...ARNS),
  operation: fc.constantFrom(...OPERATIONS),
  context: fc.record({
    workloadIdentityArn: fc.option(fc.constantFrom(IDENTITY, OTHER_IDENTITY), { nil: undefined }),
    scopes: fc.option(fc.subarray(['read', 'write']), { nil: undefined }),
  }),
});

const RUNS = { numRuns: 500 };

it('another Deny never allows more', () => {
  fc.assert(
    fc.property(
      statements,
      anyStatement('Deny'),
      fc.nat({ max: 4 }),
      request,
      fc.constantFrom(OWNER, ROLE),
      (before, deny, place, asked, identityOwner) => {
        const allowed = (listed: readonly Elements[]) => {
          const resource = { arn: PROVIDER, owner: OWNER, policy: policy(...listed) };
          const identity = { arn: IDENTITY, owner: identityOwner };
          const { principal: caller } = asked;
          const operation = 'GetResourceOauth2Token' as const;
          return [
            actionDenial({ ...asked, principal: { arn: asked.principal }, resource }) === undefined,
            credentialUseDenial({
              principal: { arn: caller },
              operation,
              identity,
              provider: resource,
              scopes: asked.context.scopes,
            }) === undefined,
          ];
        };
        const without = allowed(before);
        const withDeny = allowed(before.toSpliced(place, 0, deny));
        withDeny.forEach((now, index) => {
          expect(now && !without[index]).toBe(false);
        });
      },
    ),
    RUNS,
  );
});

it('the order of the statements does not change the decision', () => {
  fc.assert(
    fc.property(statements, request, (listed, asked) => {
      const decided = (ordered: readonly Elements[]) =>
        evaluate(parsePolicyDocument(policy(...ordered), PROVIDER), asked).decision;
      expect(decided(listed.toReversed())).toBe(decided(listed));
    }),
    RUNS,
  );
});

it('a principal that no statement names is not allowed', () => {
  fc.assert(
    fc.property(fc.array(anyStatement('Deny'), { minLength: 1, maxLength: 3 }), request, (listed, asked) => {
      expect(evaluate(parsePolicyDocument(policy(...listed), PROVIDER), asked).decision).not.toBe('allow');
    }),
    RUNS,
  );
});

/** JSON that is almost a policy: the elements by name, filled with any values. */
const anything = fc.jsonValue({ maxDepth: 3 });
const nearly = fc.record(
  {
    Version: fc.oneof({ weight: 5, arbitrary: fc.constant('2012-10-17') }, anything),
    Id: anything,
    Statement: fc.array(
      fc.record(
        {
          Sid: anything,
          Effect: fc.constantFrom('Allow', 'Deny'),
          Principal: fc.oneof(principal, anything),
          Action: fc.oneof(action, anything),
          Resource: fc.oneof(fc.constant('*'), anything),
          Condition: fc.oneof(condition, anything),
        },
        { requiredKeys: ['Effect', 'Principal', 'Action', 'Resource'] },
      ),
      { maxLength: 3 },
    ),
  },
  { requiredKeys: ['Version', 'Statement'] },
);

it('any JSON is rejected with a ValidationException or can be evaluated', () => {
  fc.assert(
    fc.property(fc.oneof(nearly, anything), request, (document, asked) => {
      let parsed;
      try {
        parsed = parsePolicyDocument(JSON.stringify(document), PROVIDER);
      } catch (error) {
        expect(error).toBeInstanceOf(ServiceError);
        expect((error as ServiceError).type).toBe('ValidationException');
        return;
      }
      expect(['allow', 'deny', 'no-decision']).toContain(evaluate(parsed, asked).decision);
    }),
    { numRuns: 2000 },
  );
});

it('any text is rejected without another error', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(caught(() => parsePolicyDocument(text, PROVIDER))).toBeInstanceOf(ServiceError);
    }),
    RUNS,
  );
});

const KNOWN =
  /^(?:(?:ForAllValues|ForAnyValue):)?(?:String(?:Not)?Equals(?:IgnoreCase)?|String(?:Not)?Like|Arn(?:Not)?(?:Equals|Like)|Bool)(?:IfExists)?$|^Null$/;

it('an unknown operator is never accepted', () => {
  const part = fc.constantFrom(
    'ForAllValues:',
    'ForAnyValue:',
    'String',
    'Arn',
    'Numeric',
    'Not',
    'Equals',
    'Like',
    'IgnoreCase',
    'Bool',
    'Null',
    'IfExists',
  );
  const name = fc.oneof(
    fc.string(),
    fc.array(part, { maxLength: 5 }).map((parts) => parts.join('')),
  );
  fc.assert(
    fc.property(name, (operator) => {
      fc.pre(!KNOWN.test(operator));
      const text = policy(
        statement({ Action: '*', Condition: { [operator]: { 'aws:PrincipalArn': ROLE } } }),
      );
      expect(caught(() => parsePolicyDocument(text, PROVIDER))).toBeInstanceOf(ServiceError);
    }),
    RUNS,
  );
});

it('a repeated name is found at any position', () => {
  const key = fc.string({ minLength: 1 }).filter((name) => name !== '__proto__');
  fc.assert(
    fc.property(key, anything, anything, fc.nat({ max: 3 }), (name, one, two, depth) => {
      const twice = `{${JSON.stringify(name)}:${JSON.stringify(one)},${JSON.stringify(name)}:${JSON.stringify(two)}}`;
      const text = `${'{"a":['.repeat(depth)}${twice}${']}'.repeat(depth)}`;
      expect(caught(() => parsePolicyDocument(text, PROVIDER))).toMatchObject({ reason: 'CannotParse' });
    }),
    RUNS,
  );
});
