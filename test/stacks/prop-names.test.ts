/** Props that JavaScript misspells, or leaves out: synthesis names them. */
import { SecretValue, Stack } from 'aws-cdk-lib';
import {
  AgentEndpoint,
  AgentIdentity,
  AgentRole,
  AgentTarget,
  ApiKeyCredentialProvider,
  ConsentPortal,
  Gateway,
  GatewayAuthorizer,
  Inbound,
  OAuth2CredentialProvider,
  OAuth2Vendor,
  WebAcl,
  WorkloadIdentity,
} from '../../lib';
import { newApp } from './new-app';

/** The library as JavaScript sees it. */
type Untyped = Readonly<Record<string, (...args: readonly unknown[]) => unknown>>;
const inbound = Inbound as unknown as Untyped;
const role = AgentRole as unknown as Untyped;
const webAcl = WebAcl as unknown as Untyped;

let stack: Stack;
beforeEach(() => {
  stack = new Stack(newApp(), 'Stack');
});

const call = (name: string, of: Untyped, ...args: readonly unknown[]): unknown => of[name]?.(...args);

describe('a function that returns an object', () => {
  it.each<[string, () => unknown, string]>([
    [
      'Inbound.iam',
      () => call('iam', inbound, { userIdPrincipal: [] }),
      'userIdPrincipal is not a prop. Did you mean userIdPrincipals?',
    ],
    [
      'Inbound.iam: callers',
      () => call('iam', inbound, { callers: { accountId: [] } }),
      'accountId is not a prop. Did you mean accountIds?',
    ],
    [
      'WebAcl.managed',
      () => call('managed', webAcl, { requestPerFiveMinutes: 1 }),
      'requestPerFiveMinutes is not a prop. Did you mean requestsPerFiveMinutes?',
    ],
    [
      'Stack/Agent',
      () =>
        call('fromOidc', role, stack, 'Agent', { issuer: 'https://idp.example', audience: 'a', sub: 'x' }),
      'sub is not a prop. The props are ',
    ],
    [
      'Stack/Agent',
      () => call('fromRolesAnywhere', role, stack, 'Agent', { trustAnchorArn: 'arn' }),
      'certificate is required',
    ],
    [
      'Stack/Agent',
      () =>
        call('fromRolesAnywhere', role, stack, 'Agent', {
          trustAnchorArn: 'arn',
          certificate: { commonNames: 'agent' },
        }),
      'certificate: commonNames is not a prop. Did you mean commonName?',
    ],
  ])('%s', (name, make, message) => {
    expect(make).toThrow(`${name}: ${message}`);
  });
});

describe('a client at a vendor', () => {
  const vendor = OAuth2Vendor as unknown as Readonly<
    Record<string, (...args: readonly unknown[]) => OAuth2Vendor>
  >;
  const client = { clientId: 'client', clientSecret: SecretValue.secretsManager('client') };
  const discoveryUrl = 'https://idp.example/.well-known/openid-configuration';
  const provider = (name: string, ...args: readonly unknown[]) => {
    const identity = AgentIdentity.fromAgentIdentityAttributes(stack, 'Identity', { restApiId: 'abc123' });
    const made = vendor[name]?.(...args);
    if (!made) throw new Error(`OAuth2Vendor.${name} does not exist`);
    return new OAuth2CredentialProvider(stack, 'Provider', { identity, vendor: made });
  };

  it.each<[string, string, readonly unknown[]]>([
    ...['atlassian', 'github', 'google', 'linkedin', 'salesforce', 'slack'].map(
      (name): [string, string, unknown[]] => [name, 'tenantId', [{ ...client, tenantId: 'contoso' }]],
    ),
    ['microsoft', 'tenant', [{ ...client, tenant: 'contoso' }]],
    ['included', 'isuer', ['OktaOauth2', { ...client, isuer: 'https://acme.okta.example' }]],
    ['custom', 'discoveryURL', [{ ...client, discoveryUrl, discoveryURL: discoveryUrl }]],
    ['custom', 'caCertificate', [{ ...client, discoveryUrl, caCertificate: 'arn' }]],
    ['mcp', 'endpointOrigin', ['https://notes.example/mcp', { endpointOrigin: ['https://as.example'] }]],
  ])('OAuth2Vendor.%s rejects the prop %s, which it does not have', (name, prop, args) => {
    expect(() => provider(name, ...args)).toThrow(
      new RegExp(`^Stack/Provider: \\w+: ${prop} is not a prop$`),
    );
  });

  it.each(['atlassian', 'github', 'google', 'linkedin', 'salesforce', 'slack'])(
    'OAuth2Vendor.%s needs a client secret',
    (name) => {
      expect(() => provider(name, { clientId: 'client' })).toThrow('clientSecret: is required');
    },
  );
});

