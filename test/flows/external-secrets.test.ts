/** EXTERNAL secrets: read from Secrets Manager when they are needed, and only for the owner that the secret's tag names. */
import {
  type CustomOauth2ProviderConfigInput,
  type GoogleOauth2ProviderConfigInput,
} from '@aws-sdk/client-bedrock-agentcore-control';
import { moveClock } from './support/clock';
import { customProvider } from './support/custom-provider';
import { renewalsIn } from './support/renewals';
import { AGENT, changeSecret, putSecret, tagSecret, untagSecret } from './support/secrets';
import { TestAgent, World, type Ask } from './support/world';

const world = World.ofFile();

const JSON_KEY = 'value';
const MINUTES = 60;

const external = (secretId: string, jsonKey = JSON_KEY) => ({
  clientSecretSource: 'EXTERNAL' as const,
  clientSecretConfig: { secretId, jsonKey },
});

const custom = (
  secret: Partial<CustomOauth2ProviderConfigInput>,
  discoveryUrl = world.provider.discoveryUrl,
) => ({
  ...customProvider(discoveryUrl, { clientId: world.provider.clientId, ...secret }),
});

let names = 0;
const newName = () => `external-${(names += 1)}`;

/** An agent with an OAuth2 provider whose client secret is external. */
async function agentWith(secret: Partial<CustomOauth2ProviderConfigInput>): Promise<TestAgent> {
  const { client, name } = await world.agent();
  const created = await world
    .control()
    .createOauth2CredentialProvider({ name: newName(), ...custom(secret) });
  world.provider.allowRedirect(created.callbackUrl ?? '');
  return new TestAgent(client, name, created.name ?? '', created.callbackUrl ?? '');
}

const update = (agent: TestAgent, secret: Partial<CustomOauth2ProviderConfigInput>) =>
  world.control().updateOauth2CredentialProvider({ name: agent.providerName, ...custom(secret) });

const own: Ask = {
  oauth2Flow: 'M2M',
  scopes: ['a'],
  resourceOauth2ReturnUrl: undefined,
  forceAuthentication: true,
};

const machineToken = async (agent: TestAgent) => (await agent.ask(await agent.token(), own)).accessToken;

const createKey = (secretId: string, jsonKey = JSON_KEY, name = newName()) =>
  world.control().createApiKeyCredentialProvider({
    name,
    apiKeySecretSource: 'EXTERNAL',
    apiKeySecretConfig: { secretId, jsonKey },
  });

async function apiKey(provider: string | undefined): Promise<string | undefined> {
  const agent = await world.agent();
  const answer = await agent.client.getResourceApiKey({
    workloadIdentityToken: await agent.token(),
    resourceCredentialProviderName: provider,
  });
  return answer.apiKey;
}

const DENIED = { name: 'AccessDeniedException' };
const INVALID = { name: 'ValidationException' };

