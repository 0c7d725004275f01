/** A deployment in a VPC: which functions run there, and which private destinations they can reach. */
import type { Metafile } from 'esbuild';
import { readFileSync } from 'node:fs';
import { Annotations, Match } from 'aws-cdk-lib/assertions';
import {
  InterfaceVpcEndpoint,
  IpAddresses,
  SecurityGroup,
  SubnetType,
  Vpc,
  type IVpc,
} from 'aws-cdk-lib/aws-ec2';
import { AgentEndpoint, AgentIdentity, AgentTarget, Inbound, WorkloadIdentity } from '../../lib';
import { groupRow } from '../../lib/constructs/function-groups';
import type { AgentIdentityProps } from '../../lib';
import { FUNCTION_GROUPS } from '../../lambda/operations/groups';
import { METAFILE } from '../../scripts/build/functions';
import { consumerStack, templateOf, written, type ConsumerTemplate } from './consumer';
import { agentFunction, functionOf, ISSUER } from './endpoint';
import { resourcesOf } from './synthesis';

/** The function that polls for events exists only with an issuer that is polled. */
const OUTBOUND_GROUPS = FUNCTION_GROUPS.filter((group) => groupRow(group).outbound);
const OUTBOUND = OUTBOUND_GROUPS.filter((group) => group !== 'event-poll');

const DESTINATIONS = [{ host: 'keycloak.corp.example', port: 8443 }, { cidr: '10.1.0.0/16' }];

/** Returns a stack with a VPC that has no route to the internet. */
function isolated() {
  const stack = consumerStack();
  // CDK's class does not satisfy its interface under exactOptionalPropertyTypes.
  const vpc = new Vpc(stack, 'Vpc', {
    natGateways: 0,
    maxAzs: 2,
    subnetConfiguration: [{ name: 'Isolated', subnetType: SubnetType.PRIVATE_ISOLATED }],
  }) as IVpc;
  const securityGroup = new SecurityGroup(stack, 'Outbound', { vpc });
  const vpcSubnets = { subnetType: SubnetType.PRIVATE_ISOLATED };
  return { stack, network: { vpc, vpcSubnets, securityGroups: [securityGroup] } };
}

const synthesized = (props: (network: ReturnType<typeof isolated>['network']) => AgentIdentityProps) => {
  const { stack, network } = isolated();
  const identity = new AgentIdentity(stack, 'Identity', props(network));
  new WorkloadIdentity(stack, 'Agent', { identity });
  return { stack, template: templateOf(stack) };
};

const publicVpc = (): IVpc =>
  new Vpc(consumerStack(), 'Vpc', {
    subnetConfiguration: [{ name: 'Public', subnetType: SubnetType.PUBLIC }],
  }) as IVpc;

const privateApiIn = (vpc: IVpc) => ({
  privateApi: {
    vpcEndpoints: [
      InterfaceVpcEndpoint.fromInterfaceVpcEndpointAttributes(vpc, 'Api', {
        vpcEndpointId: 'vpce-1',
        port: 443,
      }),
    ],
  },
});

interface FunctionProperties {
  readonly Description: string;
  readonly VpcConfig?: { readonly SecurityGroupIds: string[]; readonly SubnetIds: string[] };
  readonly Environment: { readonly Variables: Readonly<Record<string, string>> };
}

/** Returns the properties of this package's functions by name. */
const functionsOf = (template: ConsumerTemplate): ReadonlyMap<string, FunctionProperties> =>
  new Map(
    resourcesOf(template, 'AWS::Lambda::Function')
      .map(([, { Properties }]) => written(Properties) as FunctionProperties)
      .filter(({ Description }) => Description?.startsWith('agent-identity: '))
      .map((properties) => [properties.Description.replace('agent-identity: ', ''), properties]),
  );

const inVpc = (template: ConsumerTemplate) =>
  [...functionsOf(template)].flatMap(([name, { VpcConfig }]) => (VpcConfig ? [name] : [])).sort();

it('the groups that send requests to third parties are those whose bundles contain the client', () => {
  const { outputs } = JSON.parse(readFileSync(METAFILE, 'utf8')) as Metafile;
  const outbound = FUNCTION_GROUPS.filter((group) =>
    Object.entries(outputs).some(
      ([path, { inputs }]) =>
        path.includes(`/functions/${group}/`) && 'lambda/adapters/http/guarded-request.ts' in inputs,
    ),
  );
  expect([...OUTBOUND_GROUPS].sort()).toEqual([...outbound].sort());
});

