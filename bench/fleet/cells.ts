import type { Result } from './results.ts';

export type Cell = string;
export type Column = readonly [head: string, cell: (result: Result) => Cell];

export function table(heads: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const line = (cells: readonly Cell[]): string => `| ${cells.join(' | ')} |`;
  return [line(heads), line(heads.map(() => '--:')), ...rows.map(line)].join('\n');
}

export function tableOf(results: readonly Result[], columns: readonly Column[]): string {
  return table(
    columns.map(([head]) => head),
    results.map((result) => columns.map(([, cell]) => cell(result))),
  );
}

export const percent = (value: number): Cell => `${value.toFixed(value < 10 ? 1 : 0)} %`;
export const seconds = (ms: number): Cell => `${Number((ms / 1_000).toFixed(1))} s`;
export const secondsOrNone = (ms: number): Cell => (ms < Infinity ? seconds(ms) : '');
export const whole = (value: number): Cell => Math.round(value).toLocaleString('en-US');
export const dollars = (value: number): Cell => `$${value.toFixed(2)}`;

export const quantile = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
export const perMillion = (count: number, { reads }: Result['measures']): number => (count / reads) * 1e6;

/** How long memory keeps an entry: for the bound, or validated for longer. */
export const keptFor = ({ config: { memoryLifeMs, memoryTtlMs } }: Pick<Result, 'config'>): Cell =>
  memoryLifeMs === 0 ? seconds(memoryTtlMs) : `${seconds(memoryTtlMs)}, validated`;
export const perRead = (count: number, { reads }: Result['measures'], digits = 2): Cell =>
  (count / reads).toFixed(digits);
