import { dashed, flagsOf } from '../command/build.ts';
import type { AnyCommand } from '../command/command.ts';

/** A word that may come next, and what it means. */
export interface Choice {
  readonly word: string;
  readonly meaning: string;
}

/** The words that may follow others on a command line. */
export interface Place {
  /** Empty at the beginning; else a noun or a command. */
  readonly path: string;
  /** True after a command: its arguments and options may stand between the words and the choice. */
  readonly isCommand: boolean;
  readonly choices: readonly Choice[];
}

/** Every place of a command line, the most words first. */
export function placesOf(commands: readonly AnyCommand[], nouns: Readonly<Record<string, string>>): Place[] {
  const alone = commands.filter(({ name }) => !name.includes(' '));
  const top = [
    ...Object.entries(nouns).map(([word, meaning]) => ({ word, meaning })),
    ...alone.map(({ name: word, summary: meaning }) => ({ word, meaning })),
  ];
  return [
    ...commands.map((command) => ({ path: command.name, isCommand: true, choices: optionsOf(command) })),
    ...Object.keys(nouns).map((noun) => ({
      path: noun,
      isCommand: false,
      choices: commands
        .filter(({ name }) => name.startsWith(`${noun} `))
        .map(({ name, summary: meaning }) => ({ word: name.slice(noun.length + 1), meaning })),
    })),
    { path: '', isCommand: false, choices: top },
  ];
}

function optionsOf(command: AnyCommand): Choice[] {
  return Object.entries(flagsOf(command)).map(([name, { description }]) => ({
    word: `--${dashed(name)}`,
    meaning: description,
  }));
}
