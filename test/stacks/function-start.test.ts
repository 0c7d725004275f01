/**
 * The bundle of each function starts with only the environment of its deployment. A function learns the names of tables and
 * of other functions from its permissions, so a function that uses a table without a permission does not start.
 */
import { Stack } from 'aws-cdk-lib';
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { AgentEndpoint, AgentIdentity, AgentTarget, Inbound, WorkloadIdentity } from '../../lib';
import { FUNCTIONS } from '../../scripts/build/functions';
import { templateOf } from './consumer';
import { agentFunction, ISSUER } from './endpoint';
import { newApp } from './new-app';
import { POLLED_ISSUER } from './synthesis';

const ACCOUNT = '123456789012';
const REGION = 'eu-central-1';

/** Returns the template of a deployment with all functions, which names the folder of each bundle. */
function deployment() {
  const app = newApp();
  app.node.setContext('aws:cdk:enable-asset-metadata', true);
  const stack = new Stack(app, 'Consumer');
  const identity = new AgentIdentity(stack, 'Identity', {
    auditTrail: {},
    gateways: {},
    trustedIssuers: [POLLED_ISSUER],
  });
  new AgentEndpoint(stack, 'Travel', {
    identity,
    workload: new WorkloadIdentity(stack, 'Agent', { identity }),
    inbound: Inbound.jwt(ISSUER),
    target: AgentTarget.lambda(agentFunction(stack)),
  });
  return templateOf(stack);
}

const template = deployment();

const PSEUDO_PARAMETERS: Readonly<Record<string, string>> = {
  'AWS::AccountId': ACCOUNT,
  'AWS::Region': REGION,
  'AWS::Partition': 'aws',
  'AWS::URLSuffix': 'amazonaws.com',
  'AWS::StackId': `arn:aws:cloudformation:${REGION}:${ACCOUNT}:stack/Consumer/1a2b3c`,
};

const ATTRIBUTES: Readonly<Record<string, string>> = {
  'AWS::IAM::Role.Arn': `arn:aws:iam::${ACCOUNT}:role/gateway`,
  'AWS::KMS::Key.Arn': `arn:aws:kms:${REGION}:${ACCOUNT}:key/11111111-2222-3333-4444-555555555555`,
  'Custom::AgentIdentityStageSecret.Hash': 'a'.repeat(43),
};

interface Intrinsic {
  readonly Ref?: string;
  readonly 'Fn::GetAtt'?: readonly [id: string, attribute: string];
  readonly 'Fn::Join'?: readonly [separator: string, parts: readonly (string | Intrinsic)[]];
}

/** Returns a value in the form that CloudFormation deploys. */
function deployed(value: string | Intrinsic): string {
  if (typeof value === 'string') return value;
  const { Ref, 'Fn::GetAtt': attribute, 'Fn::Join': join } = value;
  if (Ref !== undefined) return PSEUDO_PARAMETERS[Ref] ?? Ref.toLowerCase();
  if (join) return join[1].map(deployed).join(join[0]);
  const [id = '', name] = attribute ?? [];
  return ATTRIBUTES[`${template.Resources[id]?.Type}.${name}`] ?? id;
}

/** Loads a bundle as the runtime of Lambda does, whose streaming functions use the global `awslambda`. */
const START = `
  globalThis.awslambda = { streamifyResponse: (handler) => handler };
  try {
    require(process.argv[1]);
    process.stdout.write('started');
  } catch (error) {
    process.stdout.write(error.stack);
  }
`;

interface DeployedFunction {
  readonly Properties: {
    readonly Environment: { readonly Variables: Readonly<Record<string, string | Intrinsic>> };
  };
  readonly Metadata: { readonly 'aws:asset:path': string };
}

const functions = Object.values(template.Resources).filter(
  ({ Type }) => Type === 'AWS::Lambda::Function',
) as unknown as DeployedFunction[];

/** @returns `started`, or the error that Lambda would log */
function start(bundle: string): string {
  const { Properties } = functions.find(({ Metadata }) => Metadata['aws:asset:path'] === bundle)!;
  const { Variables } = Properties.Environment;
  const names = Object.keys(Variables);
  const { stdout } = spawnSync(process.execPath, ['--eval', START, bundle], {
    // Lambda sets the Region.
    env: {
      AWS_REGION: REGION,
      ...Object.fromEntries(names.map((name) => [name, deployed(Variables[name]!)])),
    },
    encoding: 'utf8',
  });
  return stdout;
}

it.each(readdirSync(FUNCTIONS))('%s starts with the environment that its permissions give it', (name) => {
  expect(start(join(FUNCTIONS, name))).toBe('started');
});
