import { type AnyCommand, defineCommand } from '../command/command.ts';
import { usageFailure } from '../failure.ts';
import { bashScript } from './bash.ts';
import { type Place, placesOf } from './catalogue.ts';
import { fishScript } from './fish.ts';
import { zshScript } from './zsh.ts';

const SCRIPTS = new Map<string, (places: readonly Place[]) => string>([
  ['bash', bashScript],
  ['zsh', zshScript],
  ['fish', fishScript],
]);

/** The command that prints a script for a shell, about all commands. */
export function makeCompletion(
  commands: () => readonly AnyCommand[],
  nouns: Readonly<Record<string, string>>,
): AnyCommand {
  return defineCommand({
    name: 'completion',
    summary: 'Prints a script by which the shell completes commands and options.',
    args: { shell: 'bash, zsh or fish.' },
    flags: {},
    examples: ['completion bash', 'completion fish'],
    page: 'docs/cli.md',
    isLocal: true,
    async run({ args: { shell }, output }) {
      const script = SCRIPTS.get(shell);
      if (!script) throw usageFailure(`There is no completion for "${shell}", only for bash, zsh and fish.`);
      const text = script(placesOf(commands(), nouns));
      await output.show({ shell, script: text }, [text]);
    },
  });
}
