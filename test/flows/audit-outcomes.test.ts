/**
 * Every way in which a valid request of an authorized caller can fail has one audit entry, for each operation of the
 * registry. The table states which of these outcomes each operation has.
 */
import { randomUUID } from 'node:crypto';
import { KMS } from '@aws-sdk/client-kms';
import type { JsonOperationName } from '../../lambda/operations';
import type { HttpResponse } from '../local/handmade-request';
import {
  CHANGED,
  DENIED,
  EXISTS,
  FAILED,
  INVALID,
  NEVER,
  NOT_FOUND,
  OUTCOMES,
  QUOTA,
  row,
  type Ending,
  type Row,
} from './support/audited-outcomes';
import {
  AuditedService,
  OPERATIONS_BY_IAM,
  portalOf,
  principalFor,
  workloadArn,
  type Input,
} from './support/audited-service';
import { useDeletedKey } from './support/deleted-key';
import { outrunWrites, throttleRewrapping } from './support/interference';
import type { TokenEndpointBehavior } from './support/provider';
import { documentResponse, startRawServer, type RawBehavior, type RawServer } from './support/raw-server';
import { putSecret, tagSecret } from './support/secrets';
import type { PrincipalName, TestAgent } from './support/world';

let service: AuditedService;
let strangersAgent: TestAgent;
let kms: KMS;
const issuers: RawServer[] = [];
beforeAll(async () => {
  process.env.QUOTAS = JSON.stringify({
    workloadIdentities: 12,
    oauth2CredentialProviders: 12,
    apiKeyCredentialProviders: 12,
    consentPortals: 3,
    gateways: 3,
    policyEngines: 3,
    targetsPerGateway: 3,
  });
  service = await AuditedService.start();
  strangersAgent = await service.world.agent('stranger');
  kms = new KMS({});
});
afterEach(() => {
  service.world.provider.tokenEndpoint = undefined;
});
afterAll(async () => {
  kms.destroy();
  await service.stop();
  await Promise.all(issuers.map((issuer) => issuer.close()));
});

let names = 0;
const newName = () => `outcome-${(names += 1)}`;
const MISSING = 'nothing-has-this-name';

/** The request that succeeds, except for some members of the body and the ARN. */
const ask = (
  name: JsonOperationName,
  { body, ...changes }: Input = {},
  principal: PrincipalName = principalFor(name),
): Promise<HttpResponse> => {
  const input = service.inputs[name](newName());
  return service.call(name, principal, { ...input, ...changes, body: { ...input.body, ...body } });
};

/** The test waits for this request's response. */
const succeeded = (answer: HttpResponse): HttpResponse => {
  if ((answer.status ?? 500) >= 300) throw new Error(`${answer.status} ${answer.body}`);
  return answer;
};

const ownApiKeys = () => service.inputs.GetApiKeyCredentialProvider('').body as { name: string };
const providerArn = (kind: 'oauth2' | 'apikey', name: string) =>
  `arn:aws:bedrock-agentcore:us-east-1:000000000000:token-vault/default/${kind}credentialprovider/${name}`;

const notFound = (name: JsonOperationName, input: Input): Ending => ({
  ask: () => ask(name, input),
  answer: NOT_FOUND,
});

const taken = (name: JsonOperationName, body: () => object): Ending => ({
  ask: () => ask(name, { body: body() }),
  answer: EXISTS,
});

/** Sent by a principal that creates resources until it reaches the quota. */
const overQuota = (name: JsonOperationName, body?: () => object): Ending => ({
  async ask() {
    const own = { body: { ...body?.() } };
    for (;;) {
      const answer = await ask(name, own, 'stranger');
      if ((answer.status ?? 500) >= 300) return answer;
    }
  },
  answer: QUOTA,
});

const tag = async (resourceArn: string) =>
  succeeded(await ask('TagResource', { resourceArn, body: { tags: { [newName()]: 'changed' } } }));

/** The resource is changed between the request's read and its write. */
const changedConcurrently = (name: JsonOperationName, arn: () => string, input: () => Input): Ending => ({
  ask() {
    outrunWrites('Directory', () => tag(arn()));
    return ask(name, input());
  },
  answer: CHANGED,
});

const workload = () => workloadArn(service.agent.name);
const ofWorkload = (name: JsonOperationName) => changedConcurrently(name, workload, () => ({}));
const ofProvider = (name: JsonOperationName) =>
  changedConcurrently(
    name,
    () => providerArn('oauth2', service.agent.providerName),
    () => ({ body: { name: service.agent.providerName } }),
  );
