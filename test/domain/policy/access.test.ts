/**
 * The decisions of resource policies: what the owner and other principals can do, and the agents that can use a
 * provider.
 */
import {
  authorizeAction,
  authorizeCredentialUse,
  actionDenial,
  credentialUseDenial,
  type ActRequest,
  type ObtainRequest,
} from '../../../lambda/domain/policy/access';
import {
  GOVERNED_OPERATIONS,
  POLICY_OPERATIONS,
  type GovernedOperation,
} from '../../../lambda/domain/policy/governed-operations';
import type { Caller } from '../../../lambda/domain/principal';
import type { Owned } from '../../../lambda/domain/ownership';
import { caught } from '../caught';
import {
  binding,
  FOREIGN_ROLE,
  IDENTITY,
  OTHER_IDENTITY,
  OWNER,
  policy,
  PROVIDER,
  ROLE,
  statement,
  USER,
  type Elements,
} from './policies';

const EVERYTHING = { Principal: '*', Action: '*' };
const OPERATIONS: readonly GovernedOperation[] = GOVERNED_OPERATIONS['workload-identity'];

describe('acting on a resource', () => {
  const acts = (principal: string, text?: string, change: Partial<ActRequest> = {}): boolean =>
    actionDenial({
      principal: { arn: principal },
      operation: 'GetWorkloadAccessToken',
      resource: { arn: IDENTITY, owner: OWNER, policy: text },
      ...change,
    }) === undefined;

  it.each<[string, string | undefined, boolean, boolean]>([
    ['no policy', undefined, true, false],
    ['an Allow for this role', policy(statement()), true, true],
    ['an Allow for another user', policy(statement({ Principal: { AWS: USER } })), true, false],
    ['an Allow for another operation', policy(statement({ Action: 'bedrock-agentcore:Tag*' })), true, false],
    ['a Deny for this role', policy(statement({ Effect: 'Deny' })), true, false],
    ['a Deny for the owner', policy(statement({ Effect: 'Deny', Principal: { AWS: OWNER } })), false, false],
    ['a Deny for everyone', policy(statement({ Effect: 'Deny', Principal: '*' })), false, false],
    [
      'an Allow before a Deny',
      policy(statement(), statement({ ...EVERYTHING, Effect: 'Deny' })),
      false,
      false,
    ],
    ['a Deny before an Allow', policy(statement({ Effect: 'Deny' }), statement(EVERYTHING)), true, false],
    [
      'an Allow with a Deny that does not apply',
      policy(
        statement(),
        statement({ Effect: 'Deny', Condition: { StringEquals: { 'aws:PrincipalType': 'User' } } }),
      ),
      true,
      true,
    ],
  ])('the owner and the role get the expected decisions with %s', (_what, text, byOwner, byRole) => {
    expect(acts(OWNER, text)).toBe(byOwner);
    expect(acts(ROLE, text)).toBe(byRole);
  });

  it('allows only the owner to change the policy, even if the policy denies it', () => {
    const text = policy(statement({ ...EVERYTHING, Effect: 'Deny' }), statement(EVERYTHING));
    const allowedTo = (principal: string) =>
      OPERATIONS.filter((operation) => acts(principal, text, { operation }));
    expect(allowedTo(OWNER)).toEqual(POLICY_OPERATIONS);
    expect(allowedTo(ROLE)).toEqual([]);
  });

  it('allows other principals to manage the policy if the policy says so', () => {
    const text = policy(statement({ Action: 'bedrock-agentcore:*ResourcePolicy' }));
    const allowedTo = (principal: string) =>
      OPERATIONS.filter((operation) => acts(principal, text, { operation }));
    expect(allowedTo(ROLE)).toEqual(POLICY_OPERATIONS);
    expect(allowedTo(OWNER)).toEqual(OPERATIONS);
    expect(allowedTo(FOREIGN_ROLE)).toEqual([]);
  });

  it('allows no one by a stored policy that is not valid, except the owner to replace it', () => {
    for (const text of ['{', policy(statement({ Resource: OTHER_IDENTITY })), policy()]) {
      const allowedTo = (principal: string) =>
        OPERATIONS.filter((operation) => acts(principal, text, { operation }));
      expect(allowedTo(OWNER)).toEqual(POLICY_OPERATIONS);
      expect(allowedTo(ROLE)).toEqual([]);
    }
  });

  it('states the reason in the public message, and the deciding statement in the detail for the operator', () => {
    const refusal = (text?: string) =>
      caught(() => {
        authorizeAction({
          principal: { arn: ROLE },
          operation: 'GetWorkloadAccessToken',
          resource: { arn: IDENTITY, owner: OWNER, policy: text },
        });
      });
    const may = `${ROLE} is not authorized to call GetWorkloadAccessToken on ${IDENTITY}`;
    expect(refusal()).toMatchObject({
      type: 'AccessDeniedException',
      message: `${may}: it belongs to another principal, and no resource policy allows it. Call as its owner, or ask the owner for a policy that allows you.`,
      detail: `caller is not the owner of ${IDENTITY}, and no statement allows it`,
    });
    const denied = policy(
      statement({ Principal: { AWS: USER } }),
      statement({ Sid: 'NoAgents', Effect: 'Deny' }),
    );
    expect(refusal(denied)).toMatchObject({
      message: `${may}: the resource policy of ${IDENTITY} denies it.`,
      detail: `statement NoAgents of the resource policy of ${IDENTITY} denies it`,
    });
    expect(refusal(policy(statement({ Effect: 'Deny' })))).toMatchObject({
      detail: `statement Statement.0 of the resource policy of ${IDENTITY} denies it`,
    });
    expect(refusal(policy(statement()))).toBeUndefined();
  });
});