describe('a client secret', () => {
  it("works for a user's consent and the agent's own token", async () => {
    const { arn } = await putSecret({ [JSON_KEY]: world.provider.clientSecret, other: 1 });
    const agent = await agentWith(external(arn));
    expect(await agent.connect('ana')).toBe(world.provider.exchanges.at(-1)?.answer.access_token);
    expect(await machineToken(agent)).toBe(world.provider.exchanges.at(-1)?.answer.access_token);
  });

  it('can be specified by name, and is returned by ARN', async () => {
    const { name, arn } = await putSecret({ [JSON_KEY]: world.provider.clientSecret });
    const agent = await agentWith(external(name));
    const described = await world.control().getOauth2CredentialProvider({ name: agent.providerName });
    expect(described).toMatchObject({
      clientSecretSource: 'EXTERNAL',
      clientSecretArn: { secretArn: arn },
      clientSecretJsonKey: JSON_KEY,
    });
    expect(JSON.stringify(described)).not.toContain(world.provider.clientSecret);
  });

  it('can belong to a built-in vendor', async () => {
    const { arn } = await putSecret({ [JSON_KEY]: 'of a vendor' });
    const config: GoogleOauth2ProviderConfigInput = {
      clientId: 'agents',
      clientSecret: undefined,
      ...external(arn),
    };
    const created = await world.control().createOauth2CredentialProvider({
      name: newName(),
      credentialProviderVendor: 'GoogleOauth2',
      oauth2ProviderConfigInput: { googleOauth2ProviderConfig: config },
    });
    expect(created).toMatchObject({ clientSecretSource: 'EXTERNAL', clientSecretArn: { secretArn: arn } });
  });

  it('can move from the vault to Secrets Manager and back', async () => {
    const { clientSecret } = world.provider;
    const agent = await agentWith({ clientSecret });
    const { arn } = await putSecret({ [JSON_KEY]: clientSecret });
    expect(await update(agent, external(arn))).toMatchObject({ clientSecretSource: 'EXTERNAL' });
    expect(await machineToken(agent)).toEqual(expect.any(String));

    // An update that omits the secret keeps it. MANAGED needs a new secret, because the vault no longer contains one.
    expect(await update(agent, {})).toMatchObject({ clientSecretSource: 'EXTERNAL' });
    await expect(update(agent, { clientSecretSource: 'MANAGED' })).rejects.toMatchObject(INVALID);

    await untagSecret(arn);
    const back = await update(agent, { clientSecret });
    expect(back).toMatchObject({ clientSecretSource: 'MANAGED' });
    expect(back.clientSecretJsonKey).toBeUndefined();
    expect(await machineToken(agent)).toEqual(expect.any(String));
  });

  it('applies within 5 minutes after a change', async () => {
    const { arn } = await putSecret({ [JSON_KEY]: 'not the secret yet' });
    const agent = await agentWith(external(arn));
    await expect(machineToken(agent)).rejects.toThrow('invalid_client');
    await changeSecret(arn, { [JSON_KEY]: world.provider.clientSecret });
    moveClock(5 * MINUTES);
    expect(await machineToken(agent)).toEqual(expect.any(String));
  });

  it('that its owner takes away ends a background renewal without an error of the service', async () => {
    const { arn } = await putSecret({ [JSON_KEY]: world.provider.clientSecret });
    const agent = await agentWith(external(arn));
    const { accessToken } = await agent.ask(await agent.token(), own);
    await untagSecret(arn);
    moveClock(0.92 * Number(world.provider.exchanges.at(-1)?.answer.expires_in));
    const again = await agent.ask(await agent.token(), { ...own, forceAuthentication: false });
    expect(again.accessToken).toBe(accessToken);
    expect((await renewalsIn(world, 1)).at(-1)).toMatchObject({
      outcome: 'allowed',
      result: 'credential-unusable',
      reason: expect.stringContaining('external secret') as string,
      provider: agent.providerName,
    });
    expect((await world.logLines()).filter((line) => line.includes('"unexpected"'))).toEqual([]);
  });

  it('must be specified again when the client or server changes', async () => {
    const { arn } = await putSecret({ [JSON_KEY]: world.provider.clientSecret });
    const agent = await agentWith(external(arn));
    await expect(update(agent, { clientId: 'another' })).rejects.toMatchObject(INVALID);
  });

  it('can be changed only by the owner, not by another principal that can update the provider', async () => {
    const { arn } = await putSecret({ [JSON_KEY]: world.provider.clientSecret });
    const { arn: unrelated } = await putSecret({ [JSON_KEY]: 'for something else' });
    const agent = await agentWith(external(arn));
    const { credentialProviderArn: resourceArn } = await world
      .control()
      .getOauth2CredentialProvider({ name: agent.providerName });
    const stranger = world.local.principals.stranger.arn;
    const policy = JSON.stringify({
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Allow',
          Principal: { AWS: stranger },
          Action: 'bedrock-agentcore:UpdateOauth2CredentialProvider',
          Resource: resourceArn,
        },
      ],
    });
    await world.control().putResourcePolicy({ resourceArn, policy });
    const strangers = (secret: Partial<CustomOauth2ProviderConfigInput>, server?: string) =>
      world
        .control('stranger')
        .updateOauth2CredentialProvider({ name: agent.providerName, ...custom(secret, server) });
    const elsewhere = world.issuer.discoveryUrl;

    await expect(strangers(external(unrelated))).rejects.toMatchObject(DENIED);
    await expect(strangers(external(arn), elsewhere)).rejects.toMatchObject(DENIED);
    await expect(strangers({}, elsewhere)).rejects.toMatchObject(DENIED);
    await expect(strangers({ clientSecret: 'theirs' }, elsewhere)).rejects.toMatchObject(DENIED);
    expect(await strangers(external(arn))).toMatchObject({ clientSecretArn: { secretArn: arn } });
    expect(await machineToken(agent)).toEqual(expect.any(String));
  });
});

