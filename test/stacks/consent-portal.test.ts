/** A consent portal in someone else's stack: its properties, what it may use, and what synthesis rejects. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Aws, Tags, type Stack } from 'aws-cdk-lib';
import { Annotations, Match } from 'aws-cdk-lib/assertions';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { digestOfLogo } from '../../lambda/model/custom-resources/definition';
import type { Properties } from '../../lambda/model/custom-resources/request';
import { parsePolicyDocument } from '../../lambda/domain/policy/policy-document';
import { checkProvider, ForeignRequest, type DeployedStack } from '../../lambda/custom-resources/stack';
import { caught } from '../domain/caught';
import {
  AgentIdentity,
  ConsentPortal,
  OAuth2CredentialProvider,
  OAuth2Vendor,
  WorkloadIdentity,
  type ConsentPortalProps,
  type IAgentIdentity,
  type OAuth2CredentialProviderProps,
  type TrustedIssuer,
} from '../../lib';
import { consumerStack, deployed, OWNER, propertiesOf, statementsOf, templateOf, written } from './consumer';
import { OAUTH2, PORTAL } from './resources';
import { resourcesOf } from './synthesis';

let stack: Stack;
let identity: IAgentIdentity;
let agent: WorkloadIdentity;
let login: OAuth2CredentialProvider;
const folder = mkdtempSync(join(tmpdir(), 'agent-identity-logo-'));
afterAll(() => rmSync(folder, { recursive: true }));
beforeEach(() => {
  stack = consumerStack();
  identity = AgentIdentity.fromAgentIdentityAttributes(stack, 'Identity', { restApiId: 'abc123' });
  agent = new WorkloadIdentity(stack, 'Agent', { identity, workloadIdentityName: 'travel-agent' });
  login = providerNamed('Login');
});

const vendor = () =>
  OAuth2Vendor.custom({
    clientId: 'portal',
    clientSecret: new Secret(stack, `Secret${stack.node.children.length}`).secretValue,
    discoveryUrl: 'https://login.example/.well-known/openid-configuration',
  });

const providerNamed = (id: string, props: Partial<OAuth2CredentialProviderProps> = {}) =>
  new OAuth2CredentialProvider(stack, id, { identity, vendor: vendor(), ...props });

const portalOf = (props: Partial<ConsentPortalProps> = {}) =>
  new ConsentPortal(stack, 'Portal', { identity, workloads: [agent], signIn: login, ...props });

const propertiesOfPortal = () => propertiesOf(templateOf(stack), PORTAL);
const configuration = () => JSON.parse(String(propertiesOfPortal().configuration)) as Record<string, unknown>;

function file(name: string, content: string | Buffer): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

describe('a portal', () => {
  it('names its agents and its sign-in, with the scopes of a sign-in', () => {
    portalOf();
    expect(configuration()).toEqual({
      workloads: ['travel-agent'],
      signIn: {
        provider: expect.stringMatching(/^Consumer-?Login/) as string,
        scopes: ['openid', 'profile'],
      },
      branding: {},
      connections: [],
    });
    expect(propertiesOfPortal()).toMatchObject({
      name: expect.stringMatching(/^Consumer-?Portal/) as string,
      policy: '',
      portal: {
        credentialProviderArn: '<Login.Arn>',
        executionRoleArn: OWNER,
      },
    });
  });

  it('has everything that its props say', () => {
    const calendar = providerNamed('Calendar', { credentialProviderName: 'calendar' });
    calendar.allowUseBy(agent);
    const logo = file('logo.png', 'a logo');
    portalOf({
      portalName: 'assistants',
      description: 'Connections of the assistants',
      scopes: ['openid', 'email'],
      audience: 'https://portal.example',
      branding: { name: 'Example Assistants', color: '#0b5fff', logo },
      connections: [
        {
          workload: agent,
          credentialProvider: calendar,
          scopes: ['calendar.read'],
          customParameters: { prompt: 'consent' },
          purpose: 'Find free time',
        },
      ],
    });
    const url = `data:image/png;base64,${Buffer.from('a logo').toString('base64')}`;
    expect(configuration()).toEqual({
      description: 'Connections of the assistants',
      workloads: ['travel-agent'],
      signIn: {
        provider: expect.any(String) as string,
        scopes: ['openid', 'email'],
        audience: 'https://portal.example',
      },
      branding: { name: 'Example Assistants', color: '#0b5fff', logo: digestOfLogo(url) },
      connections: [
        {
          workloadName: 'travel-agent',
          credentialProviderName: 'calendar',
          scopes: ['calendar.read'],
          customParameters: { prompt: 'consent' },
          purpose: 'Find free time',
        },
      ],
    });
    expect(propertiesOfPortal()).toMatchObject({ name: 'assistants', portal: { logo: url } });
  });

  it('has addresses that exist after the deployment', () => {
    const { portalUrl, callbackUrl, portalId, portalArn, portalName, ownerArn } = portalOf();
    const resolved = (value: string) => written(stack.resolve(value));
    expect([portalUrl, callbackUrl, portalId, portalArn, portalName].map(resolved)).toEqual([
      '<Portal.PortalUrl>',
      '<Portal.CallbackUrl>',
      '<Portal.PortalId>',
      '<Portal.Arn>',
      '<Portal.Name>',
    ]);
    expect(resolved(ownerArn)).toBe(OWNER);
  });

  it('is created after its agents and providers, which it names', () => {
    portalOf();
    const template = templateOf(stack);
    const [portal] = resourcesOf(template, PORTAL);
    const { DependsOn = [] } = template.Resources[portal?.[0] ?? ''] ?? {};
    const named = (prefix: string) => DependsOn.some((id) => id.startsWith(prefix));
    expect([named('Agent'), named('Login')]).toEqual([true, true]);
  });

  it('is managed by a function that may call the operations of portals', () => {
    portalOf();
    const statements = statementsOf(templateOf(stack), 'AgentIdentityResourcesRole');
    const resources = statements.flatMap(({ Resource }) => [Resource ?? []].flat());
    for (const verb of ['Create', 'Get', 'Update', 'Delete']) {
      expect(resources.some((arn) => arn.endsWith(`/POST/identities/${verb}ConsentPortal`))).toBe(true);
    }
    expect(resources.some((arn) => arn.endsWith('/POST/identities/ListConsentPortals'))).toBe(true);
  });

  it('has the tags of its scope', () => {
    portalOf();
    Tags.of(stack).add('team', 'travel');
    expect(propertiesOfPortal().tags).toEqual({ team: 'travel' });
  });

  it('may sign users in with its provider, which no agent may use', () => {
    portalOf({ portalName: 'assistants' });
    const policy = String(propertiesOf(templateOf(stack), OAUTH2).policy);
    const { Statement } = JSON.parse(policy) as { Statement: { Condition?: object }[] };
    const arn =
      'arn:<AWS::Partition>:bedrock-agentcore:<AWS::Region>:<AWS::AccountId>:consent-portal/assistants-??????????';
    expect(Statement).toEqual([
      expect.objectContaining({
        Sid: 'Use1',
        Principal: { AWS: [OWNER] },
        Condition: { ArnEquals: { 'bedrock-agentcore:WorkloadIdentityArn': [arn] } },
      }),
      expect.objectContaining({
        Sid: 'DenyOtherWorkloads',
        Condition: { ArnNotEquals: { 'bedrock-agentcore:WorkloadIdentityArn': [arn] } },
      }),
    ]);
    const provider =
      'arn:aws:bedrock-agentcore:eu-central-1:123456789012:token-vault/default/oauth2credentialprovider/a';
    expect(parsePolicyDocument(deployed(policy), provider).statements).toHaveLength(2);
  });

  it('is in the environment of the function, which accepts no other definition', () => {
    portalOf({ branding: { logo: file('small.svg', '<svg/>') } });
    const template = templateOf(stack);
    const [id = '', { Properties: properties }] = resourcesOf(template, PORTAL)[0]!;
    const [, { Properties: ofFunction }] = resourcesOf(template, 'AWS::Lambda::Function')[0]!;
    const { Variables } = ofFunction.Environment as { Variables: { STACK: unknown } };
    const deployed = JSON.parse(String(written(Variables.STACK))) as DeployedStack;
    const request = (change: object) =>
      ({
        RequestType: 'Update',
        ResourceType: PORTAL,
        LogicalResourceId: id,
        ResourceProperties: { ...(properties as unknown as Properties), ...change },
      }) as unknown as Parameters<typeof checkProvider>[1];
    expect(() => checkProvider(deployed, request({}))).not.toThrow();
    const other = JSON.stringify({ ...configuration(), workloads: ['another-agent'] });
    expect(() => checkProvider(deployed, request({ configuration: other }))).toThrow(ForeignRequest);
  });
});

describe('synthesis rejects', () => {
  it.each<[string, () => Partial<ConsentPortalProps>, string]>([
    ['a name of another form', () => ({ portalName: 'a b' }), 'does not accept the name "a b"'],
    [
      'a sign-in at a vendor without a discovery URL',
      () => ({
        signIn: providerNamed('Google', {
          vendor: OAuth2Vendor.google({
            clientId: 'portal',
            clientSecret: new Secret(stack, 'GoogleSecret').secretValue,
          }),
        }),
      }),
      'signIn must have a discovery URL, because users sign in with it, and Consumer/Google has none',
    ],
    ['a portal without agents', () => ({ workloads: [] }), 'workloads must have 1 to 20 entries'],
    ['an agent twice', () => ({ workloads: [agent, agent] }), 'workloads must not have an entry twice'],
    ['a scope with a space', () => ({ scopes: ['openid profile'] }), 'scopes.0 must '],
    ['a sign-in without scopes', () => ({ scopes: [] }), 'scopes must '],
    ['a description that is too long', () => ({ description: 'x'.repeat(513) }), 'description must '],
    ['a color by name', () => ({ branding: { color: 'blue' } }), 'branding.color must '],
    ['a name of two lines', () => ({ branding: { name: 'a\nb' } }), 'branding.name must be one line'],
    ['a logo that is missing', () => ({ branding: { logo: join(folder, 'none.png') } }), 'cannot be read'],
    ['a logo of another type', () => ({ branding: { logo: file('logo.gif', 'x') } }), 'must be a file .png'],
    [
      'a logo that is empty',
      () => ({ branding: { logo: file('empty.png', '') } }),
      'must have 1 to 17,900 bytes',
    ],
    [
      'a logo that is too large',
      () => ({ branding: { logo: file('large.png', Buffer.alloc(17_901)) } }),
      'must have 1 to 17,900 bytes',
    ],
    [
      'a connection of an agent that the portal does not show',
      () => ({
        connections: [
          {
            workload: new WorkloadIdentity(stack, 'Other', { identity }),
            credentialProvider: login,
          },
        ],
      }),
      'connections.0.workload must be one of workloads',
    ],
    [
      'a purpose that is too long',
      () => ({ connections: [{ workload: agent, credentialProvider: login, purpose: 'x'.repeat(257) }] }),
      'connections.0.purpose must ',
    ],
  ])('%s', (_, props, message) => {
    const error = String(caught(() => portalOf(props())));
    expect(error).toContain('Consumer/Portal: ');
    expect(error).toContain(message);
  });

  it('a connection at a provider that the agent cannot use', () => {
    const calendar = providerNamed('Calendar');
    portalOf({ connections: [{ workload: agent, credentialProvider: calendar }] });
    expect(() => templateOf(stack)).toThrow('Consumer/Agent cannot use Consumer/Calendar');
  });
});

it('the largest logo that synthesis accepts is accepted by the service', () => {
  portalOf({ branding: { logo: file('largest.svg', Buffer.alloc(17_900, 'x')) } });
  const { logo = '' } = propertiesOfPortal().portal as { logo?: string };
  expect(logo.length).toBeLessThanOrEqual(24_000);
});

it('synthesis warns of an agent that is not part of the app', () => {
  const theirs = WorkloadIdentity.fromWorkloadIdentityName(stack, 'Theirs', 'their-agent');
  portalOf({ workloads: [agent, theirs] });
  Annotations.fromStack(stack).hasWarning('/Consumer/Portal', Match.stringLikeRegexp('must allow the owner'));
});

describe('a sign-in whose client the trusted issuer of an agent', () => {
  const discoveryUrl = 'https://login.example/.well-known/openid-configuration';
  const portalWith = (conditions: Partial<TrustedIssuer>, audience?: string) => {
    const authorizer = { discoveryUrl, ...conditions };
    const strict = new WorkloadIdentity(stack, 'Strict', { identity, authorizer });
    portalOf({ workloads: [agent, strict], ...(audience !== undefined && { audience }) });
    return Annotations.fromStack(stack);
  };

  it('does not list causes a warning that says what to add', () => {
    portalWith({ allowedAudience: ['app'], allowedClients: ['app'] }).hasWarning(
      '/Consumer/Portal',
      Match.stringLikeRegexp(
        `${discoveryUrl} of Consumer/Strict does not list the client portal.*Add it to allowedAudience and allowedClients.*@agent-identity/cdk:unlistedSignInClient`,
      ),
    );
  });

  it('cannot list, because it is another issuer, causes a warning', () => {
    portalWith({
      discoveryUrl: 'https://other.example/.well-known/openid-configuration',
      allowedAudience: ['portal'],
    }).hasWarning(
      '/Consumer/Portal',
      Match.stringLikeRegexp(
        `Consumer/Strict does not trust the issuer ${discoveryUrl}.*@agent-identity/cdk:untrustedSignInIssuer`,
      ),
    );
  });

  it('is compared by its discovery URL of OpenID Connect only', () => {
    const clientSecret = new Secret(stack, 'PlainSecret').secretValue;
    const client = { clientId: 'portal', clientSecret };
    const metadata = 'https://login.example/.well-known/oauth-authorization-server';
    login = providerNamed('Plain', { vendor: OAuth2Vendor.custom({ ...client, discoveryUrl: metadata }) });
    portalWith({ allowedAudience: ['portal'] }).hasNoWarning('*', Match.anyValue());
  });

  it('does not list is found by the issuer of the tenant, too', () => {
    const client = {
      clientId: 'portal',
      clientSecret: new Secret(stack, 'OktaSecret').secretValue,
      issuer: 'https://login.example/',
    };
    login = providerNamed('Okta', { vendor: OAuth2Vendor.included('OktaOauth2', client) });
    portalWith({ allowedAudience: ['app'] }).hasWarning(
      '/Consumer/Portal',
      Match.stringLikeRegexp('Add it to'),
    );
  });

  it('of the deployment does not list causes a warning', () => {
    const trustedIssuers = [{ discoveryUrl, allowedAudience: ['app'] }];
    identity = new AgentIdentity(stack, 'Service', { trustedIssuers });
    agent = new WorkloadIdentity(stack, 'Local', { identity });
    login = providerNamed('LocalLogin');
    portalOf();
    Annotations.fromStack(stack).hasWarning(
      '/Consumer/Portal',
      Match.stringLikeRegexp('Consumer/Local does not list the client portal.*Add it to allowedAudience of'),
    );
  });

  it.each<[string, Partial<TrustedIssuer>, string | undefined]>([
    ['lists', { allowedAudience: ['app', 'portal'], allowedClients: ['portal'] }, undefined],
    ['lists by the audience of the sign-in', { allowedAudience: ['api'] }, 'api'],
    ['might list at deployment', { allowedAudience: [Aws.ACCOUNT_ID] }, undefined],
  ])('%s causes no warning', (_, conditions, audience) => {
    portalWith(conditions, audience).hasNoWarning('*', Match.anyValue());
  });
});

describe('a name for people', () => {
  it('is the tag displayName', () => {
    new WorkloadIdentity(stack, 'Named', { identity, displayName: 'Travel agent', tags: { team: 'travel' } });
    const named = resourcesOf(templateOf(stack), 'Custom::AgentIdentityWorkloadIdentity').find(([id]) =>
      id.startsWith('Named'),
    );
    expect(named?.[1].Properties.tags).toEqual({ displayName: 'Travel agent', team: 'travel' });
  });

  it.each(['', ' ', 'x'.repeat(65)])('of %p is rejected', (displayName) => {
    expect(() => providerNamed('Named', { displayName })).toThrow(
      'Consumer/Named: displayName must have 1 to 64 characters',
    );
  });

  it('with characters that a tag cannot have is rejected', () => {
    providerNamed('Named', { displayName: 'Reise "Agent"' });
    expect(() => templateOf(stack)).toThrow('Consumer/Named: tags.displayName ');
  });
});
