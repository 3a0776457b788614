import { describeError } from '../../lib/log.ts';
import type { Cache } from '../cache.ts';
import type { KeyedLookUp, ReadDemands, TierDetail } from '../look-up.ts';
import { DeadlineExceeded, withDeadline } from '../clock.ts';
import { saysAbsent } from '../loads/load-entry.ts';
import { EVERYTHING } from '../invalidations.ts';
import { includesWrite, US_PER_MS } from '../logical-time.ts';
import type { MemoryEntry } from '../memory.ts';
import type { Asked } from '../shared/guarded-store.ts';
import type { DescribedEntry, DescribedTag, SharedDescription } from '../shared/description.ts';

/** What a read would make of the stored entry; `fresh` and `stale` are valid. */
export type SharedEntryState =
  | 'ahead'
  | 'expired'
  | 'fresh'
  | 'invalidated'
  | 'none'
  | 'other-epoch'
  | 'refused-by-no-cache'
  | 'refused-by-token'
  | 'stale'
  | 'unreadable';

export type ExplainedShared = { readonly ms: number } & (
  | {
      readonly reply: SharedDescription;
      readonly entryState: SharedEntryState;
      /** What is stored says that the thing is not there. */
      readonly isAbsent: boolean;
    }
  | { readonly reply: null; readonly failure: TierDetail }
);

/** Asks the shared store what it holds, and judges it as the script of a read would. */
export async function explainShared(
  cache: Cache,
  lookUp: KeyedLookUp,
  demands: ReadDemands,
  tags: readonly string[],
): Promise<ExplainedShared> {
  const askedMs = cache.clock.now();
  const described = await describeShared(cache, lookUp.key, tags);
  const ms = cache.clock.now() - askedMs;
  if (!described.reply) return { ...described, ms };
  const { entry } = described.reply;
  const stored = typeof entry === 'string' ? null : parsed(cache, lookUp, entry);
  const isAbsent = stored !== null && saysAbsent(lookUp, stored.value);
  return { ...described, ms, entryState: judgeFor(described.reply, stored !== null, demands), isAbsent };
}

// Past the breaker: it is neither asked, which could take its probe, nor told.
async function describeShared(
  { clock, settings, shared, log }: Cache,
  key: string,
  tags: readonly string[],
): Promise<Asked<SharedDescription>> {
  try {
    return { reply: await withDeadline(clock, settings.redisDeadlineMs, shared.describe(key, tags)) };
  } catch (error) {
    log.warn('shared_store_failed', { operation: 'describe', error: describeError(error) });
    return { reply: null, failure: error instanceof DeadlineExceeded ? 'timeout' : 'unavailable' };
  }
}

function judgeFor(description: SharedDescription, isParsed: boolean, demands: ReadDemands): SharedEntryState {
  const { entry } = description;
  if (typeof entry === 'string') return entry;
  const state = judge(description, entry);
  if (state !== 'fresh' && state !== 'stale') return state;
  if (demands.reload) return 'refused-by-no-cache';
  if (!includesWrite(entry.asOf, demands.token)) return 'refused-by-token';
  return isParsed ? state : 'unreadable';
}

function judge({ clock, tags, nowUs }: SharedDescription, entry: DescribedEntry): SharedEntryState {
  const { asOf, freshMs, lifeMs } = entry;
  if (clock.time?.epoch !== asOf.epoch) return 'other-epoch';
  if (asOf.n > clock.time.n) return 'ahead';
  if (tags.some((tag) => isEndedBy(entry, tag))) return 'invalidated';
  const ageMs = ageMsOf(entry, nowUs);
  if (ageMs >= lifeMs) return 'expired';
  if (ageMs < freshMs) return 'fresh';
  // The read's next tick begins a new epoch, in which the entry cannot stand in.
  return clock.state === 'spent' ? 'other-epoch' : 'stale';
}

/** Age of a stored entry by the store's own clock, in ms. */
export function ageMsOf({ bornUs }: DescribedEntry, nowUs: number): number {
  return Math.max(0, nowUs - bornUs) / US_PER_MS;
}

/** Whether the last invalidation of the tag ends the entry; one that cannot be read counts as now. */
export function isEndedBy(
  { tags, asOf }: Pick<MemoryEntry, 'asOf' | 'tags'>,
  { tag, state, time }: DescribedTag,
): boolean {
  if (tag !== EVERYTHING && !tags.includes(tag)) return false;
  if (state === 'unreadable') return true;
  return asOf !== null && time !== null && time.epoch === asOf.epoch && time.n >= asOf.n;
}

function parsed(
  { origin: { isTag } }: Cache,
  { parse }: KeyedLookUp,
  { payload, tags }: DescribedEntry,
): { readonly value: unknown } | null {
  if (isTag && (tags.length === 0 || !tags.every(isTag))) return null;
  try {
    return { value: parse(JSON.parse(payload)) };
  } catch {
    return null;
  }
}
