import {
  ABSENT,
  countersOfKind,
  ERRORS,
  LATENCY,
  LATENCY_BOUNDS_MS,
  MAX_COUNTERS,
  REFUSED,
} from './counters.ts';

export const MINUTE_MS = 60_000;
/** Counts travel no more often than this. */
const SEND_EVERY_MS = 10_000;
/** Older counts are forgotten, and Redis takes none. */
export const MAX_AGE_MINUTES = 60;
/** A call takes the counts of so many minutes. The next one takes those of the next ones. */
const MINUTES_PER_CALL = 10;

/** Counts on their way to the shared store. */
export interface CountsReport {
  /** For each minute its age in minutes, and `,counter:count` for every counter; parted by semicolons. */
  readonly text: string;
}

/** Reports what an isolate has counted, with calls of the shared store that are made anyway. */
export interface CountsReporter {
  /** Answers the report that a call sent now takes along; null if there is none. */
  ask(nowMs: number): CountsReport | null;
  /** The call with the report has succeeded. Without this it is sent again. */
  learn(report: CountsReport): void;
}

/** The counters of an isolate. Counting makes no call, and allocates once in a minute. */
export interface Counts extends CountsReporter {
  /** Counts a read of the kind that the tier has answered. */
  read(kind: number, tier: number, isAbsent: boolean, nowMs: number): void;
  /** Counts a request or a call that took so long. */
  request(outcome: RequestOutcome, ms: number, nowMs: number): void;
}

export type RequestOutcome = 'error' | 'ok' | 'refused';

interface CountedMinute {
  /** Minutes since 1970, by the clock of the isolate. */
  readonly minute: number;
  readonly counts: Uint32Array;
}

interface Sent extends CountsReport {
  readonly minutes: readonly CountedMinute[];
}

export function makeCounts(): Counts {
  let minutes: CountedMinute[] = [];
  let current: Uint32Array = new Uint32Array(MAX_COUNTERS);
  let beginMs = Infinity;
  let askedAtMs = -Infinity;
  let sent: Sent | null = null;

  const begin = (nowMs: number): void => {
    const minute = Math.floor(nowMs / MINUTE_MS);
    beginMs = minute * MINUTE_MS;
    // The clock may have stepped back into a minute that was counted before.
    const known = minutes.find((one) => one.minute === minute);
    current = known?.counts ?? new Uint32Array(MAX_COUNTERS);
    if (!known) minutes = [...minutes, { minute, counts: current }].slice(-MAX_AGE_MINUTES);
  };
  const add = (counter: number, nowMs: number): void => {
    if (nowMs < beginMs || nowMs >= beginMs + MINUTE_MS) begin(nowMs);
    current[counter] = (current[counter] ?? 0) + 1;
  };

  return {
    read(kind, tier, isAbsent, nowMs) {
      add(countersOfKind(kind) + tier, nowMs);
      if (isAbsent) add(ABSENT, nowMs);
    },
    request(outcome, ms, nowMs) {
      let bucket = 0;
      while (ms >= (LATENCY_BOUNDS_MS[bucket] ?? Infinity)) bucket += 1;
      add(LATENCY + bucket, nowMs);
      if (outcome !== 'ok') add(outcome === 'error' ? ERRORS : REFUSED, nowMs);
    },
    ask(nowMs) {
      if (nowMs >= askedAtMs && nowMs < askedAtMs + SEND_EVERY_MS) return null;
      const minute = Math.floor(nowMs / MINUTE_MS);
      minutes = minutes.filter((one) => one.minute > minute - MAX_AGE_MINUTES && isCounted(one));
      // Counting goes on in a minute that is kept.
      beginMs = Infinity;
      if (minutes.length === 0) return null;
      askedAtMs = nowMs;
      sent = reportOf(minutes.slice(0, MINUTES_PER_CALL), minute);
      return sent;
    },
    learn(report) {
      // The counts of a report that was given up have been sent with a later one.
      if (report !== sent) return;
      for (const { minute, counts } of sent.minutes) {
        const kept = minutes.find((one) => one.minute === minute)?.counts;
        if (kept)
          for (const [counter, count] of counts.entries()) kept[counter] = (kept[counter] ?? 0) - count;
      }
      sent = null;
    },
  };
}

function isCounted({ counts }: CountedMinute): boolean {
  return counts.some((count) => count > 0);
}

function reportOf(minutes: readonly CountedMinute[], nowMinute: number): Sent {
  const text = minutes.map(({ minute, counts }) => {
    const counted = [...counts].map((count, counter) => (count > 0 ? `,${counter}:${count}` : ''));
    // A clock that has stepped back gives a minute to come.
    return `${Math.max(0, nowMinute - minute)}${counted.join('')}`;
  });
  return { text: text.join(';'), minutes: minutes.map((one) => ({ ...one, counts: one.counts.slice() })) };
}
