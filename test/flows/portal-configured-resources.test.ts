/**
 * A consent portal names the resources of other owners, and keeps to those that it was configured with: a resource that is
 * deleted and created again under its name does not appear in the portal, although its policy allows the portal's owner.
 */
import { createConsentPortalStore } from '../../lambda/adapters/dynamodb/owned-resource-store';
import { customProvider } from './support/custom-provider';
import { startPortalWorld, tableOf, TestPortal } from './support/portal';
import type { TestProvider } from './support/provider';
import type { TestAgent, World } from './support/world';

const PREFIX = 'arn:aws:bedrock-agentcore:us-east-1:000000000000';
const identityArn = (name: string) =>
  `${PREFIX}:workload-identity-directory/default/workload-identity/${name}`;
const providerArn = (name: string) => `${PREFIX}:token-vault/default/oauth2credentialprovider/${name}`;

let identityProvider: TestProvider;
let world: World;
let stop: () => Promise<void>;
beforeAll(async () => {
  ({ identityProvider, world, stop } = await startPortalWorld());
});
afterAll(() => stop());

const asStranger = () => world.control('stranger');

/** Lets the portal's owner use the stranger's resource. */
async function allow(resourceArn: string): Promise<void> {
  const Principal = { AWS: 'arn:aws:iam::000000000000:role/agent' };
  const Action = resourceArn.includes('oauth2credentialprovider')
    ? 'bedrock-agentcore:GetResourceOauth2Token'
    : [
        'bedrock-agentcore:GetWorkloadAccessTokenForJWT',
        'bedrock-agentcore:GetResourceOauth2Token',
        'bedrock-agentcore:CompleteResourceTokenAuth',
        'bedrock-agentcore:ListResourceGrants',
        'bedrock-agentcore:RevokeResourceGrant',
      ];
  const policy = JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal, Action, Resource: resourceArn }],
  });
  await asStranger().putResourcePolicy({ resourceArn, policy });
}

async function recreateIdentity(name: string): Promise<void> {
  await asStranger().deleteWorkloadIdentity({ name });
  await asStranger().createWorkloadIdentity({ name, allowedResourceOauth2ReturnUrls: [] });
  await allow(identityArn(name));
}

async function createProvider(name: string): Promise<void> {
  const { discoveryUrl, clientId, clientSecret } = identityProvider;
  await asStranger().createOauth2CredentialProvider({
    name,
    ...customProvider(discoveryUrl, { clientId, clientSecret }),
  });
  await allow(providerArn(name));
}

async function recreateProvider(name: string): Promise<void> {
  await asStranger().deleteOauth2CredentialProvider({ name });
  await createProvider(name);
}

/** Denies the portal's owner what it is allowed. */
async function deny(resourceArn: string): Promise<void> {
  await asStranger().deleteResourcePolicy({ resourceArn });
}

const post = (portal: TestPortal, change: object) =>
  world.post('UpdateConsentPortal', { consentPortalIdentifier: portal.id, ...change });

/** Updates the portal as its owner, and waits for the verification. */
async function update(portal: TestPortal, change: object) {
  const { status } = await post(portal, change);
  expect(status).toBe(202);
  return verified(portal);
}

async function verified(portal: TestPortal) {
  await portal.verify((await portal.read())?.configurationRevision);
  const { status: verified, statusReason } = (await portal.read()) ?? {};
  return [verified, statusReason];
}

/** Updates the portal, and verifies it after another owner's act. */
async function overtaken(portal: TestPortal, change: object, act: () => Promise<unknown>) {
  expect(await update(portal, change)).toEqual(['ACTIVE', undefined]);
  await act();
  await portal.change({ status: 'UPDATING' });
  return verified(portal);
}

const sourcesOf = (...agents: TestAgent[]) =>
  agents.map(({ name: identifier }) => ({ type: 'workload-identity', identifier }));

/** A portal with an agent of its owner, to which it offers a stranger's provider, and with a stranger's agent. */
async function sharedPortal() {
  const [own, foreign] = [await world.agent(), await world.agent('stranger')];
  await allow(identityArn(foreign.name));
  await allow(providerArn(foreign.providerName));
  const portal = await TestPortal.create(world, { agents: [own], identityProvider });
  identityProvider.allowRedirect(portal.callbackUrl);
  const sources = sourcesOf(own, foreign);
  const connections = [own, foreign].map(({ name: workloadName }) => ({
    workloadName,
    credentialProviderName: foreign.providerName,
    scopes: ['openid'],
  }));
  expect(await update(portal, { sources, connections })).toEqual(['ACTIVE', undefined]);
  return { portal, own, foreign, sources, connections };
}

