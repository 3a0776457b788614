import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { blocksOf } from './blocks.ts';

/** The commands of the page that pipe variables into a secret, with the names of the variables. */
const commands = blocksOf('docs/deployment.md')
  .flatMap(({ text }) => text.replaceAll(/&&\n\s*/g, '&& ').split('\n'))
  .filter((command) => command.includes('| npx wrangler secret put'))
  .map((command) => ({ command, names: [...new Set(command.match(/(?<="\$\{?)\w+/g))] }));

/** Runs a command with these variables and no others; true if it would have set the secret. */
function sends(command: string, names: readonly string[]): boolean {
  const { stdout } = spawnSync('bash', ['-c', `npx() { echo sent; }\n${command}`], {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], ...Object.fromEntries(names.map((name) => [name, 'text'])) },
  });
  return stdout === 'sent\n';
}

test('the page has commands with one variable and with two', () => {
  expect(new Set(commands.map(({ names }) => names.length))).toEqual(new Set([1, 2]));
});

test.each(commands)('$command sets no secret when a variable is missing', ({ command, names }) => {
  expect(sends(command, names)).toBe(true);
  for (const missing of names) {
    const others = names.filter((name) => name !== missing);
    expect(sends(command, others), missing).toBe(false);
  }
});
