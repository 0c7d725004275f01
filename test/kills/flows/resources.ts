/** The control plane: creations, updates, and the small changes of owners and operators. */
import assert from 'node:assert/strict';
import { GetResourceApiKeyCommand } from '@aws-sdk/client-bedrock-agentcore';
import {
  CreateApiKeyCredentialProviderCommand,
  UpdateApiKeyCredentialProviderCommand,
  UpdateOauth2CredentialProviderCommand,
} from '@aws-sdk/client-bedrock-agentcore-control';
import { customProvider } from '../../flows/support/custom-provider';
import { RETURN_URL, TestAgent, type Ask } from '../../flows/support/world';
import type { Flow, Run } from '../flow';
import type { Stage } from '../stage';

const OWN: Ask = { oauth2Flow: 'M2M', scopes: ['a'] };

/** A repeated creation finds what the killed process has created. */
async function created(stage: Stage, call: () => Promise<unknown>): Promise<void> {
  await stage.cloud.retry(call).catch((error: unknown) => {
    const exists = error instanceof Error && error.name === 'ConflictException';
    if (!exists || !error.message.includes('already exists')) throw error;
  });
}

async function apiKeyOf(stage: Stage, agent: TestAgent, name: string): Promise<string | undefined> {
  const command = new GetResourceApiKeyCommand({
    workloadIdentityToken: await agent.token(),
    resourceCredentialProviderName: name,
  });
  return (await stage.cloud.data().send(command)).apiKey;
}

const identityCreation: Flow = {
  name: 'creation of a workload identity',
  prepare(stage): Promise<Run> {
    const name = stage.name('created');
    const control = stage.cloud.control();
    return Promise.resolve({
      run: () => created(stage, () => control.createWorkloadIdentity({ name })),
      async check() {
        assert.equal((await control.getWorkloadIdentity({ name })).name, name);
        assert.ok(await new TestAgent(stage.cloud.data(), name, '', '').token());
        return {};
      },
    });
  },
};

const providerCreation: Flow = {
  name: 'creation of an OAuth2 credential provider',
  // The secret is stored before the provider that it belongs to (docs/engineering/architecture.md, "Deletion").
  leftovers: { 'Keys VAULT-KEY': 1, 'Vault CLIENT-SECRET': 1 },
  async prepare(stage): Promise<Run> {
    const agent = await stage.agent();
    const name = stage.name('created');
    return {
      run: () => created(stage, () => stage.cloud.control().send(stage.creation(name))),
      async check() {
        const using = new TestAgent(agent.client, agent.name, name, '');
        const { accessToken } = await stage.ask(using, undefined, OWN);
        assert.ok(accessToken !== undefined, 'the client secret is stored');
        return {};
      },
    };
  },
};

const apiKeyCreation: Flow = {
  name: 'creation of an API key credential provider',
  omittedFromQuick: true,
  leftovers: { 'Keys VAULT-KEY': 1, 'Vault API-KEY': 1 },
  async prepare(stage): Promise<Run> {
    const agent = await stage.agent();
    const name = stage.name('created');
    const command = new CreateApiKeyCredentialProviderCommand({ name, apiKey: 'the-api-key' });
    return {
      run: () => created(stage, () => stage.cloud.control().send(command)),
      async check() {
        assert.ok((await apiKeyOf(stage, agent, name)) === 'the-api-key', 'the API key is returned');
        return {};
      },
    };
  },
};

const clientSecretUpdate: Flow = {
  name: 'update of a client secret',
  omittedFromQuick: true,
  leftovers: { 'Keys VAULT-KEY': 1 },
  async prepare(stage): Promise<Run> {
    const { cloud, provider } = stage;
    const { discoveryUrl, clientId, clientSecret } = provider;
    const control = cloud.control();
    const agent = await stage.agent();
    const name = agent.providerName;
    const update = (secret: string) =>
      new UpdateOauth2CredentialProviderCommand({
        name,
        ...customProvider(discoveryUrl, { clientId, clientSecret: secret }),
      });
    await control.send(update('a-secret-that-was-replaced'));
    return {
      run: async () => {
        await cloud.retry(
          () => control.send(update(clientSecret)),
          async () => {
            // Without a repetition, the provider is there.
            assert.equal((await control.getOauth2CredentialProvider({ name })).name, name);
          },
        );
      },
      async check() {
        const { accessToken } = await stage.ask(agent, undefined, OWN);
        assert.ok(accessToken !== undefined, 'the client secret is stored');
        return {};
      },
    };
  },
};

