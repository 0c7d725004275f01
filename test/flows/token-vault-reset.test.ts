/** The token vault is usable again after its customer managed KMS key was deleted, without what the key encrypted. */
import { GetResourceApiKeyCommand } from '@aws-sdk/client-bedrock-agentcore';
import { KMS } from '@aws-sdk/client-kms';
import { deleteKmsKey, disable, newKmsKey, scheduleDeletion } from './support/kms-keys';
import { moveClock } from './support/clock';
import { failKms } from './support/interference';
import { World, type Ask, type PrincipalName, type TestAgent } from './support/world';

const INVALID = { name: 'ValidationException', $metadata: { httpStatusCode: 400 } };
const REFUSED = { status: 400, __type: 'ValidationException' };
const M2M: Ask = { oauth2Flow: 'M2M', scopes: ['a'] };
const SERVICE_KEY = { keyType: 'ServiceManagedKey' } as const;

let kms: KMS;
const world = World.ofFile({
  ttl: { AccessToken: 30 * 24 * 3600, ClientCredentials: 30 * 24 * 3600 },
  issueRefreshToken: () => Promise.resolve(true),
});
beforeAll(() => {
  kms = new KMS({});
});
afterAll(() => {
  kms.destroy();
});

const operator = () => world.control('operator');
const get = () => operator().getTokenVault({});
/** The AWS SDK for JavaScript does not have the operation yet; boto3 calls it in test/clients. */
async function reset(tokenVaultId = 'default', principal: PrincipalName = 'operator') {
  const { status, body } = await world.post('reset-token-vault-key-material', { tokenVaultId }, principal);
  return { status, ...(JSON.parse(body) as object) };
}

async function moveTo(kmsKeyArn: string): Promise<void> {
  const kmsConfiguration = { keyType: 'CustomerManagedKey', kmsKeyArn } as const;
  await operator().setTokenVaultCMK({ kmsConfiguration });
}

/** Moves the token vault to a new key. @returns the ARN of the key */
async function moveToNewKey(): Promise<string> {
  const kmsKeyArn = await newKmsKey(kms);
  await moveTo(kmsKeyArn);
  return kmsKeyArn;
}

const apiKeysOf = (agent: TestAgent) => `${agent.providerName}-keys`;

async function apiKeyOf(agent: TestAgent): Promise<string | undefined> {
  const workloadIdentityToken = await agent.token();
  const resourceCredentialProviderName = apiKeysOf(agent);
  const command = new GetResourceApiKeyCommand({ workloadIdentityToken, resourceCredentialProviderName });
  return (await agent.client.send(command)).apiKey;
}

/** An agent with everything that the vault can contain: a user's grant, the agent's own token, and an API key. */
async function equippedAgent(): Promise<TestAgent> {
  const agent = await world.agent();
  await world.control().createApiKeyCredentialProvider({ name: apiKeysOf(agent), apiKey: 'an-api-key' });
  await agent.connect('ana');
  await agent.ask(await agent.token(), M2M);
  return agent;
}

const setClientSecret = async ({ providerName: name }: TestAgent) => {
  const { clientId, clientSecret, discoveryUrl } = world.provider;
  const config = { clientId, clientSecret, oauthDiscovery: { discoveryUrl } };
  await world.control().updateOauth2CredentialProvider({
    name,
    credentialProviderVendor: 'CustomOauth2',
    oauth2ProviderConfigInput: { customOauth2ProviderConfig: config },
  });
};

const entriesOf = async (operation: string) =>
  (await world.audit()).filter((entry) => entry.operation === operation);

interface Listed {
  readonly grants: readonly object[];
}

const revoke = async (filter: object): Promise<{ readonly revocationId: string }> =>
  JSON.parse((await world.operate('RevokeGrants', filter)).body) as { revocationId: string };

