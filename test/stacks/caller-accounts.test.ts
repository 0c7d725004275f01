/** Which requests of which accounts API Gateway passes on, by the resource policy that `callers` makes. */
import { Stack } from 'aws-cdk-lib';
import { InterfaceVpcEndpoint } from 'aws-cdk-lib/aws-ec2';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { inboundRoutes } from '../../lambda/domain/gate/gate-routes';
import { OPERATIONS, type OperationName } from '../../lambda/operations';
import {
  AgentEndpoint,
  AgentIdentity,
  AgentTarget,
  Inbound,
  WorkloadIdentity,
  type AgentIdentityProps,
  type ServiceCallerAccounts,
} from '../../lib';
import { newApp } from './new-app';
import { propertiesOf, statementsOf, templateOf } from './consumer';
import { passes, type ApiPolicy, type GatewayRequest } from './gateway-evaluation';
import { resourcesOf } from './synthesis';

const OWN = '111122223333';
const PARTNER = '444455556666';
const STRANGER = '777788889999';
const ORGANIZATION = 'o-a1b2c3d4e5';
const VPC_ENDPOINT = 'vpce-0123456789abcdef0';

const NAMES = Object.keys(OPERATIONS) as OperationName[];

/** Written out, so that an operation that becomes open to other accounts changes this test. */
const AGENT_OPERATIONS = [
  'GetWorkloadAccessToken',
  'GetWorkloadAccessTokenForJWT',
  'GetWorkloadAccessTokenForUserId',
  'GetResourceApiKey',
  'GetResourceOauth2Token',
  'RejectResourceOauth2Token',
  'GetResourceDpopProof',
  'CompleteResourceTokenAuth',
  'ListResourceGrants',
  'RevokeResourceGrant',
];

/** All others that must be signed: the operators' operations, and those on the key of the token vault. */
const NEVER_OPEN = [
  ...NAMES.filter((name) => OPERATIONS[name].group === 'operator'),
  'GetTokenVault',
  'SetTokenVaultCMK',
  'ResetTokenVaultKeyMaterial',
];

/** Routes that no policy can allow to everyone: they are `GET/*`, `POST/*`, and so on. */
const UNKNOWN_PATHS = ['NotFound', 'UnknownOperation', 'UnknownPut', 'UnknownPatch', 'UnknownDelete'];

/** @param account null for a stack without env */
const stackOf = (account: string | null): Stack =>
  new Stack(newApp(), 'Consumer', account === null ? {} : { env: { account, region: 'eu-central-1' } });

function templateWith(props: (stack: Stack) => AgentIdentityProps, account: string | null = OWN) {
  const stack = stackOf(account);
  new AgentIdentity(stack, 'Identity', props(stack));
  return templateOf(stack);
}

const templateFor = (callers: ServiceCallerAccounts, account?: string | null) =>
  templateWith(() => ({ callers }), account);

const policyIn = (template: ReturnType<typeof templateWith>): ApiPolicy | undefined =>
  propertiesOf(template, 'AWS::ApiGateway::RestApi').Policy as ApiPolicy | undefined;

/** Returns the operations for which API Gateway passes on requests of this kind. */
const reached = (
  policy: ApiPolicy | undefined,
  request: Omit<GatewayRequest, 'route'>,
  own = OWN,
): string[] => NAMES.filter((name) => passes(policy, own, { route: OPERATIONS[name], ...request }));

const signed = NAMES.filter((name) => OPERATIONS[name].auth === 'IAM');
const open = NAMES.filter((name) => OPERATIONS[name].auth === 'NONE');

/** Without the routes that everyone reaches. */
const reachedBySignature = (...args: Parameters<typeof reached>): string[] =>
  reached(...args).filter((name) => signed.includes(name as OperationName));

it('without callers, the API has no resource policy, and only its own account reaches signed operations', () => {
  const policy = policyIn(templateWith(() => ({})));
  expect(policy).toBeUndefined();
  expect(reached(policy, { signer: { account: OWN, allowedByIam: true } })).toEqual(NAMES);
  expect(reached(policy, { signer: { account: PARTNER, allowedByIam: true } })).toEqual(open);
});