const apiKeyUpdate: Flow = {
  name: 'update of an API key',
  omittedFromQuick: true,
  leftovers: { 'Keys VAULT-KEY': 1 },
  async prepare(stage): Promise<Run> {
    const { cloud } = stage;
    const control = cloud.control();
    const agent = await stage.agent();
    const name = stage.name('keys');
    await control.createApiKeyCredentialProvider({ name, apiKey: 'earlier' });
    const command = new UpdateApiKeyCredentialProviderCommand({ name, apiKey: 'later' });
    return {
      run: async () => {
        await cloud.retry(
          () => control.send(command),
          async () => {
            const present = await apiKeyOf(stage, agent, name);
            assert.ok(
              ['earlier', 'later'].includes(present ?? ''),
              'without a repetition, one of the keys is stored',
            );
          },
        );
      },
      async check() {
        assert.ok((await apiKeyOf(stage, agent, name)) === 'later', 'the later API key is returned');
        return {};
      },
    };
  },
};

/** Small changes: each is one call, and what it has changed afterwards. */
const smallChanges: Flow = {
  name: 'tags, policy, suspension, and transfer of ownership',
  omittedFromQuick: true,
  async prepare(stage): Promise<Run> {
    const { cloud } = stage;
    const control = cloud.control();
    const agent = await stage.agent();
    const { name } = agent;
    const { workloadIdentityArn: resourceArn = '' } = await control.getWorkloadIdentity({ name });
    const allowedResourceOauth2ReturnUrls = [RETURN_URL, `${RETURN_URL}/more`];
    const user = { userId: stage.name('user') };
    const policy = JSON.stringify({
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Allow',
          Principal: { AWS: 'arn:aws:iam::000000000000:user/stranger' },
          Action: 'bedrock-agentcore:GetWorkloadAccessToken',
          Resource: resourceArn,
        },
      ],
    });
    const succeed = async (operation: string, input: object): Promise<void> => {
      assert.equal((await stage.operate(operation, input)).status, 200, operation);
    };
    const send = (call: () => Promise<unknown>): Promise<unknown> => cloud.retry(call);
    const mint = (userId: string) => agent.token({ userId });
    return {
      async run() {
        await send(() => control.updateWorkloadIdentity({ name, allowedResourceOauth2ReturnUrls }));
        await send(() => control.tagResource({ resourceArn, tags: { kept: 'yes', removed: 'soon' } }));
        await send(() => control.untagResource({ resourceArn, tagKeys: ['removed'] }));
        await send(() => control.putResourcePolicy({ resourceArn, policy }));
        assert.ok((await control.getResourcePolicy({ resourceArn })).policy);
        await cloud
          .retry(() => control.deleteResourcePolicy({ resourceArn }))
          .catch((error: unknown) => {
            if (!(error instanceof Error) || error.name !== 'ResourceNotFoundException') throw error;
          });
        await succeed('SuspendWorkloadIdentity', { name });
        await assert.rejects(mint('ana'), { name: 'AccessDeniedException' });
        await succeed('ResumeWorkloadIdentity', { name });
        await succeed('SuspendUser', { user });
        await assert.rejects(mint(user.userId), { name: 'AccessDeniedException' });
        await succeed('ResumeUser', { user });
        assert.ok(await mint(user.userId));
        await succeed('TransferOwnership', {
          resourceArn,
          newOwner: 'arn:aws:iam::000000000000:user/stranger',
        });
      },
      async check() {
        const owner = cloud.control('stranger');
        const identity = await owner.getWorkloadIdentity({ name });
        assert.deepEqual(identity.allowedResourceOauth2ReturnUrls, allowedResourceOauth2ReturnUrls);
        const { tags } = await owner.listTagsForResource({ resourceArn });
        assert.deepEqual(tags, { kept: 'yes' });
        await assert.rejects(mint('ana'), { name: 'AccessDeniedException' });
        assert.ok(await new TestAgent(cloud.data('stranger'), name, '', '').token());
        return {};
      },
    };
  },
};

export const RESOURCE_FLOWS: readonly Flow[] = [
  identityCreation,
  providerCreation,
  apiKeyCreation,
  clientSecretUpdate,
  apiKeyUpdate,
  smallChanges,
];