it('is reset after its key is deleted: users consent again, and owners set their secrets again', async () => {
  const key = await moveToNewKey();
  const agent = await equippedAgent();
  const user = async () => agent.token({ userId: 'ana' });
  const before = (await agent.ask(await user())).accessToken;
  expect(before).toBeDefined();
  const own = (await agent.ask(await agent.token(), M2M)).accessToken;
  await deleteKmsKey(kms, key);
  await expect(agent.ask(await user())).rejects.toMatchObject({ name: 'InternalServerException' });

  expect(await reset()).toEqual({
    status: 200,
    tokenVaultId: 'default',
    kmsConfiguration: SERVICE_KEY,
    lastModifiedDate: expect.any(Number) as number,
  });
  expect(await get()).toMatchObject({ kmsConfiguration: SERVICE_KEY });

  // The user's grant is absent: the ordinary request returns a link, and a repetition returns the same one.
  const consent = await agent.ask(await user());
  expect(consent).toMatchObject({ sessionStatus: 'IN_PROGRESS' });
  expect(await agent.ask(await user())).toMatchObject({ authorizationUrl: consent.authorizationUrl });
  const asked = (await entriesOf('GetResourceOauth2Token')).filter(
    ({ result }) => result === 'consent-required',
  );
  expect(asked.map(({ reason }) => reason)).toContain('the token vault was reset');

  // The secrets are lost too, and each response names the operation with which the owner sets them again.
  await expect(apiKeyOf(agent)).rejects.toMatchObject({
    ...INVALID,
    message: expect.stringContaining('set it again with UpdateApiKeyCredentialProvider') as string,
  });
  await expect(agent.ask(await agent.token(), M2M)).rejects.toMatchObject({
    ...INVALID,
    message: expect.stringContaining('set it again with UpdateOauth2CredentialProvider') as string,
  });
  const update = { name: apiKeysOf(agent), apiKey: 'another-api-key' };
  await world.control().updateApiKeyCredentialProvider(update);
  await setClientSecret(agent);
  expect(await apiKeyOf(agent)).toBe('another-api-key');
  const { accessToken } = await agent.ask(await agent.token(), M2M);
  expect(accessToken).toBeDefined();
  expect(accessToken).not.toBe(own);
  const again = await agent.connect('ana');
  expect(again).not.toBe('');
  expect(again).not.toBe(before);
  expect((await agent.ask(await user())).accessToken).toBe(again);

  const [given] = (await entriesOf('ResetTokenVaultKeyMaterial')).filter(
    ({ outcome }) => outcome === 'allowed',
  );
  expect(given).toMatchObject({ principal: world.local.principals.operator.arn, result: `from ${key}` });
  // Later moves leave the given up vault keys behind, and a second reset has nothing to do.
  expect(await reset()).toMatchObject({
    ...REFUSED,
    message: expect.stringContaining('has no customer managed key') as string,
  });
  const next = await moveToNewKey();
  await operator().setTokenVaultCMK({ kmsConfiguration: SERVICE_KEY });
  await disable(kms, next);
  expect((await agent.ask(await user())).accessToken).toBe(again);
});

it('cannot have tokens revoked that were given up: RevokeGrants drops the grants, and says so', async () => {
  const key = await moveToNewKey();
  const agent = await equippedAgent();
  await deleteKmsKey(kms, key);
  expect(await reset()).toMatchObject({ status: 200 });
  const listed = async (): Promise<unknown> =>
    (JSON.parse((await world.operate('ListGrants', { workloadName: agent.name })).body) as Listed).grants;
  expect(await listed()).toHaveLength(2);
  const { revocationId, ...begun } = await revoke({ workloadName: agent.name });
  expect(begun).toMatchObject({ matched: 2 });
  expect(await listed()).toEqual([]);
  const { body } = await world.operate('GetRevocation', { revocationId });
  expect(JSON.parse(body)).toMatchObject({
    status: 'DONE',
    counts: { revoked: 2, confirmed: 0, notProvable: 2 },
    grants: Array(2).fill({ state: 'NOT_PROVABLE', lastError: 'tokens_unreadable' }) as object[],
  });
});

it('returns nothing that was given up, even if the key returns and is the one of the token vault again', async () => {
  const key = await moveToNewKey();
  const agent = await equippedAgent();
  // A replica of a multi-Region key does not exist while it is deleted, and has its ARN again when it is created again.
  failKms('NotFoundException', key);
  expect(await reset()).toMatchObject({ status: 200 });
  jest.restoreAllMocks();
  // Later than what the functions cached at the times of the tests before.
  moveClock(8 * 24 * 3600);
  const expectGivenUp = async () => {
    const consent = await agent.ask(await agent.token({ userId: 'ana' }));
    expect(consent).toMatchObject({ sessionStatus: 'IN_PROGRESS' });
    expect(consent).not.toHaveProperty('accessToken');
    await expect(apiKeyOf(agent)).rejects.toMatchObject(INVALID);
    await expect(agent.ask(await agent.token(), M2M)).rejects.toMatchObject(INVALID);
  };
  await expectGivenUp();
  await moveTo(key);
  await expectGivenUp();
  await setClientSecret(agent);
  const again = await agent.connect('ana');
  await moveToNewKey();
  await disable(kms, key);
  moveClock(6 * 60);
  expect((await agent.ask(await agent.token({ userId: 'ana' }))).accessToken).toBe(again);
});

