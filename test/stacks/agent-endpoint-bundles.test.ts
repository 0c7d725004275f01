/**
 * The endpoint's functions as they are deployed: bundled by the CDK, and started with the environment in the
 * template.
 */
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AgentEndpoint, AgentIdentity, AgentTarget, Inbound, WorkloadIdentity } from '../../lib';
import { written, type ConsumerTemplate } from './consumer';
import { agentFunction, ISSUER } from './endpoint';

const outdir = mkdtempSync(join(tmpdir(), 'agent-identity-bundles-'));
afterAll(() => rmSync(outdir, { recursive: true }));

/** The values of the template's references in an account. */
const DEPLOYED: Readonly<Record<string, string>> = {
  'AWS::Partition': 'aws',
  'AWS::Region': 'eu-central-1',
  'AWS::AccountId': '111122223333',
  'AWS::URLSuffix': 'amazonaws.com',
  TravelApiRestApi: 'a1b2c3d4e5',
  'Agent.Name': 'travel-agent',
  'TravelStageSecret.Hash': 'a'.repeat(43),
};

interface Bundle {
  readonly folder: string;
  readonly variables: Readonly<Record<string, string>>;
}

function bundle(): Readonly<Record<string, Bundle>> {
  const stack = new Stack(
    new App({ outdir, context: { 'aws:cdk:enable-asset-metadata': true } }),
    'Consumer',
  );
  const identity = AgentIdentity.fromAgentIdentityAttributes(stack, 'Identity', { restApiId: 'abc123' });
  new AgentEndpoint(stack, 'Travel', {
    identity,
    workload: new WorkloadIdentity(stack, 'Agent', { identity }),
    inbound: Inbound.jwt(ISSUER),
    target: AgentTarget.lambda(agentFunction(stack)),
  });
  const { Resources } = Template.fromStack(stack).toJSON() as ConsumerTemplate & {
    Resources: Readonly<Record<string, { Metadata?: Readonly<Record<string, string>> }>>;
  };
  const functions = Object.entries(Resources).filter(([, { Type }]) => Type === 'AWS::Lambda::Function');
  return Object.fromEntries(
    functions.map(([id, { Metadata, Properties }]) => {
      const { Variables } = written(Properties.Environment) as { Variables: Record<string, string> };
      const resolved = JSON.stringify(Variables).replaceAll(
        /<([\w.:]+)>/g,
        (_, name: string) => DEPLOYED[name] ?? '',
      );
      const variables = JSON.parse(resolved) as Record<string, string>;
      return [id.slice(0, -8), { folder: join(outdir, Metadata?.['aws:asset:path'] ?? ''), variables }];
    }),
  );
}

const bundles = bundle();

/** Starts a function as Lambda does, with the modules of its runtime. */
function start({ folder, variables }: Bundle): string {
  const runtime = 'globalThis.awslambda = { streamifyResponse: (handler) => handler };';
  const load = `process.stdout.write(typeof require(${JSON.stringify(folder)}).handler)`;
  return execFileSync(process.execPath, ['-e', `${runtime} ${load}`], {
    env: { AWS_REGION: 'eu-central-1', AWS_LAMBDA_FUNCTION_NAME: 'part', ...variables },
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

const partOf = (id: string): Bundle => {
  const found = bundles[id];
  if (!found) throw new Error(`there is no ${id}`);
  return found;
};

describe.each(['TravelGateFunction', 'TravelAuthorizerFunction'])('%s', (id) => {
  it('starts with the environment from the template', () => {
    expect(start(partOf(id))).toBe('function');
  });

  it('does not start with an incomplete environment, and names the missing part', () => {
    const { folder, variables } = partOf(id);
    const broken = (AGENT_ENDPOINT: string) => () =>
      start({ folder, variables: { ...variables, AGENT_ENDPOINT } });
    expect(broken('')).toThrow('AGENT_ENDPOINT');
    expect(broken('{"agentRuntimeArn":"travel"}')).toThrow('agentRuntimeArn');
  });
});