describe('using a provider', () => {
  const AGENT = 'bedrock-agentcore:WorkloadIdentityArn';
  const ofAgent = (arn: string): Elements => ({ Condition: { ArnEquals: { [AGENT]: arn } } });
  const own = { arn: IDENTITY, owner: OWNER };
  const others = { arn: IDENTITY, owner: FOREIGN_ROLE };

  const request = (text?: string, change: Partial<ObtainRequest> = {}): ObtainRequest => ({
    principal: { arn: (change.identity ?? own).owner },
    operation: 'GetResourceOauth2Token',
    identity: own,
    provider: { arn: PROVIDER, owner: OWNER, policy: text },
    ...change,
  });
  const obtains = (text?: string, change: Partial<ObtainRequest> = {}): boolean =>
    credentialUseDenial(request(text, change)) === undefined;

  it('is allowed without a policy for agents of the same owner only', () => {
    expect(obtains()).toBe(true);
    expect(obtains(undefined, { identity: others })).toBe(false);
  });

  it("can be allowed for another owner's agent, by its owner and name", () => {
    const text = policy(binding({ Principal: { AWS: FOREIGN_ROLE }, ...ofAgent(IDENTITY) }));
    expect(obtains(text, { identity: others })).toBe(true);
    expect(obtains(text, { identity: { ...others, arn: OTHER_IDENTITY } })).toBe(false);
    // Another owner can create a workload identity with the same name after the first one is deleted.
    expect(obtains(text, { identity: { ...others, owner: ROLE } })).toBe(false);
    expect(obtains(text)).toBe(true);
  });

  it('can be denied for an agent of the same owner', () => {
    const text = policy(binding({ Effect: 'Deny', Principal: '*', ...ofAgent(IDENTITY) }));
    expect(obtains(text)).toBe(false);
    expect(obtains(text, { identity: { ...own, arn: OTHER_IDENTITY } })).toBe(true);
  });

  it('can be allowed for one agent only', () => {
    const text = policy(
      binding({ Effect: 'Deny', Principal: '*', Condition: { ArnNotEquals: { [AGENT]: IDENTITY } } }),
    );
    expect(obtains(text)).toBe(true);
    expect(obtains(text, { identity: { ...own, arn: OTHER_IDENTITY } })).toBe(false);
  });

  it('is not allowed by an Allow for the caller, but is denied by a Deny for the caller', () => {
    const acting = { identity: others, principal: { arn: ROLE } };
    expect(obtains(policy(binding()), acting)).toBe(false);
    const allowed = binding({ Principal: { AWS: FOREIGN_ROLE } });
    expect(obtains(policy(allowed), acting)).toBe(true);
    expect(obtains(policy(allowed, binding({ Effect: 'Deny' })), acting)).toBe(false);
    expect(obtains(policy(binding({ Effect: 'Deny' })), { principal: { arn: ROLE } })).toBe(false);
  });

  it('can be limited by scopes', () => {
    const text = policy(
      binding({
        Effect: 'Deny',
        Principal: '*',
        Condition: { 'ForAnyValue:StringLike': { 'bedrock-agentcore:Scopes': '*.write' } },
      }),
    );
    expect(obtains(text, { scopes: ['calendar.read'] })).toBe(true);
    expect(obtains(text, { scopes: ['calendar.read', 'calendar.write'] })).toBe(false);
    // A server that splits at commas or spaces reads two scopes in this one value.
    for (const joined of [
      'calendar.read,calendar.write',
      'calendar.read calendar.write',
      ' calendar.write',
    ]) {
      expect(obtains(text, { scopes: [joined] })).toBe(false);
    }
  });

  it('is not allowed by a permission to manage the provider', () => {
    const text = policy(
      statement({
        Principal: { AWS: FOREIGN_ROLE },
        Action: 'bedrock-agentcore:GetOauth2CredentialProvider',
      }),
    );
    expect(obtains(text, { identity: others })).toBe(false);
  });

  it('is denied for every caller if the policy is not valid', () => {
    expect(obtains('{')).toBe(false);
    expect(obtains('{', { identity: others })).toBe(false);
  });

  it('states the reason in the public message, and the deciding statement in the detail for the operator', () => {
    const refusal = (text?: string, change: Partial<ObtainRequest> = {}) =>
      caught(() => {
        authorizeCredentialUse(request(text, change));
      });
    expect(refusal(undefined, { identity: others })).toMatchObject({
      type: 'AccessDeniedException',
      message: `${IDENTITY} is not authorized to use ${PROVIDER}: it belongs to another principal, and no resource policy allows it. Ask its owner for a policy that allows the agent's owner, or use another provider.`,
      detail: 'the credential provider has another owner, and no statement allows it',
    });
    expect(refusal(policy(binding({ Sid: 'DenyAll', Effect: 'Deny', Principal: '*' })))).toMatchObject({
      message: `${IDENTITY} is not authorized to use ${PROVIDER}: the resource policy of ${PROVIDER} denies it.`,
      detail: `statement DenyAll of the resource policy of ${PROVIDER} denies it`,
    });
    expect(refusal()).toBeUndefined();
  });
});