async function shown(portal: TestPortal): Promise<string[]> {
  const view = await portal.view(await portal.signIn('ana'));
  return 'agents' in view ? view.agents.map(({ name }) => name) : [];
}

/** Updates the portal, which leaves a resource out. Returns the IDs that the reason proposes. */
async function leftOut(portal: TestPortal, change: object, expected = 'ACTIVE'): Promise<string[]> {
  const [status, reason] = await update(portal, change);
  expect(status).toBe(expected);
  const ids = [...String(reason).matchAll(/of \S+ \(ID ([^)]+)\)/g)];
  expect(ids).not.toEqual([]);
  return ids.map(([, id = '']) => id);
}

it("leaves out another owner's agent that was created again, until an update accepts it", async () => {
  const { portal, own, foreign, sources, connections } = await sharedPortal();
  expect(await shown(portal)).toEqual([own.name, foreign.name]);
  await recreateIdentity(foreign.name);
  expect(await shown(portal)).toEqual([own.name]);
  await expect(
    foreign.ask(await foreign.token({ userId: 'ana' }), { resourceOauth2ReturnUrl: portal.returnUrl }),
  ).rejects.toMatchObject({ name: 'ValidationException' });
  // A deployment states all that its template has, and a rollback what the portal was without for a time.
  const without = { sources: sourcesOf(own), connections: connections.slice(0, 1) };
  await leftOut(portal, { sources });
  expect(await update(portal, without)).toEqual(['ACTIVE', undefined]);
  const [id] = await leftOut(portal, { sources, connections });
  expect(await shown(portal)).toEqual([own.name]);
  await leftOut(portal, { acceptedResourceIds: ['another-id'] });
  expect(await update(portal, { acceptedResourceIds: [id] })).toEqual(['ACTIVE', undefined]);
  expect(await world.audit()).toContainEqual(
    expect.objectContaining({
      operation: 'UpdateConsentPortal',
      accepted: [`${identityArn(foreign.name)} (${id})`],
    }),
  );
  expect(await shown(portal)).toEqual([own.name, foreign.name]);
  // An accepted ID is for one resource.
  await recreateIdentity(foreign.name);
  await leftOut(portal, { sources, acceptedResourceIds: [id] });
});

it("does not offer another owner's provider that was created again, until an update accepts it", async () => {
  const { portal, own, foreign, connections } = await sharedPortal();
  const session = await portal.signIn('ana');
  const [row] = await portal.rows(session, own);
  expect(row).toMatchObject({ canConnect: true });
  await recreateProvider(foreign.providerName);
  expect(await portal.rows(session, own)).toEqual([]);
  expect(await portal.connect(session, row?.key ?? '')).toMatchObject({ refused: 'no-such-connection' });
  await leftOut(portal, { connections });
  expect(await update(portal, { connections: [] })).toEqual(['ACTIVE', undefined]);
  // The provider is the same in each member that names it.
  const arn = providerArn(foreign.providerName);
  await leftOut(portal, { idpConfig: { credentialProviderArn: arn, scopes: ['openid'] } }, 'UPDATE_FAILED');
  const idpConfig = { credentialProviderArn: providerArn(portal.signInProvider), scopes: ['openid'] };
  const acceptedResourceIds = await leftOut(portal, { idpConfig, connections });
  expect(await portal.rows(session, own)).toEqual([]);
  expect(await update(portal, { acceptedResourceIds })).toEqual(['ACTIVE', undefined]);
  expect(await portal.rows(session, own)).toMatchObject([{ canConnect: true }]);
  await deny(arn);
  const [denied] = await portal.rows(session, own);
  expect(await portal.connect(session, denied?.key ?? '')).toMatchObject({ refused: 'not-allowed' });
});

