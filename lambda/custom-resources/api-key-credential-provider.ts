/** API-key credential providers as a stack creates, updates, and deletes them. */
import {
  CreateApiKeyCredentialProviderCommand,
  DeleteApiKeyCredentialProviderCommand,
  GetApiKeyCredentialProviderCommand,
  UpdateApiKeyCredentialProviderCommand,
  type BedrockAgentCoreControlClient,
  type GetApiKeyCredentialProviderResponse,
} from '@aws-sdk/client-bedrock-agentcore-control';
import { alsoSending, asked, commonTo, ifThere, stated, unlessTaken } from './control-plane';
import type { DeployedResource, Described, Desired } from './deployed-resource';

function inputOf({ name, secret }: Desired) {
  if (secret?.source === 'EXTERNAL') {
    const { secretId, jsonKey } = secret;
    return {
      name,
      apiKeySecretConfig: { secretId, jsonKey },
      apiKeySecretSource: 'EXTERNAL' as const,
    };
  }
  return { name, apiKey: secret?.text, apiKeySecretSource: 'MANAGED' as const };
}

type Provider = Pick<GetApiKeyCredentialProviderResponse, 'credentialProviderArn' | 'apiKeySecretArn'>;

const described = ({ credentialProviderArn, apiKeySecretArn }: Provider): Described => ({
  arn: stated(credentialProviderArn, 'credentialProviderArn'),
  attributes: { ApiKeySecretArn: stated(apiKeySecretArn?.secretArn, 'apiKeySecretArn') },
});

export const apiKeyCredentialProviders = (client: BedrockAgentCoreControlClient): DeployedResource => ({
  ...commonTo(client),
  async create(desired, tags) {
    const command = new CreateApiKeyCredentialProviderCommand({ ...inputOf(desired), tags });
    const created = await unlessTaken(client.send(command));
    return created && described(created);
  },
  async read(name) {
    const response = await ifThere(client.send(new GetApiKeyCredentialProviderCommand({ name })));
    return typeof response === 'string' ? response : described(response);
  },
  async update(desired) {
    const command = new UpdateApiKeyCredentialProviderCommand(inputOf(desired));
    return described(await asked(client.send(alsoSending(command, { requireOwnership: true }))));
  },
  async delete(name) {
    await ifThere(client.send(new DeleteApiKeyCredentialProviderCommand({ name })));
  },
});
