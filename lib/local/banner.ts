/** What `npm start` prints once everything runs: words for people, and one JSON line for programs. */
import { OWNER_TAG } from '../../lambda/domain/vault/external-secret';
import type { LoggedService } from './logged-service';
import type { LocalService } from './start';

/** What of the examples is printed; all of it goes into the JSON line. */
export interface ExampleAddresses {
  readonly exampleApp: string;
  readonly identityProvider: {
    readonly issuer: string;
    readonly users: readonly SignIn[];
  };
  readonly calendar: { readonly users: readonly SignIn[] };
  readonly agent: { readonly invocationUrl: string };
  /** Absent when it does not run; `pythonAgentMissing` says why, and how to get it. */
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
      ? [`The second agent, in Python, does not run. ${examples.pythonAgentMissing}`]
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
  const own: Row = ['Identity service', `${service.endpoint}   (region ${service.region})`];
  if (!examples) return [own];
  const { exampleApp, identityProvider, agent, pythonAgent } = examples;
  return [
    ['Example app', exampleApp],
    own,
    ['Sign-in provider', identityProvider.issuer],
    ['Gate of its agent', originOf(agent)],
    ...(pythonAgent ? [['… of the one in Python', originOf(pythonAgent)] as const] : []),
  ];
}

const originOf = ({ invocationUrl }: { readonly invocationUrl: string }): string =>
  new URL(invocationUrl).origin;

function tryExample({ exampleApp, identityProvider, calendar }: ExampleAddresses): string {
  return [
    'Try it in a browser',
    `  1. Open ${exampleApp} and sign in${asUser(identityProvider.users)}.`,
    '  2. Ask the agent what is on the calendar. It may not read it yet, so you are sent to the',
    `     calendar provider: sign in there${asUser(calendar.users)}, and allow it.`,
    '  3. You come back to the answer. Ask again: now it comes at once.',
  ].join('\n');
}

const asUser = ([user]: readonly SignIn[]): string =>
  user ? ` as ${user.username}, password ${user.password}` : '';

function tryCommandLine({ endpoint, region, principals: { operator } }: LocalService): string {
  return [
    "Try it with AWS's command line (the SDKs need only the endpoint and these keys, too)",
    `  export AWS_ACCESS_KEY_ID=${operator.accessKeyId}`,
    `  export AWS_SECRET_ACCESS_KEY=${operator.secretAccessKey}`,
    '  aws bedrock-agentcore-control create-workload-identity --name my-agent \\',
    `    --region ${region} --endpoint-url ${endpoint}`,
  ].join('\n');
}

function keysAndSecrets({ region, awsEndpoints, principals: { operator } }: LocalService): string {
  return [
    'Create a signing key (PRIVATE_KEY_JWT) or an external secret (EXTERNAL) for a credential provider,',
    'with the same two variables. The tag names the owner of the provider.',
    '  aws kms create-key --key-spec RSA_2048 --key-usage SIGN_VERIFY \\',
    `    --tags TagKey=${OWNER_TAG},TagValue=${operator.arn} \\`,
    `    --region ${region} --endpoint-url ${awsEndpoints.kms}`,
    '  aws secretsmanager create-secret --name my-secret --secret-string file://secret.json \\',
    `    --tags Key=${OWNER_TAG},Value=${operator.arn} \\`,
    `    --region ${region} --endpoint-url ${awsEndpoints.secretsManager}`,
  ].join('\n');
}

function rows(table: readonly Row[]): string {
  const width = Math.max(...table.map(([label]) => label.length));
  return table.map(([label, text]) => `  ${label.padEnd(width)}   ${text}`).join('\n');
}

/** The last line: how a program finds the service. It holds the principals' secret keys, which only sign here. */
export function readyLine(service: LocalService, examples: ExampleAddresses | undefined): string {
  const { endpoint, region, accountId, principals, awsEndpoints } = service;
  const own = { endpoint, region, accountId, principals, awsEndpoints };
  return `${JSON.stringify({ ready: true, ...own, ...examples })}\n`;
}
