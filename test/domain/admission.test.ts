/** What a read of an OAuth2 token is admitted on: a user where one is needed, the scopes at stake, bounds. */
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

/** Gives the provider a policy of one Deny. */
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

it("asks for a user where the credential is a user's", async () => {
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

describe('scopes, resources and audiences', () => {
  /** As many characters in all, in one of them. */
  const long = (characters: number) => ({
    resources: ['r'],
    audiences: ['a'],
    scopes: ['x'.repeat(characters - '{"resources":["r"],"audiences":["a"],"scopes":[""]}'.length)],
  });

  it('may have 32,768 characters in all', async () => {
    expect(await service.ask(long(32_768))).toMatchObject({ outcome: 'consent-required' });
  });

  it('may have no more', async () => {
    await expect(service.ask(long(32_769))).rejects.toMatchObject({
      name: 'ValidationException',
      fieldList: [
        {
          name: 'scopes',
          message: 'must have at most 32768 characters together with resources and audiences',
        },
      ],
    });
  });
});

describe('a provider whose policy denies a scope', () => {
  beforeEach(() => deny({ 'ForAnyValue:StringEquals': { 'bedrock-agentcore:Scopes': ['b', 'c'] } }));

  const denied = { name: 'AccessDeniedException' };

  it('does not give it', async () => {
    await expect(service.ask({ scopes: ['a', 'b'] })).rejects.toMatchObject(denied);
  });

  it('gives the others', async () => {
    await service.grant();
    expect(await service.ask()).toMatchObject({ outcome: 'cached' });
  });

  it.each([
    ['has it', { scopes: ['a', 'b'] }, ['a']],
    ['was asked for it', { scopes: ['a'] }, ['a', 'c']],
  ])('returns no stored token that %s, whatever scopes are requested', async (_what, granted, requested) => {
    await service.grant(granted, requested);
    await expect(service.ask()).rejects.toMatchObject(denied);
  });

  it('lets a new consent begin without it, which forgets the stored token; a poll forgets nothing', async () => {
    await service.grant({ scopes: ['a', 'b'] });
    const sessionUri = 'urn:ietf:params:oauth:request_uri:any';
    await expect(service.ask({ forceAuthentication: true, sessionUri })).rejects.toMatchObject(denied);
    expect(await service.ask({ forceAuthentication: true })).toMatchObject({ outcome: 'consent-required' });
    expect(await service.stored()).not.toHaveProperty('tokens');
  });
});

describe('a provider that grants more than was asked for', () => {
  const denied = {
    name: 'AccessDeniedException',
    message: expect.stringContaining('the resource policy') as string,
  };
  const answer = (scope: string) =>
    Response.json({ access_token: 'wide', token_type: 'Bearer', expires_in: 3600, scope });

  // From before a Deny like this had to speak of requests without scopes.
  beforeEach(() => deny({ 'ForAnyValue:StringNotEquals': { 'bedrock-agentcore:Scopes': 'a' } }));

  it.each([
    ['none', []],
    ['one', ['a']],
  ])('returns neither a new nor a stored token for a request of %s', async (_, scopes) => {
    service.endpoint.instead.push(answer('a admin'));
    await expect(service.ask({ oauth2Flow: 'M2M', scopes })).rejects.toMatchObject(denied);
    await expect(service.ask({ oauth2Flow: 'M2M', scopes })).rejects.toMatchObject(denied);
    expect(service.endpoint.redeemed).toHaveLength(1);
  });

  it('returns no refreshed token', async () => {
    await service.grant({ expiresAt: service.system.seconds() - 1 });
    service.endpoint.instead.push(answer('a admin'));
    await expect(service.ask()).rejects.toMatchObject(denied);
  });

  it('is as good as any other where it granted what the policy lets out', async () => {
    service.endpoint.instead.push(answer('a'));
    expect(await service.ask({ oauth2Flow: 'M2M', scopes: [] })).toMatchObject({ outcome: 'exchanged' });
  });
});

describe('custom parameters, to a policy', () => {
  const denied = { name: 'AccessDeniedException' };

  it.each(['optional_scope', 'user_scope', 'optional.scope'])(
    'that ask for scopes by %s are scopes',
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

  it("may be listed by the provider's owner, even against the owner's own agents", async () => {
    const allowed = { 'bedrock-agentcore:CustomParameters': ['login_hint', 'prompt'] };
    await deny({ 'ForAnyValue:StringNotEquals': allowed });
    const ask = (customParameters?: Record<string, string>) => service.ask({ customParameters });
    await expect(ask({ prompt: 'login', include_granted_scopes: 'true' })).rejects.toMatchObject(denied);
    const outstanding = { outcome: 'consent-required' };
    expect(await ask({ prompt: 'login' })).toMatchObject(outstanding);
    // None are no wish of their own: nothing has to be said of them.
    expect(await ask()).toMatchObject(outstanding);
  });

  it.each([
    ['resources', 'bedrock-agentcore:Resources'],
    ['audiences', 'bedrock-agentcore:Audiences'],
  ] as const)('%s can be listed by a policy (%s), also for requests without any', async (member, key) => {
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
    '%s are also evaluated in the parts that a server reads if it splits at spaces',
    async (member, key) => {
      await deny({ 'ForAnyValue:StringNotLikeIfExists': { [key]: ['https://api.example*'] } });
      const ask = (value: string) => service.ask({ [member]: [value] });
      await expect(ask('https://api.example https://pay.example')).rejects.toMatchObject(denied);
      expect(await ask('https://api.example/a,b')).toMatchObject({ outcome: 'consent-required' });
    },
  );

  it('forwards only the listed custom parameters under the policy in the runbook', async () => {
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
