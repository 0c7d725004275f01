/**
 * Forged requests to the custom resource function, from a principal that can invoke functions. The function reveals no
 * secret, creates no resource, and calls no address that the principal chooses.
 */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { GetOauth2CredentialProviderCommand } from '@aws-sdk/client-bedrock-agentcore-control';
import type { DeployedStack } from '../../lambda/custom-resources/stack';
import {
  asDeployed,
  CloudFormation,
  API_KEY,
  IDENTITY,
  OAUTH2,
  FUNCTION_ARN,
} from './support/cloudformation';
import { putSecret } from './support/secrets';
import { RETURN_URL } from './support/world';

const cloudFormation = CloudFormation.ofFile();
const { world } = cloudFormation;
let attacker: Server;
/** Requests that reached the attacker's address. */
const stolen: string[] = [];

beforeAll(async () => {
  attacker = createServer((request, response) => {
    stolen.push(`${request.method} ${request.url}`);
    request.on('data', (chunk: Buffer) => stolen.push(chunk.toString('utf8')));
    request.on('end', () => response.writeHead(200).end('{}'));
  });
  await new Promise<void>((listening) => attacker.listen(0, '127.0.0.1', listening));
});
afterAll(() => new Promise((closed) => attacker.close(closed)));
beforeEach(() => {
  stolen.length = 0;
  cloudFormation.failures.length = 0;
  cloudFormation.audit.length = 0;
});

/** The one audit entry of a rejected request, which repeats nothing from the request. */
const expectRefusal = (reason: string) => {
  expect(cloudFormation.audit).toEqual([
    {
      operation: 'Invoke',
      outcome: 'denied',
      error: 'AccessDeniedException',
      reason: expect.stringContaining(reason) as string,
      resource: FUNCTION_ARN,
      requestId: 'request-of-lambda',
    },
  ]);
};

let names = 0;
const newName = () => `forged-${(names += 1)}`;

const ofAttacker = () => `http://127.0.0.1:${(attacker.address() as AddressInfo).port}`;

const apiKey = (name: string, secret: object) => ({ name, configuration: '{}', policy: '', secret });
const identity = (name: string) => ({
  name,
  configuration: JSON.stringify({ allowedResourceOauth2ReturnUrls: [RETURN_URL] }),
  policy: '',
});

const provider = (name: string) =>
  world
    .control('operator')
    .getApiKeyCredentialProvider({ name })
    .catch((error: Error) => error.name);
const workload = (name: string) =>
  world
    .control('operator')
    .getWorkloadIdentity({ name })
    .catch((error: Error) => error.name);

it("sends no secret to an endpoint of the caller's choice", async () => {
  const name = newName();
  const { arn } = await putSecret('the-key', null);
  const secret = { source: 'MANAGED', secretId: arn };
  const properties = { ...apiKey(name, secret), endpoint: ofAttacker() };
  const answer = await cloudFormation.ask('Create', API_KEY, { properties });
  expect(answer).toMatchObject({ Status: 'FAILED' });
  expect(answer.Reason).toContain('The endpoint does not belong to this stack');
  expect(stolen).toEqual([]);
  expectRefusal('The endpoint does not belong to this stack');
});

it('neither sends a response to an address outside CloudFormation nor creates a resource for it', async () => {
  const name = newName();
  const asked = cloudFormation.ask('Create', IDENTITY, {
    properties: identity(name),
    // As in an AWS account, where loopback addresses are not allowed.
    deployed: { policy: { loopback: false } },
    forged: { ResponseURL: ofAttacker() },
  });
  await expect(asked).rejects.toThrow('The response URL does not belong to CloudFormation');
  expect(stolen).toEqual([]);
  expectRefusal('The response URL does not belong to CloudFormation');
  expect(await workload(name)).toBe('ResourceNotFoundException');
});

it.each(['MANAGED', 'EXTERNAL'])('does not read a %s secret of another resource', async (source) => {
  const name = newName();
  const { arn } = await putSecret({ key: 'the-key' }, 'arn:aws:iam::000000000000:user/operator');
  const properties = apiKey(name, { source, secretId: arn, jsonKey: 'key' });
  const answer = await cloudFormation.ask('Create', API_KEY, {
    properties,
    deployed: { providers: { Calendar: asDeployed(API_KEY, properties) } },
  });
  expect(answer).toMatchObject({ Status: 'FAILED' });
  expectRefusal('The secret does not belong to this resource');
  expect(await provider(name)).toBe('ResourceNotFoundException');
});

