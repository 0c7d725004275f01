/**
 * The CDK app of the deployment at another address: the stacks of bin/app.ts under the same names, with a custom domain,
 * or private. The KMS keys to which the token vault can move come from the context, as in bin/app.ts. With `standby`, the
 * deployment has one in another Region (docs/another-region.md).
 */
import { App, Stack } from 'aws-cdk-lib';
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager';
import { InterfaceVpcEndpoint } from 'aws-cdk-lib/aws-ec2';
import * as v from 'valibot';
import {
  EncryptionKeyReplica,
  IdentityServiceStack,
  IdentityStateReplica,
  IdentityStateStack,
  type ApiDomain,
  type PrivateApi,
} from '../../lib';

const StandbySchema = v.strictObject({
  account: v.string(),
  region: v.string(),
  identityRegion: v.string(),
  primaryKeyArn: v.string(),
  tokenVaultKeys: v.array(v.string()),
  tableNames: v.strictObject({
    directory: v.string(),
    keys: v.string(),
    sessions: v.string(),
    vault: v.string(),
    revocations: v.string(),
  }),
});

/** The standby of a deployment, as its operator knows it when the deployment exists. */
export type Standby = v.InferOutput<typeof StandbySchema>;

const ContextSchema = v.strictObject({
  domainName: v.optional(v.string()),
  vpcEndpointId: v.optional(v.string()),
  tokenVaultKeys: v.pipe(v.string(), v.parseJson(), v.array(v.string())),
  standby: v.optional(v.pipe(v.string(), v.parseJson(), StandbySchema)),
});

const app = new App();
const { domainName, vpcEndpointId, tokenVaultKeys, standby } = v.parse(ContextSchema, {
  domainName: app.node.tryGetContext('domainName') as unknown,
  vpcEndpointId: app.node.tryGetContext('vpcEndpointId') as unknown,
  tokenVaultKeys: app.node.tryGetContext('tokenVaultKeys') as unknown,
  standby: app.node.tryGetContext('standby') as unknown,
});

/** The replica of a key has the same ID in each Region. */
const replicaArn = ({ primaryKeyArn, identityRegion, region }: Standby): string =>
  primaryKeyArn.replace(`:${identityRegion}:`, `:${region}:`);

const state = new IdentityStateStack(app, 'AgentIdentityStateful', {
  description: 'agent-identity: tables and key',
  ...(standby && { replicas: [{ region: standby.region, encryptionKeyArn: replicaArn(standby) }] }),
});
const domainIn = (stack: Stack, name: string, region: string): ApiDomain => ({
  domainName: name,
  certificate: Certificate.fromCertificateArn(
    stack,
    'Certificate',
    `arn:aws:acm:${region}:000000000000:certificate/1234abcd-12ab-34cd-56ef-1234567890ab`,
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
  ...(domainName !== undefined && { domain: domainIn(state, domainName, 'eu-central-1') }),
  ...(vpcEndpointId !== undefined && { privateApi: privateBehind(vpcEndpointId) }),
});
service.addDependency(state);

function addStandby(settings: Standby): void {
  const { region, identityRegion, primaryKeyArn, tableNames } = settings;
  const env = { account: settings.account, region };
  const stack = new Stack(app, 'AgentIdentityStandby', { env });
  const { key: encryptionKey } = new EncryptionKeyReplica(stack, 'Key', { primaryKeyArn });
  // DynamoDB encrypts the replicas of the tables under the replica of the key.
  state.addDependency(stack);
  new IdentityServiceStack(app, 'AgentIdentityStandbyService', {
    env,
    state: new IdentityStateReplica(stack, 'State', { identityRegion, tableNames, encryptionKey }),
    tokenVaultKeys: settings.tokenVaultKeys,
    ...(domainName !== undefined && { domain: domainIn(stack, domainName, region) }),
  }).addDependency(state);
}

if (standby) addStandby(standby);
