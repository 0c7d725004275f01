/** Chains of agents: who can call whom, for which user, and what the token of the called agent says. */
import { decodeJwt, SignJWT, generateKeyPair } from 'jose';
import type { AuthorizerConfiguration } from '../../lambda/model/trusted-issuer';
import { userHashOf } from '../../lambda/model/user';
import type { WorkloadIdentity } from '../../lambda/model/records/workload-identity';
import { TOKEN_LIFETIME } from '../../lambda/domain/lifetimes';
import type { CallingAgent } from '../../lambda/domain/workload-token/calling-agent';
import { CLOCK_SKEW, MAX_AGENTS } from '../../lambda/domain/workload-token/claims';
import { issueWorkloadAccessToken, type IssueOperation } from '../../lambda/domain/workload-token/issue';
import type { OnBehalfOf } from '../../lambda/domain/workload-token/on-behalf-of';
import { BEGINNING } from './fake-system';
import { OWNER, sampleIdentity } from './samples';
import { ALICE, createTokenService } from './token-service';

const STRANGER = 'arn:aws:iam::123456789012:role/stranger';
const BY_OWNER = { principal: { arn: OWNER } };
const USER_OF_CALLER = { userOfCaller: true } as const;
const suspendedByOperator = { since: BEGINNING, by: OWNER };

let service: Awaited<ReturnType<typeof createTokenService>>;
let front: WorkloadIdentity;
let back: WorkloadIdentity;

const accepting = (...workloadIdentities: string[]): AuthorizerConfiguration => ({
  customJWTAuthorizer: {
    discoveryUrl: 'https://issuer.example/.well-known/openid-configuration',
    allowedAudience: ['https://assistant.example'],
    ...(workloadIdentities.length > 0 && { allowedWorkloadConfiguration: { workloadIdentities } }),
  },
});

async function agent(...callers: string[]): Promise<WorkloadIdentity> {
  const identity = sampleIdentity({ authorizerConfiguration: accepting(...callers) });
  await service.stores.identities.create(identity);
  return identity;
}

beforeEach(async () => {
  service = await createTokenService();
  front = await agent();
  back = await agent(front.name);
});

function operationFor(onBehalfOf: OnBehalfOf): IssueOperation {
  if (!onBehalfOf) return 'GetWorkloadAccessToken';
  return 'userId' in onBehalfOf ? 'GetWorkloadAccessTokenForUserId' : 'GetWorkloadAccessTokenForJWT';
}

const issue = (
  { name }: WorkloadIdentity,
  onBehalfOf: OnBehalfOf,
  callingAgent?: CallingAgent,
  principal = OWNER,
): Promise<string> =>
  issueWorkloadAccessToken(
    service.issuing,
    { operation: operationFor(onBehalfOf), principal: { arn: principal } },
    name,
    onBehalfOf,
    callingAgent,
  );

const userTokenOf = (identity: WorkloadIdentity) => issue(identity, { userToken: 'a.b.c' });
const called = (workloadAccessToken: string, identity = back) =>
  issue(identity, USER_OF_CALLER, { workloadAccessToken, ...BY_OWNER });

const denied = (reason: RegExp | string) => {
  expect(service.entries.at(-1)).toMatchObject({
    outcome: 'denied',
    reason: expect.stringMatching(reason) as string,
  });
};

const workloadOf = ({ arn, name, id }: WorkloadIdentity) => ({ arn, name, id });
const actorOf = ({ arn: sub, name, id }: WorkloadIdentity) => ({ sub, name, id });

describe('the token of a called agent', () => {
  it('names the user, the agent, and the agent that called it within', async () => {
    const token = await called(await userTokenOf(front));
    expect(decodeJwt(token)).toMatchObject({
      sub: 'https://issuer.example#alice',
      act: { ...actorOf(back), act: actorOf(front) },
    });
    // RFC 8693 section 4.1: claims about the token itself mean nothing in an actor.
    expect(Object.keys(decodeJwt<{ act: { act: object } }>(token).act.act)).toEqual(['sub', 'name', 'id']);
    expect(await service.verify(token)).toMatchObject({
      workload: workloadOf(back),
      chain: [workloadOf(front)],
      user: ALICE,
    });
  });

  it('carries no user token unless the call has one', async () => {
    const workloadAccessToken = await userTokenOf(front);
    expect(decodeJwt(await called(workloadAccessToken))).not.toHaveProperty('subject_token');
    expect(decodeJwt(await issue(back, { userToken: 'a.b.c' }, { workloadAccessToken }))).toHaveProperty(
      'subject_token',
    );
  });

  it('expires with the token of the agent that called', async () => {
    const token = await userTokenOf(front);
    service.system.advance(TOKEN_LIFETIME - 60);
    expect(decodeJwt(await called(token)).exp).toBe(decodeJwt(token).exp);
  });

  it('is recorded with the whole chain, and with the user as before', async () => {
    const token = await called(await userTokenOf(front));
    expect(service.entries.at(-1)).toMatchObject({
      outcome: 'allowed',
      workloadIdentity: back.arn,
      chain: [front.arn],
      user: userHashOf(ALICE),
      jti: decodeJwt(token).jti,
    });
  });

  it.each<[string, OnBehalfOf]>([
    ['an agent without a user', undefined],
    ['a user ID', { userId: 'ana' }],
  ])('is issued for %s', async (_who, onBehalfOf) => {
    const workloadAccessToken = await issue(front, onBehalfOf);
    const token = await issue(back, onBehalfOf, { workloadAccessToken, ...BY_OWNER });
    expect(await service.verify(token)).toMatchObject({ chain: [workloadOf(front)] });
  });
});

