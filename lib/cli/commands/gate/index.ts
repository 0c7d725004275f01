/** `agent-identity gate`: a gate in front of an agent or an MCP server on this computer, for a local service. */
import { buildCommand } from '@stricli/core';
import { auditEntryOf } from '../../../../lambda/model/audit-line';
import { discoveryUrlOf } from '../../authorizer';
import { CONNECTION_FLAGS, optionalText, optionalTexts, type ConnectionFlags } from '../../connection-flags';
import type { CliContext } from '../../context';
import { CliError, usageError } from '../../failure';
import { jsonText, print, printAside, printFields } from '../../output';
import { endpointPolicyOf } from '../../provider-request';
import { connect, endpointOf } from '../../service';
import { printEntry } from '../audit/read';
import {
  checkIssuer,
  claimOf,
  isListening,
  portOf,
  PROTOCOLS,
  runtimeNameOf,
  secondsOf,
  targetOf,
  type Protocol,
} from './checks';
import { prepareWorkload } from './workload';

/** The example identity provider of `npm start` has the port after that of the service. */
const exampleIssuer = ({ port }: URL): string => `http://127.0.0.1:${Number(port || 80) + 1}`;

/** Not a port of `npm start`. A gate keeps it, because the invocation URL, for which tokens are, contains it. */
const DEFAULT_PORT = '4620';

interface GateFlags extends ConnectionFlags {
  readonly port: string;
  readonly protocol: Protocol;
  readonly issuer?: string;
  readonly allowedAudience?: string[];
  readonly allowedClient?: string[];
  readonly allowedScope?: string[];
  readonly claimEquals?: string[];
  readonly claimContains?: string[];
  readonly allowedOrigin?: string[];
  readonly allowedHeader?: string[];
  readonly returnUrl?: string;
  readonly invocationTimeout?: string;
}

/** The options by the members of the endpoint's configuration. Members have the names of the props of AgentEndpoint. */
const OPTIONS = {
  discoveryUrl: '--issuer',
  allowedAudience: '--allowed-audience',
  allowedClients: '--allowed-client',
  allowedScopes: '--allowed-scope',
  customClaims: '--claim-equals and --claim-contains',
  allowedOrigins: '--allowed-origin',
  requestHeaderAllowlist: '--allowed-header',
  oauth2CallbackUrl: '--return-url',
  invocationTimeout: '--invocation-timeout',
  workloadName: 'The name of the agent',
  'target.url': 'The URL of the agent',
};

/** Returns the object without members that are undefined. */
const stated = <Members extends object>(members: Members) =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as {
    [Name in keyof Members]?: Exclude<Members[Name], undefined>;
  };

/** @throws CliError if the option is missing */
function issuerOf(context: CliContext, { issuer, endpoint: stated }: GateFlags): string {
  if (issuer !== undefined) return issuer;
  const endpoint = endpointOf(context, { ...(stated !== undefined && { endpoint: stated }) });
  throw usageError(
    'The option --issuer is missing: the identity provider at which your users sign in.',
    endpoint.protocol === 'http:'
      ? `That of the examples of npm start is --issuer ${exampleIssuer(endpoint)}`
      : undefined,
  );
}

const startTheAgent = (target: string): string =>
  `Nothing listens at ${target}. Start the agent there. The gate continues to run.`;

/** Returns what prints the log of the gate: each decision, and what to do while the agent does not run. */
const logPrinter =
  (context: CliContext, target: string, json: boolean) =>
  (line: string): void => {
    const entry = auditEntryOf(line);
    if (!entry) {
      // Metrics repeat what the entries say.
      if (!line.includes('"_aws"')) printAside(context, line);
      return;
    }
    if (json) print(context, jsonText({ time: new Date(entry.time).toISOString(), ...entry.audit }));
    else printEntry(context, entry);
    const { reason } = entry.audit;
    if (typeof reason === 'string' && reason.includes('ECONNREFUSED'))
      printAside(context, startTheAgent(target));
  };

