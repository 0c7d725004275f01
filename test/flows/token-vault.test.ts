/** The token vault moves from one KMS key to another while agents continue to work, and users need not consent again. */
import { type KmsConfiguration } from '@aws-sdk/client-bedrock-agentcore-control';
import { KMS } from '@aws-sdk/client-kms';
import { moveClock } from './support/clock';
import { customProvider } from './support/custom-provider';
import { failKms } from './support/interference';
import { deleteKmsKey } from './support/kms-keys';
import { World } from './support/world';

/** The operator's own client for the embedded KMS, configured as in the functions. */
let kms: KMS;
const world = World.ofFile();
beforeAll(() => {
  kms = new KMS({});
});
afterAll(() => {
  kms.destroy();
});

async function newKmsKey(): Promise<string> {
  const { KeyMetadata } = await kms.createKey({});
  return KeyMetadata?.Arn ?? '';
}

const get = (tokenVaultId?: string) => world.control('operator').getTokenVault({ tokenVaultId });
const set = (kmsConfiguration: KmsConfiguration, tokenVaultId?: string) =>
  world.control('operator').setTokenVaultCMK({ kmsConfiguration, tokenVaultId });
const customer = (kmsKeyArn: string): KmsConfiguration => ({ keyType: 'CustomerManagedKey', kmsKeyArn });

/** Longer than functions cache an unwrapped key. */
const forgetKeys = () => {
  moveClock(301);
};

const USERS = ['ana', 'ben', 'cleo'];

/** An agent with everything that the vault can contain: a grant for each user, the agent's own token, and an API key. */
async function equippedAgent() {
  const agent = await world.agent();
  const apiKeys = `${agent.providerName}-keys`;
  await world.control().createApiKeyCredentialProvider({ name: apiKeys, apiKey: 'the-api-key' });
  const held = async () => {
    const own = await agent.token();
    const { apiKey } = await agent.client.getResourceApiKey({
      workloadIdentityToken: own,
      resourceCredentialProviderName: apiKeys,
    });
    const tokens: unknown[] = [];
    for (const userId of USERS) tokens.push((await agent.ask(await agent.token({ userId }))).accessToken);
    // This token is so short-lived that it changes; the client secret for it is in the vault.
    const { accessToken } = await agent.ask(own, { oauth2Flow: 'M2M', scopes: ['a'] });
    return { apiKey, tokens, own: typeof accessToken };
  };
  for (const user of USERS) await agent.connect(user);
  return { agent, held };
}

it("uses the deployment's key before a move", async () => {
  const vault = await get();
  expect(vault).toMatchObject({
    tokenVaultId: 'default',
    kmsConfiguration: { keyType: 'ServiceManagedKey' },
    lastModifiedDate: new Date(0),
  });
  expect(await get('default')).toMatchObject({ kmsConfiguration: vault.kmsConfiguration });
});

it('moves during reads, and returns the same credentials after the earlier keys are deleted', async () => {
  const { agent, held } = await equippedAgent();
  const before = await held();
  expect(before.tokens.map((token) => typeof token)).toEqual(USERS.map(() => 'string'));
  forgetKeys();
  // A consent in progress during the move.
  const dora = await agent.token({ userId: 'dora' });
  const session = await agent.ask(dora);

  const [first, second] = [await newKmsKey(), await newKmsKey()];
  for (const next of [first, second]) {
    let moving = true;
    const move = set(customer(next)).finally(() => {
      moving = false;
    });
    for (let reads = 0; reads < 20 && (moving || reads === 0); reads += 1) {
      expect(await held()).toEqual(before);
    }
    expect(await move).toMatchObject({ tokenVaultId: 'default', kmsConfiguration: customer(next) });
  }

  await kms.disableKey({ KeyId: first });
  await agent.complete(await agent.consent(session.authorizationUrl, 'dora'), { userId: 'dora' });
  forgetKeys();
  expect(await held()).toEqual(before);
  expect((await agent.ask(await agent.token({ userId: 'dora' }))).accessToken).toBeDefined();

  const back = await set({ keyType: 'ServiceManagedKey' });
  expect(back.kmsConfiguration).toEqual({ keyType: 'ServiceManagedKey' });
  expect(back.lastModifiedDate?.getTime()).toBeGreaterThan(0);
  expect(await get()).toMatchObject({ lastModifiedDate: back.lastModifiedDate });
  await kms.disableKey({ KeyId: second });
  forgetKeys();
  expect(await held()).toEqual(before);
});

it('creates new vault keys under the new key after a move', async () => {
  const key = await newKmsKey();
  await set(customer(key));
  const { held } = await equippedAgent();
  const before = await held();
  await kms.disableKey({ KeyId: key });
  forgetKeys();
  await expect(held()).rejects.toMatchObject({ name: 'InternalServerException' });
  // With a changed clock, the AWS SDK client mistakes any error for clock skew, and retries.
  jest.useRealTimers();
  await expect(set({ keyType: 'ServiceManagedKey' })).rejects.toThrow(`${key} is disabled`);
  expect(await get()).toMatchObject({ kmsConfiguration: customer(key) });
  expect((await world.audit()).map(({ reason }) => reason)).toContain(
    `AWS KMS does not decrypt with ${key}: DisabledException`,
  );
  await kms.enableKey({ KeyId: key });
  await set({ keyType: 'ServiceManagedKey' });
  await kms.disableKey({ KeyId: key });
  forgetKeys();
  expect(await held()).toEqual(before);
});

