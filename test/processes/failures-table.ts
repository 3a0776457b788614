import type { Figures } from './outage-figures.ts';
import { healthy, type Outage, outages, postgresOnly, whatIsOut } from './outages.ts';

const BEGIN = '<!-- outages: npm run docs:failures -->';
const END = '<!-- /outages -->';
const HEADS = [
  'out',
  'fault',
  'requests',
  'errors',
  'of these in reach',
  'p50 ms',
  'p99 ms',
  'p99 ms, breakers open',
  '× Postgres only',
  'asked per s, breakers open',
  'errors 2 s after its end',
  'back after, s',
  'callers saw',
];

/** The outages of the table's rows, in order. */
export const rows: readonly Outage[] = [healthy, postgresOnly, ...outages];

/** Returns the page with the table and a line about the measurement in place of those between the marks. */
export function replaceTable(page: string, how: string, measured: ReadonlyMap<Outage, Figures>): string {
  const table = [HEADS, HEADS.map(() => '---'), ...rows.map((outage) => cellsOf(outage, measured))];
  const lines = table.map((cells) => `| ${cells.join(' | ')} |`);
  const [before, after] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (before < 0 || after < before) throw new Error('the page has no marks for the table');
  const head = page.slice(0, before + BEGIN.length);
  return `${head}\n\n${how}\n\n${lines.join('\n')}\n\n${page.slice(after)}`;
}

/** The names of the rows of the page's table: which stores are out, and their fault. */
export function readRows(page: string): readonly string[] {
  const between = page.slice(page.indexOf(BEGIN), page.indexOf(END));
  // The heads and the rule come first.
  const cells = [...between.matchAll(/^\| (.*?) +\| (.*?) +\|/gm)];
  return cells.slice(2).map(([, out, fault]) => `${out}: ${fault}`);
}

/** The name of an outage's row, made from the code. */
export function nameRow(outage: Outage): string {
  return `${whatIsOut(outage)}: ${outage.title}`;
}

function cellsOf(outage: Outage, measured: ReadonlyMap<Outage, Figures>): string[] {
  const [figures, alone] = [measured.get(outage), measured.get(postgresOnly)];
  if (!figures || !alone) throw new Error(`${nameRow(outage)} has not been measured`);
  const { requests, errors, errorsInReach, p50Ms, p99Ms, openP99Ms, steadyP99Ms } = figures;
  const { askedPerS, errorsAfter, backAfterMs, answers } = figures;
  const isOut = outage.stores.length > 0;
  const seen = [...answers].map(([answer, count]) => `${answer} ${share(count, requests)}`);
  return [
    whatIsOut(outage),
    outage.title,
    `${requests}`,
    share(errors, requests),
    `${errorsInReach}`,
    p50Ms.toFixed(1),
    p99Ms.toFixed(1),
    openP99Ms.toFixed(1),
    (steadyP99Ms / alone.steadyP99Ms).toFixed(1),
    isOut ? askedPerS.toFixed(1) : '',
    `${errorsAfter}`,
    isOut ? (backAfterMs / 1_000).toFixed(1) : '',
    seen.join(', '),
  ];
}

function share(count: number, of: number): string {
  return `${((count * 100) / of).toFixed(1)}%`;
}
