/**
 * Conditions for a read of an OAuth2 token: a user where the credential needs one, and limits on the scopes and other
 * members of the request.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkAdmission } from '../../lambda/domain/policy/policy-admission';
import { parsePolicyDocument } from '../../lambda/domain/policy/policy-document';
import { createRetrievalService, type RetrievalService } from './retrieval-service';

let service: RetrievalService;
beforeEach(async () => {
  service = await createRetrievalService();
});

async function put(policy: string): Promise<void> {
  const { provider, stores } = service;
  expect(await stores.providers.replace({ ...provider, policy, revision: 2 })).toBe(true);
}

/** Sets a policy with one Deny on the provider. */
async function deny(Condition: object): Promise<void> {
  const policy = JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Deny',
        Principal: '*',
        Action: 'bedrock-agentcore:GetResourceOauth2Token',
        Resource: service.provider.arn,
        Condition,
      },
    ],
  });
  await put(policy);
}

it('requires a user for a credential that belongs to a user', async () => {
  await expect(service.ask({ workloadIdentityToken: await service.issue() })).rejects.toMatchObject({
    name: 'ValidationException',
    fieldList: [
      {
        name: 'workloadIdentityToken',
        message:
          'names no user; for USER_FEDERATION, get one with GetWorkloadAccessTokenForJWT or GetWorkloadAccessTokenForUserId',
      },
    ],
  });
});

describe('scopes, resources, and audiences', () => {
  /** A request with this number of characters in total, most of them in one scope. */
  const long = (characters: number) => ({
    resources: ['r'],
    audiences: ['a'],
    scopes: ['x'.repeat(characters - '{"resources":["r"],"audiences":["a"],"scopes":[""]}'.length)],
  });

  it('can have 32,768 characters in total', async () => {
    expect(await service.ask(long(32_768))).toMatchObject({ outcome: 'consent-required' });
  });

  it('are rejected if they have more than 32,768 characters in total', async () => {
    await expect(service.ask(long(32_769))).rejects.toMatchObject({
      name: 'ValidationException',
      fieldList: [
        {
          name: 'scopes',
          message: 'must have up to 32768 characters together with resources and audiences',
        },
      ],
    });
  });
});

describe('a provider whose policy denies a scope', () => {
  beforeEach(() => deny({ 'ForAnyValue:StringEquals': { 'bedrock-agentcore:Scopes': ['b', 'c'] } }));

  const denied = { name: 'AccessDeniedException' };

  it('does not return a token for the denied scope', async () => {
    await expect(service.ask({ scopes: ['a', 'b'] })).rejects.toMatchObject(denied);
  });

  it('returns a token for other scopes', async () => {
    await service.grant();
    expect(await service.ask()).toMatchObject({ outcome: 'cached' });
  });

  it.each([
    ['has', { scopes: ['a', 'b'] }, ['a']],
    ['was requested with', { scopes: ['a'] }, ['a', 'c']],
  ])(
    'returns no stored token that %s the denied scope, whatever scopes are requested',
    async (_what, granted, requested) => {
      await service.grant(granted, requested);
      await expect(service.ask()).rejects.toMatchObject(denied);
    },
  );

  it('begins a new consent without the denied scope, which deletes the stored token; a poll deletes nothing', async () => {
    await service.grant({ scopes: ['a', 'b'] });
    const sessionUri = 'urn:ietf:params:oauth:request_uri:any';
    await expect(service.ask({ forceAuthentication: true, sessionUri })).rejects.toMatchObject(denied);
    expect(await service.ask({ forceAuthentication: true })).toMatchObject({ outcome: 'consent-required' });
    expect(await service.stored()).not.toHaveProperty('tokens');
  });
});

describe('a provider that grants more scopes than the request names', () => {
  const denied = {
    name: 'AccessDeniedException',
    message: expect.stringContaining('the resource policy') as string,
  };
  const answer = (scope: string) =>
    Response.json({ access_token: 'wide', token_type: 'Bearer', expires_in: 3600, scope });

  // A policy that was stored before such a Deny had to mention requests without scopes.
  beforeEach(() => deny({ 'ForAnyValue:StringNotEquals': { 'bedrock-agentcore:Scopes': 'a' } }));

  it.each([
    ['no scopes', []],
    ['one scope', ['a']],
  ])('causes an error for a new token and for a stored token if the request has %s', async (_, scopes) => {
    service.endpoint.instead.push(answer('a admin'));
    await expect(service.ask({ oauth2Flow: 'M2M', scopes })).rejects.toMatchObject(denied);
    await expect(service.ask({ oauth2Flow: 'M2M', scopes })).rejects.toMatchObject(denied);
    expect(service.endpoint.redeemed).toHaveLength(1);
  });

  it('causes an error for a refreshed token', async () => {
    await service.grant({ expiresAt: service.system.seconds() - 1 });
    service.endpoint.instead.push(answer('a admin'));
    await expect(service.ask()).rejects.toMatchObject(denied);
  });

  it('causes no error if the granted scopes are allowed by the policy', async () => {
    service.endpoint.instead.push(answer('a'));
    expect(await service.ask({ oauth2Flow: 'M2M', scopes: [] })).toMatchObject({ outcome: 'exchanged' });
  });
});

