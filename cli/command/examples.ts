import type { AnyCommand } from './command.ts';

/** The examples of a command as its help and its page show them. */
export function examplesOf({ examples }: Pick<AnyCommand, 'examples'>): string {
  return ['Examples:', ...examples.map((line) => `  edge-accounts ${line}`)].join('\n');
}
