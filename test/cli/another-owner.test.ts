/** `provider update` of a provider that another principal owns: its name can have been used again. */
import { BedrockAgentCoreControl } from '@aws-sdk/client-bedrock-agentcore-control';
import { ServiceForCommands } from './command-under-test';

const OPERATOR = 'arn:aws:iam::000000000000:user/operator';

const local = ServiceForCommands.ofFile();
let stranger: BedrockAgentCoreControl;
beforeAll(() => {
  const { AWS_ACCESS_KEY_ID: accessKeyId = '', AWS_SECRET_ACCESS_KEY: secretAccessKey = '' } =
    local.env('stranger');
  stranger = new BedrockAgentCoreControl({
    endpoint: local.endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId, secretAccessKey },
    ...{ signingName: 'execute-api' },
  });
});

/** Lets the user of the command do everything with a provider. */
const letIn = (resourceArn: string | undefined) =>
  stranger.putResourcePolicy({
    resourceArn,
    policy: JSON.stringify({
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Allow',
          Principal: { AWS: OPERATOR },
          Action: 'bedrock-agentcore:*',
          Resource: resourceArn,
        },
      ],
    }),
  });

it.each([
  ['an API key', (name: string) => stranger.createApiKeyCredentialProvider({ name, apiKey: 'own' })],
  [
    'a client secret',
    (name: string) =>
      stranger.createOauth2CredentialProvider({
        name,
        credentialProviderVendor: 'GithubOauth2',
        oauth2ProviderConfigInput: { githubOauth2ProviderConfig: { clientId: 'own', clientSecret: 'own' } },
      }),
  ],
])('sends %s to it only with --another-owner', async (what, create) => {
  const name = what.replaceAll(' ', '-');
  await letIn((await create(name)).credentialProviderArn);
  const update = ['provider', 'update', name, '--secret'];
  expect(await local.run(update, { input: 'the-secret' })).toMatchObject({
    status: 1,
    stderr: expect.stringMatching(
      new RegExp(`^"${name}" belongs to another principal.* It was not changed\\..*\\n?.*--another-owner`),
    ) as string,
  });
  expect(await local.run([...update, '--another-owner'], { input: 'the-secret' })).toMatchObject({
    status: 0,
  });
});
