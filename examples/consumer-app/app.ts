/**
 * The complete identity setup of an agent, in another CDK app: `npm run synth:example`. With `-c restApiId=…` (and
 * `-c endpoint=…`), the app uses an existing service. Otherwise, it creates its own.
 */
import { App, CfnOutput, SecretValue, Stack, Validations } from 'aws-cdk-lib';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { AwsSolutionsChecks } from 'cdk-nag';
import * as lib from '../../lib';

const app = new App();
Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
const stack = new Stack(app, 'TravelAgent', { description: 'A travel agent and its credentials' });
const { restApiId, endpoint } = app.node.getAllContext() as { restApiId?: string; endpoint?: string };
const identity = restApiId
  ? lib.AgentIdentity.fromAgentIdentityAttributes(stack, 'Identity', {
      restApiId,
      ...(endpoint && { endpoint }),
    })
  : new lib.AgentIdentity(stack, 'Identity');

const allowedResourceOauth2ReturnUrls = ['https://travel.example/connected'];
const agent = new lib.WorkloadIdentity(stack, 'Agent', { identity, allowedResourceOauth2ReturnUrls });
const clientSecret = SecretValue.secretsManager('travel/calendar', { jsonField: 'secret' });
const vendor = lib.OAuth2Vendor.google({ clientId: 'travel', clientSecret });
const calendar = new lib.OAuth2CredentialProvider(stack, 'Calendar', { identity, vendor });
const apiKey = SecretValue.secretsManager('travel/weather');
const weather = new lib.ApiKeyCredentialProvider(stack, 'Weather', { identity, apiKey });

agent.grantActAs(new Role(stack, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') }));
calendar.allowUseBy(agent);
weather.allowUseBy(agent);
new CfnOutput(stack, 'RegisterAtGoogle', { value: calendar.callbackUrl });
