/**
 * A consent portal names the resources of other owners, and keeps to those that it was configured with: a resource that is
 * deleted and created again under its name does not appear in the portal, although its policy allows the portal's owner.
 */
import {
  CreateOauth2CredentialProviderCommand,
  CreateWorkloadIdentityCommand,
  DeleteOauth2CredentialProviderCommand,
  DeleteResourcePolicyCommand,
  DeleteWorkloadIdentityCommand,
  PutResourcePolicyCommand,
} from '@aws-sdk/client-bedrock-agentcore-control';
import { startPortalWorld, TestPortal } from './support/portal';
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
      ];
  const policy = JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal, Action, Resource: resourceArn }],
  });
  await asStranger().send(new PutResourcePolicyCommand({ resourceArn, policy }));
}

async function recreateIdentity(name: string): Promise<void> {
  await asStranger().send(new DeleteWorkloadIdentityCommand({ name }));
  await asStranger().send(new CreateWorkloadIdentityCommand({ name, allowedResourceOauth2ReturnUrls: [] }));
  await allow(identityArn(name));
}

async function createProvider(name: string): Promise<void> {
  const { discoveryUrl, clientId, clientSecret } = identityProvider;
  await asStranger().send(
    new CreateOauth2CredentialProviderCommand({
      name,
      credentialProviderVendor: 'CustomOauth2',
      oauth2ProviderConfigInput: {
        customOauth2ProviderConfig: { clientId, clientSecret, oauthDiscovery: { discoveryUrl } },
      },
    }),
  );
  await allow(providerArn(name));
}

async function recreateProvider(name: string): Promise<void> {
  await asStranger().send(new DeleteOauth2CredentialProviderCommand({ name }));
  await createProvider(name);
}

/** Updates the portal as its owner, and waits for the verification. */
async function update(portal: TestPortal, change: object) {
  const { status } = await world.post('UpdateConsentPortal', {
    consentPortalIdentifier: portal.id,
    ...change,
  });
  expect(status).toBe(202);
  await portal.verify((await portal.read())?.configurationRevision);
  const { status: verified, statusReason } = (await portal.read()) ?? {};
  return [verified, statusReason];
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
  const connections = [
    { workloadName: own.name, credentialProviderName: foreign.providerName, scopes: ['openid'] },
  ];
  expect(await update(portal, { sources, connections })).toEqual(['ACTIVE', undefined]);
  return { portal, own, foreign, sources, connections };
}

async function shown(portal: TestPortal): Promise<string[]> {
  const view = await portal.view(await portal.signIn('ana'));
  return 'agents' in view ? view.agents.map(({ name }) => name) : [];
}

it("leaves out another owner's agent that was created again, until the portal is without it and then given it", async () => {
  const { portal, own, foreign, sources } = await sharedPortal();
  expect(await shown(portal)).toEqual([own.name, foreign.name]);
  await recreateIdentity(foreign.name);
  expect(await shown(portal)).toEqual([own.name]);
  await expect(
    foreign.ask(await foreign.token({ userId: 'ana' }), { resourceOauth2ReturnUrl: portal.returnUrl }),
  ).rejects.toMatchObject({ name: 'ValidationException' });
  // A stack states all that its template has.
  for (const change of [{ connections: [] }, { sources }]) {
    expect(await update(portal, change)).toEqual([
      'ACTIVE',
      expect.stringContaining('To accept it, remove it from sources in one update, and add it in the next.'),
    ]);
    expect(await shown(portal)).toEqual([own.name]);
  }
  expect(await update(portal, { sources: sourcesOf(own) })).toEqual(['ACTIVE', undefined]);
  expect(await update(portal, { sources })).toEqual(['ACTIVE', undefined]);
  expect(await shown(portal)).toEqual([own.name, foreign.name]);
});

it("does not offer another owner's provider that was created again, until the portal is without it and then given it", async () => {
  const { portal, own, foreign, connections } = await sharedPortal();
  const session = await portal.signIn('ana');
  const [row] = await portal.rows(session, own);
  expect(row).toMatchObject({ canConnect: true });
  await recreateProvider(foreign.providerName);
  expect(await portal.rows(session, own)).toEqual([]);
  expect(await portal.connect(session, row?.key ?? '')).toMatchObject({ refused: 'no-such-connection' });
  expect(await update(portal, { connections })).toEqual([
    'ACTIVE',
    expect.stringContaining('To accept it, remove it from connections in one update'),
  ]);
  expect(await portal.rows(session, own)).toEqual([]);
  expect(await update(portal, { connections: [] })).toEqual(['ACTIVE', undefined]);
  expect(await update(portal, { connections })).toEqual(['ACTIVE', undefined]);
  expect(await portal.rows(session, own)).toMatchObject([{ canConnect: true }]);
  await asStranger().send(
    new DeleteResourcePolicyCommand({ resourceArn: providerArn(foreign.providerName) }),
  );
  const [denied] = await portal.rows(session, own);
  expect(await portal.connect(session, denied?.key ?? '')).toMatchObject({ refused: 'not-allowed' });
});

it("has no pages with another owner's sign-in provider that was created again, until the portal is without it and then given it", async () => {
  const { portal } = await sharedPortal();
  const [name, other] = ['shared-sign-in', 'other-sign-in'];
  await createProvider(name);
  await createProvider(other);
  const idpConfig = { credentialProviderArn: providerArn(name), scopes: ['openid'] };
  expect(await update(portal, { idpConfig })).toEqual(['ACTIVE', undefined]);
  expect(await portal.signInUrl()).toContain(identityProvider.issuer);
  await recreateProvider(name);
  const signIn = { portalId: portal.id, secret: 'x'.repeat(43) };
  expect(await portal.request({ signIn })).toMatchObject({ refused: 'portal-unavailable' });
  // The command repeats the provider when another option of the sign-in changes.
  for (const change of [
    { connections: [] },
    { idpConfig: { ...idpConfig, scopes: ['openid', 'email'] } },
    { idpConfig },
  ]) {
    expect(await update(portal, change)).toEqual([
      'UPDATE_FAILED',
      expect.stringContaining(
        'give the portal another sign-in provider in one update, and this one in the next',
      ),
    ]);
    expect(await portal.request({ signIn })).toMatchObject({ refused: 'portal-unavailable' });
  }
  const others = { idpConfig: { ...idpConfig, credentialProviderArn: providerArn(other) } };
  expect(await update(portal, others)).toEqual(['ACTIVE', undefined]);
  expect(await update(portal, { idpConfig })).toEqual(['ACTIVE', undefined]);
});

it("keeps an agent of the portal's owner that was created again", async () => {
  const [own, other] = [await world.agent(), await world.agent()];
  const portal = await TestPortal.create(world, { agents: [own, other], identityProvider });
  identityProvider.allowRedirect(portal.callbackUrl);
  const control = world.control('agent');
  await control.send(new DeleteWorkloadIdentityCommand({ name: own.name }));
  await control.send(
    new CreateWorkloadIdentityCommand({ name: own.name, allowedResourceOauth2ReturnUrls: [] }),
  );
  expect(await update(portal, { connections: [] })).toEqual(['ACTIVE', undefined]);
  expect(await shown(portal)).toEqual([own.name, other.name]);
});