describe('a network', () => {
  const { stack, template } = synthesized((network) => ({ network, privateDestinations: DESTINATIONS }));

  it('has the functions that send requests to third parties, and no others', () => {
    expect(inVpc(template)).toEqual([...OUTBOUND].sort());
    expect(functionsOf(template).get('token-exchange')?.VpcConfig).toMatchObject({
      SecurityGroupIds: ['<Outbound.GroupId>'],
      SubnetIds: ['<VpcIsolatedSubnet1Subnet>', '<VpcIsolatedSubnet2Subnet>'],
    });
  });

  it('has the private destinations in these functions only', () => {
    for (const [name, { Environment }] of functionsOf(template)) {
      const expected = OUTBOUND.some((group) => group === name) ? JSON.stringify(DESTINATIONS) : undefined;
      expect([name, Environment.Variables.PRIVATE_DESTINATIONS]).toEqual([name, expected]);
    }
  });

  it('is stated to the control plane, which accepts private endpoints in this network only', () => {
    const { Environment } = functionsOf(template).get('control-plane') ?? {};
    expect(JSON.parse(Environment?.Variables.SERVICE_NETWORK ?? '')).toEqual({
      vpcId: '<Vpc>',
      subnetIds: ['<VpcIsolatedSubnet1Subnet>', '<VpcIsolatedSubnet2Subnet>'],
      securityGroupIds: ['<Outbound.GroupId>'],
      ipv6: false,
    });
    const others = [...functionsOf(template)].filter(([name]) => name !== 'control-plane');
    for (const [, { Environment: other }] of others)
      expect(other.Variables).not.toHaveProperty('SERVICE_NETWORK');
  });

  it('gives Lambda the rights to the network interfaces, and the code of the functions none', () => {
    const [, role] =
      resourcesOf(template, 'AWS::IAM::Role').find(([id]) => /tokenexchangerole/i.test(id)) ?? [];
    const { Policies } = role?.Properties as {
      Policies: { PolicyDocument: { Statement: { Action: string[]; Effect: string }[] } }[];
    };
    const statements = Policies.flatMap(({ PolicyDocument }) => PolicyDocument.Statement);
    const ofInterfaces = statements.filter(({ Action }) => Action.includes('ec2:CreateNetworkInterface'));
    expect(ofInterfaces).toMatchObject([
      { Effect: 'Allow' },
      { Effect: 'Deny', Condition: { Null: { 'lambda:SourceFunctionArn': 'false' } } },
    ]);
    expect(ofInterfaces[1]?.Action).toEqual(
      ofInterfaces[0]?.Action.filter((name) => name.startsWith('ec2:')),
    );
  });

  it('without a route to the internet is reported with the endpoints that it needs', () => {
    Annotations.fromStack(stack).hasWarning(
      '/Consumer/Identity',
      Match.stringLikeRegexp('no route to the internet.*dynamodb, s3, kms, lambda.*createVpcEndpoints'),
    );
  });
});

it('the functions share one new security group', () => {
  const { template } = synthesized(({ vpc, vpcSubnets }) => ({ network: { vpc, vpcSubnets } }));
  for (const group of OUTBOUND) {
    expect(functionsOf(template).get(group)?.VpcConfig?.SecurityGroupIds).toEqual([
      '<IdentityFunctionsSecurityGroup.GroupId>',
    ]);
  }
});

describe('createVpcEndpoints', () => {
  const { stack, template } = synthesized((network) => ({
    network: { ...network, createVpcEndpoints: true },
  }));
  const endpoints = resourcesOf(template, 'AWS::EC2::VPCEndpoint');

  it('creates the endpoints that the functions need', () => {
    const services = endpoints.map(([, { Properties }]) =>
      String(written(Properties.ServiceName)).replace(/.*[.>]/, ''),
    );
    expect(services.sort()).toEqual(['dynamodb', 'kms', 'lambda', 's3', 'secretsmanager', 'sts']);
    const allowed = resourcesOf(template, 'AWS::EC2::SecurityGroupIngress').map(([, { Properties }]) =>
      written(Properties),
    );
    expect(allowed).toHaveLength(4);
    for (const rule of allowed) {
      expect(rule).toMatchObject({ FromPort: 443, SourceSecurityGroupId: '<Outbound.GroupId>' });
    }
    Annotations.fromStack(stack).hasNoWarning('/Consumer/Identity', Match.stringLikeRegexp('no route'));
  });

  it('has functions that answer AWS CloudFormation wait for the endpoints, and go before them', () => {
    const [[, secret] = []] = resourcesOf(template, 'Custom::AgentIdentityStageSecret');
    expect((secret as { DependsOn?: string[] }).DependsOn).toEqual(
      expect.arrayContaining(endpoints.map(([id]) => id)),
    );
  });
});