it.each([
  ['another member of', { jsonKey: 'other' }],
  ['all of', {}],
])('does not read %s a secret of which the resource has one member', async (_, part) => {
  const name = newName();
  const { arn } = await putSecret({ key: 'the-key', other: 'of-another-provider' }, null);
  const given = apiKey(name, { source: 'MANAGED', secretId: arn, jsonKey: 'key' });
  const answer = await cloudFormation.ask('Create', API_KEY, {
    properties: apiKey(name, { source: 'MANAGED', secretId: arn, ...part }),
    deployed: { providers: { Resource: asDeployed(API_KEY, given) } },
  });
  expect(answer).toMatchObject({ Status: 'FAILED' });
  expect(await provider(name)).toBe('ResourceNotFoundException');
});

it.each(['constructor', '__proto__', 'toString'])(
  'has no secret for a logical ID like %s, which exists on every JavaScript object',
  async (logicalId) => {
    const { arn } = await putSecret('the-key', null);
    const properties = apiKey(newName(), { source: 'MANAGED', secretId: arn });
    const answer = await cloudFormation.ask('Create', API_KEY, {
      properties,
      logicalId,
      deployed: { providers: {} },
    });
    expect(answer.Reason).toContain('The secret does not belong to this resource');
  },
);

it('rejects an event that is not a CloudFormation request, without repeating it', async () => {
  const asked = cloudFormation.ask('Create', IDENTITY, {
    properties: identity(newName()),
    forged: { RequestId: { secret: 'very-secret' } },
  });
  const error = await asked.then(
    () => undefined,
    (thrown: Error) => thrown,
  );
  // Lambda logs thrown errors with all their members.
  expect(`${error?.message} ${error?.stack} ${JSON.stringify(error)}`).not.toContain('very-secret');
  expectRefusal('The event is not a CloudFormation request');
});

it('creates and deletes nothing for another stack', async () => {
  const name = newName();
  const forged = { StackId: 'arn:aws:cloudformation:us-east-1:000000000000:stack/Other/1' };
  const created = await cloudFormation.ask('Create', IDENTITY, { properties: identity(name), forged });
  expect(created).toMatchObject({ Status: 'FAILED' });
  expect(created.Reason).toContain('belongs to another stack');
  expect(await workload(name)).toBe('ResourceNotFoundException');

  await cloudFormation.ask('Create', IDENTITY, { properties: identity(name) });
  const removed = await cloudFormation.ask('Delete', IDENTITY, {
    properties: identity(name),
    physicalId: name,
    forged,
  });
  expect(removed).toMatchObject({ Status: 'FAILED' });
  expect(await workload(name)).toMatchObject({ name });
});

it('deletes at the current address of the service, if the request has an older one', async () => {
  const name = newName();
  await cloudFormation.ask('Create', IDENTITY, { properties: identity(name) });
  expect(await workload(name)).toMatchObject({ name });
  const properties = { ...identity(name), endpoint: 'https://moved.example' };
  const answer = await cloudFormation.ask('Delete', IDENTITY, { properties, physicalId: name });
  expect(answer).toMatchObject({ Status: 'SUCCESS' });
  expect(await workload(name)).toBe('ResourceNotFoundException');
});

