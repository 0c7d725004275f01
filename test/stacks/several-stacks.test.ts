/** An app whose agents, providers, endpoints, and portals are in several stacks (docs/deploying.md, "Several teams"). */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CfnOutput, CfnResource, SecretValue, Stack } from 'aws-cdk-lib';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { addTeams } from '../../examples/teams-app/stacks';
import { actionDenial, credentialUseDenial } from '../../lambda/domain/policy/access';
import {
  AgentEndpoint,
  AgentIdentity,
  AgentTarget,
  ConsentPortal,
  Inbound,
  OAuth2CredentialProvider,
  OAuth2Vendor,
  WorkloadIdentity,
} from '../../lib';
import { deployed, propertiesOf, templateOf, written } from './consumer';
import { newApp } from './new-app';
import { IDENTITY, OAUTH2 } from './resources';

describe('an agent, its endpoint, a provider, and a portal in a stack each', () => {
  const app = newApp();
  const discoveryUrl = 'https://login.example/.well-known/openid-configuration';
  const identity = new AgentIdentity(new Stack(app, 'Identity'), 'Identity', {
    trustedIssuers: [{ discoveryUrl, allowedClients: ['portal'] }],
  });
  const agents = new Stack(app, 'Agents');
  const workload = new WorkloadIdentity(agents, 'Agent', { identity, workloadIdentityName: 'travel' });
  const providers = new Stack(app, 'Providers');
  const login = new OAuth2CredentialProvider(providers, 'Login', {
    identity,
    vendor: OAuth2Vendor.custom({
      discoveryUrl,
      clientId: 'portal',
      clientSecret: SecretValue.secretsManager('portal'),
    }),
  });
  login.allowUseBy(workload);
  const endpoint = new AgentEndpoint(new Stack(app, 'Endpoints'), 'Endpoint', {
    identity,
    workload,
    inbound: Inbound.jwt({ discoveryUrl, allowedClients: ['portal'] }),
    target: AgentTarget.url('https://agent.example/invocations'),
  });
  const portal = new ConsentPortal(new Stack(app, 'Portals'), 'Portal', {
    identity,
    portalName: 'connections',
    workloads: [workload],
    signIn: login,
    connections: [{ workload, credentialProvider: login }],
  });

  const atDeployment = (text: unknown) => deployed(String(written(text)));
  const callerWith = (arn: string) => ({ arn, id: 'AROA1' });
  /** Returns a resource as the service stores it after the deployment. */
  const stored = (stack: Stack, type: string, path: string, ownerArn: string) => ({
    arn: `arn:aws:bedrock-agentcore:eu-central-1:123456789012:${path}`,
    owner: atDeployment(stack.resolve(ownerArn)),
    policy: atDeployment(propertiesOf(templateOf(stack), type).policy),
  });
  const agent = stored(
    agents,
    IDENTITY,
    'workload-identity-directory/default/workload-identity/travel',
    workload.ownerArn,
  );
  const provider = stored(
    providers,
    OAUTH2,
    'token-vault/default/oauth2credentialprovider/login',
    login.ownerArn,
  );
  const portalOwner = atDeployment(portal.stack.resolve(portal.ownerArn));

  it('have an owner each', () => {
    expect(new Set([agent.owner, provider.owner, portalOwner]).size).toBe(3);
  });

  it.each([
    'GetWorkloadAccessTokenForJWT',
    'GetResourceOauth2Token',
    'CompleteResourceTokenAuth',
    'ListResourceGrants',
    'RevokeResourceGrant',
  ] as const)(
    'the owner of the portal can call %s for the agent, and another principal cannot',
    (operation) => {
      const call = { operation, resource: agent };
      expect(actionDenial({ principal: callerWith(portalOwner), ...call })).toBeUndefined();
      const other = portalOwner.replace('Portals-', 'Other-');
      expect(actionDenial({ principal: callerWith(other), ...call })).toBeDefined();
    },
  );

  it('the owner of the portal can neither choose a user nor change the agent', () => {
    for (const operation of ['GetWorkloadAccessTokenForUserId', 'PutResourcePolicy'] as const) {
      const denial = actionDenial({ principal: callerWith(portalOwner), operation, resource: agent });
      expect(denial).toBeDefined();
    }
  });

  it('the agent can use the provider, the portal can sign users in with it, and another agent can do nothing', () => {
    const use = { operation: 'GetResourceOauth2Token', provider } as const;
    const page = {
      arn: 'arn:aws:bedrock-agentcore:eu-central-1:123456789012:consent-portal/connections-a1b2c3d4e5',
      owner: portalOwner,
    };
    expect(
      credentialUseDenial({ ...use, principal: callerWith(agent.owner), identity: agent }),
    ).toBeUndefined();
    expect(
      credentialUseDenial({ ...use, principal: callerWith(portalOwner), identity: page }),
    ).toBeUndefined();
    const other = { ...agent, arn: agent.arn.replace('travel', 'other') };
    expect(
      credentialUseDenial({ ...use, principal: callerWith(agent.owner), identity: other }),
    ).toBeDefined();
    const otherPage = { ...page, arn: page.arn.replace('connections', 'others') };
    expect(
      credentialUseDenial({ ...use, principal: callerWith(portalOwner), identity: otherPage }),
    ).toBeDefined();
  });

  it('the gate can get tokens of the agent', () => {
    const roles = Object.values(templateOf(Stack.of(endpoint)).Resources)
      .map(({ Type, Properties }) => (Type === 'AWS::IAM::Role' ? Properties.RoleName : undefined))
      .filter((name) => name !== undefined)
      .map((name) => `arn:aws:iam::123456789012:role/${atDeployment(name)}`);
    const operation = 'GetWorkloadAccessTokenForJWT';
    const denials = roles.map((arn) =>
      actionDenial({ principal: callerWith(arn), operation, resource: agent }),
    );
    expect(denials).toContain(undefined);
  });

  it('an agent of an earlier stack acts with its role, and one of a later stack with a role that has a name', () => {
    const roleIn = (stack: Stack, id: string, roleName?: string) =>
      new Role(stack, id, {
        assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
        ...(roleName !== undefined && { roleName }),
      });
    const app = newApp();
    const [earlier, own, later] = ['Earlier', 'Own', 'Later'].map((name) => new Stack(app, name)) as [
      Stack,
      Stack,
      Stack,
    ];
    const service = AgentIdentity.fromAgentIdentityAttributes(own, 'Identity', { restApiId: 'abc123' });
    const acting = new WorkloadIdentity(own, 'Agent', { identity: service });
    acting.grantActAs(roleIn(earlier, 'Role'));
    acting.grantActAs(roleIn(later, 'Role', 'travel-agent'));
    new CfnOutput(later, 'Agent', { value: acting.workloadIdentityArn });
    const template = JSON.stringify(templateOf(own));
    expect(template).toMatch(/"Fn::ImportValue":"Earlier:\w+Role\w+Arn/);
    expect(template).toContain(':role/travel-agent');
    acting.grantActAs(roleIn(later, 'Nameless'));
    expect(() => app.synth()).toThrow(/Later/);
  });

  it('depend on each other in one direction', () => {
    const names = (stack: Stack) => stack.dependencies.map(({ stackName }) => stackName).sort();
    expect(names(agents)).toEqual(['Identity']);
    expect(names(providers)).toEqual(['Identity']);
    expect(names(Stack.of(endpoint))).toEqual(['Agents', 'Identity']);
    expect(names(portal.stack)).toEqual(['Agents', 'Identity', 'Providers']);
  });
});

it('thirty agents of three teams take as many stacks and resources as docs/deploying.md says', () => {
  const page = readFileSync(join(__dirname, '../../docs/deploying.md'), 'utf8');
  const app = newApp();
  addTeams(app);
  const stacks = app.node.children.filter(Stack.isStack);
  const counts = stacks.map(({ node, stackName }) => ({
    stackName,
    count: node.findAll().filter((construct) => CfnResource.isCfnResource(construct)).length,
  }));
  expect(counts).toEqual(
    counts.map(({ stackName }) => {
      const row = new RegExp(`^\\| [^|]*\`${stackName}\`[^|]*\\|[^|]*\\| (\\d+) `, 'm');
      return { stackName, count: Number(row.exec(page)?.[1]) };
    }),
  );
  expect(page).toContain(`${stacks.length} stacks`);
});