describe('functions without a route to the internet', () => {
  const PUBLIC_API = Match.stringLikeRegexp(
    'the API is public.*Use subnets with a NAT gateway, or set privateApi',
  );
  const warnings = (props: Parameters<typeof synthesized>[0]) =>
    Annotations.fromStack(synthesized(props).stack).findWarning('/Consumer/Identity', PUBLIC_API);

  it.each<[string, Parameters<typeof synthesized>[0]]>([
    [
      'with allFunctions',
      (network) => ({ network: { ...network, allFunctions: true, createVpcEndpoints: true } }),
    ],
    ['with gateways', (network) => ({ network, gateways: {} })],
  ])('that call the public API are reported %s', (_what, props) => {
    expect(warnings(props)).toHaveLength(1);
  });

  it.each<[string, Parameters<typeof synthesized>[0]]>([
    ['call no API', (network) => ({ network })],
    [
      'call a private API',
      (network) => ({ network: { ...network, allFunctions: true }, ...privateApiIn(network.vpc) }),
    ],
  ])('that %s are not', (_what, props) => {
    expect(warnings(props)).toEqual([]);
  });
});

it('with allFunctions, every function runs in the network, also those of an agent endpoint', () => {
  const { stack, network } = isolated();
  const identity = new AgentIdentity(stack, 'Identity', {
    network: { ...network, allFunctions: true },
    auditTrail: {},
  });
  new AgentEndpoint(stack, 'Travel', {
    identity,
    workload: new WorkloadIdentity(stack, 'Agent', { identity }),
    inbound: Inbound.jwt(ISSUER),
    target: AgentTarget.url('https://agent.example/invocations'),
  });
  const template = templateOf(stack);
  const all = resourcesOf(template, 'AWS::Lambda::Function').filter(([id]) => !id.startsWith('CustomVpc'));
  expect(all.map(([id]) => id).some((id) => id.includes('TravelAuthorizer'))).toBe(true);
  for (const [id, { Properties }] of all) expect([id, 'VpcConfig' in Properties]).toEqual([id, true]);
});

it('functions that call a private API without a route to the internet are reported with what they need', () => {
  const { stack, network } = isolated();
  const { privateApi } = privateApiIn(network.vpc);
  const identity = new AgentIdentity(stack, 'Identity', { privateApi: { ...privateApi, network } });
  new AgentEndpoint(stack, 'Travel', {
    identity,
    workload: new WorkloadIdentity(stack, 'Agent', { identity }),
    inbound: Inbound.iam(),
    target: AgentTarget.lambda(agentFunction(stack)),
    network,
  });
  const annotations = Annotations.fromStack(stack);
  annotations.hasWarning(
    '/Consumer/Identity',
    Match.stringLikeRegexp(
      'subnets of privateApi.network have no .* execute-api, lambda, s3, secretsmanager',
    ),
  );
  annotations.hasWarning(
    '/Consumer/Travel',
    Match.stringLikeRegexp('subnets of network have no .* execute-api, lambda\\.'),
  );
});

it('a private API is called from the network of the functions', () => {
  const { template } = synthesized((network) => ({ network, ...privateApiIn(network.vpc) }));
  expect(inVpc(template)).toHaveLength(OUTBOUND.length + 1);
});

it('both functions of an agent endpoint run in its network and reach its private destinations', () => {
  const { stack, network } = isolated();
  const identity = AgentIdentity.fromAgentIdentityAttributes(stack, 'Identity', { restApiId: 'abc123' });
  const props = {
    identity,
    workload: new WorkloadIdentity(stack, 'Agent', { identity }),
    inbound: Inbound.jwt(ISSUER),
    target: AgentTarget.url('https://agent.corp.example/invocations'),
    privateDestinations: [{ host: 'agent.corp.example' }],
  };
  expect(() => new AgentEndpoint(stack, 'Unreachable', props)).toThrow(
    'Consumer/Unreachable: privateDestinations needs network, the VPC from which they can be reached',
  );
  new AgentEndpoint(stack, 'Travel', { ...props, network });
  const template = templateOf(stack);
  Annotations.fromStack(stack).hasWarning('/Consumer/Travel', Match.stringLikeRegexp('the API is public'));
  for (const name of ['gate', 'authorizer'] as const) {
    expect(functionOf(template, name)).toMatchObject({
      VpcConfig: { SecurityGroupIds: ['<Outbound.GroupId>'] },
      Environment: { Variables: { PRIVATE_DESTINATIONS: '[{"host":"agent.corp.example"}]' } },
    });
  }
});

const IPV6 = '2600:1f18:1234:5600::/56';