describe.each<[string, ServiceCallerAccounts]>([
  ['accountIds', { accountIds: [PARTNER] }],
  ['organizationId', { organizationId: ORGANIZATION }],
  ['both', { accountIds: [PARTNER], organizationId: ORGANIZATION }],
])('callers with %s', (_, callers) => {
  const policy = policyIn(templateFor(callers));
  const organization = ORGANIZATION;

  it('can call the operations of agents, if IAM of their account allows it', () => {
    const signer = { account: PARTNER, organization };
    expect(reachedBySignature(policy, { signer: { ...signer, allowedByIam: true } })).toEqual(
      AGENT_OPERATIONS,
    );
    expect(reachedBySignature(policy, { signer: { ...signer, allowedByIam: false } })).toEqual([]);
  });

  it('do not include any other account', () => {
    for (const other of [{ account: STRANGER }, { account: STRANGER, organization: 'o-zzzzzzzzzz' }]) {
      expect(reachedBySignature(policy, { signer: { ...other, allowedByIam: true } })).toEqual([]);
    }
  });

  it('change nothing for the own account, which belongs to the organization: IAM decides', () => {
    const signer = { account: OWN, organization };
    expect(reachedBySignature(policy, { signer: { ...signer, allowedByIam: true } })).toEqual(signed);
    expect(reachedBySignature(policy, { signer: { ...signer, allowedByIam: false } })).toEqual([]);
  });

  it('leave every open route open, except those of unknown paths', () => {
    expect(reached(policy, {})).toEqual(open.filter((name) => !UNKNOWN_PATHS.includes(name)));
  });
});

it('with an empty list, the policy stays, so that an earlier one does not, and allows no other account', () => {
  const policy = policyIn(templateFor({ accountIds: [] }));
  const organization = ORGANIZATION;
  expect(policy).toBeDefined();
  const partner = { account: PARTNER, organization, allowedByIam: true };
  expect(reachedBySignature(policy, { signer: partner })).toEqual([]);
  expect(reachedBySignature(policy, { signer: { ...partner, account: OWN } })).toEqual(signed);
  expect(reached(policy, {})).toEqual(open.filter((name) => !UNKNOWN_PATHS.includes(name)));
});

it('with manageResources, callers also reach the control plane, and nothing of the operators', () => {
  const policy = policyIn(templateFor({ accountIds: [PARTNER], manageResources: true }));
  const names = reachedBySignature(policy, { signer: { account: PARTNER, allowedByIam: true } });
  expect(new Set([...names, ...NEVER_OPEN])).toEqual(new Set(signed));
  expect(names.filter((name) => NEVER_OPEN.includes(name))).toEqual([]);
});

it.each<[what: string, ServiceCallerAccounts, accounts: string | undefined]>([
  ['accounts with manageResources', { accountIds: [PARTNER], manageResources: true }, `["${PARTNER}"]`],
  ['accounts without manageResources', { accountIds: [PARTNER] }, undefined],
  ['an organization', { organizationId: ORGANIZATION, manageResources: true }, undefined],
])('with %s, operators can transfer resources only to accounts that are named', (_, callers, accounts) => {
  const functions = resourcesOf(templateFor(callers), 'AWS::Lambda::Function').map(([, { Properties }]) => {
    const { Variables } = Properties.Environment as { Variables: Record<string, string> };
    return [Properties.Description, Variables.OWNER_ACCOUNTS];
  });
  expect(functions.filter(([, stated]) => stated !== undefined)).toEqual(
    accounts === undefined ? [] : [['agent-identity: operator', accounts]],
  );
});

it('in a stack without env, the policy excludes the account of the deployment', () => {
  const policy = policyIn(templateFor({ organizationId: ORGANIZATION }, null));
  const signer = { account: '<AWS::AccountId>', organization: ORGANIZATION, allowedByIam: false };
  expect(reachedBySignature(policy, { signer }, '<AWS::AccountId>')).toEqual([]);
});

