/** The README says how many resources of a CloudFormation stack the service, agents, and endpoints take. */
import { CfnResource, SecretValue, Stack, type App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
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
import { newApp } from './new-app';

const README = readFileSync(join(__dirname, '../../README.md'), 'utf8');

/** Returns the number that the README has where the pattern has its group. */
const stated = (pattern: RegExp): number => Number(pattern.exec(README)?.[1]);

/** About so many: the README need not follow each new route. */
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

function addEndpoint(stack: Stack, name: string, workload: WorkloadIdentity): void {
  new AgentEndpoint(stack, `Endpoint${name}`, {
    identity,
    workload,
    inbound: Inbound.jwt(users),
    target: AgentTarget.url('https://agent.example/invocations'),
  });
}

it('a stack with the service, an agent, a portal, and an endpoint has room for further agents', () => {
  expectAbout(resourcesIn(service), /The service has about (\d+) of them/);
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
  const added = resourcesIn(stack) - before;
  expectAbout(added, /Each agent endpoint adds about (\d+)/);
  const together = resourcesIn(service) + resourcesIn(stack);
  // What the README's app has next to them: the agent's role, its function with another role, and their policies.
  const ofAgent = 6;
  expectAbout(together + ofAgent, /the app above about (\d+)/);
  expect(together).toBeLessThanOrEqual(500);
  expect(together).toBe(synthesized(service) + synthesized(stack));
});

it('a stack without the service has room for as many agents as the README says', () => {
  const room = stated(/has room for (\d+) agents with a provider and an endpoint each/);
  const stack = new Stack(app, 'Agents');
  for (let count = 1; count <= room; count += 1)
    addEndpoint(stack, String(count), addAgent(stack, String(count)));
  expect(resourcesIn(stack)).toBeLessThanOrEqual(500);
  addEndpoint(stack, 'More', addAgent(stack, 'More'));
  expect(() => synthesized(stack)).toThrow(
    /\[Agents\] The stack has 5\d\d resources, and AWS CloudFormation accepts 500\. Put the agents,/,
  );
});
