import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { commands } from '../../cli/commands.ts';
import { runWith } from './fake-io.ts';
import { readCliPage } from './page.ts';

test.each(commands.map(({ name, ...command }) => [name, command] as const))(
  'the help of %s has a sentence, the usage, options by groups, two examples and a page',
  async (name, { summary, examples, page }) => {
    const { code, stdout } = await runWith([...name.split(' '), '--help']);
    expect(code).toBe(0);
    expect(stdout.startsWith(`Usage: edge-accounts ${name}`)).toBe(true);
    expect(stdout.replaceAll(/\s+/g, ' ')).toContain(` ${summary} `);
    expect(summary).toMatch(/^[A-Z].*\.$/);
    expect(stdout).toContain('\nOutput:\n');
    expect(stdout).toContain(`\nExamples:\n  edge-accounts ${examples[0]}\n  edge-accounts ${examples[1]}\n`);
    expect(stdout).toContain(`\nMore: ${page}\n`);
    expect(existsSync(page)).toBe(true);
    for (const line of examples) expect(line.startsWith(name)).toBe(true);
  },
);

test('every option is described by whole sentences', () => {
  const flags = commands.flatMap((command) => Object.values(command.flags));
  const described = flags.map(({ description }) => description);
  expect(described.filter((text) => !/^[A-Z].*\.$/.test(text))).toEqual([]);
});

test('the help of all names every noun and the exit codes', async () => {
  const { code, stdout } = await runWith(['--help']);
  expect(code).toBe(0);
  for (const { name } of commands) expect(stdout).toMatch(new RegExp(`\n  ${name.split(' ')[0]} `));
  expect(stdout).toContain(
    'Exit codes: 0 done, 1 refused, 2 usage, 3 not found, 4 not allowed, 5 unavailable',
  );
});

test.each([
  ['no command', []],
  ['an unknown command', ['fly']],
  ['a noun alone', ['accounts']],
  ['an unknown verb', ['accounts', 'fly']],
  ['an unknown option', ['accounts', 'list', '--fly']],
  ['a missing argument', ['accounts', 'get']],
  ['one argument too many', ['accounts', 'get', '1', '2']],
  ['a value of the wrong kind', ['accounts', 'list', '--limit', '0']],
  ['a word that is no choice', ['accounts', 'list', '--is-active', 'maybe']],
  ['a missing option', ['accounts', 'create']],
])('%s is exit code 2, with a sentence on stderr alone', async (_, argv) => {
  const { code, stdout, stderr } = await runWith(argv);
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr).toMatch(/^[A-Z]/);
});

test('the version is that of the package', async () => {
  expect((await runWith(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
});

test('docs/cli.md is what the commands say', () => {
  const { present, wanted } = readCliPage();
  expect(present, 'npm run docs:cli').toBe(wanted);
});