it('the ranges of the network that are public by their number are internal for the functions', () => {
  const { stack, network } = isolated();
  const vpc = new Vpc(stack, 'Public', {
    ipAddresses: IpAddresses.cidr('20.0.0.0/16'),
    natGateways: 0,
  }) as IVpc;
  new AgentIdentity(stack, 'Identity', {
    network: {
      ...network,
      vpc,
      vpcSubnets: { subnetType: SubnetType.PRIVATE_ISOLATED },
      internalRanges: [IPV6],
    },
    privateDestinations: [{ cidr: '2600:1f18:1234:5678::/64' }],
  });
  expect(functionsOf(templateOf(stack)).get('token-exchange')?.Environment.Variables).toMatchObject({
    INTERNAL_RANGES: `["<Public.CidrBlock>","${IPV6}"]`,
    PRIVATE_DESTINATIONS: '[{"cidr":"2600:1f18:1234:5678::/64"}]',
  });
});

it.each<[string, object, string]>([
  ['without a VPC', {}, 'network: vpc is required'],
  [
    'with a misspelled member',
    { vpc: {}, vpcSubnet: {} },
    'network: vpcSubnet is not a prop. Did you mean vpcSubnets?',
  ],
])('a network %s is rejected in JavaScript', (_what, network, message) => {
  const props = { network } as AgentIdentityProps;
  expect(() => new AgentIdentity(consumerStack(), 'Identity', props)).toThrow(message);
});

it('names of resource configurations are in the functions that send requests, and in the control plane', () => {
  const latticeResources = { 'rcfg-0123456789abcdef0': 'keycloak.corp.example' };
  const { template } = synthesized((network) => ({ network, latticeResources }));
  const names = [...functionsOf(template)].flatMap(([name, { Environment }]) =>
    Environment.Variables.LATTICE_RESOURCES === JSON.stringify(latticeResources) ? [name] : [],
  );
  expect(names.sort()).toEqual([...OUTBOUND, 'control-plane'].sort());
});

it.each<[string, AgentIdentityProps, string]>([
  [
    'with IPv6 and no range for it',
    { network: { ...isolated().network, ipv6AllowedForDualStack: true, internalRanges: ['20.0.0.0/16'] } },
    'network.internalRanges must contain the IPv6 range of the VPC with ipv6AllowedForDualStack',
  ],
  [
    'with a reserved range',
    { network: { ...isolated().network, internalRanges: ['169.254.0.0/16'] } },
    'internalRanges[0] must be a range of addresses that are not reserved',
  ],
  [
    'without subnets',
    { network: { ...isolated().network, vpcSubnets: { subnets: [] } } },
    'network.vpcSubnets must select private subnets of network.vpc',
  ],
  [
    'with public subnets alone',
    { network: { vpc: publicVpc() } },
    'network.vpcSubnets must select private subnets of network.vpc',
  ],
  [
    'with public subnets alone, for a private API,',
    { privateApi: { vpcEndpoints: [], network: { vpc: publicVpc() } } },
    'privateApi.network.vpcSubnets must select private subnets of privateApi.network.vpc',
  ],
  [
    'without subnets of the type',
    { network: { vpc: isolated().network.vpc, vpcSubnets: { subnetType: SubnetType.PRIVATE_WITH_EGRESS } } },
    'network.vpcSubnets must select private subnets of network.vpc',
  ],
  [
    'with no security group',
    { network: { ...isolated().network, securityGroups: [] } },
    'network.securityGroups must have at least one security group',
  ],
])('a network %s is rejected', (_what, props, message) => {
  expect(() => new AgentIdentity(consumerStack(), 'Identity', props)).toThrow(
    `Consumer/Identity: ${message}`,
  );
});

it.each<[string, AgentIdentityProps, string]>([
  [
    'without a network',
    { privateDestinations: DESTINATIONS },
    'privateDestinations needs network, the VPC from which they can be reached',
  ],
  [
    'of public addresses',
    { network: isolated().network, privateDestinations: [{ cidr: '0.0.0.0/0' }] },
    'privateDestinations[0].cidr must be a range of addresses that are not reserved',
  ],
  [
    'in VPC Lattice without a network',
    { latticeResources: { 'rcfg-0123456789abcdef0': 'keycloak.corp.example' } },
    'latticeResources needs network, the VPC from which they can be reached',
  ],
  [
    'in VPC Lattice that are not resource configurations',
    { network: isolated().network, latticeResources: { keycloak: 'keycloak.corp.example' } },
    'latticeResources.keycloak must have the IDs or ARNs of resource configurations as names',
  ],
  [
    'in VPC Lattice at an address',
    { network: isolated().network, latticeResources: { 'rcfg-0123456789abcdef0': '10.1.2.3' } },
    'latticeResources.rcfg-0123456789abcdef0 must be a host name in lowercase',
  ],
])('private destinations %s are rejected', (_what, props, message) => {
  expect(() => new AgentIdentity(consumerStack(), 'Identity', props)).toThrow(
    `Consumer/Identity: ${message}`,
  );
});
