/** What commands say if the service cannot be reached, or does not accept the request. */
import { createServer } from 'node:http';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { listenOnLoopback } from '../../lib/local/loopback-server';
import { freePorts } from '../local/free-ports';
import { runCommand, ServiceForCommands, type Invocation, type Outcome } from './command-under-test';
import { temporaryFolder } from '../environment/temporary-folder';

const local = ServiceForCommands.ofFile();

const list = (invocation: Invocation = {}): Promise<Outcome> => local.run(['agent', 'list'], invocation);

it('says that the endpoint is not set', async () => {
  const { status, stderr } = await runCommand(['agent', 'list']);
  expect(status).toBe(2);
  expect(stderr).toMatch(/^The endpoint .* is not set\. Set --endpoint or AGENT_IDENTITY_ENDPOINT/);
});

it('rejects an endpoint to which credentials must not be sent', async () => {
  const { status, stderr } = await local.run(['agent', 'list', '--endpoint', 'http://service.example']);
  expect({ status, stderr }).toEqual({
    status: 2,
    stderr: expect.stringMatching(/^The endpoint of the identity service must be an https URL/) as string,
  });
});

it.each([
  [
    'a service in AWS',
    () => 'https://service.example',
    /^There are no usable AWS credentials \(.*\)\. Set AWS_ACCESS_KEY_ID .*--profile\.\n$/,
  ],
  [
    'the service on this computer',
    () => local.endpoint,
    /^There are no usable AWS credentials \(.*\)\. The service on this computer has its own: run eval "\$\(agent-identity env\)", which sets AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY\.\n$/,
  ],
])('says which ways there are to state credentials for %s', async (_what, endpoint, message) => {
  const { status, stdout, stderr } = await runCommand(['agent', 'list', '--region', 'us-east-1'], {
    env: { AGENT_IDENTITY_ENDPOINT: endpoint() },
  });
  expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
  expect(stderr).toMatch(message);
});

it('reads credentials and Region from a profile', async () => {
  const folder = temporaryFolder('profile');
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = local.env();
  const file = join(folder, 'config');
  await writeFile(
    file,
    `[profile mine]\nregion = us-east-1\naws_access_key_id = ${accessKeyId}\naws_secret_access_key = ${secretAccessKey}\n`,
  );
  const run = (profile: string): Promise<Outcome> =>
    runCommand(['agent', 'list', '--profile', profile], {
      env: { AGENT_IDENTITY_ENDPOINT: local.endpoint, AWS_CONFIG_FILE: file },
    });
  expect((await run('mine')).status).toBe(0);
  expect((await run('yours')).stderr).toMatch(/^There are no usable AWS credentials in the profile "yours"/);
});

it('says what to do about credentials that the service does not know', async () => {
  const { status, stderr } = await list({ env: { AWS_ACCESS_KEY_ID: 'AKIAAAAAAAAAAAAAAAAA' } });
  expect(status).toBe(1);
  expect(stderr).toMatch(/not known.*Check the AWS credentials/);
});

it('says what to do about a secret key that is wrong', async () => {
  const { stderr } = await list({ env: { AWS_SECRET_ACCESS_KEY: 'wrong' } });
  expect(stderr).toMatch(
    /signature does not match.*Check the AWS credentials: the environment, or --profile\.\n$/,
  );
});

it('says what to do about the wrong Region', async () => {
  const { status, stderr } = await local.run(['agent', 'list', '--region', 'eu-west-1']);
  expect(status).toBe(1);
  expect(stderr).toMatch(/us-east-1.*Set --region to the Region of the service\.\n$/);
});

it('signs for the Region in LOCAL_REGION, which a service on this computer has', async () => {
  const { status, stderr } = await list({ env: { LOCAL_REGION: 'eu-west-1' } });
  expect(status).toBe(1);
  expect(stderr).toMatch(/us-east-1.*Set --region to the Region of the service\.\n$/);
  const there = await ServiceForCommands.start({ LOCAL_REGION: 'eu-west-1' });
  expect((await there.run(['agent', 'list'], { env: { LOCAL_REGION: 'eu-west-1' } })).status).toBe(0);
  await there.close();
});