const ofApiKey = (name: JsonOperationName) =>
  changedConcurrently(
    name,
    () => providerArn('apikey', ownApiKeys().name),
    () => ({ body: ownApiKeys() }),
  );

const ownPortal = () => service.inputs.GetConsentPortal('').body as Record<'consentPortalIdentifier', string>;
const ofPortal = (name: JsonOperationName) =>
  changedConcurrently(
    name,
    () =>
      `arn:aws:bedrock-agentcore:us-east-1:000000000000:consent-portal/${ownPortal().consentPortalIdentifier}`,
    () => ({}),
  );

const byGateway = (name: JsonOperationName) =>
  notFound(name, { labels: { gatewayIdentifier: `${MISSING}-0123456789` } });
const byTarget = (name: JsonOperationName): Ending => ({
  ask: () => ask(name, { labels: { ...service.inputs.GetGateway('').labels, targetId: '0123456789' } }),
  answer: NOT_FOUND,
});

const byLimit = (name: JsonOperationName): Ending => ({
  ask: () => ask(name, { labels: { ...service.inputs.GetGateway('').labels, rateLimitId: MISSING } }),
  answer: NOT_FOUND,
});

const ofGateway = (name: JsonOperationName) =>
  changedConcurrently(
    name,
    () =>
      `arn:aws:bedrock-agentcore:us-east-1:000000000000:gateway/${service.inputs.GetGateway('').labels?.gatewayIdentifier}`,
    () => ({}),
  );
const byEngine = (name: JsonOperationName) =>
  notFound(name, { labels: { policyEngineId: 'missing-0123456789' } });
const byPolicy = (name: JsonOperationName): Ending => ({
  ask: () =>
    ask(name, { labels: { ...service.inputs.GetPolicyEngine('').labels, policyId: 'missing-0123456789' } }),
  answer: NOT_FOUND,
});
const ofEngine = (name: JsonOperationName) =>
  changedConcurrently(
    name,
    () =>
      `arn:aws:bedrock-agentcore:us-east-1:000000000000:policy-engine/${service.inputs.GetPolicyEngine('').labels?.policyEngineId}`,
    () => ({}),
  );
const ofPolicy = (name: JsonOperationName): Ending => ({
  ask() {
    outrunWrites('Directory', async () => succeeded(await ask('UpdatePolicy')));
    return ask(name);
  },
  answer: CHANGED,
});

const ofTarget = (name: JsonOperationName): Ending => ({
  ask() {
    outrunWrites('Directory', async () => succeeded(await ask('UpdateGatewayTarget')));
    return ask(name);
  },
  answer: CHANGED,
});

const ofLimit = (name: JsonOperationName): Ending => ({
  ask() {
    outrunWrites('Directory', async () => succeeded(await ask('BatchPutGatewayRateLimits')));
    return ask(name);
  },
  answer: CHANGED,
});

/** A secret with the tag of another owner. */
const secretOfNobody = async () => ({ secretId: (await putSecret({ key: 'x' }, null)).arn, jsonKey: 'key' });

const apiKeyRefused = (name: JsonOperationName, body: () => object = () => ({})): Ending => ({
  async ask() {
    const input = { ...service.inputs[name](newName()).body, ...body(), apiKey: undefined };
    const external = { apiKeySecretSource: 'EXTERNAL', apiKeySecretConfig: await secretOfNobody() };
    return service.call(name, 'agent', { body: { ...input, ...external } });
  },
  answer: INVALID,
});

const clientSecretRefused = (name: JsonOperationName, body: () => object = () => ({})): Ending => ({
  async ask() {
    const { clientId, discoveryUrl } = service.world.provider;
    const customOauth2ProviderConfig = {
      clientId,
      oauthDiscovery: { discoveryUrl },
      clientSecretSource: 'EXTERNAL',
      clientSecretConfig: await secretOfNobody(),
    };
    return ask(name, { body: { ...body(), oauth2ProviderConfigInput: { customOauth2ProviderConfig } } });
  },
  answer: INVALID,
});