it('a private API also requires its VPC endpoint from callers', () => {
  const template = templateWith((stack) => ({
    callers: { accountIds: [PARTNER] },
    privateApi: {
      vpcEndpoints: [
        InterfaceVpcEndpoint.fromInterfaceVpcEndpointAttributes(stack, 'Endpoint', {
          vpcEndpointId: VPC_ENDPOINT,
          port: 443,
        }),
      ],
    },
  }));
  const policy = policyIn(template);
  const signer = { account: PARTNER, allowedByIam: true };
  expect(reachedBySignature(policy, { signer, vpcEndpoint: VPC_ENDPOINT })).toEqual(AGENT_OPERATIONS);
  for (const vpcEndpoint of [undefined, 'vpce-another']) {
    expect(reached(policy, { signer, vpcEndpoint })).toEqual([]);
    expect(reached(policy, { signer: { account: OWN, allowedByIam: true }, vpcEndpoint })).toEqual([]);
  }
  expect(reached(policy, { vpcEndpoint: VPC_ENDPOINT })).toEqual(
    open.filter((name) => !UNKNOWN_PATHS.includes(name)),
  );
});

it('another policy makes another deployment of the API, without which it would not apply', () => {
  const deployments = [{ accountIds: [PARTNER] }, { accountIds: [STRANGER] }, undefined].map((callers) => {
    const template = templateWith(() => ({ ...(callers && { callers }) }));
    const [[id] = []] = resourcesOf(template, 'AWS::ApiGateway::Deployment');
    expect(propertiesOf(template, 'AWS::ApiGateway::Stage').DeploymentId).toMatch(/^<.*Deployment/);
    return id;
  });
  expect(new Set(deployments).size).toBe(3);
});

describe('the number of accounts', () => {
  const accounts = (count: number) =>
    Array.from({ length: count }, (_, index) => String(200_000_000_000 + index));

  it.each<[string, ServiceCallerAccounts]>([
    ['100 for the operations of agents', { accountIds: accounts(100) }],
    ['40 with manageResources', { accountIds: accounts(40), manageResources: true }],
    ['an organization with manageResources', { organizationId: ORGANIZATION, manageResources: true }],
  ])('can be what docs/deploying.md says: %s', (_, callers) => {
    expect(() => templateFor(callers)).not.toThrow();
  });

  it.each<[string, ServiceCallerAccounts]>([
    ['more accounts', { accountIds: accounts(200) }],
    [
      'accounts and an organization with manageResources',
      { accountIds: [PARTNER], organizationId: ORGANIZATION, manageResources: true },
    ],
  ])('cannot make the policy longer than API Gateway accepts: %s', (_, callers) => {
    expect(() => templateFor(callers)).toThrow(
      /API Gateway accepts 8192\. Name .*, or only callers\.organizationId\.$/,
    );
  });
});

describe('callers are rejected', () => {
  it.each<[string, ServiceCallerAccounts, string]>([
    ['without accounts', {}, 'callers must have accountIds, organizationId, or both'],
    ['with an ARN', { accountIds: [`arn:aws:iam::${PARTNER}:root`] }, 'must be the ID of an account'],
    ['with everyone', { accountIds: [PARTNER, '*'] }, 'callers.accountIds[1] must be the ID of an account'],
    ['with the own account', { accountIds: [OWN] }, 'must not be the account of the service'],
    [
      'with the ID of an organizational unit',
      { organizationId: 'ou-abcd-12345678' },
      'must be the ID of an organization',
    ],
    ['with every organization', { organizationId: 'o-*' }, 'must be the ID of an organization'],
  ])('%s', (_, callers, message) => {
    const stack = stackOf(OWN);
    expect(() => new AgentIdentity(stack, 'Identity', { callers })).toThrow(message);
    expect(() => new AgentIdentity(stack, 'Again', { callers })).toThrow('Consumer/Again: ');
  });
});

