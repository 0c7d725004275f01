/** A gateway gets the credentials of the agent that calls it, for the user of that agent. No other caller acts with its identity. */
import { decodeJwt } from 'jose';
import type { WorkloadIdentity } from '../../lambda/model/records/workload-identity';
import { getResourceOauth2Token } from '../../lambda/domain/credential/oauth2-token';
import type { Caller } from '../../lambda/domain/principal';
import type { CallingAgent } from '../../lambda/domain/workload-token/calling-agent';
import { issueWorkloadAccessToken } from '../../lambda/domain/workload-token/issue';
import type { OnBehalfOf } from '../../lambda/domain/workload-token/on-behalf-of';
import { BEGINNING } from './fake-system';
import { createRetrievalService, RETURN_URL, type RetrievalService } from './retrieval-service';
import { OWNER, sampleIdentity } from './samples';

const GATEWAY: Caller = { arn: 'arn:aws:iam::123456789012:role/gateway', isGateway: true };
const AGENT: Caller = { arn: OWNER };
const STRANGER = 'arn:aws:iam::123456789012:role/stranger';
const ANA = { userId: 'ana' };

let service: RetrievalService;
let gateway: WorkloadIdentity;

beforeEach(async () => {
  service = await createRetrievalService();
  gateway = await identityOfGateway();
  await service.grant();
});

async function identityOfGateway(change: Partial<WorkloadIdentity> = {}): Promise<WorkloadIdentity> {
  const identity = sampleIdentity({ gatewayId: 'tools-0123456789', ...change });
  await service.stores.identities.create(identity);
  return identity;
}

const issue = (principal: Caller, onBehalfOf: OnBehalfOf, callingAgent?: CallingAgent) =>
  issueWorkloadAccessToken(
    service.issuing,
    { operation: 'GetWorkloadAccessTokenForUserId', principal },
    gateway.name,
    onBehalfOf,
    callingAgent,
  );

/** A token of the gateway for a call of the agent with the grant. */
const tokenFor = async (onBehalfOf: OnBehalfOf = ANA, presenter = AGENT) =>
  issue(GATEWAY, onBehalfOf, { workloadAccessToken: await service.issue(onBehalfOf), principal: presenter });

const retrieve = async (principal: Caller, workloadIdentityToken: string) =>
  getResourceOauth2Token(service.deps, principal, {
    workloadIdentityToken,
    resourceCredentialProviderName: service.provider.name,
    scopes: ['a'],
    oauth2Flow: 'USER_FEDERATION',
    resourceOauth2ReturnUrl: RETURN_URL,
  });

const DENIED = { name: 'AccessDeniedException' };

