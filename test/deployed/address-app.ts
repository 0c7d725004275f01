/**
 * The CDK app of the deployment at another address: the stacks of bin/app.ts under the same names, with a custom domain,
 * or private. The KMS keys to which the token vault can move come from the context, as in bin/app.ts.
 */
import { App } from 'aws-cdk-lib';
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager';
import { InterfaceVpcEndpoint } from 'aws-cdk-lib/aws-ec2';
import * as v from 'valibot';
import { IdentityStateStack, IdentityServiceStack, type ApiDomain, type PrivateApi } from '../../lib';

const ContextSchema = v.strictObject({
  domainName: v.optional(v.string()),
  vpcEndpointId: v.optional(v.string()),
  tokenVaultKeys: v.pipe(v.string(), v.parseJson(), v.array(v.string())),
});

const app = new App();
const { domainName, vpcEndpointId, tokenVaultKeys } = v.parse(ContextSchema, {
  domainName: app.node.tryGetContext('domainName') as unknown,
  vpcEndpointId: app.node.tryGetContext('vpcEndpointId') as unknown,
  tokenVaultKeys: app.node.tryGetContext('tokenVaultKeys') as unknown,
});

const state = new IdentityStateStack(app, 'AgentIdentityStateful', {
  description: 'agent-identity: tables and key',
});
const domainOf = (name: string): ApiDomain => ({
  domainName: name,
  certificate: Certificate.fromCertificateArn(
    state,
    'Certificate',
    'arn:aws:acm:eu-central-1:000000000000:certificate/1234abcd-12ab-34cd-56ef-1234567890ab',
  ),
});
const privateBehind = (vpcEndpointId: string): PrivateApi => ({
  vpcEndpoints: [
    InterfaceVpcEndpoint.fromInterfaceVpcEndpointAttributes(state, 'Endpoint', { vpcEndpointId, port: 443 }),
  ],
});
const service = new IdentityServiceStack(app, 'AgentIdentityStateless', {
  description: 'agent-identity: functions and API',
  state,
  tokenVaultKeys,
  ...(domainName !== undefined && { domain: domainOf(domainName) }),
  ...(vpcEndpointId !== undefined && { privateApi: privateBehind(vpcEndpointId) }),
});
service.addDependency(state);
