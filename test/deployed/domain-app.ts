/**
 * The CDK app of the deployment with a custom domain: the stacks of bin/app.ts under the same names. The
 * KMS keys to which the token vault can move come from the context, as in bin/app.ts.
 */
import { App } from 'aws-cdk-lib';
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager';
import * as v from 'valibot';
import { IdentityStateStack, IdentityServiceStack } from '../../lib';

const ContextSchema = v.strictObject({
  domainName: v.string(),
  tokenVaultKeys: v.pipe(v.string(), v.parseJson(), v.array(v.string())),
});

const app = new App();
const { domainName, tokenVaultKeys } = v.parse(ContextSchema, {
  domainName: app.node.tryGetContext('domainName') as unknown,
  tokenVaultKeys: app.node.tryGetContext('tokenVaultKeys') as unknown,
});

const state = new IdentityStateStack(app, 'AgentIdentityStateful', {
  description: 'agent-identity: tables and key',
});
const service = new IdentityServiceStack(app, 'AgentIdentityStateless', {
  description: 'agent-identity: functions and API',
  state,
  tokenVaultKeys,
  domain: {
    domainName,
    certificate: Certificate.fromCertificateArn(
      state,
      'Certificate',
      'arn:aws:acm:eu-central-1:000000000000:certificate/1234abcd-12ab-34cd-56ef-1234567890ab',
    ),
  },
});
service.addDependency(state);
