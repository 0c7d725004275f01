/** The command `agent-identity`: its commands, one file or folder each in commands/, and what it says about wrong input. */
import { kebabCase } from './connection-flags';
import {
  ArgumentScannerError,
  buildApplication,
  buildRouteMap,
  ExitCode,
  formatMessageForArgumentScannerError,
  proposeCompletions,
  run,
  text_en,
  type Application,
  type ApplicationText,
  type StricliProcess,
} from '@stricli/core';
import { agent } from './commands/agent';
import { COMPLETE, completion } from './commands/completion';
import { connect } from './commands/connect';
import { audit } from './commands/audit';
import { doctor } from './commands/doctor';
import { consoleCommand } from './commands/console';
import { env } from './commands/env';
import { gate } from './commands/gate';
import { gateway } from './commands/gateway';
import { grants } from './commands/grants';
import { init } from './commands/init';
import { local } from './commands/local';
import { policyEngine } from './commands/policy-engine';
import { portal } from './commands/portal';
import { provider } from './commands/provider';
import { restore } from './commands/restore';
import { token } from './commands/token';
import { transferOwnership } from './commands/transfer-ownership';
import { user } from './commands/user';
import type { CliContext, Environment } from './context';
import { CliError, jsonFailure, STATUS } from './failure';
import { printHelp, type ListedCommand } from './help';
import { jsonText, printable } from './output';

const NAME = 'agent-identity';

/** Wrong input: the command ends with status 2, as POSIX shells do. */
const USAGE_ERRORS: unknown[] = [ExitCode.UnknownCommand, ExitCode.InvalidArgument];

const NEXT = 'Run the command with --help for its options.';

/** Stricli quotes the names that it proposes in backticks. */
const orList = (names: readonly string[]): string =>
  names.map((name) => name.replaceAll('`', '"')).join(' or ');

/** Whether two values differ only in case, and in dashes for underscores. */
const sameWord = (one: string, other: string): boolean =>
  one.toLowerCase().replaceAll('_', '-') === other.toLowerCase().replaceAll('_', '-');

/** Returns what is wrong with the arguments, without what Stricli adds to the name of the error. */
const argumentFault = (error: ArgumentScannerError, args: readonly string[]): string =>
  formatMessageForArgumentScannerError(error, {
    FlagNotFoundError: ({ input, corrections }) => {
      // An option and its negation do the opposite of each other.
      const meant = corrections
        .map(kebabCase)
        .filter((name) => name.startsWith('no-') === input.startsWith('no-'));
      const proposal =
        meant.length > 0 ? ` Did you mean ${meant.map((name) => `--${name}`).join(' or ')}?` : '';
      return `There is no option --${input}.${proposal}`;
    },
    UnsatisfiedFlagError: ({ externalFlagName }) =>
      args.includes(`--${externalFlagName}`)
        ? `The option --${externalFlagName} needs a value.`
        : `The option --${externalFlagName} is missing.`,
    ArgumentParseError: ({ externalFlagNameOrPlaceholder: name, exception }) => {
      if (exception instanceof CliError) return exception.message;
      const isNumber = exception instanceof Error && exception.message.endsWith('to a number');
      return `The option --${name} must be ${isNumber ? 'a number' : 'true or false'}.`;
    },
    EnumValidationError: ({ externalFlagName, input, values }) => {
      const meant = values.find((value) => sameWord(value, input));
      const proposal = meant === undefined ? '' : ` Did you mean ${meant}?`;
      return `The option --${externalFlagName} must be ${orList(values)}.${proposal}`;
    },
    AliasNotFoundError: ({ input }) => `There is no option -${input}.`,
    UnsatisfiedPositionalError: ({ placeholder }) => `The argument ${placeholder.toUpperCase()} is missing.`,
    UnexpectedFlagError: ({ externalFlagName }) => {
      const name = kebabCase(externalFlagName);
      const [option, negated] = [`--${name}`, `--no-${name}`];
      return args.includes(option) && args.includes(negated)
        ? `Set either ${option} or ${negated}.`
        : `The option ${option} can be set only once.`;
    },
    UnexpectedPositionalError: ({ input }) => `The command does not take the argument "${input}".`,
  });

/** What errors say. */
interface Format {
  readonly failure: (name: string, message: string, next?: string) => string;
  /** For an error that the command does not expect. */
  readonly defect: (stack: string) => string;
}

const DEFECT =
  'The command has a defect, or the endpoint is not an identity service of the same version. Update the command, check the endpoint, or report this at https://github.com/agent-identity/agent-identity/issues.';

const IN_JSON: Format = {
  failure: (name, message, next) => jsonText(jsonFailure(name, message, next)),
  defect: (stack) => IN_JSON.failure('InternalError', stack, DEFECT),
};

const IN_WORDS: Format = {
  failure: (_name, message, next) => printable(next === undefined ? message : `${message} ${next}`),
  defect: (stack) => [...stack.split('\n'), DEFECT].map(printable).join('\n'),
};

