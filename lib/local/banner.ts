/** What `npm start` and `agent-identity local` print when everything runs: text for people, or one JSON line for programs. */
import type { LoggedService } from './logged-service';
import { ownCommand } from './own-command';
import type { Variables } from './running-file';
import { shellWord } from './shell-word';
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

/** A client, a provider, an agent, and a token of the example calendar. */
const FIRST_TOKEN = [
  '  echo "$CALENDAR_INITIAL_ACCESS_TOKEN" | agent-identity connect my-calendar --initial-access-token \\',
  '    --issuer "$CALENDAR_ISSUER" --agent my-agent --user-id alice --scope calendar.read',
];

type Row = readonly [label: string, text: string];

/**
 * At most 24 lines, so that a terminal shows all of it.
 *
 * @param examples undefined when they are off
 * @param isDefault whether the commands find the data folder without its path
 */
export function banner(
  service: LoggedService,
  examples: ExampleAddresses | undefined,
  isDefault = false,
): string {
  const { dataDir, logPath } = service;
  const folder = isDefault ? '' : ` --data-dir ${shellWord(dataDir)}`;
  const sections = [
    'agent-identity is running. Ctrl-C stops it, and keeps its state.',
    rows([...addresses(service, examples), ['State', dataDir], ['Audit log', logPath]]),
    ...(examples ? [tryExample(examples)] : []),
    [
      `For commands, AWS SDKs, and your own agents, set the environment of a terminal${examples ? ', and get a first token there' : ''}:`,
      `  eval "$(${shellWord(ownCommand())} env${folder})"`,
      ...(examples ? FIRST_TOKEN : []),
    ].join('\n'),
  ];
  return `\n${sections.join('\n\n')}\n\n`;
}

/** Returns the variables that programs of a person need, with keys that are valid on this machine only. */
export function variablesOf(
  { endpoint, region, principals: { operator }, logPath, publicPages }: LoggedService,
  examples: ExampleAddresses | undefined,
): Variables {
  return {
    AGENT_IDENTITY_ENDPOINT: endpoint,
    ...(publicPages && { AGENT_IDENTITY_PUBLIC_URL: publicPages.url }),
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_ACCESS_KEY_ID: operator.accessKeyId,
    AWS_SECRET_ACCESS_KEY: operator.secretAccessKey,
    SERVICE_LOG: logPath,
    ...(examples && {
      CALENDAR_ISSUER: examples.calendar.issuer,
      CALENDAR_EVENTS_URL: examples.calendar.eventsUrl,
      CALENDAR_MCP_URL: examples.calendar.mcpUrl,
      CALENDAR_INITIAL_ACCESS_TOKEN: examples.calendar.initialAccessToken,
      IDENTITY_PROVIDER: examples.identityProvider.issuer,
    }),
  };
}

function addresses(service: LocalService, examples: ExampleAddresses | undefined): Row[] {
  const own: Row = ['Identity service', `${service.endpoint}   (Region ${service.region})`];
  const aws: Row[] = [
    ['KMS', service.awsEndpoints.kms],
    ['Secrets Manager', service.awsEndpoints.secretsManager],
    ['S3', service.awsEndpoints.s3],
  ];
  const { publicPages } = service;
  const tunnel: Row[] = publicPages
    ? [['Public pages', `${publicPages.url}   (point your tunnel at ${publicPages.tunnelTo})`]]
    : [];
  const page: Row = ['Console (once)', service.consoleLink()];
  if (!examples) return [own, ...tunnel, page, ...aws];
  const { exampleApp, identityProvider, portal, agent, pythonAgent, pythonAgentMissing } = examples;
  return [
    ['Example app', exampleApp],
    ['Consent portal', portal.url],
    page,
    own,
    ...tunnel,
    ['Identity provider', identityProvider.issuer],
    ['Agent gate', originOf(agent)],
    ...(pythonAgent ? [['Python agent gate', originOf(pythonAgent)] as const] : []),
    ...(pythonAgentMissing ? [['Python agent', `not running. ${pythonAgentMissing}`] as const] : []),
    ...aws,
  ];
}

const originOf = ({ invocationUrl }: { readonly invocationUrl: string }): string =>
  new URL(invocationUrl).origin;

function tryExample({ exampleApp, identityProvider, calendar }: ExampleAddresses): string {
  return [
    `Try it: open ${exampleApp}, and sign in${asUser(identityProvider.users)}.`,
    `Ask what is on your calendar. At the calendar, sign in${asUser(calendar.users)}.`,
  ].join('\n');
}

const asUser = ([user]: readonly SignIn[]): string =>
  user ? ` as ${user.username}, password ${user.password}` : '';

function rows(table: readonly Row[]): string {
  const width = Math.max(...table.map(([label]) => label.length));
  return table.map(([label, text]) => `  ${label.padEnd(width)}   ${text}`).join('\n');
}

/**
 * Returns the line for programs. It contains the principals' secret keys, which are valid on this machine only, except
 * for that of the gateways: it gets tokens that no agent has.
 */
export function readyLine(service: LocalService, examples: ExampleAddresses | undefined): string {
  const { endpoint, region, accountId, gateways, awsEndpoints, publicPages } = service;
  const { operator, agent, gate, stranger, partner } = service.principals;
  const principals = { operator, agent, gate, stranger, partner };
  const own = {
    endpoint,
    region,
    accountId,
    principals,
    gateways,
    awsEndpoints,
    consoleUrl: service.consoleLink(),
    ...(publicPages && { publicPages }),
  };
  return `${JSON.stringify({ ready: true, ...own, ...examples })}\n`;
}
