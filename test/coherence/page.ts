import { readFile, writeFile } from 'node:fs/promises';
import type { CounterExample } from './counter-examples.ts';
import { describeCommands } from './describe.ts';
import { mutations } from './mutations/all.ts';
import { harmless } from './mutations/harmless.ts';
import type { Mutation } from './mutations/mutation.ts';

const PAGE = 'docs/coherence.md';

export function readPage(): Promise<string> {
  return readFile(PAGE, 'utf8');
}

export async function writePage(examples: readonly CounterExample[]): Promise<void> {
  await writeFile(PAGE, renderPage(await readPage(), examples));
}

/** The page with its generated parts, between their markers, made anew. */
export function renderPage(page: string, examples: readonly CounterExample[]): string {
  const caught = fillIn(page, 'mutations', renderTable(examples));
  return fillIn(caught, 'harmless', renderList());
}

function renderTable(examples: readonly CounterExample[]): string {
  const rows = mutations.map((mutation) => {
    const example = examples.find((found) => found.mutation === mutation.name);
    const run = example
      ? `${describeCommands(example.commands)}. ${capitalise(example.violation)}`
      : 'none yet';
    return `| ${filesOf(mutation)} | ${escape(mutation.name)} | ${escape(run)} |`;
  });
  return ['| in | mutation | shortest counter-example |', '| --- | --- | --- |', ...rows].join('\n');
}

function renderList(): string {
  return harmless
    .map(({ why, ...mutation }) => `- ${mutation.name} (${filesOf(mutation)}): ${why}`)
    .join('\n');
}

function filesOf({ edits }: Mutation): string {
  const files = edits.map(({ file }) => file.split('/').at(-1) ?? file);
  return [...new Set(files)].map((file) => `\`${file}\``).join(', ');
}

function fillIn(page: string, marker: string, text: string): string {
  const [before, , after] = page.split(
    new RegExp(`(?<=<!-- ${marker} -->\n)([^]*)(?=\n<!-- /${marker} -->)`),
  );
  if (before === undefined || after === undefined) throw new Error(`${PAGE} has no place for ${marker}`);
  return `${before}\n${text}\n${after}`;
}

function capitalise(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function escape(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}
