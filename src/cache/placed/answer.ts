import type { Cache } from '../cache.ts';
import { OriginRefused, OriginUnavailable } from '../errors.ts';
import { loadEntry } from '../loads/load-entry.ts';
import type { LookUpDefinition, ReadDemands, Trace } from '../look-up.ts';
import type { MemoryEntry } from '../memory/memory.ts';
import { bind } from '../read-through.ts';
import { formatTime, type SentAnswer, tiersOf } from './protocol.ts';

/** Answers a look-up from the stores for an isolate elsewhere. Joins no load, so that no answer is older than the call. */
export async function answerFromStores<C, I, T>(
  cache: Cache,
  definition: LookUpDefinition<C, I, T>,
  context: C,
  input: I,
  demands: ReadDemands,
): Promise<SentAnswer> {
  const trace: Trace = {};
  const order = cache.memory.invalidations.nextOrder();
  const start = { sentAtMs: cache.clock.now(), order, asOf: undefined };
  const lookUp = bind(definition, context, input);
  try {
    return toSent(await loadEntry(cache, lookUp, { ...demands, trace }, start), trace);
  } catch (error) {
    if (error instanceof OriginRefused) return { status: 'refused', tiers: tiersOf(trace) };
    if (error instanceof OriginUnavailable) return { status: 'away', tiers: tiersOf(trace) };
    throw error;
  }
}

function toSent(entry: MemoryEntry, trace: Trace): SentAnswer {
  const { value, tags, asOf, validAtN, freshMs, bytes, isLoaded = false, staleMsLeft = null } = entry;
  const kept = { tags: [...tags], asOf: formatTime(asOf), validAtN, freshMs, bytes, isLoaded, staleMsLeft };
  return { status: 'found', value, ...kept, tiers: tiersOf(trace) };
}
