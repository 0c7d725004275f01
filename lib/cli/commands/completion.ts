/** `agent-identity completion`: scripts with which shells complete commands, options, and vendors. */
import { buildCommand, buildRouteMap } from '@stricli/core';
import type { CliContext } from '../context';
import { print } from '../output';

/** The scripts call the command with this word and the words so far, the last of which is not complete. */
export const COMPLETE = '__complete';

const BASH = `_agent_identity() {
  local IFS=$'\\n'
  COMPREPLY=($(agent-identity ${COMPLETE} "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _agent_identity agent-identity`;

const ZSH = `#compdef agent-identity
_agent_identity() {
  local -a proposals
  proposals=("\${(@f)$(agent-identity ${COMPLETE} "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  [[ -n "$proposals" ]] && compadd -a proposals || _files
}
compdef _agent_identity agent-identity`;

const script = (shell: string, file: string, text: string) =>
  buildCommand({
    docs: {
      brief: `Print the script for ${shell}`,
      fullDescription: `Prints the completion script for ${shell}. Add this line to ${file}:\n  source <(agent-identity completion ${shell})`,
    },
    parameters: {},
    func(this: CliContext) {
      print(this, ...text.split('\n'));
    },
  });

export const completion = buildRouteMap({
  routes: { bash: script('bash', '~/.bashrc', BASH), zsh: script('zsh', '~/.zshrc, after compinit', ZSH) },
  docs: { brief: 'Complete commands with the Tab key in bash and zsh' },
});
