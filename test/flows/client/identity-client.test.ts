/** The client's settings: its endpoint, the Region and service that it signs for, and the settings that it rejects. */
import { GetWorkloadAccessTokenCommand } from '@aws-sdk/client-bedrock-agentcore';
import { CreateApiKeyCredentialProviderCommand } from '@aws-sdk/client-bedrock-agentcore-control';
import {
  ConfigurationError,
  createIdentityClient,
  withApiKey,
  workloadAccessTokens,
} from '../../../lib/client/index';
import { World } from '../support/world';
import { identityClient } from './agent-code';

const world = World.ofFile();

/** The signed request of a client, which is not sent. */
async function sentBy(client: ReturnType<typeof createIdentityClient>) {
  const sent: { path: string; headers: Record<string, string> }[] = [];
  client.middlewareStack.add(
    () => (args) => {
      sent.push(args.request as (typeof sent)[number]);
      return Promise.reject(new Error('not sent'));
    },
    { step: 'finalizeRequest', priority: 'low', name: 'notSent' },
  );
  await expect(client.send(new GetWorkloadAccessTokenCommand({ workloadName: 'agent' }))).rejects.toThrow();
  return {
    path: sent[0]?.path,
    scope: /Credential=[^/]+\/\d+\/(\S+),/.exec(sent[0]?.headers.authorization ?? '')?.[1],
  };
}

const BEGINS_WITH =
  'The endpoint of the identity service must begin with https://, or with http:// if it is on loopback.';

const credentials = { accessKeyId: 'AKIA', secretAccessKey: 'not used' };

it("signs requests for API Gateway's IAM authorization, with and without a trailing slash in the endpoint", async () => {
  const { name } = await world.agent();
  const { region, principals } = world.local;
  for (const endpoint of [world.local.endpoint, `${world.local.endpoint}/`]) {
    const client = createIdentityClient({ endpoint, region, credentials: principals.agent });
    expect(await client.send(new GetWorkloadAccessTokenCommand({ workloadName: name }))).toHaveProperty(
      'workloadAccessToken',
    );
  }
});

describe('with a separate environment', () => {
  const names = ['AGENT_IDENTITY_ENDPOINT', 'AWS_REGION', 'AWS_DEFAULT_REGION'];
  let before: NodeJS.ProcessEnv;
  const clear = () => {
    for (const name of names) Reflect.deleteProperty(process.env, name);
  };
  beforeEach(() => {
    before = { ...process.env };
    clear();
  });
  // The service in this process reads the environment too.
  afterEach(() => {
    clear();
    Object.assign(process.env, before);
  });

  it('keeps the stage, and signs for execute-api in the Region of the API', async () => {
    process.env.AWS_REGION = 'eu-west-1';
    const endpoint = 'https://a1b2.execute-api.eu-central-1.amazonaws.com/prod/';
    expect(await sentBy(createIdentityClient({ endpoint, credentials }))).toEqual({
      path: '/prod/identities/GetWorkloadAccessToken',
      scope: 'eu-central-1/execute-api/aws4_request',
    });
  });

  it('takes the endpoint and Region from the environment', async () => {
    process.env.AGENT_IDENTITY_ENDPOINT = 'https://identity.example/';
    process.env.AWS_REGION = '';
    process.env.AWS_DEFAULT_REGION = 'eu-west-1';
    expect(await sentBy(createIdentityClient({ credentials }))).toEqual({
      path: '/identities/GetWorkloadAccessToken',
      scope: 'eu-west-1/execute-api/aws4_request',
    });
    const given = createIdentityClient({
      credentials,
      region: 'us-east-2',
      endpoint: 'https://other.example/v1',
    });
    expect(await sentBy(given)).toEqual({
      path: '/v1/identities/GetWorkloadAccessToken',
      scope: 'us-east-2/execute-api/aws4_request',
    });
  });

  it.each([
    [
      'no endpoint',
      {},
      'AGENT_IDENTITY_ENDPOINT to the endpoint that the stack printed or that agent-identity local printed.',
    ],
    ['an empty endpoint', { endpoint: '' }, 'AGENT_IDENTITY_ENDPOINT'],
    ['no scheme', { endpoint: 'identity.example' }, BEGINS_WITH],
    ['no scheme before a port', { endpoint: 'localhost:8080' }, BEGINS_WITH],
    ['no scheme before an address', { endpoint: '127.0.0.1:8080' }, BEGINS_WITH],
    ['no scheme before credentials', { endpoint: 'user:secret@identity.example' }, BEGINS_WITH],
    ['no host', { endpoint: 'http://[' }, 'https URL'],
    ['tokens in the open', { endpoint: 'http://identity.example' }, 'https URL'],
    // An exception from a proxy cannot name the network.
    ['another loopback address', { endpoint: 'http://127.0.0.2:4600' }, 'https URL'],
    ['a host that only begins like loopback', { endpoint: 'http://127.0.0.1.example' }, 'https URL'],
    ['credentials in the URL', { endpoint: 'https://user:secret@identity.example' }, 'https URL'],
    ['a query', { endpoint: 'https://identity.example/?stage=prod' }, 'https URL'],
    ['no region', { endpoint: 'https://identity.example' }, 'AWS_REGION'],
  ])('rejects %s with a helpful message', (_, options, hint) => {
    const create = () => createIdentityClient(options);
    expect(create).toThrow(ConfigurationError);
    expect(create).toThrow(hint);
    expect(create).not.toThrow('secret');
  });
});

it('provides tools with their API keys', async () => {
  const { name: workloadName } = await world.agent();
  const apiKey = 'key-of-the-weather-service';
  await world.control().send(new CreateApiKeyCredentialProviderCommand({ name: 'weather', apiKey }));
  const identity = identityClient(world);
  const workloadIdentityToken = workloadAccessTokens(identity, { workloadName });
  const options = { identity, workloadIdentityToken, providerName: 'weather' };
  const tool = withApiKey(options)(({ apiKey: key }, town: string) => [town, key]);
  expect(await tool('Bern')).toEqual(['Bern', apiKey]);
  const perCall = withApiKey((providerName: string) => ({ ...options, providerName }))(
    ({ apiKey: key }, name: string) => [name, key],
  );
  expect(await perCall('weather')).toEqual(['weather', apiKey]);
  await expect(perCall('none-such')).rejects.toMatchObject({
    name: 'ResourceNotFoundException',
    message: 'There is no API key credential provider named "none-such". Correct the name, or create it.',
  });
  const misspelled = workloadAccessTokens(identity, { workloadName: 'none-such' });
  await expect(
    withApiKey({ ...options, workloadIdentityToken: misspelled })(({ apiKey: key }) => key)(),
  ).rejects.toMatchObject({
    name: 'ResourceNotFoundException',
    message: 'There is no workload identity named "none-such". Correct the name, or create it.',
  });
  const signal = AbortSignal.abort(new Error('called off'));
  await expect(withApiKey({ ...options, signal })(({ apiKey: key }) => key)()).rejects.toThrow('called off');
});