/** The issuer's response to the request for its keys. */
const atIssuer = (behavior: RawBehavior, answer: Ending['answer']): Ending => ({
  async ask() {
    const issuer = await startRawServer(behavior);
    issuers.push(issuer);
    const discoveryUrl = `${issuer.url}/.well-known/openid-configuration`;
    const authorizerConfiguration = { customJWTAuthorizer: { discoveryUrl, allowedAudience: ['here'] } };
    const workloadName = newName();
    succeeded(await ask('CreateWorkloadIdentity', { body: { name: workloadName, authorizerConfiguration } }));
    const userToken = await service.world.issuer.token('ana', { iss: issuer.url, aud: 'here' });
    return ask('GetWorkloadAccessTokenForJWT', { body: { workloadName, userToken } });
  },
  answer,
});

const refuses: TokenEndpointBehavior = (ctx) => {
  ctx.status = 400;
  ctx.body = { error: 'unauthorized_client' };
  return Promise.resolve();
};
const isDown: TokenEndpointBehavior = (ctx) => {
  ctx.status = 503;
  return Promise.resolve();
};

/** Separate scopes for each call, because the service does not call a failed provider again for a while. */
const atProvider = (
  name: 'GetResourceOauth2Token' | 'RejectResourceOauth2Token' | 'GetResourceDpopProof',
  scopes: readonly string[],
): Pick<Row, 'is refused by the server that it asks' | 'cannot reach the server that it asks'> => {
  const asked = (behavior: TokenEndpointBehavior, resources: readonly string[]) => () => {
    service.world.provider.tokenEndpoint = behavior;
    return ask(name, { body: { oauth2Flow: 'M2M', scopes, resources } });
  };
  return {
    'is refused by the server that it asks': {
      ask: asked(refuses, ['https://refused.example']),
      answer: INVALID,
      entry: { result: 'provider-refused', reason: 'token endpoint responded with 400 unauthorized_client' },
    },
    'cannot reach the server that it asks': {
      ask: asked(isDown, ['https://down.example']),
      answer: FAILED,
      entry: { result: 'provider-unavailable' },
    },
  };
};

/** Another request begins a consent each time before this request does. */
const crowded = (name: 'GetResourceOauth2Token' | 'RejectResourceOauth2Token'): Ending => ({
  async ask() {
    const body = { workloadIdentityToken: await service.agent.token({ userId: newName() }) };
    const others = () => ask('GetResourceOauth2Token', { body: { ...body, customState: newName() } });
    outrunWrites('Sessions', async () => succeeded(await others()), 3);
    return ask(name, { body: { ...body, customState: newName() } });
  },
  answer: CHANGED,
});

/** A user's consent that can be completed. */
async function consented(): Promise<object> {
  const userId = newName();
  const { authorizationUrl } = await service.agent.ask(await service.agent.token({ userId }));
  const returned = await service.agent.consent(authorizationUrl, userId);
  return { sessionUri: returned.searchParams.get('session_id'), userIdentifier: { userId } };
}

const completed = (behavior: TokenEndpointBehavior, result: string): Ending => ({
  async ask() {
    const body = await consented();
    service.world.provider.tokenEndpoint = behavior;
    return ask('CompleteResourceTokenAuth', { body });
  },
  answer: INVALID,
  entry: { result },
});

const moveVault = async () => {
  const { KeyMetadata } = await kms.createKey({});
  const kmsConfiguration = { keyType: 'CustomerManagedKey', kmsKeyArn: KeyMetadata?.Arn };
  return ask('SetTokenVaultCMK', { body: { kmsConfiguration } });
};

const byName = (name: JsonOperationName) => notFound(name, { body: { name: MISSING } });
const byPortal = (name: JsonOperationName) =>
  notFound(name, { body: { consentPortalIdentifier: `${MISSING}-0123456789` } });
const byArn = (name: JsonOperationName) => notFound(name, { resourceArn: workloadArn(MISSING) });
const byWorkload = (name: JsonOperationName) => notFound(name, { body: { workloadName: MISSING } });
const byVault = (name: JsonOperationName) => notFound(name, { body: { tokenVaultId: 'other' } });
const byProvider = (name: JsonOperationName) =>
  notFound(name, { body: { resourceCredentialProviderName: MISSING } });

/** Each attempt at the write is overtaken by another suspension of the same agent or user. */
const overtaken = (
  name: 'SuspendWorkloadIdentity' | 'ResumeWorkloadIdentity' | 'SuspendUser' | 'ResumeUser',
): Ending => ({
  async ask() {
    const suspend = name.endsWith('User') ? 'SuspendUser' : 'SuspendWorkloadIdentity';
    const { body } = service.inputs[name]('');
    const others = async () => succeeded(await ask(suspend, { body: { ...body } }));
    await others();
    outrunWrites('Directory', others, 5);
    return ask(name);
  },
  answer: CHANGED,
});