describe('an API key', () => {
  it('is read for the agent, and Get returns where it is stored', async () => {
    const { name, arn } = await putSecret({ [JSON_KEY]: 'the-external-key' });
    const created = await createKey(name);
    expect(created).toMatchObject({
      apiKeySecretSource: 'EXTERNAL',
      apiKeySecretArn: { secretArn: arn },
      apiKeySecretJsonKey: JSON_KEY,
    });
    expect(await apiKey(created.name)).toBe('the-external-key');
    const described = await world.control().getApiKeyCredentialProvider({ name: created.name });
    expect(JSON.stringify(described)).not.toContain('the-external-key');
  });

  it('can move from the vault to Secrets Manager and back', async () => {
    const name = newName();
    const { arn } = await putSecret({ [JSON_KEY]: 'outside' });
    const control = world.control();
    await control.createApiKeyCredentialProvider({ name, apiKey: 'inside' });
    expect(await apiKey(name)).toBe('inside');
    await control.updateApiKeyCredentialProvider({
      name,
      apiKeySecretSource: 'EXTERNAL',
      apiKeySecretConfig: { secretId: arn, jsonKey: JSON_KEY },
    });
    expect(await apiKey(name)).toBe('outside');
    const back = await control.updateApiKeyCredentialProvider({ name, apiKey: 'inside again' });
    expect(back).toMatchObject({ apiKeySecretSource: 'MANAGED' });
    expect(await apiKey(name)).toBe('inside again');
  });

  it('applies within 5 minutes after a change, without a read for each request', async () => {
    const { arn } = await putSecret({ [JSON_KEY]: 'before' });
    const { name } = await createKey(arn);
    expect(await apiKey(name)).toBe('before');
    await changeSecret(arn, { [JSON_KEY]: 'after' });
    expect(await apiKey(name)).toBe('before');
    moveClock(5 * MINUTES);
    expect(await apiKey(name)).toBe('after');
  });

  it.each<[string, string | object]>([
    ['not JSON', 'plain-text-secret'],
    ['a list', ['plain-text-secret']],
    ['without the key', { other: 'plain-text-secret' }],
    ['without text under the key', { [JSON_KEY]: { nested: 'plain-text-secret' } }],
    ['empty under the key', { [JSON_KEY]: '', other: 'plain-text-secret' }],
  ])('is rejected without revealing the secret, if the secret is %s', async (_, text) => {
    const { arn } = await putSecret(text);
    const { name } = await createKey(arn);
    const refused = apiKey(name);
    await expect(refused).rejects.toMatchObject(INVALID);
    await expect(refused).rejects.not.toThrow(/plain-text-secret/);
    expect(JSON.stringify(await world.audit())).not.toContain('plain-text-secret');
  });

  it('cannot be a member that every JavaScript object has', async () => {
    const { arn } = await putSecret({ [JSON_KEY]: 'a' });
    const { name } = await createKey(arn, 'constructor');
    await expect(apiKey(name)).rejects.toMatchObject(INVALID);
  });
});

describe('a secret of another owner', () => {
  const OTHER = 'arn:aws:iam::000000000000:role/other';

  const kinds: Record<string, (secretId: string) => Promise<unknown>> = {
    'a client secret': (secretId) => agentWith(external(secretId)),
    'an API key': (secretId) => createKey(secretId),
  };

  describe.each(Object.entries(kinds))('as %s', (_, create) => {
    it('is rejected with the same message as a secret that does not exist', async () => {
      const { name, arn } = await putSecret({ [JSON_KEY]: 'of someone else' }, OTHER);
      const untagged = await putSecret({ [JSON_KEY]: 'of no one' }, null);
      const tagged = await putSecret({ [JSON_KEY]: 'ours' });
      const ids = [
        'no-such-secret',
        name,
        arn,
        untagged.name,
        untagged.arn,
        tagged.arn.replace('000000000000', '111111111111'),
        tagged.arn.replace('us-east-1', 'eu-west-1'),
        tagged.arn.replace('arn:aws:', 'arn:aws-cn:'),
        tagged.arn.replace('secretsmanager', 'ssm'),
      ];
      const messages = await Promise.all(
        ids.map((id) =>
          create(id).then(
            () => `${id} was accepted`,
            (error: Error) => `${error.name}: ${error.message}`,
          ),
        ),
      );
      const [missing = ''] = messages;
      expect(new Set(messages)).toEqual(new Set([missing]));
      expect(missing).toMatch(/^ValidationException: .*secretId/);
      expect(missing).toContain(`agent-identity:owner = ${AGENT}`);
    });
  });

  it('is not read after its owner tag is removed or names another principal', async () => {
    const { arn } = await putSecret({ [JSON_KEY]: 'the-key' });
    const { name } = await createKey(arn);
    expect(await apiKey(name)).toBe('the-key');
    moveClock(5 * MINUTES);
    await untagSecret(arn);
    await expect(apiKey(name)).rejects.toMatchObject(DENIED);
    await tagSecret(arn, OTHER);
    await expect(apiKey(name)).rejects.toMatchObject(DENIED);
    await tagSecret(arn, AGENT);
    expect(await apiKey(name)).toBe('the-key');
    const entries = await world.audit();
    expect(entries).toContainEqual(
      expect.objectContaining({
        operation: 'GetResourceApiKey',
        outcome: 'denied',
        reason: expect.stringContaining('its owner tag names another principal') as string,
      }),
    );
  });
});

it.each<[string, Partial<CustomOauth2ProviderConfigInput>, RegExp]>([
  ['EXTERNAL without a reference', { clientSecretSource: 'EXTERNAL' }, /clientSecretConfig: is required/],
  [
    'MANAGED with a reference',
    { ...external('x'), clientSecretSource: 'MANAGED' },
    /clientSecretConfig: must be omitted/,
  ],
  [
    'a reference without a source',
    { clientSecretConfig: { secretId: 'x', jsonKey: 'y' } },
    /clientSecretConfig: must be/,
  ],
  ['a reference and a secret', { ...external('x'), clientSecret: 'given' }, /clientSecret: must be omitted/],
  ['MANAGED without a secret', { clientSecretSource: 'MANAGED' }, /clientSecret: is required/],
])('rejects %s, and names the member', async (_, secret, message) => {
  const refused = agentWith(secret);
  await expect(refused).rejects.toMatchObject(INVALID);
  await expect(refused).rejects.toThrow(message);
});
