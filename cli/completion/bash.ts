import type { Place } from './catalogue.ts';

/** A script by which bash completes the command line. */
export function bashScript(places: readonly Place[]): string {
  const cases = places.map(
    ({ path, isCommand, choices }) =>
      `    ${patternOf(path, isCommand)}) words='${choices.map(({ word }) => word).join(' ')}' ;;`,
  );
  return [
    '# Put this into ~/.bashrc: eval "$(edge-accounts completion bash)"',
    '_edge_accounts() {',
    '  local words="" before="${COMP_WORDS[*]:1:COMP_CWORD-1}"',
    '  case "$before" in',
    ...cases,
    '  esac',
    '  COMPREPLY=($(compgen -W "$words" -- "${COMP_WORDS[COMP_CWORD]}"))',
    '}',
    'complete -o default -F _edge_accounts edge-accounts',
  ].join('\n');
}

/** The words before the cursor, alone or with what follows a command. */
export function patternOf(path: string, isCommand: boolean): string {
  return isCommand ? `'${path}'|'${path} '*` : `'${path}'`;
}
