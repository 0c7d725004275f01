/** An agent, and a portal for it in another stack, whose users sign in at a provider on this machine. */
import { App, CfnOutput, RemovalPolicies, SecretValue, Stack } from 'aws-cdk-lib';
import * as lib from '../../lib';

const app = new App();
const {
  restApiId = '',
  endpoint = '',
  discoveryUrl = '',
  clientId = '',
} = app.node.getAllContext() as Record<string, string | undefined>;
const agents = new Stack(app, 'PortalAgents');
const identity = lib.AgentIdentity.fromAgentIdentityAttributes(agents, 'Identity', { restApiId, endpoint });
const authorizer = { discoveryUrl, allowedAudience: [clientId] };
const workload = new lib.WorkloadIdentity(agents, 'Agent', { identity, authorizer });

const pages = new Stack(app, 'PortalPages');
const clientSecret = SecretValue.secretsManager('portal/login');
const signIn = new lib.OAuth2CredentialProvider(pages, 'Login', {
  identity,
  vendor: lib.OAuth2Vendor.custom({ discoveryUrl, clientId, clientSecret }),
});
const portal = new lib.ConsentPortal(pages, 'Portal', { identity, workloads: [workload], signIn });
new CfnOutput(pages, 'PortalUrl', { value: portal.portalUrl });
RemovalPolicies.of(app).destroy();
