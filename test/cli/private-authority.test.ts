/** `agent-identity provider` and `agent` with a server in a private network, and of a private certificate authority. */
import { SecretsManager } from '@aws-sdk/client-secrets-manager';
import { createServer } from 'node:https';
import { listenOnLoopback } from '../../lib/local/loopback-server';
import { createAuthority } from '../flows/support/certificates';
import { ServiceForCommands } from './command-under-test';

const OPERATOR = 'arn:aws:iam::000000000000:user/operator';

const NETWORK = {
  vpcId: 'vpc-0123456789abcdef0',
  subnetIds: ['subnet-0123456789abcdef0'],
  securityGroupIds: [],
  ipv6: false,
};
const local = ServiceForCommands.ofFile({ SERVICE_NETWORK: JSON.stringify(NETWORK) });
let secretArn: string;
let discoveryUrl: string;
let closeServer: () => Promise<void>;

beforeAll(async () => {
  const authority = createAuthority();
  let metadata: object = {};
  const server = createServer({ ...authority.server() }, (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(metadata));
  });
  const { port, close } = await listenOnLoopback(server, 0);
  closeServer = close;
  const issuer = `https://localhost:${port}`;
  metadata = { issuer, authorization_endpoint: `${issuer}/authorize`, token_endpoint: `${issuer}/token` };
  discoveryUrl = `${issuer}/.well-known/openid-configuration`;
  const { AWS_ACCESS_KEY_ID: accessKeyId = '', AWS_SECRET_ACCESS_KEY: secretAccessKey = '' } = local.env();
  const { ARN = '' } = await new SecretsManager({
    endpoint: local.secretsManagerEndpoint,
    region: 'us-east-1',
    credentials: { accessKeyId, secretAccessKey },
  }).createSecret({
    Name: 'authority',
    SecretString: authority.cert,
    Tags: [{ Key: 'agent-identity:owner', Value: `certificates/${OPERATOR}` }],
  });
  secretArn = ARN;
});

afterAll(async () => {
  await closeServer();
});

const add = (name: string, ...options: string[]) =>
  local.run(
    [
      'provider',
      'add',
      name,
      '--vendor',
      'custom',
      '--client-id',
      'client',
      '--discovery-url',
      discoveryUrl,
      ...options,
    ],
    { input: 'client-secret' },
  );

it('stores where the certificates are, and keeps it at an update', async () => {
  expect(await add('private', '--ca-secret', secretArn)).toMatchObject({ status: 0 });
  await local.json(['provider', 'update', 'private', '--secret'], { input: 'another-secret' });
  expect((await local.run(['provider', 'get', 'private'])).stdout).toMatch(
    new RegExp(`^CA certificates +${secretArn}$`, 'm'),
  );
  await local.run(['provider', 'delete', 'private', '--yes']);
});

it('names the S3 object to the service, which reads it', async () => {
  const { status, stderr } = await add('in-a-bucket', '--ca-object', 's3://missing-bucket/ca.pem');
  expect(status).toBe(1);
  expect(stderr).toContain('--ca-object must be the URI of an object');
});

it('warns, and does not fail, because this computer does not trust the authority', async () => {
  await add('warned', '--ca-secret', secretArn);
  const tested = await local.run(['provider', 'test', 'warned']);
  const doctor = await local.run(['doctor']);
  expect(tested).toMatchObject({
    status: 0,
    stdout: expect.stringMatching(
      /^warn +discovery +https:.*\n +The provider trusts its own certificate/m,
    ) as string,
  });
  expect(doctor.stdout).toMatch(/^warn +warned: discovery /m);
  expect(doctor.stdout).not.toMatch(/^fail +warned: /m);
});

it('fails if a provider without these certificates has such a server', async () => {
  await add('public');
  const tested = await local.run(['provider', 'test', 'public']);
  expect(tested).toMatchObject({ status: 1, stdout: expect.stringMatching(/^fail +discovery /m) as string });
});

it('takes one source', async () => {
  expect(await add('two', '--ca-secret', secretArn, '--ca-object', 's3://bucket/ca.pem')).toEqual({
    status: 2,
    stdout: '',
    stderr: 'Set either --ca-secret or --ca-object.\n',
  });
});

it('warns, and does not fail, about servers at addresses that only the service can reach', async () => {
  const issuer = 'https://10.0.0.1';
  const custom = ['--vendor', 'custom', '--client-id', 'client', '--public', '--issuer', issuer];
  await local.json(['provider', 'add', 'internal', ...custom]);
  expect(await local.run(['provider', 'test', 'internal'])).toMatchObject({
    status: 0,
    stdout: expect.stringMatching(
      /^warn +discovery +https:\/\/10\.0.*\n +.*\(agent-identity token get\)/m,
    ) as string,
  });
  const agent = ['agent', 'add', 'internal', '--issuer', issuer, '--allowed-client', 'app'];
  expect((await local.run(agent)).stderr).toMatch(
    /are not checked: .* internal address .*\(agent-identity token get\)/,
  );
  const { stdout } = await local.run(['doctor']);
  expect(stdout).toMatch(/^warn +internal: discovery /m);
  expect(stdout).toMatch(/^warn +trusted issuer +https:\/\/10\.0/m);
});

