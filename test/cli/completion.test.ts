/** The Tab key in bash and zsh on a terminal, with the scripts that the command prints. */
import { execFileSync, spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { delimiter, join, resolve } from 'node:path';
import { AGENT_IDENTITY } from '../local/program';
import { temporaryFolder } from '../environment/temporary-folder';

const ROOT = resolve(__dirname, '../..');

/** zsh also gives both shells their terminal. .ci/run installs it. */
const zshIsInstalled = spawnSync('zsh', ['-fc', 'zmodload zsh/zpty']).status === 0;

/** Types a line and Tab in an interactive shell, and prints what its terminal shows until the expected text. */
const ON_A_TERMINAL = `
zmodload zsh/zpty
zpty -e shell "$@"
zpty -w shell "$SETUP"
zpty -r -m shell shown '*READY*' || exit 3
zpty -w -n shell "$LINE"$'\\t'
zpty -r -m shell shown "*$EXPECTED*" || exit 4
print -r -- "$shown"
zpty -d shell
`;

const SHELLS = {
  zsh: {
    command: ['zsh', '-f', '-i'],
    setup: 'autoload -Uz compinit; compinit -u -D; source <(agent-identity completion zsh); print READ""Y',
  },
  bash: {
    command: ['bash', '--norc', '--noprofile', '-i'],
    setup: 'source <(agent-identity completion bash); echo READ""Y',
  },
};

const folder = temporaryFolder('completion');

beforeAll(async () => {
  const program = `#!/bin/sh\nexec "${process.execPath}" "${AGENT_IDENTITY}" "$@"\n`;
  await writeFile(join(folder, 'agent-identity'), program, { mode: 0o755 });
});

const describeOnATerminal = zshIsInstalled ? describe : describe.skip;

describeOnATerminal.each(Object.entries(SHELLS))('in %s, the Tab key', (_name, { command, setup }) => {
  /** The shell reads until it shows the text, so the test ends with the text or with the timeout. */
  const completed = (line: string, expected: string): string =>
    execFileSync('zsh', ['-fc', ON_A_TERMINAL, 'zsh', ...command], {
      cwd: ROOT,
      encoding: 'utf8',
      timeout: 60_000,
      env: {
        PATH: [folder, process.env.PATH].join(delimiter),
        HOME: folder,
        // bash would write its history into the folder while the test removes it.
        HISTFILE: '/dev/null',
        TERM: 'xterm',
        SETUP: setup,
        LINE: line,
        EXPECTED: expected,
      },
    });

  it.each([
    ['a command', 'agent-identity provi', 'agent-identity provider'],
    ['a command of a group', 'agent-identity provider gu', 'agent-identity provider guide'],
    ['an option', 'agent-identity agent add a --ret', '--return-url'],
    ['a vendor', 'agent-identity provider add p --vendor goo', '--vendor google'],
  ])('completes %s', (_what, line, expected) => {
    expect(completed(line, expected)).toContain(expected);
  });
});
