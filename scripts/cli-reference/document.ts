/** The reference of the command, from the help texts of its commands. */
import { generateHelpTextForAllCommands, type Application, type CommandContext } from '@stricli/core';
import { applicationOf } from '../../lib/cli/application';
import { table } from '../markdown-table';
import { paragraphLines } from '../paragraph-lines';

/** Columns of a line of the usage. */
const WIDTH = 100;

/** Options that `Before you begin` of docs/cli.md explains, and that every command for a service has. */
const COMMON = ['--endpoint', '--region', '--profile', '--json', '--help'];

/** Returns the usage with line breaks between its options. */
function wrapped(usage: string): string {
  const lines: string[] = [];
  for (const part of usage.split(/ (?=[[(<])/)) {
    const line = lines.at(-1);
    if (line !== undefined && line.length + part.length < WIDTH) lines[lines.length - 1] = `${line} ${part}`;
    else lines.push(line === undefined ? part : `    ${part}`);
  }
  return lines.join('\n');
}

/** Returns text of a help text with its options as code. */
const codeOptions = (text: string): string => text.replaceAll(/(?<!`)--[a-z][a-z-]+/g, '`$&`');

interface Row {
  readonly name: string;
  readonly brief: string;
  /** Choices or the default value. */
  readonly note: string;
}

/**
 * Returns the rows of a section of a help text. Two or more spaces separate its columns, but only one follows the longest
 * text of a column.
 */
const rowsOf = (section: string | undefined): Row[] =>
  (section ?? '')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const [name = '', brief = '', note = ''] = line.trim().split(/ {2,}| (?=\[[^\]]+\]$)/);
      return { name, brief, note: note.replaceAll(/^\[|\]$/g, '').replaceAll('|', ', ') };
    });

/** Returns the name of an option without the brackets that mark it as optional, and whether it can be repeated. */
const optionOf = ({ name, brief, note }: Row) => ({
  name: name.replaceAll(/[[\]().]/g, ''),
  brief: [
    brief,
    ...(note === '' || note === 'default = false' ? [] : [`(${note})`]),
    ...(name.endsWith('...') && !brief.includes('again') ? ['(can be repeated)'] : []),
  ].join(' '),
});

const tableOf = (
  head: string,
  rows: readonly { readonly name: string; readonly brief: string }[],
): string[] =>
  rows.length === 0
    ? []
    : [table([[head, 'meaning'], ...rows.map(({ name, brief }) => [`\`${name}\``, codeOptions(brief)])])];

/** Returns the section of one command. */
function commandSection([route, help]: readonly [string, string]): string {
  const [usageAndBrief = '', ...sections] = help.trim().split(/\n(?=FLAGS|ARGUMENTS)/);
  const [usage = '', ...about] = usageAndBrief.replace(/^USAGE\n/, '').split('\n\n');
  const named = (title: string): string | undefined =>
    sections.find((text) => text.startsWith(title))?.slice(title.length);
  const usages = usage.split('\n').map((line) => line.trim());
  const options = rowsOf(named('FLAGS'))
    .map(({ name, ...row }) => ({ name: name.replace(/^-\w +/, ''), ...row }))
    .map(optionOf)
    .filter(({ name }) => name.startsWith('--') && !COMMON.includes(name));
  return [
    `## ${route}`,
    paragraphLines(
      codeOptions(
        about
          .join('\n\n')
          .replaceAll(/^ +(.+)$/gm, '`$1`')
          .trim(),
      ),
    ),
    `\`\`\`text\n${usages
      .filter((line) => !line.endsWith('--help'))
      .map(wrapped)
      .join('\n')}\n\`\`\``,
    ...tableOf('argument', rowsOf(named('ARGUMENTS'))),
    ...tableOf('option', options),
  ].join('\n\n');
}

/** Returns the reference of all commands, as Markdown. */
export function cliReference(): string {
  // Help texts do not depend on the context in which a command runs.
  const application = applicationOf('', ['--json']) as unknown as Application<CommandContext>;
  return generateHelpTextForAllCommands(application).map(commandSection).join('\n\n');
}