it('is usable again after a move from a lost KMS key that KMS does not show: secrets are set again, and users consent again', async () => {
  const lost = await newKmsKey();
  await set(customer(lost));
  const { agent, held } = await equippedAgent();
  const before = await held();
  await deleteKmsKey(kms, lost);
  // Nothing brings back what the lost key encrypted. The token vault uses the deployment's key from now on.
  await expect(set({ keyType: 'ServiceManagedKey' })).rejects.toThrow('ResetTokenVaultKeyMaterial');
  expect(await get()).toMatchObject({ kmsConfiguration: customer(lost) });
  failKms('AccessDeniedException', lost);
  await expect(set({ keyType: 'ServiceManagedKey' })).rejects.toThrow(`remain under ${lost}`);
  jest.restoreAllMocks();
  expect(await get()).toMatchObject({ kmsConfiguration: { keyType: 'ServiceManagedKey' } });
  moveClock(8 * 24 * 3600);
  await expect(held()).rejects.toMatchObject({
    name: 'ValidationException',
    message: expect.stringContaining('set it again with UpdateApiKeyCredentialProvider') as string,
  });

  const { clientId, clientSecret, discoveryUrl } = world.provider;
  const control = world.control();
  await control.updateOauth2CredentialProvider({
    name: agent.providerName,
    ...customProvider(discoveryUrl, { clientId, clientSecret }),
  });
  const apiKeys = `${agent.providerName}-keys`;
  await control.updateApiKeyCredentialProvider({ name: apiKeys, apiKey: String(before.apiKey) });
  // A user whose agent asks with forceAuthentication does not depend on the operator.
  const [first = ''] = USERS;
  const forced = await agent.ask(await agent.token({ userId: first }), { forceAuthentication: true });
  await agent.complete(await agent.consent(forced.authorizationUrl, first), { userId: first });
  // Functions continue without the lost key, but each use is reported, for the alarm `key-failures`.
  const reports = (await world.logLines()).filter((line) => line.includes('"message":"unexpected"'));
  expect(reports.filter((line) => line.includes('"errorName":"NotFoundException"'))).not.toEqual([]);
  // The lost tokens cannot be sent to their provider, so nothing waits for the key.
  expect(await world.operate('RevokeGrants', { workloadName: agent.name })).toMatchObject({ status: 200 });
  for (const user of USERS) await agent.connect(user);
  const { apiKey, tokens } = await held();
  expect(apiKey).toBe(before.apiKey);
  expect(tokens.map((token) => typeof token)).toEqual(USERS.map(() => 'string'));
  expect(tokens).not.toEqual(before.tokens);
});

describe('rejects', () => {
  const unheardOf = 'arn:aws:kms:us-east-1:000000000000:key/00000000-0000-4000-8000-000000000000';

  it.each<[string, KmsConfiguration]>([
    ['a key that does not exist', customer(unheardOf)],
    ['CustomerManagedKey without a key', { keyType: 'CustomerManagedKey' }],
    ['ServiceManagedKey with a key', { keyType: 'ServiceManagedKey', kmsKeyArn: unheardOf }],
    ['an alias', customer('arn:aws:kms:us-east-1:000000000000:alias/mine')],
    ['another kind of key', { keyType: 'OwnKey' as never }],
  ])('%s, and changes nothing', async (_what, configuration) => {
    const before = await get();
    await expect(set(configuration)).rejects.toMatchObject({ name: 'ValidationException' });
    expect(await get()).toMatchObject({
      kmsConfiguration: before.kmsConfiguration,
      lastModifiedDate: before.lastModifiedDate,
    });
  });

  it('an unknown vault', async () => {
    const missing = { name: 'ResourceNotFoundException', $metadata: { httpStatusCode: 404 } };
    await expect(get('other')).rejects.toMatchObject(missing);
    await expect(set({ keyType: 'ServiceManagedKey' }, 'other')).rejects.toMatchObject(missing);
    await expect(get('not/a/name')).rejects.toMatchObject({ name: 'ValidationException' });
  });
});

it('records moves and denied attempts in the audit log, with principal and key', async () => {
  const principal = world.local.principals.operator.arn;
  const entries = (await world.audit()).filter(
    (entry) => entry.operation === 'SetTokenVaultCMK' && entry.principal === principal,
  );
  const allowed = entries.filter(({ outcome }) => outcome === 'allowed').map(({ result }) => result);
  const denied = entries.filter(({ outcome }) => outcome === 'denied').map(({ reason }) => reason);
  expect(allowed.join()).toMatch(/to arn:aws:kms:/);
  expect(denied.join()).toMatch(/does not exist here/);
});
