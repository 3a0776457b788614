import { describeError } from '../../lib/log.ts';
import type { Cache } from '../cache.ts';
import type { KeyedLookUp, ReadDemands, TierDetail } from '../look-up.ts';
import { DeadlineExceeded, withDeadline } from '../clock.ts';
import { saysAbsent } from '../loads/load-entry.ts';
import { EVERYTHING } from '../memory/invalidations.ts';
import { includesWrite, US_PER_MS } from '../logical-time.ts';
import type { MemoryEntry } from '../memory/memory.ts';
import type { Asked } from '../shared/guarded-store.ts';
import type { DescribedEntry, DescribedTag, SharedDescription } from '../shared/description.ts';

/** The judgement of a read on the stored entry. `fresh` and `stale` entries are valid. */
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
      /** True if the entry says that the thing does not exist. */
      readonly isAbsent: boolean;
    }
  | { readonly reply: null; readonly failure: TierDetail }
);

/** Asks the shared store for the entry, and judges it by the rules of the read script. */
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

// This call goes past the breaker. Asking the breaker could take its probe, and telling it could open or close it.
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
  // The read would begin a new epoch, in which the entry is not valid.
  return clock.state === 'spent' ? 'other-epoch' : 'stale';
}

/** The age of a stored entry by the clock of the store, in ms. */
export function ageMsOf({ bornUs }: DescribedEntry, nowUs: number): number {
  return Math.max(0, nowUs - bornUs) / US_PER_MS;
}

/** True if the last invalidation of the tag ends the entry. An unreadable invalidation counts as one of now. */
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
