/** Lambda's limit on the environment of a function is checked at synthesis, not in the middle of a deployment. */
import { Aws, CfnParameter, Duration, Fn, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Inbound } from '../../lib';
import { functionCode } from '../../lib/constructs/function-code';
import { ServiceFunction } from '../../lib/constructs/service-function';
import { consumerStack, templateOf } from './consumer';
import { endpointWith, ISSUER } from './endpoint';
import { tenants } from './issuers-layer';
import { newApp } from './new-app';
import { synthesize } from './synthesis';

it('trusted issuers that must be in the environment and exceed it are rejected once, with sizes, advice, and the functions', () => {
  const [first, ...others] = tenants(14);
  const trustedIssuers = [{ ...first!, allowedClients: [Fn.importValue('client')] }, ...others];
  const synthesis = () => synthesize({ trustedIssuers });
  expect(synthesis).not.toThrow(/The environment of this function[^]*The environment of this function/);
  expect(synthesis).toThrow(
    /\[AgentIdentityStateless\/connections\] The environment of this function can have 4,\d{3} bytes at deployment, but 4,000 is the maximum/,
  );
  expect(synthesis).toThrow(/In bytes: TRUSTED_ISSUERS 3,\d{3} \(trustedIssuers: 14 entries\); /);
  expect(synthesis).toThrow('A trusted issuer has a value that is known only at deployment');
  expect(synthesis).toThrow('With literal values only, they are in a Lambda layer');
  expect(synthesis).toThrow(/ It is also too large for .*\bcredential-retrieval\b/);
  expect(synthesis).not.toThrow('control-plane');
});

it('the configuration of an agent endpoint that exceeds the environment is rejected with its largest members', () => {
  const allowedClients = Array.from({ length: 50 }, (_, index) => `${'c'.repeat(80)}${index}`);
  const { stack } = endpointWith({ inbound: Inbound.jwt({ ...ISSUER, allowedClients }) });
  expect(() => templateOf(stack)).toThrow(
    /\[Consumer\/Travel\/Gate\/Function\] .*In bytes: AGENT_ENDPOINT 4,\d{3} \(props of the endpoint: inbound\.allowedClients 4,\d{3}, .*State fewer clients, audiences/,
  );
  expect(() => templateOf(stack)).not.toThrow('cccc');
});

/** A function with this environment, in this stack. */
const functionWith = (stack: Stack, environment: Readonly<Record<string, string>>): LambdaFunction =>
  new ServiceFunction(stack, 'Function', {
    code: functionCode('token-vault'),
    description: 'test',
    deployment: 'agent-identity',
    timeout: Duration.seconds(1),
    memorySize: 128,
    logRetention: RetentionDays.ONE_DAY,
    removalPolicy: RemovalPolicy.DESTROY,
    environment,
  });

/** Bytes of the variables of each function, and of a variable `TEXT` without a value. */
const COMMON = Buffer.byteLength(
  JSON.stringify({
    TEXT: '',
    DEPLOYMENT_NAME: 'agent-identity',
  }),
);

const TOO_MUCH = 'a'.repeat(4000);

/** Returns the bytes that the error states for the value. */
function sizeOf(valueIn: (stack: Stack) => string, stack = consumerStack()): number {
  functionWith(stack, { TEXT: `${valueIn(stack)}${TOO_MUCH}` });
  let message = '';
  try {
    templateOf(stack);
  } catch (error) {
    message = String(error);
  }
  const [, bytes = ''] = /can have ([\d,]+) bytes/.exec(message) ?? [];
  return Number(bytes.replace(',', '')) - COMMON - TOO_MUCH.length;
}

describe('the environment is measured', () => {
  it.each([
    [4000, false],
    [4001, true],
  ])('with all variables: %i bytes are rejected: %p', (bytes, isRejected) => {
    const stack = consumerStack();
    functionWith(stack, { TEXT: 'a'.repeat(bytes - COMMON) });
    const synthesis = expect(() => templateOf(stack));
    if (isRejected) synthesis.toThrow('TEXT 3,');
    else synthesis.not.toThrow();
  });

  it('as JSON, in bytes', () => {
    expect(sizeOf(() => '["ü"]')).toBe(8);
  });

  const arn = 'arn:aws-us-gov:kms:ap-southeast-1:123456789012:key/12345678-1234-1234-1234-123456789012';

  it.each<[string, (stack: Stack) => string, number]>([
    ['the Region', () => Aws.REGION, 'ap-southeast-1'.length],
    ['the account', () => Aws.ACCOUNT_ID, 12],
    ['a key', (stack) => new Key(stack, 'Key').keyArn, arn.length],
    [
      'a function',
      (stack) => new LambdaFunction(stack, 'Other', functionCode('token-vault')).functionName,
      'Consumer-Other44E1B1E2-123456789abcd'.length,
    ],
    ['JSON with a reference', (stack) => stack.toJsonString({ a: Aws.ACCOUNT_ID }), 24],
    ['a parameter', (stack) => new CfnParameter(stack, 'Parameter').valueAsString, 128],
    ['an intrinsic function', () => Fn.importValue('other'), 128],
  ])('with %s at the full length of its value at deployment', (_what, valueIn, length) => {
    const size = sizeOf(valueIn);
    expect(size).toBeGreaterThanOrEqual(length);
    expect(size).toBeLessThanOrEqual(length + 12);
  });

  it('with the Region and the account of the stack, if they are known', () => {
    const known = new Stack(newApp(), 'Known', {
      env: { account: '111122223333', region: 'eu-west-1' },
    });
    expect(sizeOf((stack) => `${stack.region}${Aws.REGION}`, known)).toBe(2 * 'eu-west-1'.length);
  });
});
