/** Synthesis warns of an agent endpoint whose issuer the service does not trust: every call would fail. */
import type { Stack } from 'aws-cdk-lib';
import { Annotations, Match } from 'aws-cdk-lib/assertions';
import { CfnUserPool } from 'aws-cdk-lib/aws-cognito';
import {
  AgentEndpoint,
  AgentIdentity,
  AgentTarget,
  Inbound,
  WorkloadIdentity,
  type DeployedIssuer,
  type TrustedIssuer,
} from '../../lib';
import { consumerStack } from './consumer';
import { agentFunction, endpointWith, ISSUER } from './endpoint';

const OTHER: TrustedIssuer = {
  discoveryUrl: 'https://other.example/.well-known/openid-configuration',
  allowedClients: ['travel-app'],
};

/** The issuer of the endpoint, for assertions only. */
const ASSERTING: DeployedIssuer = {
  discoveryUrl: ISSUER.discoveryUrl,
  identityAssertions: {
    audience: 'https://agents.example',
    clients: [{ clientId: 'agents', workloadIdentities: ['travel-agent'] }],
  },
};

interface Trust {
  readonly issuer?: TrustedIssuer;
  readonly trustedIssuers?: DeployedIssuer[];
  readonly authorizer?: TrustedIssuer;
}

/** Returns a stack with a service and an endpoint. */
function stackWith({ issuer = ISSUER, trustedIssuers, authorizer }: Trust, stack = consumerStack()): Stack {
  const identity = new AgentIdentity(stack, 'Identity', trustedIssuers ? { trustedIssuers } : {});
  const workload = new WorkloadIdentity(stack, 'Agent', { identity, ...(authorizer && { authorizer }) });
  const target = AgentTarget.lambda(agentFunction(stack));
  new AgentEndpoint(stack, 'Travel', { identity, workload, inbound: Inbound.jwt(issuer), target });
  return stack;
}

const warned = (stack: Stack, message: string): void => {
  Annotations.fromStack(stack).hasWarning('/Consumer/Travel', Match.stringLikeRegexp(message));
};

const notWarned = (stack: Stack): void => {
  Annotations.fromStack(stack).hasNoWarning('*', Match.stringLikeRegexp('Issuer'));
};

it.each<[string, Trust]>([
  ['no issuer', {}],
  ['other issuers', { trustedIssuers: [OTHER] }],
  ['only identity assertions of the issuer', { trustedIssuers: [ASSERTING] }],
])('synthesis warns of a service that trusts %s, and says what to do', (_, trust) => {
  warned(
    stackWith(trust),
    `does not trust the issuer ${ISSUER.discoveryUrl}.*403.*trustedIssuers.*authorizer.*@agent-identity/cdk:untrustedIssuer`,
  );
});

it("synthesis warns of a workload identity whose authorizer replaces the service's issuers", () => {
  warned(
    stackWith({ trustedIssuers: [ISSUER], authorizer: OTHER }),
    `accepts only user tokens from ${OTHER.discoveryUrl}.*403.*same discoveryUrl`,
  );
});

it('synthesis warns of an authorizer at a service outside this app', () => {
  warned(endpointWith({}, { authorizer: OTHER }).stack, 'accepts only user tokens from');
});

it.each<[string, Trust]>([
  ['the service trusts it', { trustedIssuers: [OTHER, ISSUER] }],
  ['the workload identity trusts it', { trustedIssuers: [OTHER], authorizer: ISSUER }],
])('there is no warning about an issuer if %s', (_, trust) => {
  notWarned(stackWith(trust));
});

it('there is no warning about a service outside this app, whose issuers are unknown', () => {
  notWarned(endpointWith().stack);
});

it('there is no warning about an issuer whose address is known only at deployment', () => {
  const stack = consumerStack();
  const { ref } = new CfnUserPool(stack, 'Users');
  const discoveryUrl = `https://cognito-idp.eu-central-1.amazonaws.com/${ref}/.well-known/openid-configuration`;
  notWarned(stackWith({ issuer: { ...ISSUER, discoveryUrl }, trustedIssuers: [OTHER] }, stack));
});
