/** The code blocks of docs/runbook.md, in the order of the page. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export const RUNBOOK = readFileSync(join(import.meta.dirname, '../../../docs/runbook.md'), 'utf8');

/** Returns the blocks: the headings above each, its language, and its text. */
function blocks() {
  const found = [];
  let heading = '';
  let open;
  for (const line of RUNBOOK.split('\n')) {
    const fence = /^(?<indent> *)```(?<language>\w*)$/.exec(line)?.groups;
    if (open && fence) {
      found.push({ ...open, text: open.lines.join('\n') });
      open = undefined;
    } else if (open) open.lines.push(line.slice(open.indent));
    else if (fence) open = { heading, language: fence.language, indent: fence.indent.length, lines: [] };
    else heading = /^#+ (.+)$/.exec(line)?.[1] ?? heading;
  }
  return found;
}

const [variables, functions, ...rest] = blocks();

/** Names of the variables that commands can use. */
export const VARIABLES = [...variables.text.matchAll(/^(?:export )?([A-Z_]+)=/gm)].map(([, name]) => name);

export const FUNCTIONS = functions.text;

/** The blocks of commands, each with the JSON document that precedes it. */
export const COMMANDS = rest.flatMap(({ heading, language, text }, index) =>
  language === 'sh'
    ? [{ heading, text, ...(rest[index - 1]?.language === 'json' && { policy: rest[index - 1].text }) }]
    : [],
);
