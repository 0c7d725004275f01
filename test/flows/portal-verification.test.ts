/** What the status reason of a portal says about the sign-in, also about a provider of another owner. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAuthority } from './support/certificates';
import { moveClock } from './support/clock';
import { arnOf, startPortalWorld, TestPortal } from './support/portal';
import { startProvider, type TestProvider } from './support/provider';
import { putSecret, untagSecret } from './support/secrets';
import type { PrincipalName, TestAgent, World } from './support/world';

let identityProvider: TestProvider;
let world: World;
let stop: () => Promise<void>;
beforeAll(async () => {
  ({ identityProvider, world, stop } = await startPortalWorld());
});
afterAll(() => stop());

/** Sets the agent's own issuer. */
async function trust({ name }: TestAgent, conditions: object): Promise<void> {
  const customJWTAuthorizer = { discoveryUrl: identityProvider.discoveryUrl, ...conditions };
  const authorizerConfiguration = { customJWTAuthorizer };
  const { status } = await world.post('UpdateWorkloadIdentity', { name, authorizerConfiguration });
  expect(status).toBe(200);
}

async function verified(portal: TestPortal) {
  await portal.verify((await portal.read())?.configurationRevision);
  const { status, statusReason } = (await portal.read()) ?? {};
  return { status, statusReason };
}

let providers = 0;

/** Creates a provider that the portal's owner can use. Returns its ARN. */
async function providerOf(owner: PrincipalName, discoveryUrl: string, custom: object = {}): Promise<string> {
  const oauthDiscovery = { discoveryUrl };
  const client = { clientId: 'client', clientSecret: 'secret-of-the-client', oauthDiscovery, ...custom };
  const { body } = await world.post(
    'CreateOauth2CredentialProvider',
    {
      name: `sign-in-of-${owner}-${(providers += 1)}`,
      credentialProviderVendor: 'CustomOauth2',
      oauth2ProviderConfigInput: { customOauth2ProviderConfig: client },
    },
    owner,
  );
  const { credentialProviderArn: resourceArn } = JSON.parse(body) as { credentialProviderArn: string };
  const Principal = { AWS: 'arn:aws:iam::000000000000:role/agent' };
  const Action = 'bedrock-agentcore:GetResourceOauth2Token';
  const Statement = [{ Effect: 'Allow', Principal, Action, Resource: resourceArn }];
  const policy = JSON.stringify({ Version: '2012-10-17', Statement });
  await world.control(owner).putResourcePolicy({ resourceArn, policy });
  return resourceArn;
}

/** Has a portal of this agent sign users in with the provider. Returns the result of the verification. */
async function signingIn(agent: TestAgent, credentialProviderArn: string) {
  const portal = await portalOf(agent);
  const { status } = await world.post('UpdateConsentPortal', {
    consentPortalIdentifier: portal.id,
    idpConfig: { credentialProviderArn, scopes: ['openid'] },
  });
  expect(status).toBe(202);
  return verified(portal);
}

