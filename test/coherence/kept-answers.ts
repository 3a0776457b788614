import type { LookUpKey } from './look-ups.ts';

/** An answer that is in a place that reads look at, so that they must not go back behind it. */
interface KeptAnswer {
  readonly key: LookUpKey;
  /** The isolate whose memory holds it, or null for the shared store. */
  readonly isolate: string | null;
  /** The answer is that of this commit, or of a later one. */
  readonly commit: number;
  readonly fromMs: number;
  readonly untilMs: number;
  /** The last invalidation of the isolate's own then: one more, and memory may have let go of it. */
  readonly order?: number;
}

/** A read, as far as it matters what it finds. */
export interface Visit {
  readonly isolate: string;
  readonly key: LookUpKey;
  readonly atMs: number;
  readonly order: number;
  /** True for a read without demands, which takes any valid answer in memory. */
  readonly isPlain: boolean;
}

/** The answers that are known to be kept, each with its place. */
export interface KeptAnswers {
  note(kept: KeptAnswer): void;
  /** Forgets what the place holds: of the key, or of every key. */
  forget(isolate: string | null, key?: LookUpKey): void;
  /** The latest commit whose answer, or a later one, the read finds on its way. */
  latest(visit: Visit): number;
}

export function makeKeptAnswers(): KeptAnswers {
  let all: KeptAnswer[] = [];
  return {
    note: (kept) => void all.push(kept),
    forget(isolate, key) {
      all = all.filter((kept) => kept.isolate !== isolate || (key !== undefined && kept.key !== key));
    },
    latest: (visit) => Math.max(0, ...all.filter((kept) => isFound(kept, visit)).map(({ commit }) => commit)),
  };
}

function isFound(kept: KeptAnswer, { isolate, key, atMs, order, isPlain }: Visit): boolean {
  if (kept.key !== key || atMs < kept.fromMs || atMs >= kept.untilMs) return false;
  return kept.isolate === null || (isPlain && kept.isolate === isolate && kept.order === order);
}
