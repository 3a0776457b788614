import type { Io } from '../io.ts';
import { type Style, styleFor } from './style.ts';
import { type Column, makeTable } from './table.ts';

/** The output of a command: the result to stdout, everything else to stderr. */
export interface Output {
  readonly format: 'people' | 'json' | 'jsonl';
  /** The style that stdout can show. */
  readonly style: Style;
  /** A line of the result. */
  print(line: string): Promise<void>;
  /** A line about what happens; `--quiet` drops it. */
  say(line: string): Promise<void>;
  /** A line that only `--verbose` shows. */
  trace(line: string): Promise<void>;
  /** A result that is one thing, with its lines for people. */
  show(value: unknown, lines: readonly string[]): Promise<void>;
  /** A result that is a list, page by page. */
  showList<T>(pages: AsyncIterable<readonly T[]>, columns: readonly Column<T>[]): Promise<void>;
}

interface OutputFlags {
  readonly json?: boolean | undefined;
  readonly jsonl?: boolean | undefined;
  readonly quiet?: boolean | undefined;
  readonly verbose?: boolean | undefined;
}

export function makeOutput(io: Io, { json, jsonl, quiet, verbose }: OutputFlags): Output {
  const { stdout, stderr } = io;
  const style = styleFor(io, stdout);
  const print = (line: string) => stdout.write(`${line}\n`);
  const tell = (line: string) => stderr.write(`${line}\n`);
  const say = async (line: string) => (quiet ? undefined : tell(line));

  async function showTable<T>(pages: AsyncIterable<readonly T[]>, columns: readonly Column<T>[]) {
    const table = makeTable(columns, stdout.columns, style);
    let isEmpty = true;
    for await (const rows of pages) {
      if (rows.length === 0) continue;
      isEmpty = false;
      await print(table.lines(rows).join('\n'));
    }
    if (isEmpty) await say('None.');
  }

  return {
    format: formatOf(json, jsonl),
    style,
    print,
    say,
    trace: async (line) => (verbose ? tell(line) : undefined),
    async show(value, lines) {
      if (json) await print(JSON.stringify(value, null, 2));
      else if (jsonl) await print(JSON.stringify(value));
      else if (lines.length > 0) await print(lines.join('\n'));
    },
    async showList(pages, columns) {
      if (json) await showArray(pages, print);
      else if (jsonl) await showLines(pages, print);
      else await showTable(pages, columns);
    },
  };
}

function formatOf(json = false, jsonl = false): Output['format'] {
  if (json) return 'json';
  return jsonl ? 'jsonl' : 'people';
}

type Print = (line: string) => Promise<void>;

async function showLines(pages: AsyncIterable<readonly unknown[]>, print: Print): Promise<void> {
  for await (const rows of pages) {
    if (rows.length > 0) await print(rows.map((row) => JSON.stringify(row)).join('\n'));
  }
}

/** One array, of which only a page is held at a time. */
async function showArray(pages: AsyncIterable<readonly unknown[]>, print: Print): Promise<void> {
  let last: string | undefined;
  for await (const rows of pages) {
    for (const row of rows) {
      await print(last === undefined ? '[' : `${last},`);
      last = JSON.stringify(row, null, 2).replaceAll(/^/gm, '  ');
    }
  }
  await print(last === undefined ? '[]' : `${last}\n]`);
}