describe('a private endpoint', () => {
  const endpoint = (routingDomain: string) =>
    JSON.stringify({
      managedVpcResource: {
        vpcIdentifier: 'vpc-0123456789abcdef0',
        subnetIds: ['subnet-0123456789abcdef0'],
        endpointIpAddressType: 'IPV4',
        routingDomain,
      },
    });

  it('is stored and shown, and an update keeps it, or removes it', async () => {
    const override = `{"domain":"idp.corp.example","privateEndpoint":${endpoint('nlb.corp.example')}}`;
    const options = [
      '--private-endpoint',
      endpoint('alb.corp.example'),
      '--private-endpoint-override',
      override,
    ];
    expect(await add('routed', ...options)).toMatchObject({
      status: 0,
      stderr: expect.stringContaining('check the provider: agent-identity token get') as string,
    });
    expect(await local.run(['provider', 'test', 'routed'])).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^warn +discovery +no request was sent/m) as string,
    });
    await local.json(['provider', 'update', 'routed', '--secret'], { input: 'another-secret' });
    const { stdout } = await local.run(['provider', 'get', 'routed']);
    expect(stdout).toMatch(/^Private endpoint +alb\.corp\.example$/m);
    expect(stdout).toMatch(/^Private endpoint +nlb\.corp\.example, for idp\.corp\.example$/m);
    const removal = ['provider', 'update', 'routed', '--no-private-endpoints'];
    expect((await local.run(removal)).stderr).toMatch(/^--secret is required: the stored secret belongs/);
    expect(await local.run([...removal, '--secret'], { input: 'client-secret' })).toMatchObject({
      status: 0,
    });
    expect((await local.run(['provider', 'get', 'routed'])).stdout).not.toContain('Private endpoint');
    await local.run(['provider', 'delete', 'routed', '--yes']);
  });

  it('of the issuer of an agent is stored, and stays at an update with the same issuer', async () => {
    const agentOf = async () =>
      (
        await local.json<{ authorizerConfiguration: { customJWTAuthorizer: Record<string, unknown> } }>([
          'agent',
          'get',
          'routed',
        ])
      ).authorizerConfiguration.customJWTAuthorizer;
    const update = (...options: string[]) => local.run(['agent', 'update', 'routed', ...options]);
    const override = {
      domain: 'idp.corp.example',
      privateEndpoint: JSON.parse(endpoint('nlb.corp.example')) as object,
    };
    const added = await local.run([
      ...['agent', 'add', 'routed', '--issuer', 'https://idp.corp.example', '--allowed-client', 'app'],
      ...['--private-endpoint', endpoint('alb.corp.example')],
    ]);
    expect(added.stdout).toMatch(/^Private endpoint +alb\.corp\.example$/m);
    // This computer does not reach the issuer, so the command does not try.
    expect(added.stderr).not.toContain('idp.corp.example');

    const overridden = await update('--private-endpoint-override', JSON.stringify(override));
    expect(overridden.stdout).toContain(
      'Private endpoints of the agent "routed": alb.corp.example; nlb.corp.example, for idp.corp.example\n',
    );
    expect(overridden.stdout).not.toContain('Agents that can call');
    expect((await update('--allowed-client', 'other')).stdout).not.toContain('Private endpoints');
    expect(await agentOf()).toMatchObject({
      privateEndpoint: JSON.parse(endpoint('alb.corp.example')) as object,
      privateEndpointOverrides: [override],
    });

    expect((await update('--no-private-endpoints')).stdout).toContain(
      'Private endpoints of the agent "routed": none\n',
    );
    await update('--private-endpoint', endpoint('alb.corp.example'));
    await update('--issuer', 'https://other.corp.example', '--allowed-client', 'app');
    expect(await agentOf()).not.toHaveProperty('privateEndpoint');
    expect(await agentOf()).not.toHaveProperty('privateEndpointOverrides');
  });

  it('of an agent needs an issuer, and cannot be set and removed together', async () => {
    const alone = await local.run([
      'agent',
      'add',
      'alone',
      '--private-endpoint',
      endpoint('nlb.corp.example'),
    ]);
    expect(alone).toMatchObject({ status: 2, stderr: expect.stringContaining('need --issuer') as string });
    const both = ['--private-endpoint', endpoint('nlb.corp.example'), '--no-private-endpoints'];
    expect(await local.run(['agent', 'update', 'any', ...both])).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('Set --no-private-endpoints without --private-endpoint') as string,
    });
  });

  it('must be JSON of an object', async () => {
    expect(await add('wrong', '--private-endpoint', 'vpc-0123456789abcdef0')).toMatchObject({
      status: expect.any(Number) as number,
      stderr: expect.stringContaining('--private-endpoint must be an object in JSON.') as string,
    });
  });

  it.each([
    ['--private-endpoint', '{"managedVpc":{}}', '"managedVpc" of --private-endpoint is not a member'],
    [
      '--private-endpoint-override',
      '{"domain":"idp.corp.example","privateEndpoint":{}}',
      '"privateEndpoint" of --private-endpoint-override must have exactly one',
    ],
  ])(
    'with an error in the JSON of %s is rejected with the name of the member',
    async (option, json, fault) => {
      expect((await add('wrong', option, json)).stderr).toContain(fault);
    },
  );

  it('in another network is rejected with the name of the option', async () => {
    const other = endpoint('nlb.corp.example').replace('vpc-0123456789abcdef0', 'vpc-0123456789abcdef1');
    const issuer = ['--issuer', 'https://idp.corp.example', '--allowed-client', 'app'];
    for (const { status, stderr } of [
      await add('elsewhere', '--private-endpoint', other),
      await local.run(['agent', 'add', 'elsewhere', ...issuer, '--private-endpoint', other]),
    ]) {
      expect(status).toBe(1);
      expect(stderr).toMatch(/--private-endpoint.* must be the VPC of this service: vpc-0123456789abcdef0/);
    }
  });
});
