/**
 * A CDK app with the whole public API. Consumers of the package have a copy in which only the import of the library
 * differs. It works in every module format.
 */
import { App, SecretValue, Stack } from 'aws-cdk-lib';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import {
  AgentEndpoint,
  AgentIdentity,
  AgentTarget,
  ApiKeyCredentialProvider,
  Inbound,
  OAuth2CredentialProvider,
  OAuth2Vendor,
  WorkloadIdentity,
  type IAgentIdentity,
  type TrustedIssuer,
} from '../../lib';

const issuer: TrustedIssuer = {
  discoveryUrl: 'https://idp.example/.well-known/openid-configuration',
  allowedAudience: ['travel'],
};

const stack = new Stack(new App(), 'Travel');
const identity: IAgentIdentity = new AgentIdentity(stack, 'Identity', { trustedIssuers: [issuer] });
const agent = new WorkloadIdentity(stack, 'Agent', {
  identity,
  allowedResourceOauth2ReturnUrls: ['https://travel.example/connected'],
});
const clientSecret = SecretValue.secretsManager('travel/calendar', { jsonField: 'secret' });
const calendar = new OAuth2CredentialProvider(stack, 'Calendar', {
  identity,
  vendor: OAuth2Vendor.google({ clientId: 'travel', clientSecret }),
});
const weather = new ApiKeyCredentialProvider(stack, 'Weather', {
  identity,
  apiKey: SecretValue.secretsManager('travel/weather'),
});
agent.grantActAs(new Role(stack, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') }));
calendar.allowUseBy(agent);
weather.allowUseBy(agent);
new AgentEndpoint(stack, 'Endpoint', {
  identity,
  workload: agent,
  inbound: Inbound.jwt({ ...issuer }),
  target: AgentTarget.url('https://agent.example/invocations'),
});
