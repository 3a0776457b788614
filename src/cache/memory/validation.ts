import type { LogicalTime } from '../logical-time.ts';
import type { LogCursor, LogNews, LogQuestion, LogReader } from '../shared/invalidation-log.ts';
import type { Invalidations, Judged } from './invalidations.ts';
import { CLOCK_TOLERANCE_MS, type Readings } from './readings.ts';

/** Follows the log of invalidated tags for this isolate. Its news make entries valid for longer than their own reads do. */
export interface Validation extends LogReader {
  /** True if the log has been applied without a gap since the entry was known to be valid. */
  covers(entry: Judged): boolean;
  /** Covered entries are valid until then, in ms since 1970. */
  untilMs(nowMs: number): number;
  /** True for the one hit that should ask for news behind its answer. Only a hit of a covered entry gains by them. */
  takePoll(entry: Judged, nowMs: number): boolean;
  describe(nowMs: number): ValidationDescription;
}

export interface ValidationDescription {
  /** The latest entry of the log that was applied; null before the first. */
  readonly cursor: LogCursor | null;
  readonly through: LogicalTime | null;
  /** The time at which the newest call was sent whose news were applied, in ms; null for never. */
  readonly sentAtMs: number | null;
  /** Entries that were known to be valid before this time are not covered. */
  readonly since: LogicalTime | null;
}

export interface ValidationSettings {
  /** The bound: the time from the sending of a call for which its news validate, in ms. */
  readonly ttlMs: number;
  /** News that arrive later than this after their call was sent count for nothing. */
  readonly deadlineMs: number;
}

/** A hit past this share of the bound asks for news. */
const POLL_SHARE = 1 / 2;
/** News that were asked for get this share of the bound to arrive before another hit asks. */
const POLL_GUARD_SHARE = 1 / 10;

/** All of one epoch. */
interface State {
  readonly cursor: LogCursor;
  readonly through: LogicalTime;
  /** Entries that were known to be valid before are not covered: a gap lies between. */
  readonly sinceN: number;
  readonly sentAtMs: number;
  readonly order: number;
}

export function makeValidation(
  { ttlMs, deadlineMs }: ValidationSettings,
  invalidations: Invalidations,
  readings: Readings,
): Validation {
  let state: State | null = null;
  let polledAtMs = -Infinity;

  const covers = ({ asOf, validAtN }: Judged): boolean =>
    state !== null && asOf?.epoch === state.through.epoch && validAtN >= state.sinceN;
  const untilMs = (nowMs: number): number => {
    if (!state || nowMs < state.sentAtMs - CLOCK_TOLERANCE_MS) return -Infinity;
    return state.sentAtMs + ttlMs - readings.doubtOf(state.order, nowMs);
  };

  return {
    ask: (nowMs) => ({ since: state?.cursor ?? null, sentAtMs: nowMs, order: invalidations.nextOrder() }),
    learn(question, news, nowMs) {
      if (nowMs > question.sentAtMs + deadlineMs || nowMs < question.sentAtMs - CLOCK_TOLERANCE_MS) return;
      if (state && isOvertaken(state, question, news)) return;
      const isSame = state?.through.epoch === news.through.epoch;
      state = state && isSame ? follow(state, question, news) : begin(question, news);
      invalidations.addLogged(isSame ? news.tags : [], news.through, nowMs);
    },
    covers,
    untilMs,
    takePoll(entry, nowMs) {
      if (nowMs < untilMs(nowMs) - ttlMs * POLL_SHARE || !covers(entry)) return false;
      // A clock that stepped back must not put the poll off.
      if (nowMs >= polledAtMs && nowMs < polledAtMs + ttlMs * POLL_GUARD_SHARE) return false;
      polledAtMs = nowMs;
      return true;
    },
    describe: (nowMs) => ({
      cursor: state?.cursor ?? null,
      through: state?.through ?? null,
      sentAtMs: state && untilMs(nowMs) > -Infinity ? state.sentAtMs : null,
      since: state && { epoch: state.through.epoch, n: state.sinceN },
    }),
  };
}

// News of the epoch that is known add nothing if they are behind it. News of another epoch may be of an earlier one.
function isOvertaken({ through, sentAtMs }: State, question: LogQuestion, news: LogNews): boolean {
  if (through.epoch === news.through.epoch) return news.through.n < through.n;
  return question.sentAtMs < sentAtMs;
}

function begin({ sentAtMs, order }: LogQuestion, { cursor, through }: LogNews): State {
  return { cursor, through, sinceN: through.n, sentAtMs, order };
}

function follow(known: State, question: LogQuestion, { cursor, through, isGap }: LogNews): State {
  // A call that began after what this isolate has applied leaves a gap, too.
  const sinceN = isGap || isAfter(question.since, known.cursor) ? through.n : known.sinceN;
  const { sentAtMs, order } = question.sentAtMs > known.sentAtMs ? question : known;
  return { cursor, through, sinceN, sentAtMs, order };
}

function isAfter(since: LogCursor | null, cursor: LogCursor): boolean {
  return since === null || since.time.epoch !== cursor.time.epoch || since.time.n > cursor.time.n;
}
