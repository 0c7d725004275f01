/**
 * `privateEndpoint` and `privateEndpointOverrides`: a provider whose server has a name that only a route reaches. The
 * deployment has a VPC and a resource configuration in VPC Lattice; on this machine, both lead to loopback.
 */
import {
  CreateOauth2CredentialProviderCommand,
  GetOauth2CredentialProviderCommand,
  PutResourcePolicyCommand,
  UpdateWorkloadIdentityCommand,
  type PrivateEndpoint,
} from '@aws-sdk/client-bedrock-agentcore-control';
import { agentWith as authorizedAgent, authorizerFor, described } from './support/authorizer';
import { startIssuer } from './support/issuer';
import { alsoSending } from './support/members-beyond-aws';
import { CERTIFICATES, startPrivateAuthority } from './support/private-authority';
import { putSecret } from './support/secrets';

const HOST = 'idp.corp.example';
const RESOURCE = 'rcfg-0123456789abcdef0';
const NETWORK = {
  vpcId: 'vpc-0123456789abcdef0',
  subnetIds: ['subnet-0123456789abcdef0', 'subnet-0123456789abcdef1'],
  securityGroupIds: ['sg-0123456789abcdef0'],
  ipv6: false,
};

const { authority, world, server, send, configured, create, agentWith, machineToken, reasons } =
  startPrivateAuthority({
    host: HOST,
    environment: () => ({
      SERVICE_NETWORK: JSON.stringify(NETWORK),
      LATTICE_RESOURCES: JSON.stringify({ [RESOURCE]: 'localhost' }),
    }),
  });

const vpc = (
  more: Partial<PrivateEndpoint.ManagedVpcResourceMember['managedVpcResource']> = {},
): PrivateEndpoint.ManagedVpcResourceMember => ({
  managedVpcResource: {
    vpcIdentifier: NETWORK.vpcId,
    subnetIds: [...NETWORK.subnetIds].reverse(),
    endpointIpAddressType: 'IPV4',
    ...more,
  },
});
const ROUTED = vpc({ routingDomain: 'localhost', securityGroupIds: NETWORK.securityGroupIds });
const NOWHERE = vpc({ routingDomain: 'absent.corp.example' });
const lattice = (resourceConfigurationIdentifier: string): PrivateEndpoint => ({
  selfManagedLatticeResource: { resourceConfigurationIdentifier },
});

let certificates: object[];
beforeAll(async () => {
  certificates = [{ secretsManager: { secretArn: (await putSecret(authority.cert, CERTIFICATES)).arn } }];
});

const shown = async (name: string) => {
  const { body } = await send('Get', { name });
  const { privateEndpoint, privateEndpointOverrides } =
    body.oauth2ProviderConfigOutput?.customOauth2ProviderConfig ?? {};
  return { privateEndpoint, privateEndpointOverrides };
};