describe('a call is denied', () => {
  const token = () => userTokenOf(front);

  it("by the called agent's policy on the agents before, and by the policy of the agent that calls", async () => {
    const denying = (resource: WorkloadIdentity, calling: WorkloadIdentity, Action: string) =>
      JSON.stringify({
        Version: '2012-10-17',
        Statement: [
          {
            Effect: 'Deny',
            Principal: '*',
            Action: `bedrock-agentcore:${Action}`,
            Resource: resource.arn,
            Condition: { 'ForAnyValue:ArnEquals': { 'bedrock-agentcore:CallingAgentArns': calling.arn } },
          },
        ],
      });
    const last = await agent(back.name);
    const put = (identity: WorkloadIdentity, policy: string) =>
      service.stores.identities.replace({ ...identity, policy, revision: identity.revision + 1 });
    const between = await called(await token());
    await called(between, last);

    await put(last, denying(last, front, 'GetWorkloadAccessTokenForJWT'));
    await expect(called(between, last)).rejects.toMatchObject({ type: 'AccessDeniedException' });
    denied(/denies it/);
    const direct = await issue(back, { userToken: 'a.b.c' });
    await called(direct, last);

    const open = await agent(back.name);
    await put(back, denying(back, front, 'GetResourceOauth2Token'));
    await expect(called(between, open)).rejects.toMatchObject({ type: 'AccessDeniedException' });
    denied(/presenter of the calling agent's token/);
    await called(direct, open);
  });

  it('by an agent that lists no callers', async () => {
    await expect(called(await token(), await agent())).rejects.toMatchObject({
      type: 'AccessDeniedException',
    });
    denied(/does not list/);
  });

  it('by an agent that lists others', async () => {
    await expect(called(await token(), await agent('another'))).rejects.toMatchObject({
      type: 'AccessDeniedException',
      message: expect.stringContaining('allowedWorkloadConfiguration') as string,
    });
  });

  it('by an agent without an authorizer configuration', async () => {
    const plain = sampleIdentity({ authorizerConfiguration: undefined });
    await service.stores.identities.create(plain);
    await expect(called(await token(), plain)).rejects.toMatchObject({ type: 'AccessDeniedException' });
  });

  it('if only an agent further back is in the list', async () => {
    const middle = await agent(front.name);
    const last = await agent(front.name);
    await expect(called(await called(await token(), middle), last)).rejects.toMatchObject({
      type: 'AccessDeniedException',
    });
    denied(/does not list/);
  });

  it('if the principal that presented the token is not authorized to use it', async () => {
    const stolen = { workloadAccessToken: await token(), principal: { arn: STRANGER } };
    await expect(issue(back, USER_OF_CALLER, stolen)).rejects.toMatchObject({
      type: 'AccessDeniedException',
      message: expect.stringContaining(STRANGER) as string,
    });
    denied(/presenter of the calling agent's token: caller is not the owner/);
  });

  it('with neither a presenter nor a user token', async () => {
    for (const onBehalfOf of [USER_OF_CALLER, { userId: 'ana' }, undefined]) {
      await expect(issue(back, onBehalfOf, { workloadAccessToken: await token() })).rejects.toMatchObject({
        type: 'AccessDeniedException',
      });
      denied('chain of agents: neither a presenter nor a user token');
    }
  });

  it('to a principal without access to the called agent, whatever token it presents', async () => {
    const calling = { workloadAccessToken: await token(), principal: { arn: OWNER } };
    await expect(issue(back, USER_OF_CALLER, calling, STRANGER)).rejects.toMatchObject({
      type: 'AccessDeniedException',
    });
    denied(/caller is not the owner/);
  });

  it('between agents of different owners, even if the name is in the list', async () => {
    const foreign = sampleIdentity({ owner: STRANGER, authorizerConfiguration: accepting(front.name) });
    await service.stores.identities.create(foreign);
    const calling = { workloadAccessToken: await token(), ...BY_OWNER };
    await expect(issue(foreign, USER_OF_CALLER, calling, STRANGER)).rejects.toMatchObject({
      type: 'AccessDeniedException',
    });
    denied(/different owners/);
  });

  it.each<[string, OnBehalfOf, OnBehalfOf]>([
    ['another user ID', { userId: 'ana' }, { userId: 'ben' }],
    ['a user ID that equals the subject of the user token', { userToken: 'a.b.c' }, { userId: 'alice' }],
    ['a user token, after a user ID', { userId: 'alice' }, { userToken: 'a.b.c' }],
    ['no user, after a user', { userToken: 'a.b.c' }, undefined],
    ['a user, after no user', undefined, { userId: 'ana' }],
  ])('for %s', async (_what, first, second) => {
    const workloadAccessToken = await issue(front, first);
    await expect(issue(back, second, { workloadAccessToken, ...BY_OWNER })).rejects.toMatchObject({
      type: 'AccessDeniedException',
    });
    denied('chain of agents: another user');
  });

  it('for the user of the calling agent if that is an unverified ID', async () => {
    const workloadAccessToken = await issue(front, { userId: 'ana' });
    await expect(called(workloadAccessToken)).rejects.toMatchObject({ type: 'AccessDeniedException' });
    denied('chain of agents: no verified user');
  });

  it('for a user of an issuer that the called agent does not trust', async () => {
    const elsewhere = sampleIdentity({
      authorizerConfiguration: {
        customJWTAuthorizer: {
          ...accepting(front.name).customJWTAuthorizer,
          discoveryUrl: 'https://other.example/.well-known/openid-configuration',
        },
      },
    });
    await service.stores.identities.create(elsewhere);
    await expect(called(await token(), elsewhere)).rejects.toMatchObject({ type: 'AccessDeniedException' });
    denied('chain of agents: issuer not trusted');
  });

  it('in a loop', async () => {
    const first = sampleIdentity();
    const second = sampleIdentity({ authorizerConfiguration: accepting(first.name) });
    await service.stores.identities.create({ ...first, authorizerConfiguration: accepting(second.name) });
    await service.stores.identities.create(second);
    const there = await called(await userTokenOf(first), second);
    await expect(called(there, first)).rejects.toMatchObject({ type: 'AccessDeniedException' });
    denied('chain of agents: the agent is in it already');
    await expect(called(await userTokenOf(first), first)).rejects.toMatchObject({
      type: 'AccessDeniedException',
    });
  });

  it('beyond the maximum length', async () => {
    let last = front;
    let current = await token();
    for (let agents = 2; agents <= MAX_AGENTS; agents += 1) {
      last = await agent(last.name);
      current = await called(current, last);
    }
    expect((await service.verify(current)).chain).toHaveLength(MAX_AGENTS - 1);
    await expect(called(current, await agent(last.name))).rejects.toMatchObject({
      type: 'AccessDeniedException',
    });
    denied('chain of agents: too long');
  });

  it.each(['front', 'another agent further back'])('while %s is suspended', async (which) => {
    const middle = await agent(front.name);
    const last = await agent(middle.name);
    const chained = await called(await token(), middle);
    const { name } = which === 'front' ? front : middle;
    await service.stores.restrictions.putAgent({ name, suspendedByOperator, revision: 1 });
    await expect(called(chained, last)).rejects.toMatchObject({
      type: 'AccessDeniedException',
      message: expect.stringContaining(`"${name}" is suspended`) as string,
    });
  });

  it('after the calling agent was deleted, or deleted and created again', async () => {
    const chained = await token();
    await service.stores.identities.markDeleted(front);
    await expect(called(chained)).rejects.toMatchObject({ type: 'UnauthorizedException' });
    denied(/was deleted or recreated/);
  });

  it('while the user is suspended', async () => {
    const chained = await token();
    await service.stores.restrictions.putUser({
      userHash: userHashOf(ALICE),
      suspendedByOperator,
      revision: 1,
    });
    await expect(called(chained)).rejects.toMatchObject({ type: 'AccessDeniedException' });
  });

  it('after the session ended for which the calling agent has its token', async () => {
    const chained = await token();
    await service.stores.restrictions.putUser({
      userHash: userHashOf(ALICE),
      endedBefore: BEGINNING + 1,
      revision: 1,
    });
    await expect(called(chained)).rejects.toMatchObject({ type: 'UnauthorizedException' });
  });

  it('with an expired token, with the word that clients match', async () => {
    const chained = await token();
    service.system.advance(TOKEN_LIFETIME + CLOCK_SKEW);
    await expect(called(chained)).rejects.toMatchObject({
      type: 'UnauthorizedException',
      message: expect.stringContaining('expired') as string,
    });
  });

  it('with a token of another deployment, or with a forged chain', async () => {
    const { kid } = await service.signingKeys.current();
    const claims = decodeJwt(await token());
    const { privateKey } = await generateKeyPair('ES256');
    const forged = await new SignJWT({ ...claims, act: { ...actorOf(front), act: actorOf(back) } })
      .setProtectedHeader({ alg: 'ES256', kid, typ: 'workload-access-token+jwt' })
      .sign(privateKey);
    await expect(called(forged)).rejects.toMatchObject({ type: 'UnauthorizedException' });
    const foreign = await createTokenService();
    await expect(called(await foreign.issue({ userToken: 'a.b.c' }))).rejects.toMatchObject({
      type: 'UnauthorizedException',
    });
  });
});
