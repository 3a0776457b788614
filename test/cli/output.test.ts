import { expect, test } from 'vitest';
import { styleFor } from '../../cli/output/style.ts';
import { makeTable } from '../../cli/output/table.ts';
import { ago, harmless } from '../../cli/output/text.ts';
import { fit, widthOf } from '../../cli/output/width.ts';
import { type Outcome, runWith, type World } from './fake-io.ts';
import { wordsOf } from './words.ts';

const plain = styleFor({ env: {} } as Parameters<typeof styleFor>[0], {
  isTerminal: false,
  columns: null,
  write: () => Promise.resolve(),
});

interface Row {
  readonly name: string;
  readonly city: string;
}
const columns = [
  { title: 'name', of: ({ name }: Row) => name },
  { title: 'city', of: ({ city }: Row) => city },
];
const rows = [
  { name: 'Ann', city: 'Santa Cruz de la Sierra' },
  { name: '東京支社', city: 'Oaxaca' },
];

/** Lists the accounts of an answer in place of those of a service. */
function list(line: string, items: readonly object[], world: World = {}): Promise<Outcome> {
  return runWith(wordsOf(line), {
    ...world,
    env: { EDGE_ACCOUNTS_URL: 'https://x.example.com', EDGE_ACCOUNTS_KEY: 'ea_x', ...world.env },
    fetch: () => Promise.resolve(Response.json({ items, nextCursor: null })),
  });
}

test('columns stand under each other, letters of two columns too', () => {
  expect(makeTable(columns, null, plain).lines(rows)).toEqual([
    'name       city',
    'Ann        Santa Cruz de la Sierra',
    '東京支社   Oaxaca',
  ]);
});

test('a table fits into the terminal, by the widest column', () => {
  const lines = makeTable(columns, 22, plain).lines(rows);
  expect(lines).toEqual(['name       city', 'Ann        Santa Cruz…', '東京支社   Oaxaca']);
  expect(Math.max(...lines.map(widthOf))).toBeLessThanOrEqual(22);
});

test('further pages keep the columns of the first, without its heading', () => {
  const table = makeTable(columns, null, plain);
  table.lines(rows);
  expect(table.lines([{ name: 'Bob', city: 'Lima' }])).toEqual(['Bob        Lima']);
});

test.each([
  ['Ann', 3],
  ['東京', 4],
  ['e\u0301', 1],
  ['👩‍🚀', 2],
  ['ﾊﾛｰ', 3],
])('%s is %i columns wide', (text, width) => {
  expect(widthOf(text)).toBe(width);
});

test('a text is cut between letters', () => {
  expect([fit('東京支社', 6), fit('Oaxaca', 6), fit('Oaxaca', 5)]).toEqual(['東京…', 'Oaxaca', 'Oaxa…']);
});

test('a name cannot steer the terminal', async () => {
  expect(harmless('a\u001B[2Jb\nc\u202Ed')).toBe('a\uFFFD[2Jb\uFFFDc\uFFFDd');
  const evil = { accountNumber: '1', companyName: '\u001B]0;x\u0007', isActive: true, id: 1 };
  const { stdout } = await list('accounts list', [evil]);
  expect(stdout).toContain('\uFFFD]0;x\uFFFD');
  expect(stdout).not.toContain('\u001B');
});

test('only a terminal gets colours, and none that asks for none', async () => {
  const row = { accountNumber: '1', companyName: 'X', isActive: true, id: 1 };
  const isColoured = async (world: World) =>
    (await list('accounts list', [row], world)).stdout.includes('\u001B');
  expect(await isColoured({ columns: 80 })).toBe(true);
  expect(await isColoured({})).toBe(false);
  expect(await isColoured({ columns: 80, env: { NO_COLOR: '1' } })).toBe(false);
  expect(await isColoured({ columns: 80, env: { TERM: 'dumb' } })).toBe(false);
});

test('an array is whole JSON, whatever number of pages it has', async () => {
  expect(JSON.parse((await list('accounts list --json', [])).stdout)).toEqual([]);
  const two = [{ id: 1 }, { id: 2, metadata: { a: 'b\nc' } }];
  expect(JSON.parse((await list('accounts list --json', two)).stdout)).toEqual(two);
});

test('two formats at once are exit code 2', async () => {
  expect((await list('accounts list --json --jsonl', [])).code).toBe(2);
});

test.each([
  [400, 'just now'],
  [59_000, '59 seconds ago'],
  [3_600_000, '1 hour ago'],
  [3 * 86_400_000, '3 days ago'],
])('%i ms ago is %s', (ms, words) => {
  const nowMs = Date.UTC(2026, 10, 30);
  expect(ago(new Date(nowMs - ms).toISOString(), nowMs)).toBe(words);
});
