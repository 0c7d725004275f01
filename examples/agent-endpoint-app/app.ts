/**
 * An agent behind a gate for user tokens, in another CDK app: `npm run synth:endpoint`. With `-c restApiId=…` (and
 * `-c endpoint=…`), the app uses an existing service. Otherwise, it creates its own.
 */
import { App, RemovalPolicy, Stack, Validations } from 'aws-cdk-lib';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { AwsSolutionsChecks } from 'cdk-nag';
import { join } from 'node:path';
import * as lib from '../../lib';

const app = new App();
Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
const stack = new Stack(app, 'TravelEndpoint', {
  description: 'A travel agent and its gate',
});
const { restApiId, endpoint } = app.node.getAllContext() as { restApiId?: string; endpoint?: string };
const identity = restApiId
  ? lib.AgentIdentity.fromAgentIdentityAttributes(stack, 'Identity', {
      restApiId,
      ...(endpoint && { endpoint }),
    })
  : new lib.AgentIdentity(stack, 'Identity');

const discoveryUrl = 'https://idp.example/.well-known/openid-configuration';
const users = { discoveryUrl, allowedClients: ['travel-app'] };
const workload = new lib.WorkloadIdentity(stack, 'Agent', {
  identity,
  authorizer: users,
  // An app to try. In production, leave the policy out: the service then keeps the grants of the agent.
  removalPolicy: RemovalPolicy.DESTROY,
});
const role = new Role(stack, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
const code = Code.fromAsset(join(__dirname, 'agent'));
const runtime = Runtime.NODEJS_24_X;
const logGroup = new LogGroup(stack, 'Logs');
logGroup.grantWrite(role); // CDK does this only for a role that it creates
const agent = new LambdaFunction(stack, 'Function', {
  runtime,
  code,
  handler: 'index.handler',
  role,
  logGroup,
});
workload.grantActAs(role);
const target = lib.AgentTarget.lambda(agent);
new lib.AgentEndpoint(stack, 'Travel', { identity, workload, inbound: lib.Inbound.jwt(users), target });
