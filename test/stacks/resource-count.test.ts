/** How many resources of a CloudFormation stack the service, agents, and endpoints take, which docs/deploying.md states. */
import { CfnResource, SecretValue, Stack, type App } from 'aws-cdk-lib';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Template } from 'aws-cdk-lib/assertions';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  AgentEndpoint,
  AgentIdentity,
  AgentTarget,
  ConsentPortal,
  IdentityServiceStack,
  IdentityStateStack,
  Inbound,
  OAuth2CredentialProvider,
  OAuth2Vendor,
  WorkloadIdentity,
} from '../../lib';
import { newApp } from './new-app';

const PAGE = readFileSync(join(__dirname, '../../docs/deploying.md'), 'utf8');

/** Returns the number that the page has where the pattern has its group. */
const stated = (pattern: RegExp): number => Number(pattern.exec(PAGE)?.[1]);

/** About so many: the page need not follow each new route. */
const TOLERANCE = 5;
const expectAbout = (count: number, pattern: RegExp): void => {
  expect(Math.abs(count - stated(pattern))).toBeLessThanOrEqual(TOLERANCE);
};

const discoveryUrl = 'https://idp.example/.well-known/openid-configuration';
const users = { discoveryUrl, allowedClients: ['travel-app'] };

/** Returns the number of resources in a stack, to which more can be added. */
const resourcesIn = (stack: Stack): number =>
  stack.node.findAll().filter((construct) => CfnResource.isCfnResource(construct)).length;

/** Returns the number of resources in the template. */
const synthesized = (stack: Stack): number =>
  Object.keys((Template.fromStack(stack).toJSON() as { Resources: object }).Resources).length;

let app: App;
let identity: AgentIdentity;
let service: Stack;
beforeEach(() => {
  app = newApp();
  service = new Stack(app, 'Identity');
  identity = new AgentIdentity(service, 'Identity', { trustedIssuers: [users] });
});

const clientSecret = SecretValue.secretsManager('travel/calendar', { jsonField: 'secret' });

function addAgent(stack: Stack, name: string): WorkloadIdentity {
  const workload = new WorkloadIdentity(stack, `Agent${name}`, { identity, authorizer: users });
  const vendor = OAuth2Vendor.google({ clientId: 'travel', clientSecret });
  new OAuth2CredentialProvider(stack, `Calendar${name}`, { identity, vendor }).allowUseBy(workload);
  return workload;
}

/** The agent's own function, as in the page: the role that it acts with, and its log. */
function addFunction(stack: Stack, name: string, workload: WorkloadIdentity): LambdaFunction {
  const role = new Role(stack, `Role${name}`, { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
  workload.grantActAs(role);
  return new LambdaFunction(stack, `Function${name}`, {
    runtime: Runtime.NODEJS_24_X,
    code: Code.fromInline('exports.handler = () => {}'),
    handler: 'index.handler',
    logGroup: new LogGroup(stack, `Logs${name}`),
    role,
  });
}

function addEndpoint(stack: Stack, name: string, workload: WorkloadIdentity, agent?: LambdaFunction): void {
  new AgentEndpoint(stack, `Endpoint${name}`, {
    identity,
    workload,
    inbound: Inbound.jwt(users),
    target: agent ? AgentTarget.lambda(agent) : AgentTarget.url('https://agent.example/invocations'),
  });
}

/** The app of the page, with its portal and agent endpoint in a separate stack. */
function addApp(): { readonly stack: Stack; readonly ofEndpoint: number } {
  const stack = new Stack(app, 'TravelAgent');
  const workload = addAgent(stack, 'One');
  // The policy, the role, the function, and its log group.
  expect(resourcesIn(stack)).toBe(2 + stated(/adds (\d+) for the function that manages them/));
  const signIn = new OAuth2CredentialProvider(stack, 'Login', {
    identity,
    vendor: OAuth2Vendor.custom({ discoveryUrl, clientId: 'travel-portal', clientSecret }),
  });
  new ConsentPortal(stack, 'Portal', {
    identity,
    workloads: [workload],
    signIn,
    branding: { name: 'Travel' },
  });
  const before = resourcesIn(stack);
  addEndpoint(stack, 'One', workload);
  return { stack, ofEndpoint: resourcesIn(stack) - before };
}

/** What the app of the page has next to them: the agent's role, its function with another role, and their policies. */
const OF_AGENT = 6;

it('the service, an agent, a portal, and an endpoint have as many resources as docs/deploying.md says', () => {
  const { stack, ofEndpoint } = addApp();
  expectAbout(resourcesIn(service), /The service has about (\d+) of them/);
  expectAbout(ofEndpoint, /Each agent endpoint adds about (\d+)/);
  const together = resourcesIn(service) + resourcesIn(stack);
  expectAbout(together + OF_AGENT, /the app above about (\d+)/);
  expect(together).toBe(synthesized(service) + synthesized(stack));
});

it('the service has up to 130 resources and 220 kB, an endpoint 40 resources, and an app with the audit trail 230', () => {
  const stateless = Template.fromStack(
    new IdentityServiceStack(app, 'Stateless', { state: new IdentityStateStack(app, 'Stateful') }),
  ).toJSON() as { readonly Resources: object };
  expect(Object.keys(stateless.Resources).length).toBeLessThanOrEqual(130);
  expect(JSON.stringify(stateless).length).toBeLessThanOrEqual(220_000);
  service = new Stack(app, 'Audited');
  identity = new AgentIdentity(service, 'Identity', { trustedIssuers: [users], auditTrail: {} });
  const { stack, ofEndpoint } = addApp();
  expect(ofEndpoint).toBeLessThanOrEqual(40);
  expect(resourcesIn(service) + resourcesIn(stack) + OF_AGENT).toBeLessThanOrEqual(230);
});

it('a stack without the service has room for as many agents as docs/deploying.md says', () => {
  const room = stated(/has room for (\d+) agents with a function, a provider, and an endpoint each/);
  const stack = new Stack(app, 'Agents');
  const add = (name: string): void => {
    const workload = addAgent(stack, name);
    addEndpoint(stack, name, workload, addFunction(stack, name, workload));
  };
  for (let count = 1; count <= room; count += 1) add(String(count));
  expect(resourcesIn(stack)).toBeLessThanOrEqual(500);
  add('More');
  expect(() => synthesized(stack)).toThrow(
    /\[Agents\] The stack has 5\d\d resources, and AWS CloudFormation accepts 500\. Put the agents,/,
  );
});
