import { patternOf } from './bash.ts';
import type { Choice, Place } from './catalogue.ts';

/** A script by which zsh completes the command line. */
export function zshScript(places: readonly Place[]): string {
  const cases = places.map(
    ({ path, isCommand, choices }) =>
      `    ${patternOf(path, isCommand)}) choices=(${choices.map(described).join(' ')}) ;;`,
  );
  return [
    '#compdef edge-accounts',
    '# Put this into ~/.zshrc, after compinit: source <(edge-accounts completion zsh)',
    '_edge_accounts() {',
    '  local -a choices',
    '  case "${(j: :)words[2,CURRENT-1]}" in',
    ...cases,
    '  esac',
    "  _describe 'edge-accounts' choices || _files",
    '}',
    'compdef _edge_accounts edge-accounts',
  ].join('\n');
}

function described({ word, meaning }: Choice): string {
  return inQuotes(`${word}:${meaning.replaceAll(':', String.raw`\:`)}`);
}

const inQuotes = (text: string) => `'${text.replaceAll("'", String.raw`'\''`)}'`;
