/**
 * A company with three teams of ten agents, twelve credential providers that the teams share, and two portals. Every team
 * deploys its own stack. The stacks depend on each other in one direction: the service, the providers, the teams, the
 * portals.
 */
import { SecretValue, Stack, type App } from 'aws-cdk-lib';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Topic, type ITopic } from 'aws-cdk-lib/aws-sns';
import { join } from 'node:path';
import * as lib from '../../lib';

const TEAMS = ['Sales', 'Support', 'Finance'];
const AGENTS_PER_TEAM = 10;
const MCP_SERVERS = ['Tickets', 'Invoices', 'Contracts', 'Wiki'];

const discoveryUrl = 'https://login.example/.well-known/openid-configuration';
const users = { discoveryUrl, allowedAudience: ['assistants', 'portal'] };

/** Returns the client of a provider, whose secret the deployment reads. */
const clientOf = (name: string) => ({
  clientId: name.toLowerCase(),
  clientSecret: SecretValue.secretsManager(`clients/${name.toLowerCase()}`, { jsonField: 'secret' }),
});

function addProviders(stack: Stack, identity: lib.IAgentIdentity): lib.OAuth2CredentialProvider[] {
  const vendors: Readonly<Record<string, lib.OAuth2Vendor>> = {
    Google: lib.OAuth2Vendor.google(clientOf('Google')),
    Microsoft: lib.OAuth2Vendor.microsoft({ ...clientOf('Microsoft'), tenantId: 'common' }),
    GitHub: lib.OAuth2Vendor.github(clientOf('GitHub')),
    Slack: lib.OAuth2Vendor.slack(clientOf('Slack')),
    Salesforce: lib.OAuth2Vendor.salesforce(clientOf('Salesforce')),
    Atlassian: lib.OAuth2Vendor.atlassian(clientOf('Atlassian')),
    LinkedIn: lib.OAuth2Vendor.linkedin(clientOf('LinkedIn')),
    // The users' own identity provider: the portals sign users in with it.
    Login: lib.OAuth2Vendor.custom({ discoveryUrl, ...clientOf('Portal') }),
    ...Object.fromEntries(
      MCP_SERVERS.map((name) => [name, lib.OAuth2Vendor.mcp(`https://${name.toLowerCase()}.example/mcp`)]),
    ),
  };
  return Object.entries(vendors).map(
    ([name, vendor]) => new lib.OAuth2CredentialProvider(stack, name, { identity, vendor }),
  );
}

/** What the stacks of the teams share. */
interface Shared {
  readonly identity: lib.IAgentIdentity;
  readonly alarmsTopic: ITopic;
}

/** An agent in Lambda, its identity, and its gate for the users' tokens. */
function addAgent(stack: Stack, id: string, { identity, alarmsTopic }: Shared): lib.WorkloadIdentity {
  const role = new Role(stack, `${id}Role`, { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
  const logGroup = new LogGroup(stack, `${id}Logs`);
  logGroup.grantWrite(role); // CDK does this only for a role that it creates
  const agent = new LambdaFunction(stack, `${id}Function`, {
    runtime: Runtime.NODEJS_24_X,
    code: Code.fromAsset(join(__dirname, '../agent-endpoint-app/agent')),
    handler: 'index.handler',
    logGroup,
    role,
  });
  const workload = new lib.WorkloadIdentity(stack, id, {
    identity,
    allowedResourceOauth2ReturnUrls: ['https://assistants.example/connected'],
  });
  workload.grantActAs(role);
  new lib.AgentEndpoint(stack, `${id}Endpoint`, {
    identity,
    workload,
    inbound: lib.Inbound.jwt({ discoveryUrl, allowedClients: ['assistants'] }),
    target: lib.AgentTarget.lambda(agent),
    alarmsTopic,
  });
  return workload;
}

export function addTeams(app: App): void {
  const stack = new Stack(app, 'Identity');
  // CDK's classes do not satisfy its interfaces under exactOptionalPropertyTypes.
  const alarmsTopic = new Topic(stack, 'Alarms', { enforceSSL: true }) as ITopic;
  const identity = new lib.AgentIdentity(stack, 'Identity', { trustedIssuers: [users], alarmsTopic });
  const providers = addProviders(new Stack(app, 'Providers'), identity);
  const login = providers.find(({ node }) => node.id === 'Login');
  if (!login) throw new Error('The portals need a provider for the sign-in');
  const connectable = providers.filter((provider) => provider !== login);

  const teams = TEAMS.map((team) => {
    const own = new Stack(app, team);
    return Array.from({ length: AGENTS_PER_TEAM }, (_, index) =>
      addAgent(own, `Agent${index + 1}`, { identity, alarmsTopic }),
    );
  });
  for (const [index, provider] of connectable.entries()) {
    // Every team has its own tools, and all of them have the first four.
    const allowed = index < 4 ? teams.flat() : (teams[index % TEAMS.length] ?? []);
    for (const agent of allowed) provider.allowUseBy(agent);
  }

  const portals = new Stack(app, 'Portals');
  const [sales = [], support = [], finance = []] = teams;
  const [calendar] = connectable;
  for (const [name, workloads] of Object.entries({ Customers: [...sales, ...support], Staff: finance })) {
    new lib.ConsentPortal(portals, name, {
      identity,
      workloads,
      signIn: login,
      branding: { name: `${name} assistants` },
      connections: workloads
        .slice(0, 1)
        .flatMap((workload) =>
          calendar
            ? [{ workload, credentialProvider: calendar, purpose: 'Find free days in your calendar' }]
            : [],
        ),
    });
  }
}
