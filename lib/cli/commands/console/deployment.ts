/** The console of a service in AWS, in this process. */
import type { ShownFailure } from '../../../local/console';
import { shellWord } from '../../../local/shell-word';
import { recentCloudWatchLogs, type LogGroups } from '../../audit-log';
import type { ConnectionFlags } from '../../connection-flags';
import type { CliContext } from '../../context';
import { CliError, ServiceFailure, usageError } from '../../failure';
import { printAside, progress } from '../../output';
import { connect, NoResponse, signerOf } from '../../service';
import { serviceEndpoint } from '../../stack-resources';
import { show, type OpeningFlags } from './show';

export interface DeploymentFlags extends ConnectionFlags {
  readonly stack?: string;
  readonly logGroup?: readonly string[];
}

/** Returns the command that prints the whole audit log. */
function auditCommand({ stack, logGroup = [], region, profile }: LogGroups): string {
  const options = [
    ...(stack === undefined && logGroup.length === 0 ? ['--stack NAME'] : []),
    ...[
      ...Object.entries({ stack, region, profile }),
      ...logGroup.map((name) => ['log-group', name] as const),
    ].flatMap(([name, value]) => (value === undefined ? [] : [`--${name} ${shellWord(value)}`])),
  ];
  return `agent-identity audit ${options.join(' ')} --since 30d`;
}

/** Returns what a page shows of an error. Only a response with a status of 4xx says that nothing was done. */
function forPerson(error: unknown): ShownFailure | undefined {
  if (!(error instanceof CliError)) return undefined;
  const { name, message } = error;
  const isUnclear =
    error instanceof NoResponse ||
    (error instanceof ServiceFailure && (error.httpStatus < 400 || error.httpStatus >= 500));
  return { name, message, isUnclear };
}

/**
 * Returns the endpoint of the service in the stack, unless an option states one: the environment can have that of another
 * service, such as the one on this computer.
 */
async function endpointOfStack(
  context: CliContext,
  { endpoint, stack, profile, region }: DeploymentFlags,
): Promise<string> {
  if (endpoint !== undefined) return endpoint;
  if (stack === undefined) {
    throw usageError('The service of the log group is not known.', 'Set --endpoint, or --stack.');
  }
  const options = { ...(profile !== undefined && { profile }), ...(region !== undefined && { region }) };
  const signer = await signerOf(context, options);
  const found = await serviceEndpoint(context, signer, stack);
  if (found !== undefined) return found;
  throw new CliError(`The stack "${stack}" has no endpoint of a service in ${signer.region}.`, {
    next: 'Check --stack and --region, or set --endpoint.',
  });
}

/** Runs the console until a signal ends it. */
export async function runConsole(context: CliContext, flags: DeploymentFlags & OpeningFlags): Promise<void> {
  const { stack, logGroup, profile } = flags;
  const stated = await endpointOfStack(context, flags);
  const { call, endpoint, region } = await connect(context, { ...flags, endpoint: stated });
  const groups = { stack, logGroup, profile, region };
  const hasLog = stack !== undefined || logGroup !== undefined;
  const { startConsole, endOfProgram } = context.loadLocal();
  const { show: showProgress, end } = progress(context);
  if (hasLog) showProgress('Reading the audit log of the last hour …');
  const console = await startConsole({
    service: endpoint,
    region,
    call: (path, input) => call({ method: 'POST', path, group: 'operator' }, input),
    readLog: hasLog ? await recentCloudWatchLogs(context, groups) : undefined,
    auditCommand: auditCommand(groups),
    forPerson,
  }).finally(end);
  const ended = endOfProgram();
  try {
    printAside(context, `The console of ${endpoint} runs until Ctrl-C.`);
    await show(context, console, flags);
    await ended;
  } finally {
    await console.close();
  }
}
