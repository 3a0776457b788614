import type { Choice, Place } from './catalogue.ts';

/** A script by which fish completes the command line. */
export function fishScript(places: readonly Place[]): string {
  return [
    '# Put this into ~/.config/fish/completions/edge-accounts.fish',
    'function __edge_accounts_after',
    '  set -l before (commandline -opc)[2..]',
    '  string match -q -- "$argv" "$before"',
    'end',
    'complete -c edge-accounts -f',
    ...places.flatMap((place) => place.choices.map((choice) => lineOf(place, choice))),
  ].join('\n');
}

function lineOf({ path, isCommand }: Place, { word, meaning }: Choice): string {
  const condition = inQuotes(`__edge_accounts_after "${path}${isCommand ? '*' : ''}"`);
  const offered = word.startsWith('--') ? `-l ${word.slice(2)}` : `-a ${word}`;
  return `complete -c edge-accounts -n ${condition} ${offered} -d ${inQuotes(meaning)}`;
}

const inQuotes = (text: string) => `'${text.replaceAll(/['\\]/g, String.raw`\$&`)}'`;
