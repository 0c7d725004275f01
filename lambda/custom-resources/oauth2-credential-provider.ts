/** OAuth2 credential providers as a stack creates, updates, and deletes them. */
import {
  CreateOauth2CredentialProviderCommand,
  DeleteOauth2CredentialProviderCommand,
  GetOauth2CredentialProviderCommand,
  UpdateOauth2CredentialProviderCommand,
  type BedrockAgentCoreControlClient,
  type CredentialProviderVendorType,
  type GetOauth2CredentialProviderResponse,
  type Oauth2ProviderConfigInput,
} from '@aws-sdk/client-bedrock-agentcore-control';
import * as v from 'valibot';
import { alsoSending, asked, commonTo, ifThere, stated, unlessTaken } from './control-plane';
import { isProtectedResourceUrl } from '../model/discovery-url';
import { Refusal, type DeployedResource, type Described, type Desired } from './deployed-resource';

/** What the construct writes; the service validates it. */
const ConfigurationSchema = v.strictObject({
  credentialProviderVendor: v.string(),
  /** The vendor's member of `Oauth2ProviderConfigInput`, and its content without the secret. */
  member: v.string(),
  config: v.record(v.string(), v.unknown()),
  /** What the secret is; the service does not store an initial access token. */
  secretMember: v.optional(v.picklist(['clientSecret', 'initialAccessToken']), 'clientSecret'),
});

function secretMembers(
  { secret }: Desired,
  secretMember: v.InferOutput<typeof ConfigurationSchema>['secretMember'],
): Record<string, unknown> {
  if (!secret) return {};
  if (secret.source === 'MANAGED' && secretMember === 'initialAccessToken') {
    return { initialAccessToken: secret.text };
  }
  if (secret.source === 'MANAGED') return { clientSecret: secret.text, clientSecretSource: 'MANAGED' };
  const { secretId, jsonKey } = secret;
  return { clientSecretConfig: { secretId, jsonKey }, clientSecretSource: 'EXTERNAL' };
}

function inputOf(desired: Desired) {
  const { credentialProviderVendor, member, config, secretMember } = v.parse(
    ConfigurationSchema,
    desired.configuration,
  );
  return {
    name: desired.name,
    credentialProviderVendor: credentialProviderVendor as CredentialProviderVendorType,
    oauth2ProviderConfigInput: {
      [member]: { ...config, ...secretMembers(desired, secretMember) },
    } as unknown as Oauth2ProviderConfigInput,
  };
}

/** The configuration, with members at any depth that only this service has and the AWS model lacks. */
const whole = ({ oauth2ProviderConfigInput }: ReturnType<typeof inputOf>) => ({ oauth2ProviderConfigInput });

type Provider = Pick<
  GetOauth2CredentialProviderResponse,
  'credentialProviderArn' | 'callbackUrl' | 'clientSecretArn'
>;

const described = ({ credentialProviderArn, callbackUrl, clientSecretArn }: Provider): Described => ({
  arn: stated(credentialProviderArn, 'credentialProviderArn'),
  attributes: {
    CallbackUrl: stated(callbackUrl, 'callbackUrl'),
    ClientSecretArn: stated(clientSecretArn?.secretArn, 'clientSecretArn'),
  },
});

const DiscoverySchema = v.object({
  oauthDiscovery: v.object({ discoveryUrl: v.pipe(v.string(), v.check(isProtectedResourceUrl)) }),
});

/** Returns whether a secret would go to whichever server the protected resource names now. */
function lacks(members: readonly string[], { configuration, secret }: Desired): boolean {
  const { config } = v.parse(ConfigurationSchema, configuration);
  const isStated = members.every((member) => config[member] !== undefined);
  return secret !== undefined && !isStated && v.is(DiscoverySchema, config);
}

/** Synthesis checks this too, except for a discovery URL that it does not know, such as one with a parameter in it. */
function checkServerOfSecret(desired: Desired): void {
  if (!lacks(['authorizationServer'], desired)) return;
  throw new Refusal(
    `The credential provider "${desired.name}" has a secret, but not the authorization server that the secret is for. Set authorizationServer of OAuth2Vendor.mcp, and deploy again.`,
  );
}

/** In place of an earlier provider of the stack, the server can have other endpoints than those that the provider had. */
function checkServerStated(desired: Desired): void {
  const { name } = desired;
  if (!lacks(['authorizationServer', 'endpointOrigins'], desired)) return;
  throw new Refusal(
    `The credential provider "${name}" does not exist: it was deleted outside the stack, or has another name now. So the service does not know which authorization server the client is for. Set authorizationServer and endpointOrigins of OAuth2Vendor.mcp, and deploy again.`,
  );
}

export const oauth2CredentialProviders = (client: BedrockAgentCoreControlClient): DeployedResource => ({
  ...commonTo(client),
  async create(desired, tags) {
    checkServerOfSecret(desired);
    const input = inputOf(desired);
    const command = alsoSending(new CreateOauth2CredentialProviderCommand({ ...input, tags }), whole(input));
    const created = await unlessTaken(client.send(command));
    return created && described(created);
  },
  checkCreationByUpdate: checkServerStated,
  async read(name) {
    const response = await ifThere(client.send(new GetOauth2CredentialProviderCommand({ name })));
    return typeof response === 'string' ? response : described(response);
  },
  async update(desired) {
    checkServerOfSecret(desired);
    const input = inputOf(desired);
    const members = { ...whole(input), requireOwnership: true };
    const command = alsoSending(new UpdateOauth2CredentialProviderCommand(input), members);
    return described(await asked(client.send(command)));
  },
  async delete(name) {
    await ifThere(client.send(new DeleteOauth2CredentialProviderCommand({ name })));
  },
});