describe('grants to a role of another account', () => {
  const service = (callers: ServiceCallerAccounts) => {
    const stack = stackOf(OWN);
    const identity = new AgentIdentity(stack, 'Identity', { callers });
    const role = Role.fromRoleArn(stack, 'Partner', `arn:aws:iam::${PARTNER}:role/agent`);
    return { stack, identity, role };
  };

  it.each<ServiceCallerAccounts>([{ accountIds: [PARTNER] }, { organizationId: ORGANIZATION }])(
    'that callers include (%j): the resource policy of the agent names the role',
    (callers) => {
      const { stack, identity, role } = service(callers);
      const workload = new WorkloadIdentity(stack, 'Agent', { identity });
      workload.grantActAs(role);
      expect(propertiesOf(templateOf(stack), 'Custom::AgentIdentityWorkloadIdentity').policy).toContain(
        `"Principal":{"AWS":["arn:aws:iam::${PARTNER}:role/agent"]}`,
      );
    },
  );

  it('that callers do not include are rejected, and the message says what to add', () => {
    const { stack, identity, role } = service({ accountIds: [STRANGER] });
    const workload = new WorkloadIdentity(stack, 'Agent', { identity });
    expect(() => workload.grantActAs(role)).toThrow(
      `cannot grant access to a principal of account ${PARTNER}. The service accepts requests from its own account, and from the accounts in callers. Add account ${PARTNER} to callers of the service.`,
    );
  });

  it('are rejected for operations that callers do not reach', () => {
    const agents = service({ accountIds: [PARTNER] });
    expect(() => agents.identity.grantManageResources(agents.role)).toThrow(
      'Other accounts can call CreateWorkloadIdentity only with callers.manageResources.',
    );
    const managers = service({ accountIds: [PARTNER], manageResources: true });
    expect(() => managers.identity.grantManageResources(managers.role)).not.toThrow();
    for (const [grant, first] of [
      ['grantOperator', 'RevokeGrants'],
      ['grantOperatorReadOnly', 'GetRevocation'],
    ] as const) {
      expect(() => managers.identity[grant](managers.role)).toThrow(`Other accounts cannot call ${first}.`);
    }
    expect(() => managers.identity.grantRotateKeys(managers.role)).toThrow('from its own account only');
  });
});

describe('an app of another account than the service', () => {
  const assumedBy = new ServicePrincipal('lambda.amazonaws.com');
  const restApiId = 'a1b2c3d4e5';

  const app = (attributes: { account: string; callers?: ServiceCallerAccounts }) => {
    const stack = stackOf(PARTNER);
    const identity = AgentIdentity.fromAgentIdentityAttributes(stack, 'Identity', {
      restApiId,
      ...attributes,
    });
    return { stack, identity, role: new Role(stack, 'Agent', { assumedBy }) };
  };

  it("grants IAM access to the API in the service's account", () => {
    const { stack, identity, role } = app({ account: OWN });
    const workload = WorkloadIdentity.fromWorkloadIdentityAttributes(stack, 'Workload', {
      workloadIdentityArn: `arn:aws:bedrock-agentcore:eu-central-1:${OWN}:workload-identity-directory/default/workload-identity/agent`,
      identity,
    });
    workload.grantActAs(role);
    const [statement] = statementsOf(templateOf(stack), 'Agent');
    expect(statement?.Resource).toContain(
      `arn:aws:execute-api:eu-central-1:${OWN}:${restApiId}/prod/POST/identities/GetWorkloadAccessToken`,
    );
  });

  it('can have resources at the service only if it states that its account manages resources', () => {
    const agents = app({ account: OWN });
    expect(() => new WorkloadIdentity(agents.stack, 'Workload', { identity: agents.identity })).toThrow(
      'only with callers.manageResources',
    );
    const { stack, identity } = app({ account: OWN, callers: { manageResources: true } });
    expect(() => new WorkloadIdentity(stack, 'Workload', { identity })).not.toThrow();
    expect(() => identity.grantOperator(new Role(stack, 'Operator', { assumedBy }))).toThrow(
      'Other accounts cannot call RevokeGrants.',
    );
  });

  it('rejects another text in place of the account', () => {
    expect(() => app({ account: '*' })).toThrow('account must be the ID of an account');
  });
});