describe('a provider whose secret the stack defines', () => {
  const CHANGED = 'The stack does not define this resource in this way';

  const oauth2 = (name: string, secret: object | undefined, discoveryUrl = world.provider.discoveryUrl) => ({
    name,
    configuration: JSON.stringify({
      credentialProviderVendor: 'CustomOauth2',
      member: 'customOauth2ProviderConfig',
      config: { clientId: world.provider.clientId, oauthDiscovery: { discoveryUrl } },
    }),
    policy: '',
    ...(secret && { secret }),
  });

  const discoveryUrlOf = async (name: string) => {
    const command = new GetOauth2CredentialProviderCommand({ name });
    const { oauth2ProviderConfigOutput: config } = await world.control('operator').send(command);
    return config?.customOauth2ProviderConfig?.oauthDiscovery?.discoveryUrl;
  };

  /** A provider of the template, and the function's environment with it. */
  async function deployedProvider() {
    const name = newName();
    const { arn: secretId } = await putSecret(world.provider.clientSecret, null);
    const secret = { source: 'MANAGED', secretId };
    const properties = oauth2(name, secret);
    const created = await cloudFormation.ask('Create', OAUTH2, { properties });
    expect(created).toMatchObject({ Status: 'SUCCESS' });
    return { name, secret, deployed: { providers: { Resource: asDeployed(OAUTH2, properties) } } };
  }

  it('is not created a second time as an API key, which agents could read', async () => {
    const { name, secret, deployed } = await deployedProvider();
    for (const wanted of [name, newName()]) {
      cloudFormation.audit.length = 0;
      const properties = apiKey(wanted, secret);
      const answer = await cloudFormation.ask('Create', API_KEY, { properties, deployed });
      expect(answer).toMatchObject({ Status: 'FAILED' });
      expectRefusal(CHANGED);
      expect(await provider(wanted)).toBe('ResourceNotFoundException');
    }
  });

  it('is not created as an API key with its own properties', async () => {
    const { name, secret, deployed } = await deployedProvider();
    const answer = await cloudFormation.ask('Create', API_KEY, {
      properties: oauth2(name, secret),
      deployed,
    });
    expect(answer).toMatchObject({ Status: 'FAILED' });
    expectRefusal(CHANGED);
    expect(await provider(name)).toBe('ResourceNotFoundException');
  });

  it.each([
    ['with its secret', {}],
    ['when the request omits its secret, which the service would keep', { secret: undefined }],
    ['as a resource outside the template', { logicalId: 'Unknown', importExisting: 'true' }],
    [
      'as a resource outside the template, without its secret',
      { logicalId: 'Unknown', importExisting: 'true', secret: undefined },
    ],
  ])(
    'is not moved to another authorization server %s',
    async (_, { logicalId, ...forged }: { logicalId?: string; secret?: undefined }) => {
      const { name, secret, deployed } = await deployedProvider();
      const discoveryUrl = `${ofAttacker()}/.well-known/openid-configuration`;
      const answer = await cloudFormation.ask('Update', OAUTH2, {
        properties: { ...oauth2(name, secret, discoveryUrl), ...forged },
        physicalId: name,
        deployed,
        ...(logicalId !== undefined && { logicalId }),
      });
      expect(answer).toMatchObject({ Status: 'FAILED' });
      expect(cloudFormation.audit).toMatchObject([{ outcome: 'denied', error: 'AccessDeniedException' }]);
      expect(await discoveryUrlOf(name)).toBe(world.provider.discoveryUrl);
      expect(stolen).toEqual([]);
    },
  );

  it('cannot be updated with the definition of a provider that has no secret', async () => {
    const { name } = await deployedProvider();
    const without = oauth2('without-secret', undefined);
    const answer = await cloudFormation.ask('Update', OAUTH2, {
      properties: { ...without, name, importExisting: 'true' },
      physicalId: name,
      deployed: { providers: { Resource: asDeployed(OAUTH2, without) } },
    });
    expect(answer).toMatchObject({ Status: 'FAILED' });
    expectRefusal(CHANGED);
  });

  it('must match its whole definition, even if the template has references', async () => {
    const { name, secret } = await deployedProvider();
    const { configuration } = oauth2(name, secret);
    const definition: [typeof OAUTH2, string, string] = [OAUTH2, name, configuration];
    const deployed: Partial<DeployedStack> = { providers: { Resource: [definition, secret.secretId] } };
    const change = { physicalId: name, deployed };
    const same = await cloudFormation.ask('Update', OAUTH2, { properties: oauth2(name, secret), ...change });
    expect(same).toMatchObject({ Status: 'SUCCESS' });
    const discoveryUrl = `${ofAttacker()}/.well-known/openid-configuration`;
    const properties = oauth2(name, secret, discoveryUrl);
    expect(await cloudFormation.ask('Update', OAUTH2, { properties, ...change })).toMatchObject({
      Status: 'FAILED',
    });
    expectRefusal(CHANGED);
    expect(await discoveryUrlOf(name)).toBe(world.provider.discoveryUrl);
  });
});