const TABLE: Record<JsonOperationName, Row> = {
  CreateWorkloadIdentity: row(
    NEVER,
    taken('CreateWorkloadIdentity', () => ({ name: service.agent.name })),
    overQuota('CreateWorkloadIdentity'),
  ),
  GetWorkloadIdentity: row(byName('GetWorkloadIdentity')),
  UpdateWorkloadIdentity: row(byName('UpdateWorkloadIdentity'), ofWorkload('UpdateWorkloadIdentity')),
  DeleteWorkloadIdentity: row(byName('DeleteWorkloadIdentity'), ofWorkload('DeleteWorkloadIdentity')),
  ListWorkloadIdentities: row(),
  CreateOauth2CredentialProvider: row(
    NEVER,
    taken('CreateOauth2CredentialProvider', () => ({ name: service.agent.providerName })),
    overQuota('CreateOauth2CredentialProvider'),
    clientSecretRefused('CreateOauth2CredentialProvider'),
  ),
  GetOauth2CredentialProvider: row(byName('GetOauth2CredentialProvider')),
  UpdateOauth2CredentialProvider: row(
    byName('UpdateOauth2CredentialProvider'),
    ofProvider('UpdateOauth2CredentialProvider'),
    NEVER,
    clientSecretRefused('UpdateOauth2CredentialProvider', () => ({ name: service.agent.providerName })),
  ),
  DeleteOauth2CredentialProvider: row(
    byName('DeleteOauth2CredentialProvider'),
    ofProvider('DeleteOauth2CredentialProvider'),
  ),
  ListOauth2CredentialProviders: row(),
  CreateApiKeyCredentialProvider: row(
    NEVER,
    taken('CreateApiKeyCredentialProvider', ownApiKeys),
    overQuota('CreateApiKeyCredentialProvider'),
    apiKeyRefused('CreateApiKeyCredentialProvider'),
  ),
  GetApiKeyCredentialProvider: row(byName('GetApiKeyCredentialProvider')),
  UpdateApiKeyCredentialProvider: row(
    byName('UpdateApiKeyCredentialProvider'),
    ofApiKey('UpdateApiKeyCredentialProvider'),
    NEVER,
    apiKeyRefused('UpdateApiKeyCredentialProvider', ownApiKeys),
  ),
  DeleteApiKeyCredentialProvider: row(
    byName('DeleteApiKeyCredentialProvider'),
    ofApiKey('DeleteApiKeyCredentialProvider'),
  ),
  ListApiKeyCredentialProviders: row(),
  CreateConsentPortal: row(
    notFound('CreateConsentPortal', {
      body: { sources: [{ type: 'workload-identity', identifier: MISSING }] },
    }),
    taken('CreateConsentPortal', () => ({ name: 'walked-portal' })),
    overQuota('CreateConsentPortal', () => portalOf(strangersAgent)),
  ),
  GetConsentPortal: row(byPortal('GetConsentPortal')),
  UpdateConsentPortal: row(byPortal('UpdateConsentPortal'), ofPortal('UpdateConsentPortal')),
  DeleteConsentPortal: row(byPortal('DeleteConsentPortal'), ofPortal('DeleteConsentPortal')),
  ListConsentPortals: row(),
  CreateGateway: row(
    NEVER,
    taken('CreateGateway', () => ({ name: 'walked-gateway' })),
    overQuota('CreateGateway'),
  ),
  GetGateway: row(byGateway('GetGateway')),
  UpdateGateway: row(byGateway('UpdateGateway'), ofGateway('UpdateGateway')),
  DeleteGateway: row(byGateway('DeleteGateway'), ofGateway('DeleteGateway')),
  ListGateways: row(),
  CreateGatewayTarget: row(
    byGateway('CreateGatewayTarget'),
    taken('CreateGatewayTarget', () => ({ name: 'walked-target' })),
    {
      async ask() {
        for (;;) {
          const answer = await ask('CreateGatewayTarget');
          if ((answer.status ?? 500) >= 300) return answer;
        }
      },
      answer: QUOTA,
    },
  ),
  GetGatewayTarget: row(byTarget('GetGatewayTarget')),
  UpdateGatewayTarget: row(byTarget('UpdateGatewayTarget'), ofTarget('UpdateGatewayTarget')),
  DeleteGatewayTarget: row(byTarget('DeleteGatewayTarget'), ofTarget('DeleteGatewayTarget')),
  ListGatewayTargets: row(byGateway('ListGatewayTargets')),
  SynchronizeGatewayTargets: row({
    ask: () => ask('SynchronizeGatewayTargets', { body: { targetIdList: ['0123456789'] } }),
    answer: NOT_FOUND,
  }),
  CreateGatewayRateLimit: row(
    byGateway('CreateGatewayRateLimit'),
    taken('CreateGatewayRateLimit', () => ({ rateLimitId: 'walked-limit' })),
  ),
  BatchPutGatewayRateLimits: row(
    byGateway('BatchPutGatewayRateLimits'),
    ofLimit('BatchPutGatewayRateLimits'),
  ),
  GetGatewayRateLimit: row(byLimit('GetGatewayRateLimit')),
  UpdateGatewayRateLimit: row(byLimit('UpdateGatewayRateLimit'), ofLimit('UpdateGatewayRateLimit')),
  DeleteGatewayRateLimit: row(byLimit('DeleteGatewayRateLimit'), ofLimit('DeleteGatewayRateLimit')),
  ListGatewayRateLimits: row(byGateway('ListGatewayRateLimits')),
  CreatePolicyEngine: row(
    NEVER,
    taken('CreatePolicyEngine', () => ({ name: 'walked_engine' })),
    overQuota('CreatePolicyEngine'),
  ),
  GetPolicyEngine: row(byEngine('GetPolicyEngine')),
  UpdatePolicyEngine: row(byEngine('UpdatePolicyEngine'), ofEngine('UpdatePolicyEngine')),
  DeletePolicyEngine: row(byEngine('DeletePolicyEngine'), ofEngine('DeletePolicyEngine')),
  ListPolicyEngines: row(),
  CreatePolicy: row(
    byEngine('CreatePolicy'),
    taken('CreatePolicy', () => ({ name: 'walked' })),
    ofPolicy('CreatePolicy'),
  ),
  GetPolicy: row(byPolicy('GetPolicy')),
  UpdatePolicy: row(byPolicy('UpdatePolicy'), ofPolicy('UpdatePolicy')),
  DeletePolicy: row(byPolicy('DeletePolicy'), ofPolicy('DeletePolicy')),
  ListPolicies: row(byEngine('ListPolicies')),
  GetTokenVault: row(byVault('GetTokenVault')),
  SetTokenVaultCMK: row(
    byVault('SetTokenVaultCMK'),
    {
      ask() {
        outrunWrites('Directory', async () => succeeded(await moveVault()));
        return moveVault();
      },
      answer: CHANGED,
    },
    {
      ask() {
        throttleRewrapping();
        return moveVault();
      },
      answer: CHANGED,
    },
    {
      ask: () => {
        const kmsKeyArn = 'arn:aws:kms:us-east-1:000000000000:key/00000000-0000-4000-8000-000000000000';
        const kmsConfiguration = { keyType: 'CustomerManagedKey', kmsKeyArn };
        return ask('SetTokenVaultCMK', { body: { kmsConfiguration } });
      },
      answer: INVALID,
    },
  ),
  ResetTokenVaultKeyMaterial: row(
    byVault('ResetTokenVaultKeyMaterial'),
    {
      async ask() {
        await useDeletedKey();
        outrunWrites('Directory', async () => succeeded(await ask('ResetTokenVaultKeyMaterial')));
        return ask('ResetTokenVaultKeyMaterial');
      },
      answer: EXISTS,
    },
    NEVER,
    // The token vault was reset in the row before.
    { ask: () => ask('ResetTokenVaultKeyMaterial'), answer: INVALID },
  ),
  TagResource: row(byArn('TagResource'), ofWorkload('TagResource'), {
    async ask() {
      await tag(workload());
      const tags = Object.fromEntries(Array.from({ length: 50 }, () => [newName(), '']));
      return ask('TagResource', { body: { tags } });
    },
    answer: QUOTA,
  }),
  UntagResource: row(byArn('UntagResource'), ofWorkload('UntagResource')),
  ListTagsForResource: row(byArn('ListTagsForResource')),
  PutResourcePolicy: row(byArn('PutResourcePolicy'), ofWorkload('PutResourcePolicy')),
  GetResourcePolicy: row(byArn('GetResourcePolicy')),
  DeleteResourcePolicy: row(byArn('DeleteResourcePolicy'), ofWorkload('DeleteResourcePolicy')),
  GetWorkloadAccessToken: row(byWorkload('GetWorkloadAccessToken')),
  GetWorkloadAccessTokenForJWT: row(
    byWorkload('GetWorkloadAccessTokenForJWT'),
    NEVER,
    NEVER,
    atIssuer(documentResponse({}), INVALID),
    atIssuer((connection) => connection.destroy(), FAILED),
  ),
  GetWorkloadAccessTokenForUserId: row(byWorkload('GetWorkloadAccessTokenForUserId')),
  GetResourceApiKey: row(byProvider('GetResourceApiKey'), NEVER, NEVER, {
    async ask() {
      const name = newName();
      const { arn } = await putSecret({ key: 'x' });
      const apiKeySecretConfig = { secretId: arn, jsonKey: 'key' };
      const body = { name, apiKeySecretSource: 'EXTERNAL', apiKeySecretConfig };
      succeeded(await service.call('CreateApiKeyCredentialProvider', 'agent', { body }));
      await tagSecret(arn, 'arn:aws:iam::000000000000:role/another');
      return ask('GetResourceApiKey', { body: { resourceCredentialProviderName: name } });
    },
    answer: DENIED,
  }),
  GetResourceOauth2Token: {
    ...row(byProvider('GetResourceOauth2Token'), NEVER, crowded('GetResourceOauth2Token')),
    ...atProvider('GetResourceOauth2Token', ['a']),
  },
  RejectResourceOauth2Token: {
    ...row(byProvider('RejectResourceOauth2Token'), NEVER, crowded('RejectResourceOauth2Token')),
    ...atProvider('RejectResourceOauth2Token', ['b']),
  },
  GetResourceDpopProof: {
    ...row(byProvider('GetResourceDpopProof')),
    ...atProvider('GetResourceDpopProof', ['b']),
  },
  CompleteResourceTokenAuth: row(
    {
      ask: () =>
        ask('CompleteResourceTokenAuth', {
          body: { sessionUri: `urn:ietf:params:oauth:request_uri:${MISSING}` },
        }),
      answer: DENIED,
    },
    {
      async ask() {
        const body = await consented();
        outrunWrites('Sessions', async () => succeeded(await ask('CompleteResourceTokenAuth', { body })));
        return ask('CompleteResourceTokenAuth', { body });
      },
      answer: DENIED,
      entry: { reason: 'completed by a concurrent request' },
    },
    NEVER,
    completed(refuses, 'provider-refused'),
    completed(isDown, 'provider-unavailable'),
  ),
  // A token names a workload identity that exists, or it is not valid.
  ListResourceGrants: row(),
  RevokeResourceGrant: row(
    notFound('RevokeResourceGrant', { body: { resourceCredentialProviderName: MISSING } }),
  ),
  RevokeGrants: row(byWorkload('RevokeGrants')),
  GetRevocation: row(notFound('GetRevocation', { body: { revocationId: randomUUID() } })),
  ListGrants: row(byWorkload('ListGrants')),
  ListAllWorkloadIdentities: row(),
  ListAllCredentialProviders: row(),
  TransferOwnership: row(
    notFound('TransferOwnership', { body: { resourceArn: workloadArn(MISSING) } }),
    ofWorkload('TransferOwnership'),
  ),
  SuspendWorkloadIdentity: row(NEVER, overtaken('SuspendWorkloadIdentity')),
  ResumeWorkloadIdentity: row(NEVER, overtaken('ResumeWorkloadIdentity')),
  SuspendUser: row(NEVER, overtaken('SuspendUser')),
  ResumeUser: row(NEVER, overtaken('ResumeUser')),
  ListSuspensions: row(),
};

it('has a row in the table for each operation of the registry', () => {
  expect(Object.keys(TABLE).sort()).toEqual([...OPERATIONS_BY_IAM].sort());
});

const CELLS = Object.entries(TABLE).flatMap(([name, endings]) =>
  OUTCOMES.flatMap((outcome) => {
    const ending = endings[outcome];
    return ending ? [{ name, outcome, ending }] : [];
  }),
);

it.each(CELLS)('$name has one audit entry when it $outcome', async ({ name, ending }) => {
  const { ask: asked, answer: expected, entry: said = {} } = ending;
  const answer = await asked();
  const { __type: error } = JSON.parse(answer.body) as { __type?: string };
  expect([answer.status, error]).toEqual(expected);
  const entry = await service.expectEntry(name, answer);
  expect(entry).toMatchObject({ error, reason: expect.any(String) as string, ...said });
});
