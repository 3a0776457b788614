import { describeError } from '../../lib/log.ts';
import type { Cache } from '../cache.ts';
import { DeadlineExceeded, withDeadline } from '../clock.ts';
import { OriginRefused, OriginUnavailable, OutOfReach } from '../errors.ts';
import type { LoadStart } from '../loads/load.ts';
import { requireTags } from '../loads/usable-entry.ts';
import { formatToken } from '../logical-time.ts';
import type { LookUp, ReadDemands } from '../look-up.ts';
import type { Placed } from './placed.ts';
import type { Answer, Found, Question } from './protocol.ts';

/** An answer of the Worker beside the stores, parsed by its look-up. */
export interface PlacedAnswer<T> {
  readonly value: T;
  readonly answer: Omit<Found, 'status' | 'tiers' | 'value'>;
}

/**
 * Asks the Worker beside the stores in their place. Answers null if the stores must be asked from here: the Worker failed, or does
 * not know the look-up. Rejects as a load does when no store there could answer.
 */
export async function askPlaced<T>(
  placed: Placed,
  cache: Cache,
  lookUp: LookUp<T>,
  demands: ReadDemands,
  start: LoadStart,
): Promise<PlacedAnswer<T> | null> {
  const { question } = lookUp;
  if (!question) return null;
  const { reload = false, token, trace } = demands;
  if (!isAsked(cache, placed)) {
    if (trace) trace.placed = { ms: 0, detail: 'breaker-open' };
    return null;
  }
  const asked = { ...question, reload, token: token ? formatToken(token) : '' };
  const answer = await askOne(cache, placed, { lookUp, asked, demands, start });
  if (!answer || answer.status === 'unknown') return null;
  if (trace) Object.assign(trace, answer.tiers);
  if ('found' in answer) return answer.found;
  throw failureOf(answer.status);
}

function failureOf(status: Answer['status']): Error {
  if (status === 'unseen') return new OutOfReach('the caller may not see the answer');
  if (status === 'refused') return new OriginRefused('the origin refused the question');
  return new OriginUnavailable('the origin did not answer');
}

/** False while the breaker is open. One read per cool-down then finds out, behind its answer, whether the Worker is back. */
function isAsked(cache: Cache, placed: Placed): boolean {
  const nowMs = cache.clock.now();
  const state = placed.breaker.next(nowMs);
  if (state === 'probe') cache.waitUntil(tryPlaced(cache, placed, nowMs, placed.probe).catch(() => {}));
  return state === 'closed';
}

interface Asked<T> {
  readonly lookUp: LookUp<T>;
  readonly asked: Question;
  readonly demands: ReadDemands;
  readonly start: LoadStart;
}

type Parsed<T> =
  | Exclude<Answer, Found>
  | (Pick<Found, 'status' | 'tiers'> & { readonly found: PlacedAnswer<T> });

/** Null if the Worker failed. */
async function askOne<T>(
  cache: Cache,
  placed: Placed,
  { lookUp, asked, demands: { trace }, start }: Asked<T>,
): Promise<Parsed<T> | null> {
  const askedMs = cache.clock.now();
  const ask = async () => parsed(cache, lookUp, await placed.ask(asked));
  const note = (more: object): void => {
    if (trace) trace.placed = { ms: cache.clock.now() - askedMs, ...more };
  };
  try {
    const answer = await tryPlaced(cache, placed, start.sentAtMs, ask);
    note({});
    return answer;
  } catch (error) {
    note({ detail: error instanceof DeadlineExceeded ? 'timeout' : 'unavailable' });
    return null;
  }
}

/** The deadline counts from the start of the load, so that what is left of the origin's is for the stores. */
async function tryPlaced<T>(
  { clock, log }: Cache,
  { breaker, deadlineMs }: Placed,
  startMs: number,
  ask: () => Promise<T>,
): Promise<T> {
  const sentAtMs = clock.now();
  try {
    const answer = await withDeadline(clock, startMs + deadlineMs - sentAtMs, ask());
    breaker.succeeded(sentAtMs);
    return answer;
  } catch (error) {
    breaker.failed(sentAtMs, clock.now());
    log.warn('origin_worker_failed', { error: describeError(error) });
    throw error;
  }
}

/** Parses the value as one from a store. Throws if it is no answer to this look-up. */
function parsed<T>({ origin }: Cache, lookUp: LookUp<T>, answer: Answer): Parsed<T> {
  if (answer.status !== 'found') return answer;
  const { status, tiers, value, ...rest } = answer;
  requireTags(origin, rest.tags);
  return { status, tiers, found: { value: lookUp.parse(value), answer: rest } };
}
