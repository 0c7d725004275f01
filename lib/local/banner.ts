/** What `npm start` prints when everything runs: text for people, and one JSON line for programs. */
import type { LoggedService } from './logged-service';
import type { LocalService } from './start';

/** What the banner prints of the examples. The JSON line contains all of it. */
export interface ExampleAddresses {
  readonly exampleApp: string;
  readonly identityProvider: {
    readonly issuer: string;
    readonly users: readonly SignIn[];
  };
  readonly calendar: {
    readonly issuer: string;
    readonly initialAccessToken: string;
    readonly eventsUrl: string;
    readonly mcpUrl: string;
    readonly users: readonly SignIn[];
  };
  readonly portal: { readonly url: string };
  readonly agent: { readonly invocationUrl: string };
  /** Absent when it does not run. `pythonAgentMissing` says why, and how to install it. */
  readonly pythonAgent?: { readonly invocationUrl: string };
  readonly pythonAgentMissing?: string;
}

interface SignIn {
  readonly username: string;
  readonly password: string;
}

/** A return URL for the commands. Nothing opens it before a user allows access. */
const RETURN_URL = 'https://app.example.com/callback';

const GUIDE = 'https://github.com/agent-identity/agent-identity/blob/main/docs/local.md';

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
    ...(examples ? [useCalendar(service, examples)] : []),
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
  const aws: Row[] = [
    ['KMS', service.awsEndpoints.kms],
    ['Secrets Manager', service.awsEndpoints.secretsManager],
    ['S3', service.awsEndpoints.s3],
  ];
  if (!examples) return [own, ...aws];
  const { exampleApp, identityProvider, portal, agent, pythonAgent } = examples;
  return [
    ['Example app', exampleApp],
    ['Consent portal', portal.url],
    own,
    ['Identity provider', identityProvider.issuer],
    ['Agent gate', originOf(agent)],
    ...(pythonAgent ? [['Python agent gate', originOf(pythonAgent)] as const] : []),
    ...aws,
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
    '  4. Choose Your agents to see this access, and to end it.',
  ].join('\n');
}

const asUser = ([user]: readonly SignIn[]): string =>
  user ? ` as ${user.username}, password ${user.password}` : '';

function tryCommandLine({ endpoint, region, principals: { operator } }: LocalService): string {
  const address = `    --region ${region} --endpoint-url ${endpoint}`;
  return [
    'Try it with the commands agent-identity and aws. AWS SDKs and the client libraries need the same settings',
    `  export AGENT_IDENTITY_ENDPOINT=${endpoint} AWS_REGION=${region} AWS_DEFAULT_REGION=${region}`,
    `  export AWS_ACCESS_KEY_ID=${operator.accessKeyId}`,
    `  export AWS_SECRET_ACCESS_KEY=${operator.secretAccessKey}`,
    '  # Only for AWS CLI version 1, which otherwise opens URLs in parameters:',
    '  aws configure set default.cli_follow_urlparam false',
    '',
    '  aws bedrock-agentcore-control create-workload-identity --name my-agent \\',
    `    --allowed-resource-oauth2-return-urls ${RETURN_URL} \\`,
    address,
    '  aws bedrock-agentcore-control create-oauth2-credential-provider --name my-github \\',
    '    --credential-provider-vendor GithubOauth2 \\',
    "    --oauth2-provider-config-input 'githubOauth2ProviderConfig={clientId=my-client,clientSecret=my-secret}' \\",
    address,
    '  TOKEN=$(aws bedrock-agentcore get-workload-access-token-for-user-id --workload-name my-agent \\',
    '    --user-id alice --query workloadAccessToken --output text \\',
    `${address})`,
    '  aws bedrock-agentcore get-resource-oauth2-token --workload-identity-token "$TOKEN" \\',
    '    --resource-credential-provider-name my-github --scopes read:user --oauth2-flow USER_FEDERATION \\',
    `    --resource-oauth2-return-url ${RETURN_URL} \\`,
    '    --query authorizationUrl --output text \\',
    address,
    '',
    'The last command prints the URL at which alice allows access. GitHub accepts it with the client id of your own',
    'OAuth app, whose callback URL is the callbackUrl of the credential provider.',
    `Signing keys and external secrets: ${GUIDE}#use-the-local-kms-secrets-manager-and-s3`,
  ].join('\n');
}

function useCalendar({ logPath }: LoggedService, { calendar, identityProvider }: ExampleAddresses): string {
  return [
    'Let your own agent read the example calendar (docs/tutorials/first-agent.md)',
    `  export CALENDAR_ISSUER=${calendar.issuer} CALENDAR_EVENTS_URL=${calendar.eventsUrl}`,
    `  export CALENDAR_INITIAL_ACCESS_TOKEN=${calendar.initialAccessToken}`,
    `  export CALENDAR_MCP_URL=${calendar.mcpUrl} IDENTITY_PROVIDER=${identityProvider.issuer}`,
    `  export SERVICE_LOG='${logPath.replaceAll("'", String.raw`'\''`)}'`,
  ].join('\n');
}

function rows(table: readonly Row[]): string {
  const width = Math.max(...table.map(([label]) => label.length));
  return table.map(([label, text]) => `  ${label.padEnd(width)}   ${text}`).join('\n');
}

/**
 * Returns the last line, for programs. It contains the principals' secret keys, which are valid on this machine only, except
 * for that of the gateways: it gets tokens that no agent has.
 */
export function readyLine(service: LocalService, examples: ExampleAddresses | undefined): string {
  const { endpoint, region, accountId, gateways, awsEndpoints } = service;
  const { operator, agent, gate, stranger, partner } = service.principals;
  const principals = { operator, agent, gate, stranger, partner };
  const own = { endpoint, region, accountId, principals, gateways, awsEndpoints };
  return `${JSON.stringify({ ready: true, ...own, ...examples })}\n`;
}