describe('with the token of an agent that calls it', () => {
  it("a gateway gets the agent's token for the agent's user", async () => {
    const token = await tokenFor();
    expect(decodeJwt(token)).toMatchObject({
      gateway: { presenter: AGENT },
      act: { act: { name: service.identity.name } },
    });
    expect((await retrieve(GATEWAY, token)).output).toMatchObject({ accessToken: 'access-0' });
    expect(service.entries.at(-1)).toMatchObject({
      principal: GATEWAY.arn,
      workloadIdentity: service.identity.arn,
      gateway: gateway.arn,
    });
  });

  it('a gateway gets a consent link of the agent', async () => {
    const ben = { userId: 'ben' };
    const { output, outcome } = await retrieve(GATEWAY, await tokenFor(ben));
    expect(outcome).toBe('consent-required');
    expect(output).toHaveProperty('authorizationUrl');
    const grant = await service.stored({
      ...service.idOf('USER_FEDERATION'),
      userHash: service.entries.at(-1)!.user!,
    });
    expect(grant.workloadId).toBe(service.identity.id);
  });

  it('neither the agent, nor the owner of both, nor another principal can use the token of the gateway', async () => {
    const token = await tokenFor();
    await expect(retrieve(AGENT, token)).rejects.toMatchObject(DENIED);
    await expect(retrieve({ arn: STRANGER }, token)).rejects.toMatchObject(DENIED);
  });

  it('a gateway does not act for an agent of another owner', async () => {
    gateway = await identityOfGateway({ owner: STRANGER });
    await expect(tokenFor()).rejects.toMatchObject({
      ...DENIED,
      message: expect.stringContaining('different owners') as string,
    });
  });

  it('a gateway does not act for a principal that is not authorized to use the token of the agent', async () => {
    await expect(tokenFor(ANA, { arn: STRANGER })).rejects.toMatchObject(DENIED);
  });

  it.each<[string, () => Promise<unknown>]>([
    ['the agent is suspended', () => suspend(service.identity)],
    ['the gateway is suspended', () => suspend(gateway)],
    ['the agent was deleted', () => service.stores.identities.remove(service.identity)],
    ['the gateway was deleted', () => service.stores.identities.remove(gateway)],
    ['the identity of the gateway now belongs to an agent', () => replace({ gatewayId: undefined })],
    ['the provider denies the agent', () => denyOnProvider(service.identity)],
    ['the provider denies the gateway', () => denyOnProvider(gateway)],
    [
      'the identity of the agent denies the principal that called',
      () => onAgent('Deny', OWNER, 'InvokeGateway'),
    ],
    ['the provider denies the principal that called', () => denyOnProvider(service.identity, OWNER)],
  ])('a gateway gets nothing if %s', async (_what, change) => {
    const token = await tokenFor();
    await change();
    await expect(retrieve(GATEWAY, token)).rejects.toMatchObject({
      name: expect.stringMatching(/^(AccessDenied|Unauthorized)Exception$/) as string,
    });
  });

  it('a principal that can only present the token of the agent gets nothing with it without a gateway', async () => {
    await onAgent('Allow', STRANGER, 'GetWorkloadAccessTokenForUserId', 'InvokeGateway');
    const token = await tokenFor(ANA, { arn: STRANGER });
    expect((await retrieve(GATEWAY, token)).output).toMatchObject({ accessToken: 'access-0' });
    await expect(retrieve({ arn: STRANGER }, await service.issue(ANA))).rejects.toMatchObject(DENIED);
  });

  it('a principal that can retrieve credentials itself cannot present the token at a gateway', async () => {
    await onAgent('Allow', STRANGER, 'GetWorkloadAccessTokenForUserId', 'GetResourceOauth2Token');
    await expect(tokenFor(ANA, { arn: STRANGER })).rejects.toMatchObject(DENIED);
  });

  it('the gateway function has no rights on the identities of agents', async () => {
    await expect(retrieve(GATEWAY, await service.issue(ANA))).rejects.toMatchObject(DENIED);
  });
});

describe('without an agent', () => {
  it('a gateway uses its own grants', async () => {
    const { outcome } = await retrieve(GATEWAY, await issue(GATEWAY, ANA));
    expect(outcome).toBe('consent-required');
  });

  it('no policy allows its owner or another principal to act with its identity', async () => {
    const policy = JSON.stringify({
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Allow',
          Principal: '*',
          Action: 'bedrock-agentcore:GetWorkloadAccessTokenForUserId',
          Resource: gateway.arn,
        },
      ],
    });
    await replace({ policy });
    await expect(issue(AGENT, ANA)).rejects.toMatchObject({
      ...DENIED,
      message: expect.stringContaining('only the gateway tools-0123456789 acts with it') as string,
    });
    await expect(issue({ arn: STRANGER }, ANA)).rejects.toMatchObject(DENIED);
  });
});

const suspend = ({ name }: WorkloadIdentity) =>
  service.stores.restrictions.putAgent({
    name,
    revision: 1,
    suspendedByOperator: { since: BEGINNING, by: OWNER },
  });

const replace = (change: Partial<WorkloadIdentity>) =>
  service.stores.identities.replace({ ...gateway, ...change, revision: gateway.revision + 1 });

const onAgent = (Effect: 'Allow' | 'Deny', principal: string, ...operations: string[]) =>
  service.stores.identities.replace({
    ...service.identity,
    revision: service.identity.revision + 1,
    policy: JSON.stringify({
      Version: '2012-10-17',
      Statement: [
        {
          Effect,
          Principal: { AWS: principal },
          Action: operations.map((operation) => `bedrock-agentcore:${operation}`),
          Resource: service.identity.arn,
        },
      ],
    }),
  });

const denyOnProvider = ({ arn }: WorkloadIdentity, principal = '*') =>
  service.stores.providers.replace({
    ...service.provider,
    revision: service.provider.revision + 1,
    policy: JSON.stringify({
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Deny',
          Principal: principal === '*' ? principal : { AWS: principal },
          Action: 'bedrock-agentcore:GetResourceOauth2Token',
          Resource: service.provider.arn,
          Condition: { ArnEquals: { 'bedrock-agentcore:WorkloadIdentityArn': arn } },
        },
      ],
    }),
  });