it('says how much the clock of this computer differs', async () => {
  const now = Date.now();
  const { Date: System } = globalThis;
  jest.spyOn(System, 'now').mockImplementation(() => now);
  const server = createServer((_request, response) => {
    response.writeHead(403, {
      date: new Date(now + 600_000).toUTCString(),
      'x-amzn-errortype': 'InvalidSignatureException',
      'content-type': 'application/json',
    });
    response.end(
      JSON.stringify({ message: 'Signature expired: 20260101T000000Z is now earlier than 20260101T000500Z' }),
    );
  });
  const { port, close } = await listenOnLoopback(server, 0);
  const { status, stderr } = await local.run(['agent', 'list', '--endpoint', `http://127.0.0.1:${port}`]);
  expect(status).toBe(1);
  expect(stderr).toMatch(
    /Set the clock of this computer: it differs from the clock of the service by (599|600|601) s\.\n$/,
  );
  await close();
});

it('says that nothing listens at the endpoint', async () => {
  const port = await freePorts();
  const { status, stderr } = await local.run(['agent', 'list', '--endpoint', `http://127.0.0.1:${port}`]);
  expect({ status, stderr }).toEqual({
    status: 1,
    stderr: `http://127.0.0.1:${port} did not respond (ECONNREFUSED). Check the address and that the server runs.\n`,
  });
});

it('says that the server at the endpoint is another one', async () => {
  const server = createServer((_request, response) => {
    response.writeHead(404, { 'content-type': 'text/html' });
    response.end('<h1>Not here</h1>');
  });
  const { port, close } = await listenOnLoopback(server, 0);
  const { status, stderr } = await local.run(['agent', 'list', '--endpoint', `http://127.0.0.1:${port}`]);
  expect(status).toBe(1);
  expect(stderr).toMatch(
    /responded with HTTP status 404, but not as the identity service does\. Check the port: the endpoint is the address that .* local printed\.\n$/,
  );
  const doctor = await local.run(['doctor', '--endpoint', `http://127.0.0.1:${port}`]);
  expect(doctor.stdout).toMatch(/^fail +endpoint .*HTTP status 404.*\n +Check the port: /);
  await close();
});

it('says that a server of this computer has an http address, for https', async () => {
  const https = local.endpoint.replace('http:', 'https:');
  const { status, stderr } = await local.run(['agent', 'list', '--region', 'us-east-1', '--endpoint', https]);
  expect(status).toBe(1);
  expect(stderr).toMatch(
    new RegExp(`did not respond \\(E\\w+\\)\\. A service on this computer .*: use ${local.endpoint}\\n$`),
  );
});

it('says what to do about a text that is no access key ID', async () => {
  const { stderr } = await list({ env: { AWS_ACCESS_KEY_ID: 'AKIAWRONG' } });
  expect(stderr).toMatch(/Check the AWS credentials: the environment, or --profile\.\n$/);
});

it.each([
  ['grantManageResources', ['agent', 'list']],
  ['grantOperator', ['agent', 'resume', 'weather']],
])('names the permission that API Gateway requires, and that %s allows it', async (grant, command) => {
  const server = createServer((_request, response) => {
    response.writeHead(403, {
      'x-amzn-errortype': 'AccessDeniedException',
      'content-type': 'application/json',
    });
    response.end(
      JSON.stringify({
        Message:
          'User: arn:aws:iam::000000000000:user/a is not authorized to perform: execute-api:Invoke on resource: x',
      }),
    );
  });
  const { port, close } = await listenOnLoopback(server, 0);
  const { stderr } = await local.run([...command, '--endpoint', `http://127.0.0.1:${port}`]);
  expect(stderr).toContain(
    `execute-api:Invoke on resource: x. Allow this action for your principal, in the CDK app with identity.${grant}(…).\n`,
  );
  await close();
});

it('repeats a request that was throttled', async () => {
  let requests = 0;
  const server = createServer((_request, response) => {
    requests += 1;
    const throttled = requests < 3;
    response.writeHead(throttled ? 429 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(throttled ? { message: 'Too many requests' } : { workloadIdentities: [] }));
  });
  const { port, close } = await listenOnLoopback(server, 0);
  const { status } = await local.run(['agent', 'list', '--json', '--endpoint', `http://127.0.0.1:${port}`]);
  expect({ status, requests }).toEqual({ status: 0, requests: 3 });
  await close();
});
