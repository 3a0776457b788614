import type { ExplainedAccountNumber } from '../../directory/accounts/explain-account-number.ts';
import type {
  ExplainedLoad,
  ExplainedMemory,
  ExplainedTag,
  Explanation as Explained,
  Tier,
} from '../../cache/explain/explain.ts';
import { ageMsOf } from '../../cache/explain/shared.ts';
import type { ValidationDescription } from '../../cache/memory/validation.ts';
import { dateOf, formatToken, type LogicalTime, US_PER_MS } from '../../cache/logical-time.ts';
import type { DescribedClock, DescribedEntry } from '../../cache/shared/description.ts';
import type { ExplainedUrl, Explanation } from './schema.ts';
import { toRedisLoss } from '../response/redis-loss.ts';
import { reasonsOf, urlReasonOf } from './reasons.ts';

/** The names of the tiers that callers know. */
const TIER_NAMES = {
  memory: 'isolate',
  load: 'flight',
  shared: 'redis',
  origin: 'postgres',
} as const satisfies Record<Tier, string>;

/** Shows an explanation to people: times as time, and no payload. */
export function toExplanation({
  path,
  route,
  explanation,
}: {
  path: string;
  route: string;
  explanation: Explained;
}): Explanation {
  const { key, nowMs, demands, tier, ifOriginFails, memory, load, shared, tags } = explanation;
  return {
    path,
    route: route.replaceAll(/:(\w+)/g, '{$1}'),
    key,
    at: toIso(nowMs),
    demands: {
      noCache: demands.reload ?? false,
      maxAgeMs: demands.maxAgeMs ?? null,
      consistencyToken: demands.token ? formatToken(demands.token) : null,
    },
    answer: {
      tier: tier && TIER_NAMES[tier],
      because: reasonsOf(explanation),
      ifPostgresFails: ifOriginFails === 'stale' ? 'stale-if-error' : ifOriginFails,
    },
    isolate: toIsolate(memory, nowMs),
    flight: load && toFlight(load, nowMs),
    originWorker: explanation.placedBreaker && { breaker: explanation.placedBreaker },
    redis: toRedis(explanation),
    postgres: { breaker: explanation.originBreaker },
    tags: tags.map((tag) => toTag(tag, shared.reply?.clock.time?.epoch)),
  };
}

function toIsolate(
  { state, entry, validation, isAbsent = false, msLeft, invalidatedBy }: ExplainedMemory,
  nowMs: number,
) {
  return {
    state,
    invalidatedBy,
    validation: validation && toValidation(validation, nowMs),
    entry: entry && {
      readAt: toIso(entry.sentAtMs),
      ageMs: nowMs - entry.sentAtMs,
      msLeft,
      asOf: toTime(entry.asOf),
      validAt: toTime(entry.asOf && { epoch: entry.asOf.epoch, n: entry.validAtN }),
      hits: entry.hits,
      isAbsent,
      bytes: bytesOf(JSON.stringify(entry.value)),
      tags: [...entry.tags],
    },
  };
}

function toValidation({ sentAtMs, cursor, through, since }: ValidationDescription, nowMs: number) {
  return {
    ageMs: sentAtMs === null ? null : nowMs - sentAtMs,
    cursor: toTime(cursor?.time),
    through: toTime(through),
    since: toTime(since),
  };
}

function toFlight({ state, sentAtMs, asOf }: ExplainedLoad, nowMs: number) {
  return { state, since: toIso(sentAtMs), ageMs: nowMs - sentAtMs, asOf: toTime(asOf) };
}

function toRedis({ shared, breaker }: Explained): Explanation['redis'] {
  const { reply, ms } = shared;
  if (!reply) {
    const state = shared.failure === 'timeout' ? 'timeout' : 'unavailable';
    return { state, ms, breaker, key: null, entry: null, lease: null, clock: null, forgot: null };
  }
  const { name, nowUs, entry, leaseMsLeft, clock } = reply;
  return {
    state: shared.entryState,
    ms,
    breaker,
    key: name,
    entry: typeof entry === 'string' ? null : toEntry(entry, shared.isAbsent, nowUs),
    lease: leaseMsLeft === null ? null : { msLeft: leaseMsLeft },
    clock: toClock(clock, nowUs),
    forgot: toRedisLoss(reply.forgot),
  };
}

function toEntry(entry: DescribedEntry, isAbsent: boolean, nowUs: number) {
  const { bornUs, freshMs, lifeMs, asOf, payload, tags } = entry;
  const ageMs = Math.round(ageMsOf(entry, nowUs));
  return {
    bornAt: toIso(bornUs / US_PER_MS),
    ageMs,
    freshMsLeft: freshMs - ageMs,
    msLeft: lifeMs - ageMs,
    asOf: toKnownTime(asOf),
    isAbsent,
    bytes: bytesOf(payload),
    tags: [...tags],
  };
}

function toClock({ state, time }: DescribedClock, nowUs: number) {
  return { state, last: toTime(time), redisTime: toIso(nowUs / US_PER_MS) };
}

function toTag({ tag, state, time, ends }: ExplainedTag, epoch: string | undefined) {
  const ofEpoch = time?.epoch === epoch ? ('current' as const) : ('other-epoch' as const);
  return {
    tag,
    state: state === 'known' ? ofEpoch : state,
    lastInvalidation: toTime(time),
    invalidates: ends.map((tier) => TIER_NAMES[tier]),
  };
}

function toTime(time: LogicalTime | null | undefined): ReturnType<typeof toKnownTime> | null {
  return time ? toKnownTime(time) : null;
}

function toKnownTime({ epoch, n }: LogicalTime) {
  return { epoch, n, at: dateOf({ epoch, n }).toISOString() };
}

function toIso(ms: number): string {
  return new Date(ms).toISOString();
}

function bytesOf(text: string): number {
  return new TextEncoder().encode(text).byteLength;
}

/** Shows why a URL gives the account number that it gives. */
export function toExplainedUrl({
  path,
  route,
  explained,
  nowMs,
}: {
  path: string;
  route: string;
  explained: ExplainedAccountNumber;
  nowMs: number;
}): ExplainedUrl {
  const { accountNumber, reason, labels } = explained;
  const answer = { tier: null, because: [urlReasonOf(explained)] };
  return { path, route, at: toIso(nowMs), answer, accountNumber, reason, labels: [...labels] };
}
