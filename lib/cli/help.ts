/** What `agent-identity --help` prints: each command with an example, and then what every command has. */
import type { CliContext } from './context';
import { print, styled } from './output';

export interface ListedCommand {
  readonly name: string;
  readonly brief: string;
  /** A line that a person could type. */
  readonly example: string;
}

/** Prints the commands. */
export function printHelp(context: CliContext, program: string, commands: readonly ListedCommand[]): void {
  const width = Math.max(...commands.map(({ name }) => name.length));
  print(
    context,
    'Self-hosted identity for AI agents, compatible with Amazon Bedrock AgentCore Identity',
    '',
    ...commands.flatMap(({ name, brief, example }) => [
      ['  ', styled('bold', name.padEnd(width)), `  ${brief}`],
      `  ${' '.repeat(width)}  $ ${example}`,
    ]),
    '',
    `${program} COMMAND --help lists the options of a command. ${program} --version prints the version.`,
  );
}