const textOf = (args: readonly string[], { failure, defect }: Format): ApplicationText => ({
  ...text_en,
  noCommandRegisteredForInput: ({ input, corrections }) =>
    failure(
      'UsageError',
      `There is no command "${input}".`,
      [
        ...(corrections.length > 0 ? [`Did you mean ${orList(corrections)}?`] : []),
        `Run ${NAME} --help for the list of commands.`,
      ].join(' '),
    ),
  exceptionWhileParsingArguments(error, ansiColor) {
    const fault =
      error instanceof ArgumentScannerError
        ? argumentFault(error, args)
        : text_en.exceptionWhileParsingArguments.call(this, error, ansiColor);
    return failure('UsageError', fault, NEXT);
  },
  exceptionWhileRunningCommand(error, ansiColor) {
    if (error instanceof CliError) return failure(error.name, error.fault, error.next);
    return defect(text_en.exceptionWhileRunningCommand.call(this, error, ansiColor));
  },
});

/** Returns whether the errors are JSON too. The arguments can be wrong, so that no command has parsed them. */
const wantsJson = (args: readonly string[]): boolean =>
  args.some((arg) => /^--json(=(true|t|yes|y|on|1))?$/i.test(arg));

const ROUTES = {
  ...{ local, env, console: consoleCommand, init, connect, gate, doctor, agent, provider, portal, gateway },
  policyEngine,
  ...{ token, user, grants },
  transferOwnership,
  ...{ restore, audit, completion },
};

/** An example for each command. */
const EXAMPLES: Readonly<Record<keyof typeof ROUTES, string>> = {
  local: 'agent-identity local',
  env: 'eval "$(agent-identity env)"',
  console: 'agent-identity console',
  init: 'agent-identity init my-agent --template typescript',
  connect: 'agent-identity connect my-google --vendor google --agent my-agent --user-id alice --scope openid',
  gate: 'agent-identity gate my-agent http://127.0.0.1:8080 --issuer https://idp.example',
  doctor: 'agent-identity doctor',
  agent: 'agent-identity agent add my-agent --return-url https://app.example/connected',
  provider: 'agent-identity provider test my-google',
  portal: 'agent-identity portal add my-portal --agent my-agent --sign-in my-sign-in',
  gateway: 'agent-identity gateway list',
  policyEngine: 'agent-identity policy-engine list',
  token: 'agent-identity token get --agent my-agent --provider my-google --user-id alice --scope openid',
  user: 'agent-identity user suspend --user-id alice',
  grants: 'agent-identity grants revoke --agent my-agent --user-id alice',
  transferOwnership:
    'agent-identity transfer-ownership --agent my-agent --new-owner arn:aws:iam::111122223333:role/travel',
  restore: 'agent-identity restore --stack AgentIdentityStateful --source restored-vault --into vault',
  audit: 'agent-identity audit --outcome denied --follow',
  completion: 'agent-identity completion bash',
};

const ROOT = buildRouteMap({
  routes: ROUTES,
  docs: { brief: 'Self-hosted identity for AI agents, compatible with Amazon Bedrock AgentCore Identity' },
});

const listedCommands = (): ListedCommand[] =>
  ROOT.getAllEntries().map(({ name, target }) => ({
    name: name['convert-camel-to-kebab'],
    brief: target.brief,
    example: EXAMPLES[name.original as keyof typeof ROUTES],
  }));

/** Returns the application for the arguments. The errors in them depend on them. */
export function applicationOf(version: string, args: readonly string[]): Application<CliContext> {
  const json = wantsJson(args);
  return buildApplication(ROOT, {
    name: NAME,
    versionInfo: { currentVersion: version },
    scanner: {
      caseStyle: 'allow-kebab-for-camel',
      // As by default, but deletions cost 2, and not 3: Stricli compares `return-urls` with `returnUrl`.
      distanceOptions: {
        threshold: 7,
        weights: { insertion: 1, deletion: 2, substitution: 2, transposition: 0 },
      },
    },
    determineExitCode: (error) => (error instanceof CliError ? error.status : STATUS.failed),
    localization: { text: textOf(args, json ? IN_JSON : IN_WORDS) },
    // Stricli colors errors on a terminal.
    documentation: { disableAnsiColor: json },
  });
}

export interface CommandLine extends Environment {
  /** Without the program's own name. */
  readonly args: readonly string[];
  readonly version: string;
}

/** Returns the arguments for Stricli, which has no command `help`, and the version only without a command. */
function inputOf(args: readonly string[]): readonly string[] {
  const [first, ...rest] = args;
  if (first === undefined) return ['--help'];
  if (first === 'help') return [...rest, '--help'];
  return rest.length === 1 && rest[0] === '--version' ? ['--version'] : args;
}

/** Runs a command, and returns the exit status. docs/cli.md lists them. */
export async function runCommandLine({ args, version, ...environment }: CommandLine): Promise<number> {
  const { stdout, stderr, env = {} } = environment.process;
  const process: StricliProcess = { stdout, stderr, env };
  const context = { ...environment, process, env };
  const application = applicationOf(version, args);
  const [first, ...words] = args;
  if (first === COMPLETE) {
    const proposals = await proposeCompletions(application, words, context);
    stdout.write(proposals.map(({ completion: word }) => `${word}\n`).join(''));
    return 0;
  }
  const input = inputOf(args);
  if (['--help', '-h'].includes(input[0] ?? '')) {
    printHelp(context, NAME, listedCommands());
    return 0;
  }
  await run(application, input, context);
  if (process.exitCode === ExitCode.Success) return 0;
  if (USAGE_ERRORS.includes(process.exitCode)) return STATUS.usage;
  return typeof process.exitCode === 'number' && process.exitCode > 0 ? process.exitCode : STATUS.failed;
}