/** Runs the gate until a signal ends it. */
async function run(context: CliContext, flags: GateFlags, name: string, url: string): Promise<void> {
  const { protocol, json } = flags;
  const target = targetOf(url, protocol);
  const runtime = runtimeNameOf(name);
  const port = portOf(flags.port);
  const discoveryUrl = discoveryUrlOf(issuerOf(context, flags));
  const invocationTimeout =
    flags.invocationTimeout === undefined ? undefined : secondsOf(flags.invocationTimeout);
  const claims = [
    ...(flags.claimEquals ?? []).map((text) => claimOf('--claim-equals', text)),
    ...(flags.claimContains ?? []).map((text) => claimOf('--claim-contains', text)),
  ];
  const customClaims = claims.length > 0 ? claims : undefined;
  const service = await connect(context, flags);
  if (!service.endpoint.startsWith('http:')) {
    throw usageError(
      'The gate on this computer works only with a local service.',
      'For a service in AWS, deploy an AgentEndpoint.',
    );
  }
  await checkIssuer(discoveryUrl, endpointPolicyOf(service));
  const { allowedAudience, allowedClient: allowedClients, allowedScope: allowedScopes } = flags;
  const issuer = { discoveryUrl, ...stated({ allowedAudience, allowedClients }) };
  const { accessKeyId, secretAccessKey } = await service.signer.credentials();
  const { SettingError, StartError, startGate, endOfProgram } = context.loadLocal();
  const endpoint = await startGate({
    name: runtime,
    port,
    service: { ...service, principals: { gate: { accessKeyId, secretAccessKey } } },
    workloadName: name,
    inbound: { kind: 'JWT', ...issuer, ...stated({ allowedScopes, customClaims }) },
    target: { kind: 'url', url: target },
    protocol,
    ...stated({
      requestHeaderAllowlist: flags.allowedHeader,
      allowedOrigins: flags.allowedOrigin,
      oauth2CallbackUrl: flags.returnUrl,
      invocationTimeout,
    }),
    options: OPTIONS,
    log: logPrinter(context, target, json),
  }).catch((error: unknown) => {
    if (!(error instanceof StartError)) throw error;
    throw error instanceof SettingError ? usageError(error.message) : new CliError(error.message);
  });
  const ended = endOfProgram();
  try {
    const { invocationUrl, agentRuntimeArn } = endpoint;
    // As `trustedIssuerOf` has it: without an audience and clients, tokens are for the invocation URL.
    const defaults = (allowedAudience ?? allowedClients) ? {} : { allowedAudience: [invocationUrl] };
    const workload = await prepareWorkload(
      service,
      name,
      { ...issuer, ...defaults },
      { invocationUrl, returnUrl: flags.returnUrl },
    );
    if (json) {
      print(context, jsonText({ ready: true, name, invocationUrl, agentRuntimeArn, target, protocol }));
    } else {
      printFields(context, [
        ['Gate of', `${name} (workload identity ${workload.state})`],
        ['Invocation URL', invocationUrl],
        ['Agent', `${target} (${protocol})`],
        ['Users sign in at', discoveryUrl],
        ['Stop', 'Ctrl-C'],
      ]);
    }
    for (const change of workload.changes) printAside(context, change);
    if (!(await isListening(target))) printAside(context, startTheAgent(target));
    await ended;
  } finally {
    await endpoint.close();
  }
}

export const gate = buildCommand({
  docs: {
    brief: 'Run a gate in front of an agent or an MCP server on this computer',
    fullDescription: [
      'Runs the gate of an agent endpoint for a local service, as the construct AgentEndpoint deploys it.',
      'Users sign in at your identity provider, and the agent gets a workload access token for the user with each request.',
      'Creates the workload identity of the agent, or changes its trusted issuer to that of the gate.',
      'Prints an audit entry for each request with a token. Ctrl-C stops the gate.',
    ].join('\n'),
  },
  parameters: {
    flags: {
      ...CONNECTION_FLAGS,
      port: {
        kind: 'parsed',
        parse: String,
        default: DEFAULT_PORT,
        placeholder: 'number',
        brief: 'Port of the gate; 0 for a free port',
      },
      protocol: { kind: 'enum', values: PROTOCOLS, default: 'HTTP', brief: 'Protocol of the agent' },
      issuer: optionalText('URL', 'Identity provider at which users sign in, or its discovery URL'),
      allowedAudience: optionalTexts(
        'text',
        'Audience that tokens can have (default: the invocation URL; with --allowed-client and no --allowed-audience, any audience); set the option again for each further audience',
      ),
      allowedClient: optionalTexts(
        'ID',
        'Client to which tokens can be issued (default: any); set the option again for each further client',
      ),
      allowedScope: optionalTexts(
        'name',
        'Scope to accept; a token needs at least one of them; set the option again for each further scope',
      ),
      claimEquals: optionalTexts(
        'claim=value',
        'Claim that must be this string in each token; set the option again for each further claim',
      ),
      claimContains: optionalTexts(
        'claim=value',
        'Claim that must be an array with this value, or with one of several values that are separated by commas; set the option again for each further claim',
      ),
      allowedOrigin: optionalTexts(
        'origin',
        'Origin of web pages whose scripts can call the agent; set the option again for each further origin',
      ),
      allowedHeader: optionalTexts(
        'name',
        'Request header that the agent gets, such as Authorization; set the option again for each further header',
      ),
      returnUrl: optionalText('URL', 'URL to which the browser returns after a consent'),
      invocationTimeout: optionalText('seconds', 'Maximum duration of a request (default: 900)'),
    },
    positional: {
      kind: 'tuple',
      parameters: [
        { brief: 'Name of the agent', parse: String, placeholder: 'name' },
        {
          brief: 'URL of the agent; without a path, it gets /invocations, or /mcp with --protocol MCP',
          parse: String,
          placeholder: 'URL',
        },
      ],
    },
  },
  func(this: CliContext, flags: GateFlags, name: string, url: string) {
    return run(this, flags, name, url);
  },
});