describe('a principal that was recreated with the same name', () => {
  const FIRST = { arn: OWNER, id: 'AROAFIRST' };
  const AGAIN = { arn: OWNER, id: 'AROAAGAIN' };
  const UNKNOWN = { arn: OWNER };
  const recorded = { owner: OWNER, ownerId: FIRST.id };
  const unrecorded = { owner: OWNER };

  it.each([
    ['the owner, by ARN and unique ID', recorded, FIRST, true],
    ['a namesake with another unique ID', recorded, AGAIN, false],
    ['a caller without a unique ID', recorded, UNKNOWN, false],
    ['the owner of a record without a unique ID', unrecorded, FIRST, true],
    ['a namesake, for a record without a unique ID', unrecorded, AGAIN, true],
    ['a principal with another ARN and the same unique ID', { ...recorded, owner: ROLE }, FIRST, false],
  ])('acts as %s: %j', (_who, owned, principal, expected) => {
    for (const operation of OPERATIONS) {
      const resource = { arn: IDENTITY, ...owned };
      expect(actionDenial({ principal, operation, resource }) === undefined).toBe(expected);
    }
  });

  it('gets a message that states the reason, and the operator gets it too', () => {
    const resource = { arn: IDENTITY, ...recorded };
    const operation = 'GetWorkloadAccessToken' as const;
    expect(caught(() => authorizeAction({ principal: AGAIN, operation, resource }))).toMatchObject({
      type: 'AccessDeniedException',
      message: `${OWNER} is not authorized to call GetWorkloadAccessToken on ${IDENTITY}: it belongs to an earlier principal with the same ARN. A role or user that was deleted and created again does not own the earlier principal's resources.`,
      detail: `caller has the ARN but not the unique ID of the owner of ${IDENTITY}`,
    });
  });

  it('is allowed by a policy that names the ARN, because policies contain no unique IDs', () => {
    const resource = { arn: IDENTITY, ...recorded, policy: policy(statement({ Principal: { AWS: OWNER } })) };
    const operation = 'GetWorkloadAccessToken' as const;
    expect(actionDenial({ principal: AGAIN, operation, resource })).toBeUndefined();
  });

  it.each<[string, Owned, Owned, Caller, boolean]>([
    ['both with the same unique ID', recorded, recorded, FIRST, true],
    ['both with the same unique ID, for a delegate', recorded, recorded, { arn: ROLE }, true],
    ['with different unique IDs', { ...recorded, ownerId: AGAIN.id }, recorded, AGAIN, false],
    ['the provider without a unique ID', recorded, unrecorded, FIRST, true],
    ['both without a unique ID', unrecorded, unrecorded, AGAIN, true],
    ['the identity without a unique ID, for the owner', unrecorded, recorded, FIRST, true],
    ['the identity without a unique ID, for a namesake', unrecorded, recorded, AGAIN, false],
    [
      'the identity without a unique ID, for a delegate',
      unrecorded,
      recorded,
      { arn: ROLE, id: FIRST.id },
      true,
    ],
    ['the identity without a unique ID, for a caller without one', unrecorded, recorded, UNKNOWN, false],
  ])('uses a provider from a workload identity: %s', (_which, identity, provider, principal, expected) => {
    const denial = credentialUseDenial({
      principal,
      operation: 'GetResourceOauth2Token',
      identity: { arn: IDENTITY, ...identity },
      provider: { arn: PROVIDER, ...provider },
    });
    expect(denial === undefined).toBe(expected);
    if (!expected) expect(denial?.message).toContain('the same ARN but different unique IDs');
  });
});
