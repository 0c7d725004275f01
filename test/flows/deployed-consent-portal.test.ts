/** Consent portals by requests as CloudFormation sends them: a deployment ends when users can sign in. */
import { digestOfLogo } from '../../lambda/model/custom-resources/definition';
import { CloudFormation, IDENTITY, OAUTH2, PORTAL, STACK_ID, type Change } from './support/cloudformation';
import { putSecret } from './support/secrets';

const ROLE = 'arn:aws:iam::000000000000:role/resources';
const LOGO = `data:image/png;base64,${Buffer.from('logo').toString('base64')}`;

const cloudFormation = CloudFormation.ofFile();
const { world } = cloudFormation;
beforeAll(async () => {
  const { clientId, clientSecret, discoveryUrl } = world.provider;
  const trusting = { customJWTAuthorizer: { discoveryUrl, allowedAudience: [clientId] } };
  await deployed(IDENTITY, 'agent-one', { authorizerConfiguration: trusting });
  await deployed(IDENTITY, 'agent-two', { authorizerConfiguration: trusting });
  await deployed(IDENTITY, 'distrustful-agent', {});
  const { arn: secretId } = await putSecret(clientSecret, null);
  await deployed(
    OAUTH2,
    'login',
    {
      credentialProviderVendor: 'CustomOauth2',
      member: 'customOauth2ProviderConfig',
      config: { clientId, oauthDiscovery: { discoveryUrl } },
    },
    { secret: { source: 'MANAGED', secretId } },
  );
});

async function deployed(
  type: typeof IDENTITY | typeof OAUTH2,
  name: string,
  configuration: object,
  more: object = {},
) {
  const members =
    type === IDENTITY ? { allowedResourceOauth2ReturnUrls: [], ...configuration } : configuration;
  const properties = { name, configuration: JSON.stringify(members), policy: '', ...more };
  const answer = await cloudFormation.ask('Create', type, { properties, logicalId: name });
  expect(answer).toMatchObject({ Status: 'SUCCESS' });
}

let names = 0;
const newName = () => `portal-${(names += 1)}`;

const ARN = 'arn:aws:bedrock-agentcore:us-east-1:000000000000';

const portal = (name: string, change: object = {}, references: object = {}) => ({
  name,
  configuration: JSON.stringify({
    workloads: ['agent-one'],
    signIn: { provider: 'login', scopes: ['openid', 'profile'] },
    branding: {},
    connections: [],
    ...change,
  }),
  policy: '',
  portal: {
    credentialProviderArn: `${ARN}:token-vault/default/oauth2credentialprovider/login`,
    executionRoleArn: ROLE,
    ...references,
  },
});

const create = (properties: object, change: Partial<Change> = {}) =>
  cloudFormation.ask('Create', PORTAL, { properties, ...change });
const update = (physicalId: string, properties: object) =>
  cloudFormation.ask('Update', PORTAL, { properties, physicalId });
const remove = (physicalId: string) =>
  cloudFormation.ask('Delete', PORTAL, { properties: portal(physicalId), physicalId });

const control = () => world.control('operator');
const get = (consentPortalIdentifier: string | undefined) =>
  control().getConsentPortal({ consentPortalIdentifier });
const listed = async () =>
  ((await control().listConsentPortals({})).consentPortals ?? []).map(({ name }) => name);

