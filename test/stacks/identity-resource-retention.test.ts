/** What happens to resources of the service that leave a stack. */
import { RemovalPolicies, RemovalPolicy, SecretValue, type Stack } from 'aws-cdk-lib';
import {
  AgentIdentity,
  ConsentPortal,
  Gateway,
  GatewayAuthorizer,
  OAuth2CredentialProvider,
  OAuth2Vendor,
  WorkloadIdentity,
  type IdentityResourceProps,
} from '../../lib';
import { consumerStack, templateOf } from './consumer';
import { API_KEY, GATEWAY, IDENTITY, OAUTH2, PORTAL, weatherIn } from './resources';
import { resourcesOf } from './synthesis';

/** One resource of each type. */
function everyResource(props: Pick<IdentityResourceProps, 'removalPolicy'> = {}): Stack {
  const stack = consumerStack();
  const identity = AgentIdentity.fromAgentIdentityAttributes(stack, 'Identity', { restApiId: 'abc123' });
  const workload = new WorkloadIdentity(stack, 'Agent', { identity, ...props });
  const vendor = OAuth2Vendor.custom({
    discoveryUrl: 'https://idp.example/.well-known/openid-configuration',
    clientId: 'portal',
    clientSecret: SecretValue.secretsManager('portal'),
  });
  const signIn = new OAuth2CredentialProvider(stack, 'Login', { identity, vendor, ...props });
  weatherIn(stack, identity, props);
  new ConsentPortal(stack, 'Portal', { identity, workloads: [workload], signIn, ...props });
  new Gateway(stack, 'Gateway', { identity, authorizer: GatewayAuthorizer.usingAwsIam(), ...props });
  return stack;
}

const policiesIn = (stack: Stack) => {
  const template = templateOf(stack);
  return [IDENTITY, OAUTH2, API_KEY, PORTAL, GATEWAY].flatMap((type) =>
    resourcesOf(template, type).map(([, { DeletionPolicy, UpdateReplacePolicy }]) => [
      DeletionPolicy,
      UpdateReplacePolicy,
    ]),
  );
};

it('they are kept by default, and only a failed creation deletes them', () => {
  expect(policiesIn(everyResource())).toEqual(Array(5).fill(['RetainExceptOnCreate', 'Retain']));
});

it('they are deleted with removalPolicy, or with the policy of their stack', () => {
  const deleted = Array(5).fill(['Delete', 'Delete']);
  expect(policiesIn(everyResource({ removalPolicy: RemovalPolicy.DESTROY }))).toEqual(deleted);
  const stack = everyResource();
  RemovalPolicies.of(stack).destroy();
  expect(policiesIn(stack)).toEqual(deleted);
});
