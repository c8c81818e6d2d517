// `doorcode completion`, and what the scripts that it prints ask when somebody presses Tab.

import makeTab from '@bomb.sh/tab/commander';
import { Command } from 'commander';
import { profileNames, SETTINGS } from './profiles.js';
import { print } from './terminal.js';

/** What takes the name of a profile that there is. */
const OF_PROFILES = ['show', 'edit', 'delete', 'export', 'set-default'];
/** What takes the path of a file. */
const OF_FILES = ['--output-file', '--file', '-f', '--client-certificate', '--client-assertion-file'];

/** What tab ends its answer with, for the script: let the shell complete files; or do not. */
const Directive = { files: ':0', nothing: ':4' };

/**
 * tab's own for Bash wants the package bash-completion, has the shell evaluate what stands on the line and what comes as an answer, and cannot be
 * read twice. Bash takes "=" for a word of its own.
 */
const BASH = `# bash completion for doorcode
_doorcode() {
  local word words=() answer
  COMPREPLY=()
  if [[ \${COMP_WORDS[COMP_CWORD-1]} == *[\\<\\>]* ]]; then return; fi
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD}"; do
    if [[ $word != "=" ]]; then words+=("$word"); fi
  done
  if [[ $word == "=" ]]; then words+=(""); fi
  while IFS=$'\\t' read -r answer _; do
    case $answer in
      ${Directive.nothing}) compopt +o default 2>/dev/null ;;
      :*) ;;
      *) COMPREPLY+=("$answer") ;;
    esac
  done < <(doorcode complete -- "\${words[@]}" 2>/dev/null)
}
complete -o default -F _doorcode doorcode
`;

/** tab's own for Zsh has the shell evaluate a flag that stands on the line, up to its "=". */
const ZSH = `#compdef doorcode
# zsh completion for doorcode
_doorcode() {
  local line directive
  local -a answers
  for line in "\${(@f)$(doorcode complete -- "\${(@Q)words[2,CURRENT]}" 2>/dev/null)}"; do
    case $line in
      :*) directive=$line ;;
      ?*) answers+=("\${\${line//:/\\:}/$'\\t'/:}") ;;
    esac
  done
  if [[ $words[CURRENT] == -*=* ]]; then compset -P '*='; fi
  if (( $#answers )) && _describe doorcode answers; then return; fi
  if [[ $directive != ${Directive.nothing} ]]; then _files; fi
}
if [[ $funcstack[1] == _doorcode ]]; then _doorcode "$@"; else compdef _doorcode doorcode; fi
`;

/** @param {Command} program whose commands it completes @param {string} shell */
export async function completion(program, shell) {
  if (shell === 'bash') return print(BASH);
  if (shell === 'zsh') return print(ZSH);
  commands(program).setup('doorcode', 'doorcode', shell);
}

/** Prints what the last word can be. @param {Command} program @param {string[]} words those after `doorcode` */
export async function complete(program, words) {
  const [before = '', word = ''] = words.slice(-2);
  if (OF_FILES.includes(before) || (words.length === 3 && words[0] === 'config' && words[1] === 'import' && !word.startsWith('-'))) {
    return print(`${Directive.files}\n`);
  }
  const names = await profileNames().catch(() => /** @type {string[]} */ ([]));
  commands(program, names).parse(words);
}

/** The commands, as tab has them. @param {Command} program @param {string[]} [profiles] their names */
function commands(program, profiles = []) {
  const doorcode = new Command('doorcode');
  for (const option of program.options) doorcode.addOption(option);
  // tab adds one of its own of that name.
  for (const command of program.commands) if (command.name() !== 'complete') doorcode.addCommand(command);
  const tab = makeTab(doorcode);
  tab.commands.delete('complete');
  for (const { options } of tab.commands.values()) {
    answer(options.get('profile'), profiles);
    answer(options.get('unset'), Object.values(SETTINGS).map(({ flag }) => flag.slice('--'.length)));
  }
  for (const name of OF_PROFILES) answer(tab.commands.get(`config ${name}`)?.arguments.get('name'), profiles);
  return tab;
}

/** @param {import('@bomb.sh/tab').Option | import('@bomb.sh/tab').Argument | undefined} asked @param {string[]} values */
function answer(asked, values) {
  if (asked) asked.handler = (add) => values.forEach((value) => add(value, ''));
}