describe('a consent portal', () => {
  it('is created, with its addresses, when it is active', async () => {
    const name = newName();
    const { Status, PhysicalResourceId, Data = {} } = await create(portal(name));
    expect([Status, PhysicalResourceId, Data.Name]).toEqual(['SUCCESS', name, name]);
    const { Arn = '', PortalId = '', PortalUrl = '', CallbackUrl } = Data;
    expect(Arn).toBe(`${ARN}:consent-portal/${PortalId}`);
    expect(PortalUrl).toBe(`${world.local.endpoint}/portals/${PortalId}`);
    expect(CallbackUrl).toBe(`${PortalUrl}/callback`);
    expect(await get(PortalId)).toMatchObject({ status: 'ACTIVE', executionRoleArn: ROLE });
    const { tags } = await control().listTagsForResource({ resourceArn: Arn });
    expect(tags).toMatchObject({ 'agent-identity:stack': STACK_ID });
  });

  it('keeps its address when its agents, its look, and its connections change', async () => {
    const name = newName();
    const { Data: before } = await create(portal(name));
    const branding = { name: 'Example', color: '#0b5fff', logo: digestOfLogo(LOGO) };
    const connections = [{ workloadName: 'agent-two', credentialProviderName: 'login', scopes: ['a'] }];
    const change = { workloads: ['agent-two'], description: 'changed', branding, connections };
    const { Status, Data: after } = await update(name, portal(name, change, { logo: LOGO }));
    expect([Status, after]).toEqual(['SUCCESS', before]);
    const { body } = await world.post(
      'GetConsentPortal',
      { consentPortalIdentifier: before?.PortalId },
      'operator',
    );
    expect(JSON.parse(body)).toMatchObject({
      status: 'ACTIVE',
      description: 'changed',
      sources: [{ type: 'workload-identity', identifier: 'agent-two' }],
      branding: { ...branding, logo: LOGO },
      connections,
    });
    await update(name, portal(name));
    const reset = await world.post(
      'GetConsentPortal',
      { consentPortalIdentifier: before?.PortalId },
      'operator',
    );
    expect(JSON.parse(reset.body)).toMatchObject({ description: '', sources: [{ identifier: 'agent-one' }] });
    expect(reset.body).not.toContain('branding');
    expect(reset.body).not.toContain('connections');
  });

  it('is created once by a repeated request', async () => {
    const name = newName();
    const { Data: first } = await create(portal(name));
    const { Status, Data: second } = await create(portal(name));
    expect([Status, second]).toEqual(['SUCCESS', first]);
  });

  it('is deleted once, and once more without an error', async () => {
    const name = newName();
    await create(portal(name));
    expect(await remove(name)).toMatchObject({ Status: 'SUCCESS' });
    expect(await listed()).not.toContain(name);
    expect(await remove(name)).toMatchObject({ Status: 'SUCCESS' });
  });

  it('is created again if it was deleted outside the stack', async () => {
    const name = newName();
    const { Data } = await create(portal(name));
    await control().deleteConsentPortal({ consentPortalIdentifier: Data?.PortalId });
    expect(await update(name, portal(name))).toMatchObject({ Status: 'SUCCESS' });
    expect(await listed()).toContain(name);
  });

  it('fails the deployment with the reason, and is not left behind, if users cannot sign in', async () => {
    const name = newName();
    const answer = await create(portal(name, { workloads: ['distrustful-agent'] }));
    expect(answer.Status).toBe('FAILED');
    expect(answer.Reason).toMatch(/^The portal cannot work: .*distrustful-agent/);
    expect(await listed()).not.toContain(name);
  });

  it('fails the deployment if its name is used outside the stack', async () => {
    const name = newName();
    await create(portal(name));
    const answer = await create(portal(name), { stack: 'Other' });
    expect(answer).toMatchObject({ Status: 'FAILED' });
    expect(answer.Reason).toContain('is not of this stack');
  });
});

describe('a forged request for a consent portal is rejected', () => {
  it.each([
    [
      'with another sign-in provider',
      { credentialProviderArn: `${ARN}:token-vault/default/oauth2credentialprovider/other` },
    ],
    ['with a logo that the stack does not have', { logo: LOGO }],
  ])('%s', async (_what, references) => {
    const name = newName();
    const answer = await create(portal(name, {}, references));
    expect(answer).toMatchObject({ Status: 'FAILED' });
    expect(answer.Reason).toContain('does not define this consent portal');
    expect(cloudFormation.audit.at(-1)).toMatchObject({ outcome: 'denied' });
    expect(await listed()).not.toContain(name);
  });

  it('with other agents', async () => {
    const name = newName();
    const deployedStack = { providers: {} };
    const answer = await create(portal(name), { deployed: deployedStack });
    expect(answer).toMatchObject({ Status: 'FAILED' });
    expect(answer.Reason).toContain('does not define this resource in this way');
    expect(await listed()).not.toContain(name);
  });
});
