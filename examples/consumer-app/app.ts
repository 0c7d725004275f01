/**
 * The complete identity setup of an agent, in another CDK app: `npm run synth:example`. With `-c restApiId=…` (and
 * `-c endpoint=…`), the app uses an existing service. Otherwise, it creates its own. With `-c network=…`, the existing
 * service is private, and this VPC can reach it (the attributes of `Vpc.fromVpcAttributes`, as JSON). With
 * `-c issuer=…`, users of this identity provider have a portal on which they connect and disconnect their calendars.
 */
import { App, CfnOutput, RemovalPolicy, SecretValue, Stack, Validations } from 'aws-cdk-lib';
import { Vpc, type VpcAttributes } from 'aws-cdk-lib/aws-ec2';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { AwsSolutionsChecks } from 'cdk-nag';
import * as lib from '../../lib';

const app = new App();
Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
const stack = new Stack(app, 'TravelAgent', { description: 'A travel agent and its credentials' });
const { restApiId, endpoint, network, issuer } = app.node.getAllContext() as Record<
  string,
  string | undefined
>;
const identity = restApiId
  ? lib.AgentIdentity.fromAgentIdentityAttributes(stack, 'Identity', {
      restApiId,
      ...(endpoint && { endpoint }),
      ...(network && {
        network: { vpc: Vpc.fromVpcAttributes(stack, 'Vpc', JSON.parse(network) as VpcAttributes) },
      }),
    })
  : new lib.AgentIdentity(stack, 'Identity');

// An app to try. In production, leave the policy out: the service then keeps the grants of a resource that leaves the stack.
const removalPolicy = RemovalPolicy.DESTROY;

const allowedResourceOauth2ReturnUrls = ['https://travel.example/connected'];
const discoveryUrl = `${issuer}/.well-known/openid-configuration`;
const agent = new lib.WorkloadIdentity(stack, 'Agent', {
  identity,
  removalPolicy,
  displayName: 'Travel agent',
  allowedResourceOauth2ReturnUrls,
  ...(issuer && { authorizer: { discoveryUrl, allowedAudience: ['travel-app', 'travel-portal'] } }),
});
const clientSecret = SecretValue.secretsManager('travel/calendar', { jsonField: 'secret' });
const vendor = lib.OAuth2Vendor.google({ clientId: 'travel', clientSecret });
const calendar = new lib.OAuth2CredentialProvider(stack, 'Calendar', { identity, removalPolicy, vendor });
const apiKey = SecretValue.secretsManager('travel/weather');
const weather = new lib.ApiKeyCredentialProvider(stack, 'Weather', { identity, removalPolicy, apiKey });

agent.grantActAs(new Role(stack, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') }));
calendar.allowUseBy(agent);
weather.allowUseBy(agent);
new CfnOutput(stack, 'RegisterAtGoogle', { value: calendar.callbackUrl });

if (issuer) {
  const signInSecret = SecretValue.secretsManager('travel/portal', { jsonField: 'secret' });
  const login = new lib.OAuth2CredentialProvider(stack, 'Login', {
    identity,
    removalPolicy,
    vendor: lib.OAuth2Vendor.custom({ discoveryUrl, clientId: 'travel-portal', clientSecret: signInSecret }),
  });
  const scopes = ['https://www.googleapis.com/auth/calendar.readonly'];
  const purpose = 'Find free days in your calendar';
  const portal = new lib.ConsentPortal(stack, 'Portal', {
    identity,
    removalPolicy,
    workloads: [agent],
    signIn: login,
    branding: { name: 'Travel connections', color: '#0b5fff' },
    connections: [{ workload: agent, credentialProvider: calendar, scopes, purpose }],
  });
  new CfnOutput(stack, 'PortalUrl', { value: portal.portalUrl });
  new CfnOutput(stack, 'RegisterAtTheIdentityProvider', { value: portal.callbackUrl });
}
