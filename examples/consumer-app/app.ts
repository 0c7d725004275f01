/**
 * An agent's whole identity set-up, as another CDK app has it: `npm run synth:example`. With
 * `-c restApiId=…` (and `-c endpoint=…`) it uses a service that is there; else it brings its own.
 */
import { App, CfnOutput, Stack, Validations } from 'aws-cdk-lib';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { AwsSolutionsChecks } from 'cdk-nag';
import * as lib from '../../lib';

const app = new App();
const stack = new Stack(app, 'TravelAgent', { description: 'A travel agent, and what it may use' });
const [restApiId, endpoint] = ['restApiId', 'endpoint'].map((name) => app.node.tryGetContext(name) as string);
const identity = restApiId
  ? lib.AgentIdentity.fromAttributes(stack, 'Identity', { restApiId, ...(endpoint && { endpoint }) })
  : new lib.AgentIdentity(stack, 'Identity');

const agent = new lib.WorkloadIdentity(stack, 'Agent', {
  identity,
  allowedResourceOauth2ReturnUrls: ['https://travel.example/connected'],
});
const client = Secret.fromSecretNameV2(stack, 'CalendarClient', 'travel/calendar');
const calendar = new lib.OAuth2CredentialProvider(stack, 'Calendar', {
  identity,
  vendor: lib.OAuth2Vendor.google({ clientId: 'travel', clientSecret: client.secretValueFromJson('secret') }),
});
const apiKey = Secret.fromSecretNameV2(stack, 'WeatherKey', 'travel/weather').secretValue;
const weather = new lib.ApiKeyCredentialProvider(stack, 'Weather', { identity, apiKey });

agent.grantExchange(new Role(stack, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') }));
calendar.grantUse(agent);
weather.grantUse(agent);
new CfnOutput(stack, 'RegisterAtGoogle', { value: calendar.callbackUrl });
Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