describe('a provider with private endpoints', () => {
  it.each<[string, object]>([
    ['for all its hosts', { privateEndpoint: ROUTED }],
    [
      'for one host',
      { privateEndpoint: NOWHERE, privateEndpointOverrides: [{ domain: HOST, privateEndpoint: ROUTED }] },
    ],
    ['in VPC Lattice', { privateEndpoint: lattice(RESOURCE) }],
  ])('%s gives tokens through them, and shows them as given', async (_what, members) => {
    const agent = await agentWith(certificates, members);
    expect(await machineToken(agent)).toBe(server().exchanges.at(-1)?.answer.access_token);
    expect(await shown(agent.providerName)).toEqual({ privateEndpointOverrides: undefined, ...members });
  });

  it('shares nothing that it fetched with a provider at the same server without them', async () => {
    const mine = await agentWith(certificates, { privateEndpoint: ROUTED });
    await machineToken(mine);
    const sent = server().exchanges.length;
    for (const members of [
      {},
      { privateEndpoint: vpc() },
      { privateEndpointOverrides: [{ domain: 'other.corp.example', privateEndpoint: ROUTED }] },
    ]) {
      await expect(machineToken(await agentWith(certificates, members))).rejects.toThrow(/unavailable/);
    }
    expect(server().exchanges).toHaveLength(sent);
  });

  it('uses another one after an update, and none after an update that omits it', async () => {
    const agent = await agentWith(certificates, { privateEndpoint: ROUTED });
    const name = agent.providerName;
    await machineToken(agent);
    const sent = server().exchanges.length;
    for (const members of [{ privateEndpoint: NOWHERE }, {}]) {
      expect(await send('Update', configured(name, certificates, members))).toMatchObject({ status: 200 });
      await expect(machineToken(agent)).rejects.toThrow(/unavailable/);
    }
    expect(server().exchanges).toHaveLength(sent);
    expect(await shown(name)).toEqual({});
    const changed = (await world().audit()).flatMap(({ changed: members = [] }) => members as string[]);
    expect(changed.filter((member) => member === 'privateEndpoint')).toHaveLength(2);
    await send('Update', configured(name, certificates, { privateEndpoint: ROUTED }));
    expect(await machineToken(agent)).toEqual(expect.any(String));
  });

  it('has its client secret for the server that they lead to: another one needs it again', async () => {
    const { providerName: name } = await agentWith(certificates, { privateEndpoint: ROUTED });
    const update = (privateEndpoint: object | undefined, more: object = {}) =>
      send('Update', configured(name, certificates, { privateEndpoint, clientSecret: undefined, ...more }));
    // Neither the order nor the case changes where the requests go.
    const same = vpc({ routingDomain: 'LOCALHOST' });
    expect(await update(same)).toMatchObject({ status: 200 });
    for (const other of [NOWHERE, lattice(RESOURCE), vpc(), undefined]) {
      expect(await update(other)).toMatchObject({
        status: 400,
        body: { message: expect.stringContaining('clientSecret') as string },
      });
    }
    expect(await update(NOWHERE, { clientSecret: 'the-secret-again' })).toMatchObject({ status: 200 });
  });

  it('keeps them against a principal that can update the provider and does not own it', async () => {
    const { providerName: name } = await agentWith(certificates, { privateEndpoint: ROUTED });
    const { body } = await send('Get', { name });
    const policy = JSON.stringify({
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Allow',
          Principal: { AWS: world().local.principals.stranger.arn },
          Action: 'bedrock-agentcore:UpdateOauth2CredentialProvider',
          Resource: body.credentialProviderArn,
        },
      ],
    });
    const resourceArn = String(body.credentialProviderArn);
    await world().control().send(new PutResourcePolicyCommand({ resourceArn, policy }));
    for (const members of [
      {},
      { privateEndpoint: vpc() },
      { privateEndpoint: ROUTED, privateEndpointOverrides: [{ domain: HOST, privateEndpoint: NOWHERE }] },
    ]) {
      expect(await send('Update', configured(name, certificates, members), 'stranger')).toMatchObject({
        status: 403,
        body: { message: expect.stringMatching(/privateEndpoint|Only the owner .* can change/) as string },
      });
    }
    expect(
      await send('Update', configured(name, certificates, { privateEndpoint: ROUTED }), 'stranger'),
    ).toMatchObject({ status: 200 });
  });

  it('reaches no instance metadata, and the audit log says why', async () => {
    const agent = await agentWith(certificates, {
      oauthDiscovery: { discoveryUrl: 'https://169.254.169.254/.well-known/openid-configuration' },
      privateEndpoint: ROUTED,
    });
    await expect(machineToken(agent)).rejects.toThrow('address_not_allowed');
    expect(await reasons()).toContainEqual(
      expect.stringContaining('169.254.169.254 leads to an internal address'),
    );
  });
});

it('the official client of AWS creates and reads a provider with private endpoints', async () => {
  const privateEndpoint = vpc({ routingDomain: 'nlb.corp.example' });
  const privateEndpointOverrides = [{ domain: HOST, privateEndpoint: lattice(RESOURCE) }];
  const control = world().control();
  await control.send(
    new CreateOauth2CredentialProviderCommand({
      name: 'by-the-client-of-aws',
      credentialProviderVendor: 'CustomOauth2',
      oauth2ProviderConfigInput: {
        customOauth2ProviderConfig: {
          oauthDiscovery: { discoveryUrl: server().discoveryUrl },
          clientId: 'agents',
          clientSecret: 'secret',
          privateEndpoint,
          privateEndpointOverrides,
        },
      },
    }),
  );
  const { oauth2ProviderConfigOutput } = await control.send(
    new GetOauth2CredentialProviderCommand({ name: 'by-the-client-of-aws' }),
  );
  expect(oauth2ProviderConfigOutput).toMatchObject({
    customOauth2ProviderConfig: { privateEndpoint, privateEndpointOverrides },
  });
});