it("offers nothing in the owner's words for a provider that was created again and a user connected elsewhere", async () => {
  const { portal, own, foreign, connections } = await sharedPortal();
  const [offer] = connections;
  expect(await update(portal, { connections: [{ ...offer, purpose: 'Plans your trips' }] })).toEqual([
    'ACTIVE',
    undefined,
  ]);
  const session = await portal.signIn('ana');
  await recreateProvider(foreign.providerName);
  const user = { userToken: String(identityProvider.exchanges.at(-1)?.answer.id_token) };
  const { callbackUrl } = await asStranger().getOauth2CredentialProvider({ name: foreign.providerName });
  identityProvider.allowRedirect(callbackUrl ?? '');
  const asked = await own.ask(await own.token(user), {
    resourceCredentialProviderName: foreign.providerName,
    scopes: ['openid'],
  });
  await own.complete(await own.consent(asked.authorizationUrl ?? ''), user);
  const [row] = await portal.rows(session, own);
  expect(row).toBeDefined();
  expect(row).toMatchObject({ canConnect: false, canDisconnect: true });
  expect(row).not.toHaveProperty('purpose');
});

it('names each resource that is left out', async () => {
  const { portal, foreign, sources } = await sharedPortal();
  await recreateIdentity(foreign.name);
  await recreateProvider(foreign.providerName);
  expect(await leftOut(portal, { sources })).toHaveLength(2);
});

it("has no pages with another owner's sign-in provider that was created again, until an update accepts it", async () => {
  const { portal } = await sharedPortal();
  const [name, other] = ['shared-sign-in', 'other-sign-in'];
  await createProvider(name);
  await createProvider(other);
  const idpConfig = { credentialProviderArn: providerArn(name), scopes: ['openid'] };
  expect(await update(portal, { idpConfig })).toEqual(['ACTIVE', undefined]);
  expect(await portal.signInUrl()).toContain(identityProvider.issuer);
  await recreateProvider(name);
  const signIn = { secret: 'x'.repeat(43) };
  expect(await portal.perform('signIn', signIn)).toMatchObject({ refused: 'portal-unavailable' });
  // The command repeats the provider when another option of the sign-in changes.
  await leftOut(portal, { connections: [] }, 'UPDATE_FAILED');
  await leftOut(portal, { idpConfig: { ...idpConfig, scopes: ['openid', 'email'] } }, 'UPDATE_FAILED');
  expect(await portal.perform('signIn', signIn)).toMatchObject({ refused: 'portal-unavailable' });
  const others = { idpConfig: { ...idpConfig, credentialProviderArn: providerArn(other) } };
  expect(await update(portal, others)).toEqual(['ACTIVE', undefined]);
  const acceptedResourceIds = await leftOut(portal, { idpConfig }, 'UPDATE_FAILED');
  expect(await update(portal, { acceptedResourceIds })).toEqual(['ACTIVE', undefined]);
});

it('leaves out the resources of other owners in a record that does not have their IDs', async () => {
  const { portal, own, foreign, sources } = await sharedPortal();
  const store = createConsentPortalStore(tableOf('Directory'));
  const record = await store.get(portal.name);
  if (!record) throw new Error('The portal has no record.');
  await store.replace({ ...record, resources: [], revision: record.revision + 1 });
  await leftOut(portal, { acceptedResourceIds: [] });
  expect(await shown(portal)).toEqual([own.name]);
  // The name stays known without an ID.
  await update(portal, { sources: sourcesOf(own), connections: [] });
  const acceptedResourceIds = await leftOut(portal, { sources });
  expect(await update(portal, { acceptedResourceIds })).toEqual(['ACTIVE', undefined]);
  expect(await shown(portal)).toEqual([own.name, foreign.name]);
});

it("keeps an agent of the portal's owner that was created again", async () => {
  const [own, other] = [await world.agent(), await world.agent()];
  const portal = await TestPortal.create(world, { agents: [own, other], identityProvider });
  identityProvider.allowRedirect(portal.callbackUrl);
  const control = world.control('agent');
  await control.deleteWorkloadIdentity({ name: own.name });
  await control.createWorkloadIdentity({ name: own.name, allowedResourceOauth2ReturnUrls: [] });
  expect(await update(portal, { connections: [] })).toEqual(['ACTIVE', undefined]);
  expect(await shown(portal)).toEqual([own.name, other.name]);
});

