/**
 * The two functions of an agent endpoint as Lambda loads them: they start with a complete environment, report a
 * missing or invalid variable in one line, and the gate is wrapped for response streaming.
 */
import { createRequire } from 'node:module';
import { BY_IAM, BY_JWT, endpointOf } from '../domain/gate/endpoints';

const before = { ...process.env };
const streamified: unknown[] = [];

beforeEach(() => {
  jest.resetModules();
  streamified.length = 0;
  Object.assign(globalThis, {
    awslambda: {
      streamifyResponse(handler: unknown) {
        streamified.push(handler);
        return handler;
      },
    },
  });
  process.env.AWS_REGION = 'eu-central-1';
  process.env.IDENTITY_ENDPOINT = 'https://abc.execute-api.eu-central-1.amazonaws.com/prod';
  process.env.STAGE_SECRET_HASH = 'a'.repeat(43);
  process.env.AGENT_ENDPOINT = JSON.stringify(endpointOf(BY_JWT));
});
afterEach(() => {
  Reflect.deleteProperty(globalThis, 'awslambda');
  process.env = { ...before };
});

/** Returns the handler of the function, or throws the error of its start. */
const start = (name: 'gate' | 'authorizer'): { handler: unknown } =>
  createRequire(__filename)(`../../lambda/functions/${name}`) as { handler: unknown };

it('the functions start with a complete environment, and the gate streams responses', () => {
  const { handler } = start('gate');
  expect(streamified).toEqual([handler]);
  expect(start('authorizer').handler).toEqual(expect.any(Function));
});

it('only the gate starts for an endpoint with IAM callers', () => {
  process.env.AGENT_ENDPOINT = JSON.stringify(endpointOf(BY_IAM));
  expect(start('gate').handler).toEqual(expect.any(Function));
  expect(() => start('authorizer')).toThrow('An endpoint with IAM authorization has no authorizer.');
});

it.each([
  ['IDENTITY_ENDPOINT', undefined, 'set IDENTITY_ENDPOINT'],
  [
    'IDENTITY_ENDPOINT',
    'https://abc.example/',
    'IDENTITY_ENDPOINT must be an https URL without a trailing slash',
  ],
  ['STAGE_SECRET_HASH', undefined, 'set STAGE_SECRET_HASH'],
  ['STAGE_SECRET_HASH', '', 'set STAGE_SECRET_HASH'],
  ['STAGE_SECRET_HASH', 'A'.repeat(44), 'STAGE_SECRET_HASH must be a SHA-256 digest'],
  ['AGENT_ENDPOINT', undefined, 'AGENT_ENDPOINT: the configuration must be JSON'],
  ['AGENT_ENDPOINT', '{}', 'AGENT_ENDPOINT: agentRuntimeArn'],
  [
    'AGENT_ENDPOINT',
    JSON.stringify(endpointOf(BY_IAM, { baseUrl: 'http://127.0.0.1:1' })),
    'AGENT_ENDPOINT: baseUrl must be https',
  ],
])('the function reports in one line that %s is not valid', (name, value, said) => {
  if (value === undefined) Reflect.deleteProperty(process.env, name);
  else process.env[name] = value;
  let thrown: unknown;
  try {
    start('gate');
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toMatchObject({ message: expect.stringContaining(said) as string });
  expect((thrown as Error).stack).not.toContain('\n');
});
