import { memoryShare } from './closed-form.ts';
import type { FleetConfig } from './config.ts';
import type { Measures } from './measures.ts';

/** A fleet and the counts of its run. */
export interface Result {
  readonly config: FleetConfig;
  readonly measures: Measures;
}

/** The results of every experiment, each in the order of its runs. */
export type Results = Readonly<Record<string, readonly Result[]>>;

export function of(results: Results, experiment: string): readonly Result[] {
  const found = results[experiment];
  if (!found) throw new Error(`there is no experiment ${experiment}`);
  return found;
}

/** The percentage of all reads that memory answered. */
export function memoryPercent({ measures }: Result): number {
  return percentOf(measures.byTier.memory, measures.reads);
}

export function percentOf(part: number, whole: number): number {
  return whole === 0 ? 0 : (part / whole) * 100;
}

/** The closed form holds for these experiments without validation: isolates outlive the memory lifetime and memory has room. */
const AGREEING = ['lifetime', 'accounts', 'rate'];

/** The distance between the closed form and the counts in points: the largest and the mean. */
export function compareToClosedForm(results: Results): { fleets: number; worst: number; mean: number } {
  const forgotten = AGREEING.flatMap((name) => of(results, name)).filter(
    ({ config }) => config.memoryLifeMs === 0,
  );
  const gaps = forgotten.map((result) => Math.abs(memoryPercent(result) - memoryShare(result.config) * 100));
  const sum = gaps.reduce((total, gap) => total + gap, 0);
  return { fleets: gaps.length, worst: Math.max(...gaps), mean: sum / gaps.length };
}