it('an update needs no permission of a left-out resource, and its acceptance does', async () => {
  const { portal, own, foreign, sources, connections } = await sharedPortal();
  await recreateIdentity(foreign.name);
  await recreateProvider(foreign.providerName);
  const acceptedResourceIds = await leftOut(portal, { sources, connections });
  await deny(identityArn(foreign.name));
  await deny(providerArn(foreign.providerName));
  expect(await leftOut(portal, { sources, connections })).toEqual(acceptedResourceIds);
  expect(await shown(portal)).toEqual([own.name]);
  expect((await post(portal, { acceptedResourceIds })).status).toBe(403);
  await allow(identityArn(foreign.name));
  expect((await post(portal, { acceptedResourceIds })).status).toBe(403);
});

it.each<[string, (name: string) => Promise<unknown>, RegExp]>([
  ['denies its use', (name) => deny(identityArn(name)), /^Left out: .* is not authorized to call/],
  ['deletes it', (name) => asStranger().deleteWorkloadIdentity({ name }), /^Left out: .* does not exist/],
  [
    'has it trust another issuer',
    (name) => {
      const discoveryUrl = 'https://other.example/.well-known/openid-configuration';
      const customJWTAuthorizer = { discoveryUrl, allowedAudience: ['other'] };
      const input = { name, authorizerConfiguration: { customJWTAuthorizer } };
      return world.post('UpdateWorkloadIdentity', input, 'stranger');
    },
    /^Left out: .* does not trust the issuer/,
  ],
])(
  "keeps the other agents' pages if the owner of an agent %s during the verification",
  async (_, act, reason) => {
    const { portal, own, foreign, sources } = await sharedPortal();
    const result = await overtaken(portal, { sources, connections: [] }, () => act(foreign.name));
    expect(result).toEqual(['ACTIVE', expect.stringMatching(reason)]);
    expect(await shown(portal)).toEqual([own.name]);
    expect(await update(portal, { sources: sourcesOf(own) })).toEqual(['ACTIVE', undefined]);
  },
);

it('the verification of an update fails if no agent can be used', async () => {
  const { portal, foreign } = await sharedPortal();
  const change = { sources: sourcesOf(foreign), connections: [] };
  expect(await overtaken(portal, change, () => deny(identityArn(foreign.name)))).toEqual([
    'UPDATE_FAILED',
    expect.stringContaining('is not authorized to call'),
  ]);
});

it.each<[string, (name: string) => Promise<unknown>, RegExp]>([
  ['deny their use', (name) => deny(identityArn(name)), /^Left out: .* is not authorized to call/],
  ['delete them', (name) => asStranger().deleteWorkloadIdentity({ name }), /^Left out: .* does not exist/],
])('can be updated after other owners of its agents %s', async (_, act, reason) => {
  const { portal, own, foreign, sources, connections } = await sharedPortal();
  await act(foreign.name);
  expect(await update(portal, { sources, connections })).toEqual(['ACTIVE', expect.stringMatching(reason)]);
  expect(await shown(portal)).toEqual([own.name]);
  expect(await update(portal, { description: 'changed' })).toEqual(['ACTIVE', expect.stringMatching(reason)]);
  const added = { sources: [...sources, { type: 'workload-identity', identifier: 'missing' }] };
  expect((await post(portal, added)).status).toBe(404);
});

it("can be updated after another owner deletes the provider of its agents' connections", async () => {
  const { portal, foreign, connections } = await sharedPortal();
  await asStranger().deleteOauth2CredentialProvider({ name: foreign.providerName });
  const reason = `Left out: The credential provider "${foreign.providerName}" does not exist.`;
  expect(await update(portal, { connections })).toEqual(['ACTIVE', reason]);
  const added = connections.map((connection) => ({ ...connection, credentialProviderName: 'missing' }));
  expect((await post(portal, { connections: added })).status).toBe(404);
});

it('returns to what it had, whatever other owners did in between', async () => {
  const { portal, own, foreign, sources, connections } = await sharedPortal();
  const had = { sources, connections };
  const changed = { connections: connections.map((each) => ({ ...each, purpose: 'Plans your trips' })) };
  const without = { sources: sourcesOf(own), connections: [] };
  const { name, providerName } = foreign;
  const acts: [object, () => Promise<unknown>, RegExp][] = [
    [changed, () => deny(providerArn(providerName)), /^Left out: .* is not authorized to use/],
    [without, () => deny(identityArn(name)), /^Left out: .* is not authorized to call/],
    [changed, () => asStranger().deleteOauth2CredentialProvider({ name: providerName }), /^Left out: /],
    [without, () => asStranger().deleteWorkloadIdentity({ name }), /^Left out: .* does not exist/],
  ];
  for (const [change, act, reason] of acts) {
    await update(portal, change);
    await act();
    expect(await update(portal, had)).toEqual(['ACTIVE', expect.stringMatching(reason)]);
  }
  expect(await shown(portal)).toEqual([own.name]);
});