describe('an agent endpoint with IAM', () => {
  const POST_RUNTIME = { method: 'POST', path: '/runtimes/{agentRuntimeArn+}', auth: 'IAM' } as const;

  const endpointFor = (inbound: Inbound) => {
    const stack = stackOf(OWN);
    const identity = AgentIdentity.fromAgentIdentityAttributes(stack, 'Identity', {
      restApiId: 'a1b2c3d4e5',
    });
    const workload = new WorkloadIdentity(stack, 'Agent', { identity });
    const target = AgentTarget.url('https://agent.example/invocations');
    const endpoint = new AgentEndpoint(stack, 'Travel', { identity, workload, inbound, target });
    const role = Role.fromRoleArn(stack, 'Partner', `arn:aws:iam::${PARTNER}:role/backend`);
    return { stack, endpoint, role };
  };

  it('is invoked by the accounts in callers, if IAM of their account allows it, and not by others', () => {
    const { stack, endpoint, role } = endpointFor(Inbound.iam({ callers: { accountIds: [PARTNER] } }));
    expect(() => endpoint.grantInvoke(role)).not.toThrow();
    const policy = policyIn(templateOf(stack));
    const invokes = (account: string, allowedByIam: boolean) =>
      passes(policy, OWN, { route: POST_RUNTIME, signer: { account, allowedByIam } });
    expect([invokes(PARTNER, true), invokes(PARTNER, false), invokes(STRANGER, true)]).toEqual([
      true,
      false,
      false,
    ]);
    expect([invokes(OWN, true), invokes(OWN, false)]).toEqual([true, false]);
  });

  it('with an empty list keeps a policy, which allows no other account', () => {
    const { stack, endpoint, role } = endpointFor(Inbound.iam({ callers: { accountIds: [] } }));
    expect(() => endpoint.grantInvoke(role)).toThrow(`Add account ${PARTNER} to callers of Inbound.iam.`);
    const policy = policyIn(templateOf(stack));
    expect(policy).toBeDefined();
    const invokes = (account: string) =>
      passes(policy, OWN, { route: POST_RUNTIME, signer: { account, allowedByIam: true } });
    expect([invokes(PARTNER), invokes(OWN)]).toEqual([false, true]);
  });

  it('whose callers were removed has a policy, which takes the access of other accounts away', () => {
    const { stack, endpoint, role } = endpointFor(Inbound.iam());
    expect(() => endpoint.grantInvoke(role)).toThrow(`Add account ${PARTNER} to callers of Inbound.iam.`);
    const policy = policyIn(templateOf(stack));
    expect(policy).toBeDefined();
    const invokes = (account: string, allowedByIam: boolean) =>
      passes(policy, OWN, { route: POST_RUNTIME, signer: { account, allowedByIam } });
    expect([invokes(PARTNER, true), invokes(OWN, true), invokes(OWN, false)]).toEqual([false, true, false]);
  });

  it('has a policy that leaves metadata and preflight requests public, for an endpoint that changes to user tokens', () => {
    const policy = policyIn(templateOf(endpointFor(Inbound.iam()).stack));
    const open = inboundRoutes({
      inbound: { kind: 'JWT' },
      protocol: 'HTTP',
      allowedOrigins: ['https://app.example'],
    }).filter(({ auth }) => auth === 'NONE');
    expect(open.map((route) => passes(policy, OWN, { route: { ...route, auth: 'NONE' } }))).toEqual(
      Array.from({ length: 5 }, () => true),
    );
  });

  it('rejects callers that name no other account', () => {
    expect(() => endpointFor(Inbound.iam({ callers: { accountIds: [OWN] } }))).toThrow(
      'Consumer/Travel: callers.accountIds[0] must not be the account of the service',
    );
  });
});