const MEMBER = 'oauth2ProviderConfigInput.customOauth2ProviderConfig';
const REFUSED: readonly (readonly [
  what: string,
  members: object,
  field: string,
  message: string | RegExp,
])[] = [
  [
    'another VPC',
    { privateEndpoint: vpc({ vpcIdentifier: 'vpc-0123456789abcdef1' }) },
    'privateEndpoint.managedVpcResource.vpcIdentifier',
    `must be the VPC of this service: ${NETWORK.vpcId}`,
  ],
  [
    'one of the subnets',
    { privateEndpoint: vpc({ subnetIds: NETWORK.subnetIds.slice(1) }) },
    'privateEndpoint.managedVpcResource.subnetIds',
    `must be the subnets of this service: ${NETWORK.subnetIds.join(', ')}`,
  ],
  [
    'another security group',
    { privateEndpoint: vpc({ securityGroupIds: ['sg-0123456789abcdef1'] }) },
    'privateEndpoint.managedVpcResource.securityGroupIds',
    /security groups of this service: sg-0123456789abcdef0$/,
  ],
  [
    'IPv6',
    { privateEndpoint: vpc({ endpointIpAddressType: 'IPV6' }) },
    'privateEndpoint.managedVpcResource.endpointIpAddressType',
    /no IPv6/,
  ],
  ...[
    '169.254.169.254',
    '[::ffff:127.0.0.1]',
    '::ffff:127.0.0.1',
    '2130706433',
    '0x7f000001',
    '1.2.3.256',
    'a b',
    'localhost:80',
  ].map(
    (routingDomain) =>
      [
        `the routing domain ${routingDomain}`,
        { privateEndpoint: vpc({ routingDomain }) },
        'privateEndpoint.managedVpcResource.routingDomain',
        /must be a host name/,
      ] as const,
  ),
  [
    'tags',
    { privateEndpoint: vpc({ tags: { team: 'a' } }) },
    'privateEndpoint.managedVpcResource.tags',
    /not supported by this service/,
  ],
  [
    'a resource configuration that the operator does not map',
    { privateEndpoint: lattice('rcfg-0123456789abcdef1') },
    'privateEndpoint.selfManagedLatticeResource.resourceConfigurationIdentifier',
    /latticeResources/,
  ],
  [
    'two overrides of a host',
    {
      privateEndpointOverrides: [HOST, HOST.toUpperCase()].map((domain) => ({
        domain,
        privateEndpoint: ROUTED,
      })),
    },
    'privateEndpointOverrides.1.domain',
    /must be different/,
  ],
  [
    'an override of no host',
    { privateEndpointOverrides: [{ domain: `https://${HOST}`, privateEndpoint: ROUTED }] },
    'privateEndpointOverrides.0.domain',
    /must be a host name/,
  ],
];

it.each(REFUSED)('a provider cannot have %s', async (_what, members, field, message) => {
  const { status, body } = await create(certificates, members);
  expect(status).toBe(400);
  expect(body.fieldList).toEqual([
    { name: `${MEMBER}.${field}`, message: expect.stringMatching(message) as string },
  ]);
});

it('a provider of an MCP server cannot have private endpoints', async () => {
  const discoveryUrl = 'https://mcp.example/.well-known/oauth-protected-resource';
  const { status, body } = await create(undefined, {
    oauthDiscovery: { discoveryUrl },
    privateEndpoint: ROUTED,
  });
  expect(status).toBe(400);
  expect(body.fieldList).toMatchObject([{ name: `${MEMBER}.oauthDiscovery.discoveryUrl` }]);
});

describe('the issuer of a workload identity', () => {
  const update = (name: string, authorizerConfiguration: object) =>
    alsoSending(world().control(), { authorizerConfiguration }).send(
      new UpdateWorkloadIdentityCommand({ name }),
    );

  it('is reached through its private endpoint, which Get shows as given', async () => {
    const issuer = await startIssuer(undefined, (address) =>
      Promise.resolve(address.replace('127.0.0.1', 'localhost')),
    );
    const given = authorizerFor(issuer, {
      privateEndpoint: NOWHERE,
      privateEndpointOverrides: [{ domain: 'localhost', privateEndpoint: ROUTED }],
    });
    const agent = await authorizedAgent(world(), given);
    expect((await described(world(), agent.name))?.authorizerConfiguration).toEqual(given);
    const userToken = await issuer.token('ana');
    expect(await agent.token({ userToken })).toEqual(expect.any(String));
    await update(agent.name, authorizerFor(issuer, { privateEndpoint: NOWHERE }));
    await expect(agent.token({ userToken })).rejects.toThrow('unreachable');
    await issuer.close();
  });

  it('at an internal address is refused with what the operator can allow', async () => {
    const issuer = await startIssuer(undefined, () => Promise.resolve('https://10.0.0.1'));
    const agent = await authorizedAgent(world(), authorizerFor(issuer));
    const userToken = await issuer.token('ana');
    await issuer.close();
    await expect(agent.token({ userToken })).rejects.toThrow(/address_not_allowed\)\. .*privateDestinations/);
  });

  it('cannot have a private endpoint in another network', async () => {
    const { name } = await authorizedAgent(world(), authorizerFor(world().issuer));
    const other = vpc({ vpcIdentifier: 'vpc-0123456789abcdef1' });
    await expect(
      update(name, authorizerFor(world().issuer, { privateEndpoint: other })),
    ).rejects.toMatchObject({
      name: 'ValidationException',
      fieldList: [
        {
          name: 'authorizerConfiguration.customJWTAuthorizer.privateEndpoint.managedVpcResource.vpcIdentifier',
        },
      ],
    });
  });
});