it('is reset after a move that left vault keys under a former key, which was deleted later', async () => {
  const former = await moveToNewKey();
  const agent = await equippedAgent();
  const present = await newKmsKey(kms);
  // An earlier version also moved away from a key that was pending deletion, and left the vault keys behind.
  failKms('AccessDeniedException', former);
  await expect(moveTo(present)).rejects.toThrow(`remain under ${former}`);
  jest.restoreAllMocks();
  expect(await reset()).toMatchObject({
    ...REFUSED,
    message: expect.stringContaining(`${former} exists and is enabled, and vault keys remain`) as string,
  });
  await deleteKmsKey(kms, former);
  const user = () => agent.token({ userId: 'ana' });
  await expect(agent.ask(await user())).rejects.toMatchObject({ name: 'InternalServerException' });
  // The audit log names the key and the remedy.
  expect((await entriesOf('GetResourceOauth2Token')).at(-1)?.reason).toBe(
    `${former} is deleted, and the token vault has moved to another key. ResetTokenVaultKeyMaterial gives up what it encrypted.`,
  );
  const kmsConfiguration = { keyType: 'CustomerManagedKey', kmsKeyArn: present };
  expect(await reset()).toMatchObject({ status: 200, kmsConfiguration });
  moveClock(8 * 24 * 3600);
  expect(await agent.ask(await user())).toMatchObject({ sessionStatus: 'IN_PROGRESS' });
  const message = expect.stringContaining(`${present} exists and is enabled`) as string;
  expect(await reset()).toMatchObject({ ...REFUSED, message });
});

describe('rejects a reset, and loses nothing,', () => {
  let key: string;
  let agent: TestAgent;
  let connected: string;
  let before: object;
  beforeAll(async () => {
    key = await moveToNewKey();
    agent = await world.agent();
    connected = await agent.connect('ben');
    const { kmsConfiguration, lastModifiedDate } = await get();
    before = { kmsConfiguration, lastModifiedDate };
  });
  afterEach(async () => {
    jest.restoreAllMocks();
    expect(await get()).toMatchObject(before);
    expect((await agent.ask(await agent.token({ userId: 'ben' }))).accessToken).toBe(connected);
  });

  it('if the key is enabled', async () => {
    const message = expect.stringMatching(`^${key} exists and is enabled.*SetTokenVaultCMK`) as string;
    expect(await reset()).toMatchObject({ ...REFUSED, message });
  });

  it('if the key is disabled', async () => {
    await disable(kms, key);
    const message = expect.stringMatching('is disabled, and not deleted. Enable it') as string;
    expect(await reset()).toMatchObject({ ...REFUSED, message });
    await (
      await scheduleDeletion(kms, key)
    )();
  });

  it('if the deletion of the key is scheduled', async () => {
    const cancel = await scheduleDeletion(kms, key);
    const message = expect.stringMatching('not deleted. Cancel its scheduled deletion') as string;
    expect(await reset()).toMatchObject({ ...REFUSED, message });
    await cancel();
  });

  it.each([
    ['AccessDeniedException', 'AccessDeniedException', 403],
    ['ThrottlingException', 'ThrottlingException', 429],
    ['KMSInternalException', 'InternalServerException', 500],
    ['DependencyTimeoutException', 'InternalServerException', 500],
  ])('if KMS answers with %s', async (error, __type, status) => {
    failKms(error);
    expect(await reset()).toMatchObject({ status, __type });
  });

  it("if the deployment's own key cannot be used", async () => {
    failKms('NotFoundException');
    const message = expect.stringMatching(/key\/\S+ does not exist here\.$/) as string;
    expect(await reset()).toMatchObject({ ...REFUSED, message });
  });

  it('of an unknown token vault, and of another account', async () => {
    expect(await reset('other')).toMatchObject({ status: 404, __type: 'ResourceNotFoundException' });
    expect(await reset('default', 'partner')).toMatchObject({ status: 403 });
  });
});
