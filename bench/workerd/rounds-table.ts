import { median, medianNs, ratioOf, type Rounds } from '../measure.ts';
import type { Waits } from './served-race.ts';

const NS_PER_S = 1e9;

/** Requests per second in the median round. Each request counts `times` times. */
export function describeRate(rounds: Rounds, name: string, times = 1): string {
  return Math.round((times * NS_PER_S) / medianNs(rounds, name)).toLocaleString('en');
}

/** The speed of `ours` relative to `peer`, as the median over rounds: 1 is as fast, and higher is faster. */
export function describeSpeed(rounds: Rounds, ours: string, peer: string): string {
  return `${ratioOf(rounds, peer, ours).toFixed(2)}x`;
}

/** The medians over rounds of a side's p50 and p99, in µs. */
export function describeWaits(waits: ReadonlyMap<string, Waits>, name: string): string {
  const { p50Us = [], p99Us = [] } = waits.get(name) ?? {};
  return `${Math.round(median(p50Us))} / ${Math.round(median(p99Us))}`;
}

/** The waits of `peer`'s callers relative to those of `ours`, p50 and p99, paired by round. */
export function describeWaitRatios(waits: ReadonlyMap<string, Waits>, ours: string, peer: string): string {
  const [mine, theirs] = [waits.get(ours), waits.get(peer)];
  const ratio = (quantile: keyof Waits): number =>
    median((theirs?.[quantile] ?? []).map((us, round) => us / (mine?.[quantile][round] ?? Number.NaN)));
  return `${ratio('p50Us').toFixed(2)}x / ${ratio('p99Us').toFixed(2)}x`;
}