describe('policy conditions on request members', () => {
  const denied = { name: 'AccessDeniedException' };

  it.each(['optional_scope', 'user_scope', 'optional.scope'])(
    'treat the values of %s as scopes',
    async (name) => {
      await deny({ 'ForAnyValue:StringEqualsIfExists': { 'bedrock-agentcore:Scopes': 'admin' } });
      for (const value of ['admin', 'read,admin', 'read admin']) {
        await expect(service.ask({ customParameters: { [name]: value } })).rejects.toMatchObject(denied);
      }
      expect(await service.ask({ customParameters: { [name]: 'read' } })).toMatchObject({
        outcome: 'consent-required',
      });
    },
  );

  it("can list the allowed custom parameters, also for agents of the provider's owner", async () => {
    const allowed = { 'bedrock-agentcore:CustomParameters': ['login_hint', 'prompt'] };
    await deny({ 'ForAnyValue:StringNotEquals': allowed });
    const ask = (customParameters?: Record<string, string>) => service.ask({ customParameters });
    await expect(ask({ prompt: 'login', include_granted_scopes: 'true' })).rejects.toMatchObject(denied);
    const outstanding = { outcome: 'consent-required' };
    expect(await ask({ prompt: 'login' })).toMatchObject(outstanding);
    // A request without custom parameters needs no mention in the policy.
    expect(await ask()).toMatchObject(outstanding);
  });

  it.each([
    ['resources', 'bedrock-agentcore:Resources'],
    ['audiences', 'bedrock-agentcore:Audiences'],
  ] as const)('can list the allowed %s (%s), also for requests without any', async (member, key) => {
    await deny({ 'ForAnyValue:StringNotEqualsIfExists': { [key]: ['https://api.example'] } });
    const ask = (...values: string[]) => service.ask({ [member]: values });
    expect(await ask('https://api.example')).toMatchObject({ outcome: 'consent-required' });
    await expect(ask('https://api.example', 'https://pay.example')).rejects.toMatchObject(denied);
    await expect(service.ask()).rejects.toMatchObject(denied);
    const silent = { 'ForAnyValue:StringNotEquals': { [key]: ['https://api.example'] } };
    const policy = { Effect: 'Deny', Principal: '*', Action: 'bedrock-agentcore:GetResourceOauth2Token' };
    const text = JSON.stringify({
      Version: '2012-10-17',
      Statement: [{ ...policy, Resource: '*', Condition: silent }],
    });
    const { arn } = service.provider;
    expect(() => {
      checkAdmission(parsePolicyDocument(text, arn));
    }).toThrow(key);
  });

  it.each([
    ['resources', 'bedrock-agentcore:Resources'],
    ['audiences', 'bedrock-agentcore:Audiences'],
  ] as const)(
    'also evaluate the parts of %s that a server reads if it splits values at spaces (%s)',
    async (member, key) => {
      await deny({ 'ForAnyValue:StringNotLikeIfExists': { [key]: ['https://api.example*'] } });
      const ask = (value: string) => service.ask({ [member]: [value] });
      await expect(ask('https://api.example https://pay.example')).rejects.toMatchObject(denied);
      expect(await ask('https://api.example/a,b')).toMatchObject({ outcome: 'consent-required' });
    },
  );

  it('forward only the listed custom parameters under the policy in the runbook', async () => {
    const runbook = readFileSync(join(__dirname, '../../docs/runbook.md'), 'utf8');
    const [, policy = ''] =
      /^### Allow only listed custom parameters$.*?^```json$(.*?)^```$/ms.exec(runbook) ?? [];
    checkAdmission(parsePolicyDocument(policy, service.provider.arn));
    await put(policy);
    const ask = (...names: string[]) =>
      service.ask({ customParameters: Object.fromEntries(names.map((name) => [name, 'x'])) });
    const outstanding = { outcome: 'consent-required' };
    expect(await ask('login_hint', 'prompt')).toMatchObject(outstanding);
    expect(await ask()).toMatchObject(outstanding);
    for (const name of ['Prompt', 'hd']) await expect(ask('prompt', name)).rejects.toMatchObject(denied);
  });
});