/** Starts a server whose metadata have the issuer with this path. */
async function issuerAt(path: string): Promise<{ server: Server; issuer: string; host: string }> {
  const server = createServer((_request, response) => {
    const endpoint = (name: string) => `${issuer}/${name}`;
    const metadata = {
      issuer,
      authorization_endpoint: endpoint('authorize'),
      token_endpoint: endpoint('token'),
      jwks_uri: endpoint('keys'),
    };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(metadata));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const issuer = `http://${host}${path}`;
  return { server, issuer, host };
}

const portalOf = (...agents: TestAgent[]) =>
  TestPortal.create(world, { agents, identityProvider, change: { status: 'CREATING' } });

describe('the status reason of a portal', () => {
  it('names the client and the lists of a trusted issuer that lacks it, until an update', async () => {
    const [strict, agent] = [await world.agent(), await world.agent()];
    await trust(strict, { allowedAudience: ['another'], allowedClients: ['another'] });
    const portal = await portalOf(agent, strict);
    const { issuer, clientId } = identityProvider;
    const statusReason = `Users might not be able to sign in for the workload identity "${strict.name}": its trusted issuer ${issuer} does not list the client ID of the sign-in provider. Add "${clientId}" to allowedAudience and allowedClients of the trusted issuer, and then update the portal to verify it again.`;
    expect(await verified(portal)).toEqual({ status: 'ACTIVE', statusReason });
    const named = { consentPortalIdentifier: portal.id };
    expect(await world.control().getConsentPortal(named)).toMatchObject({
      status: 'ACTIVE',
      statusReason,
    });
    expect(await world.audit()).toContainEqual(
      expect.objectContaining({ operation: 'VerifyConsentPortal', result: 'ACTIVE', reason: statusReason }),
    );
    await trust(strict, { allowedAudience: ['another', clientId] });
    await world.control().updateConsentPortal(named);
    expect(await verified(portal)).toEqual({ status: 'ACTIVE', statusReason: undefined });
  });

  it('names only the list that lacks the client', async () => {
    const agent = await world.agent();
    await trust(agent, { allowedAudience: [identityProvider.clientId], allowedClients: ['another'] });
    const { statusReason } = await verified(await portalOf(agent));
    expect(statusReason).toContain(`Add "${identityProvider.clientId}" to allowedClients of`);
  });

  it('is absent if the issuer lists the audience that the sign-in requests', async () => {
    const agent = await world.agent();
    await trust(agent, { allowedAudience: ['https://api.example'] });
    const portal = await portalOf(agent);
    const { idpConfig } = (await portal.read()) ?? {};
    await portal.change({
      ...(idpConfig && { idpConfig: { ...idpConfig, audience: 'https://api.example' } }),
    });
    expect(await verified(portal)).toEqual({ status: 'ACTIVE', statusReason: undefined });
  });

  it("has the words of the issuer of the owner's provider only", async () => {
    const agent = await world.agent();
    const path = '/x.(ID_5f0f6f3c).Run:agent-identity_portal_update_--accept_5f0f6f3c';
    const { server, issuer, host } = await issuerAt(path);
    const reason = (shown: string) =>
      `The workload identity "${agent.name}" does not trust the issuer ${shown} of the sign-in provider. Add it to the trusted issuers of the deployment or of the workload identity.`;
    const discoveryUrl = `${issuer}/.well-known/openid-configuration`;
    for (const [owner, shown] of [
      ['stranger', `at ${host}`],
      ['agent', issuer],
    ] as const) {
      const { statusReason } = await signingIn(agent, await providerOf(owner, discoveryUrl));
      expect(statusReason).toBe(reason(shown));
      await trust(agent, { discoveryUrl, allowedAudience: ['another'] });
      const warning = await signingIn(agent, await providerOf(owner, discoveryUrl));
      expect(warning.statusReason).toContain(`its trusted issuer ${shown} does not list the client ID`);
      await trust(agent, { allowedAudience: ['another'] });
    }
    server.close();
  });

  it("names no secret of another owner's provider, and the audit log does", async () => {
    const authority = createAuthority();
    const server = await startProvider({}, { certificate: authority.server() });
    const agent = await world.agent();
    for (const [owner, path, isShown] of [
      ['stranger', 'user/stranger', false],
      ['agent', 'role/agent', true],
    ] as const) {
      const tag = `certificates/arn:aws:iam::000000000000:${path}`;
      const { arn: secretArn } = await putSecret(authority.cert, tag);
      const certificateConfigurations = [{ secretsManager: { secretArn } }];
      const provider = await providerOf(owner, server.discoveryUrl, { certificateConfigurations });
      await untagSecret(secretArn);
      // Past the time for which certificates are kept.
      moveClock(660);
      const { status, statusReason = '' } = await signingIn(agent, provider);
      jest.useRealTimers();
      expect(status).toBe('FAILED');
      expect(statusReason).toContain('cannot be used for a sign-in (ca_certificates_unavailable)');
      expect(statusReason.includes(secretArn)).toBe(isShown);
      expect(await world.audit()).toContainEqual(
        expect.objectContaining({
          operation: 'VerifyConsentPortal',
          reason: expect.stringContaining(secretArn) as string,
        }),
      );
    }
    await server.close();
  });

  it('names an agent whose accounts users cannot disconnect', async () => {
    const agent = await world.agent('agent', []);
    const resourceArn = await arnOf(world, agent);
    const Action = 'bedrock-agentcore:RevokeResourceGrant';
    const Statement = [{ Effect: 'Deny', Principal: '*', Action, Resource: resourceArn }];
    const policy = JSON.stringify({ Version: '2012-10-17', Statement });
    await world.control().putResourcePolicy({ resourceArn, policy });
    expect(await verified(await portalOf(agent))).toEqual({
      status: 'ACTIVE',
      statusReason: expect.stringMatching(
        /^Users cannot disconnect the accounts of an agent\. .*RevokeResourceGrant on .*denies it\.$/,
      ) as string,
    });
    // Another warning does not hide it.
    await trust(agent, { allowedAudience: ['another'] });
    expect((await verified(await portalOf(agent))).statusReason).toMatch(
      /^Users might not be able to sign in .* to verify it again\. Users cannot disconnect the accounts /,
    );
  });
});