it('does not return to a sign-in provider that denies its use, and keeps its pages', async () => {
  const { portal } = await sharedPortal();
  const name = 'denied-sign-in';
  await createProvider(name);
  const idpConfig = { credentialProviderArn: providerArn(name), scopes: ['openid'] };
  const before = (await portal.read())?.idpConfig;
  expect(await update(portal, { idpConfig })).toEqual(['ACTIVE', undefined]);
  expect(await update(portal, { idpConfig: before })).toEqual(['ACTIVE', undefined]);
  await deny(providerArn(name));
  expect((await post(portal, { idpConfig })).status).toBe(403);
  expect(await portal.signInUrl()).toContain(identityProvider.issuer);
});

it("adds no connection of an agent that cannot be used, which would show another owner's provider", async () => {
  const { portal, own, foreign, sources } = await sharedPortal();
  const secret = await world.agent('operator');
  const offer = (workloadName: string) => ({
    sources,
    connections: [{ workloadName, credentialProviderName: secret.providerName, scopes: ['openid'] }],
  });
  expect((await post(portal, offer(own.name))).status).toBe(403);
  await recreateIdentity(foreign.name);
  expect((await post(portal, offer(foreign.name))).status).toBe(403);
  await asStranger().deleteWorkloadIdentity({ name: foreign.name });
  expect((await post(portal, offer(foreign.name))).status).toBe(404);
  expect(await update(portal, { sources })).toEqual(['ACTIVE', expect.stringContaining('does not exist')]);
});

it("adds no connection of an agent that denies its use, which would show its owner's providers", async () => {
  const { portal, foreign, sources } = await sharedPortal();
  const { name: workloadName } = foreign;
  const { providerName: credentialProviderName } = await world.agent('stranger');
  const offer = { sources, connections: [{ workloadName, credentialProviderName, scopes: ['openid'] }] };
  await deny(identityArn(workloadName));
  expect((await post(portal, offer)).status).toBe(403);
  await recreateIdentity(workloadName);
  await deny(identityArn(workloadName));
  expect((await post(portal, offer)).status).toBe(403);
  expect(JSON.stringify(await portal.read())).not.toContain(credentialProviderName);
  await allow(identityArn(workloadName));
  expect((await post(portal, offer)).status).toBe(202);
});

it('accepts no provider while the agent of its connection is missing, because nothing checks its use', async () => {
  const { portal, foreign, connections } = await sharedPortal();
  await recreateProvider(foreign.providerName);
  const acceptedResourceIds = await leftOut(portal, { connections: connections.slice(1) });
  await asStranger().deleteWorkloadIdentity({ name: foreign.name });
  expect(await leftOut(portal, { acceptedResourceIds })).toEqual(acceptedResourceIds);
});

it('can be updated after its sign-in provider is deleted', async () => {
  const { portal, own } = await sharedPortal();
  await createProvider('deleted-sign-in');
  const idpConfig = { credentialProviderArn: providerArn('deleted-sign-in'), scopes: ['openid'] };
  expect(await update(portal, { idpConfig })).toEqual(['ACTIVE', undefined]);
  await asStranger().deleteOauth2CredentialProvider({ name: 'deleted-sign-in' });
  const change = { sources: sourcesOf(own), connections: [] };
  expect(await update(portal, change)).toEqual(['UPDATE_FAILED', expect.stringContaining('does not exist')]);
});

it('can be updated after its left-out sign-in provider gets no discovery URL', async () => {
  const { portal } = await sharedPortal();
  const name = 'without-discovery';
  await createProvider(name);
  const idpConfig = { credentialProviderArn: providerArn(name), scopes: ['openid'] };
  expect(await update(portal, { idpConfig })).toEqual(['ACTIVE', undefined]);
  await asStranger().deleteOauth2CredentialProvider({ name });
  await asStranger().createOauth2CredentialProvider({
    name,
    credentialProviderVendor: 'GithubOauth2',
    oauth2ProviderConfigInput: { githubOauth2ProviderConfig: { clientId: 'id', clientSecret: 'secret' } },
  });
  await leftOut(portal, { connections: [] }, 'UPDATE_FAILED');
});
