/** The two functions that create a stage secret for AWS CloudFormation, each only in a response to CloudFormation. */
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { STAGE_SECRET_TYPE } from '../../lambda/model/stage-secret';
import { localFunctionName } from '../../lib/local/gateway-event';
import { CloudFormation, IDENTITY, STACK_ID } from './support/cloudformation';

const cloudFormation = CloudFormation.ofFile();
const bodies: string[] = [];
const server = createServer((request, response) => {
  request.on('data', (chunk: Buffer) => bodies.push(chunk.toString('utf8')));
  request.on('end', () => response.end());
});
beforeAll(() => new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening)));
afterAll(() => new Promise((closed) => server.close(closed)));
beforeEach(() => {
  bodies.length = 0;
});

const own = (): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}/answer`;

const request = (change: object = {}) => ({
  RequestType: 'Create',
  RequestId: 'request',
  StackId: STACK_ID,
  LogicalResourceId: 'IdentityStageSecret',
  ResourceType: STAGE_SECRET_TYPE,
  ResponseURL: own(),
  ResourceProperties: { ServiceToken: 'arn:aws:lambda:…', ServiceTimeout: '300' },
  ...change,
});

async function rotate(event: object): Promise<{ failed: boolean; result: string }> {
  const FunctionName = localFunctionName('key-rotation');
  const command = new InvokeCommand({ FunctionName, Payload: Buffer.from(JSON.stringify(event)) });
  const { FunctionError, Payload } = await new LambdaClient({}).send(command);
  return { failed: FunctionError !== undefined, result: Buffer.from(Payload ?? []).toString('utf8') };
}

interface Created {
  readonly Data: { readonly Secret: string; readonly Hash: string };
}

/** Expects a new secret, and returns it. */
function secretIn(body = ''): string {
  const response = JSON.parse(body) as Created;
  const { Secret, Hash } = response.Data;
  expect(response).toMatchObject({ Status: 'SUCCESS', NoEcho: true, StackId: STACK_ID });
  expect(Buffer.from(Secret, 'base64url')).toHaveLength(32);
  expect(Hash).toBe(createHash('sha256').update(Secret).digest('base64url'));
  return Secret;
}

it('key-rotation creates another secret for each request, which only CloudFormation receives', async () => {
  expect(await rotate(request())).toEqual({ failed: false, result: 'null' });
  expect(await rotate(request())).toEqual({ failed: false, result: 'null' });
  expect(bodies).toHaveLength(2);
  const secrets = bodies.map(secretIn);
  expect(secrets[0]).not.toBe(secrets[1]);
  const log = (await cloudFormation.world.logLines()).join('\n');
  for (const secret of secrets) expect(log).not.toContain(secret);
  const created = (await cloudFormation.world.audit()).filter(
    ({ operation }) => operation === 'CreateStageSecret',
  );
  expect(created).toMatchObject([{ outcome: 'allowed' }, { outcome: 'allowed' }]);
});

it.each([
  'https://attacker.example/answer',
  'https://cloudformation-custom-resource-response-uswest2.s3.us-west-2.amazonaws.com/answer',
  'https://cloudformation-custom-resource-response-useast1.s3.us-east-1.amazonaws.com.attacker.example/answer',
])('key-rotation sends no secret to %s', async (ResponseURL) => {
  const { failed, result } = await rotate(request({ ResponseURL }));
  expect(failed).toBe(true);
  expect(result).toContain('does not belong to CloudFormation');
  expect((await cloudFormation.world.audit()).at(-1)).toMatchObject({
    operation: 'CreateStageSecret',
    outcome: 'denied',
  });
});

it.each(['Update', 'Delete'])('key-rotation has no %s of a secret', async (RequestType) => {
  const { failed } = await rotate(request({ RequestType, PhysicalResourceId: 'stage-secret' }));
  expect([failed, bodies]).toEqual([true, []]);
});

it('the function for custom resources creates a secret for its own stack only', async () => {
  const forged = { ResourceType: STAGE_SECRET_TYPE };
  await cloudFormation.ask('Create', IDENTITY, { properties: {}, forged });
  secretIn(cloudFormation.bodies.at(-1));
  expect(cloudFormation.audit).toMatchObject([{ operation: 'CreateStageSecret', outcome: 'allowed' }]);
  const foreign = { ...forged, StackId: `${STACK_ID}0` };
  const { Status, Data } = await cloudFormation.ask('Create', IDENTITY, { properties: {}, forged: foreign });
  expect([Status, Data]).toEqual(['FAILED', undefined]);
});
