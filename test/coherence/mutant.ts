import { readFile } from 'node:fs/promises';
import { relative } from 'node:path';
import { build } from 'esbuild';
import type { CodeUnderTest } from './code-under-test.ts';
import type { Mutation } from './mutations/mutation.ts';

/** The code under test with the mutation in it; throws when the mutation no longer applies. */
export async function makeMutant(mutation: Mutation): Promise<CodeUnderTest> {
  const { outputFiles } = await build({
    entryPoints: ['test/coherence/code-under-test.ts'],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'node',
    plugins: [
      {
        name: 'mutation',
        setup: ({ onLoad }) =>
          onLoad({ filter: /\.ts$/ }, async ({ path }) => ({
            contents: mutate(await readFile(path, 'utf8'), relative('.', path), mutation),
            loader: 'ts',
          })),
      },
    ],
  });
  const text = outputFiles[0]?.text ?? '';
  // A module of its own per mutant, which no file has to be written for.
  const url = `data:text/javascript;base64,${Buffer.from(text).toString('base64')}`;
  const { codeUnderTest }: { codeUnderTest: CodeUnderTest } = await import(url);
  return codeUnderTest;
}

function mutate(text: string, path: string, { name, edits }: Mutation): string {
  return edits
    .filter(({ file }) => file === path)
    .reduce((before, { find, replace }) => replaceOnce(before, find, replace, name), text);
}

function replaceOnce(text: string, find: string, replace: string, name: string): string {
  const [before, after, ...more] = text.split(find);
  if (before === undefined || after === undefined || more.length > 0)
    throw new Error(
      `the mutation "${name}" no longer applies: its text occurs ${more.length ? 'more than once' : 'nowhere'}`,
    );
  return before + replace + after;
}
