import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { commands } from '../../cli/commands.ts';
import { runWith } from './fake-io.ts';

const scriptFor = async (shell: string) => (await runWith(['completion', shell])).stdout;

/** The words that bash offers for the last one, which may be empty. */
async function offered(lines: readonly string[][]): Promise<string[][]> {
  const asked = lines.map(
    (words) =>
      `COMP_WORDS=(edge-accounts ${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length}; _edge_accounts; echo "\${COMPREPLY[*]}"`,
  );
  const script = [await scriptFor('bash'), ...asked].join('\n');
  const { stdout } = await promisify(execFile)('bash', ['--noprofile', '--norc', '-c', script]);
  return stdout
    .split('\n')
    .slice(0, -1)
    .map((line) => line.split(' ').filter(Boolean));
}

test('bash completes nouns, verbs and options', async () => {
  const [nouns, verbs, options, later, nothing] = await offered([
    ['ac'],
    ['users', ''],
    ['accounts', 'list', '--'],
    ['resolve', 'both', '--as'],
    ['no-such', ''],
  ]);
  expect(nouns).toEqual(['accounts']);
  expect(verbs).toEqual(['list', 'get', 'create', 'update', 'delete', 'accounts', 'export', 'erase']);
  expect(options).toEqual(expect.arrayContaining(['--company', '--limit', '--all', '--context', '--json']));
  expect(later).toEqual(['--as']);
  expect(nothing).toEqual([]);
});

test.each(['bash', 'zsh', 'fish'])('the script for %s has every command', async (shell) => {
  const script = await scriptFor(shell);
  for (const { name } of commands) expect(script).toContain(name);
  expect(script.match(/'/g)?.length).toSatisfy((quotes: number) => quotes % 2 === 0);
});

test('another shell is exit code 2', async () => {
  const { code, stderr } = await runWith(['completion', 'tcsh']);
  expect([code, stderr]).toEqual([2, expect.stringContaining('only for bash, zsh and fish.')]);
});
