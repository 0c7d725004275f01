/** What `npm start` prints when everything runs: text for people, and one JSON line for programs. */
import { OWNER_TAG } from '../../lambda/domain/sealing/external-secret';
import type { LoggedService } from './logged-service';
import type { LocalService } from './start';

/** What the banner prints of the examples. The JSON line contains all of it. */
export interface ExampleAddresses {
  readonly exampleApp: string;
  readonly identityProvider: {
    readonly issuer: string;
    readonly users: readonly SignIn[];
  };
  readonly calendar: { readonly users: readonly SignIn[] };
  readonly agent: { readonly invocationUrl: string };
  /** Absent when it does not run. `pythonAgentMissing` says why, and how to install it. */
  readonly pythonAgent?: { readonly invocationUrl: string };
  readonly pythonAgentMissing?: string;
}

interface SignIn {
  readonly username: string;
  readonly password: string;
}

type Row = readonly [label: string, text: string];

/** @param examples undefined when they are off */
export function banner(service: LoggedService, examples: ExampleAddresses | undefined): string {
  const sections = [
    'agent-identity is running.',
    rows(addresses(service, examples)),
    ...(examples ? [tryExample(examples)] : []),
    ...(examples?.pythonAgentMissing
      ? [`The Python agent is not running. ${examples.pythonAgentMissing}`]
      : []),
    tryCommandLine(service),
    keysAndSecrets(service),
    rows([
      ['State', service.dataDir],
      ['Audit log', service.logPath],
      ['Stop', 'Ctrl-C'],
    ]),
  ];
  return `\n${sections.join('\n\n')}\n\n`;
}

function addresses(service: LocalService, examples: ExampleAddresses | undefined): Row[] {
  const own: Row = ['Identity service', `${service.endpoint}   (Region ${service.region})`];
  if (!examples) return [own];
  const { exampleApp, identityProvider, agent, pythonAgent } = examples;
  return [
    ['Example app', exampleApp],
    own,
    ['Identity provider', identityProvider.issuer],
    ['Agent gate', originOf(agent)],
    ...(pythonAgent ? [['Python agent gate', originOf(pythonAgent)] as const] : []),
  ];
}

const originOf = ({ invocationUrl }: { readonly invocationUrl: string }): string =>
  new URL(invocationUrl).origin;

function tryExample({ exampleApp, identityProvider, calendar }: ExampleAddresses): string {
  return [
    'Try it in a browser',
    `  1. Open ${exampleApp} and sign in${asUser(identityProvider.users)}.`,
    '  2. Ask the agent what is on your calendar. The agent has no access yet, so it sends you to the',
    `     calendar provider. Sign in there${asUser(calendar.users)}, and allow access.`,
    '  3. The application shows the answer. Ask again: the agent now answers without asking you.',
  ].join('\n');
}

const asUser = ([user]: readonly SignIn[]): string =>
  user ? ` as ${user.username}, password ${user.password}` : '';

function tryCommandLine({ endpoint, region, principals: { operator } }: LocalService): string {
  return [
    'Try it with the AWS command line (AWS SDKs need the same endpoint and keys)',
    `  export AWS_ACCESS_KEY_ID=${operator.accessKeyId}`,
    `  export AWS_SECRET_ACCESS_KEY=${operator.secretAccessKey}`,
    '  aws bedrock-agentcore-control create-workload-identity --name my-agent \\',
    `    --region ${region} --endpoint-url ${endpoint}`,
    '  aws bedrock-agentcore get-workload-access-token-for-user-id --workload-name my-agent --user-id alice \\',
    `    --region ${region} --endpoint-url ${endpoint}`,
  ].join('\n');
}

function keysAndSecrets({ endpoint, region, awsEndpoints, principals: { operator } }: LocalService): string {
  return [
    'Create a signing key (PRIVATE_KEY_JWT) for a credential provider, with the same two variables.',
    'The tag names the owner of the provider.',
    '  aws kms create-key --key-spec RSA_2048 --key-usage SIGN_VERIFY \\',
    `    --tags TagKey=${OWNER_TAG},TagValue=${operator.arn} \\`,
    `    --region ${region} --endpoint-url ${awsEndpoints.kms}`,
    '',
    'Create an external secret (EXTERNAL), and a credential provider that reads it. secret.json contains a JSON',
    'object with the key that jsonKey names: {"apiKey": "the API key"}',
    '  aws secretsmanager create-secret --name my-secret --secret-string file://secret.json \\',
    `    --tags Key=${OWNER_TAG},Value=${operator.arn} \\`,
    `    --region ${region} --endpoint-url ${awsEndpoints.secretsManager}`,
    '  aws bedrock-agentcore-control create-api-key-credential-provider --name my-provider \\',
    '    --api-key-secret-source EXTERNAL --api-key-secret-config secretId=my-secret,jsonKey=apiKey \\',
    `    --region ${region} --endpoint-url ${endpoint}`,
  ].join('\n');
}

function rows(table: readonly Row[]): string {
  const width = Math.max(...table.map(([label]) => label.length));
  return table.map(([label, text]) => `  ${label.padEnd(width)}   ${text}`).join('\n');
}

/** Returns the last line, for programs. It contains the principals' secret keys, which are valid on this machine only. */
export function readyLine(service: LocalService, examples: ExampleAddresses | undefined): string {
  const { endpoint, region, accountId, principals, awsEndpoints } = service;
  const own = { endpoint, region, accountId, principals, awsEndpoints };
  return `${JSON.stringify({ ready: true, ...own, ...examples })}\n`;
}