it.each([
  'https://notes.example/.well-known/oauth-protected-resource',
  'https://notes.example/.well-known/oauth-protected-resource/mcp',
])('OAuth2Vendor.mcp takes the URL of the server, and not that of its metadata: %s', (url) => {
  expect(() => OAuth2Vendor.mcp(url)).toThrow(
    'OAuth2Vendor.mcp: serverUrl must be a URL that begins with https:// (or http:// on loopback), without a query, fragment, user name, or password, and without /.well-known/oauth-protected-resource, which is in the URL of its metadata',
  );
});

describe('a construct', () => {
  type Props = Record<string, unknown>;
  type AnyConstruct = new (scope: Stack, id: string, props?: Props) => unknown;

  /** Each construct, with required props and one of the others. */
  const CONSTRUCTS: readonly [string, AnyConstruct, (identity: AgentIdentity) => Props, string][] = [
    ['AgentIdentity', AgentIdentity, () => ({}), 'trustedIssuers'],
    [
      'WorkloadIdentity',
      WorkloadIdentity as unknown as AnyConstruct,
      (identity) => ({ identity }),
      'allowedWorkloadIdentities',
    ],
    [
      'OAuth2CredentialProvider',
      OAuth2CredentialProvider as unknown as AnyConstruct,
      (identity) => ({ identity, vendor: OAuth2Vendor.mcp('https://notes.example/mcp') }),
      'displayName',
    ],
    [
      'ApiKeyCredentialProvider',
      ApiKeyCredentialProvider as unknown as AnyConstruct,
      (identity) => ({ identity, apiKey: 'from AWS Secrets Manager' }),
      'secretVersion',
    ],
    [
      'ConsentPortal',
      ConsentPortal as unknown as AnyConstruct,
      (identity) => ({ identity, workloads: [], signIn: {} }),
      'connections',
    ],
    [
      'Gateway',
      Gateway as unknown as AnyConstruct,
      (identity) => ({ identity, authorizer: GatewayAuthorizer.usingAwsIam() }),
      'description',
    ],
    [
      'AgentEndpoint',
      AgentEndpoint as unknown as AnyConstruct,
      (identity) => ({
        identity,
        workload: {},
        inbound: Inbound.iam(),
        target: AgentTarget.url('https://agent.example'),
      }),
      'requestHeaderAllowlist',
    ],
  ];
  const identityOf = () =>
    AgentIdentity.fromAgentIdentityAttributes(stack, 'Identity', { restApiId: 'abc123' }) as AgentIdentity;

  it.each(CONSTRUCTS)('%s names the prop that was probably meant', (name, kind, props, optional) => {
    const given = props(identityOf());
    for (const known of [...Object.keys(given), optional]) {
      const { [known]: value, ...others } = given;
      expect(() => new kind(stack, name, { ...others, [`${known}x`]: value })).toThrow(
        `Stack/${name}: ${known}x is not a prop. Did you mean ${known}?`,
      );
      stack.node.tryRemoveChild(name);
    }
  });

  it.each(CONSTRUCTS)('%s names a required prop that is missing', (name, kind, props) => {
    const given = props(identityOf());
    for (const required of Object.keys(given)) {
      expect(() => new kind(stack, name, { ...given, [required]: undefined })).toThrow(
        `Stack/${name}: ${required} is required`,
      );
      stack.node.tryRemoveChild(name);
    }
  });

  it('accepts the additional props of a subclass', () => {
    class Agent extends WorkloadIdentity {
      constructor(id: string, props: { identity: AgentIdentity; team: string }) {
        super(stack, id, props);
      }
    }
    expect(new Agent('Agent', { identity: identityOf(), team: 'travel' }).workloadIdentityName).toBeDefined();
  });

  it('rejects a misspelled member of an inbound authorization by user tokens', () => {
    const given = {
      discoveryUrl: 'https://idp.example/.well-known/openid-configuration',
      allowedAudiences: ['a'],
    };
    const identity = new AgentIdentity(stack, 'Service');
    const props = {
      identity,
      workload: new WorkloadIdentity(stack, 'Workload', { identity }),
      inbound: Inbound.jwt(given),
      target: AgentTarget.url('https://agent.example'),
    };
    expect(() => new AgentEndpoint(stack, 'Endpoint', props)).toThrow('Did you mean allowedAudience?');
  });
});
