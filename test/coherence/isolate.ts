import type { Cache, IsolateCache } from '../../src/cache/cache.ts';
import type { Clock } from '../../src/cache/clock.ts';
import { type LogicalTime, parseLogicalTime } from '../../src/cache/logical-time.ts';
import { makeCounts } from '../../src/cache/counts/counts.ts';
import { makeSeal } from '../../src/cache/shared/seal.ts';
import type { Script } from '../../src/cache/shared/scripts/script.ts';
import type { RunScript } from '../../src/cache/shared/shared-store.ts';
import type { CodeUnderTest } from './code-under-test.ts';
import type { Delay, Timeline } from './timeline.ts';
import type { VirtualRedis } from './virtual-redis.ts';

/** One isolate of the Worker. */
export interface Isolate {
  readonly name: string;
  readonly cache: IsolateCache;
  /** The newest time of Redis that it has seen. */
  readonly newest: { time: LogicalTime | null };
  /** The same, as the replies that have arrived tell it. */
  received: LogicalTime | null;
}

/** The course of one call of Redis. */
export interface Call {
  /** The time until Redis runs the script. It runs even if the request has died by then. */
  readonly outMs?: Delay;
  /** The time from then until the reply arrives. */
  readonly backMs?: Delay;
  /** The request: Redis never runs it. The reply: it does, but the caller hears of an error. */
  readonly lost?: 'request' | 'reply';
}

/** The course of the calls of one request, by script. */
export interface Calls {
  readonly read?: Call;
  readonly fill?: Call;
  readonly invalidate?: Call;
}

/** A request in an isolate. Once it is dead its timers and promises never come back. */
export interface Request {
  readonly isolate: Isolate;
  readonly cache: Cache;
  readonly clock: Clock;
  readonly isAlive: () => boolean;
  /** Resolves after the delay, if the request still lives then. */
  pause(delay: Delay | undefined): Promise<void>;
  die(): void;
}

export const MEMORY_MS = 5_000;
export const MEMORY_LIFE_MS = 300_000;
export const FRESH_MS = 300_000;
export const ORIGIN_DEADLINE_MS = 5_000;
const REDIS_DEADLINE_MS = 250;
const LEASE_MS = 2_000;
export const VARIANT = 'v';

const silentLog = { info() {}, warn() {}, error() {} };

export function makeIsolate(code: CodeUnderTest, name: string, lifeMs: number): Isolate {
  const memory = code.makeMemory({
    maxBytes: 2 ** 20,
    ttlMs: MEMORY_MS,
    lifeMs,
    deadlineMs: REDIS_DEADLINE_MS,
  });
  return {
    name,
    newest: { time: null },
    received: null,
    cache: {
      memory,
      inFlight: new Map(),
      breaker: code.makeBreaker({ failures: 5, coolDownMs: 1_000 }),
      // It would only make loads fail, which they do by themselves, and then reads that no load failed.
      originBreaker: code.makeBreaker({ failures: Infinity, coolDownMs: 1_000 }),
      seal: makeSeal('a secret', 'the lab'),
      counts: makeCounts(),
    },
  };
}

/** A script that Redis has run. */
export interface ScriptRun {
  readonly kind: keyof Calls;
  readonly keys: readonly string[];
  readonly args: readonly string[];
  readonly reply: unknown;
  /** The isolate had received a later time, when it sent this, than the clock of Redis was at. */
  readonly isBehind: boolean;
}

/** The world that requests of all isolates share. */
export interface Surroundings {
  readonly code: CodeUnderTest;
  readonly timeline: Timeline;
  readonly redis: VirtualRedis;
  readonly databaseId: string;
  /** Called when Redis has run a script. */
  onScript(run: ScriptRun): void;
  /** Called when what a request left for afterwards was rejected. */
  onRejected(error: unknown): void;
}

export function startRequest(around: Surroundings, isolate: Isolate, calls: Calls): Request {
  const { code, databaseId, timeline } = around;
  let isAlive = true;
  const clock: Clock = {
    now: () => timeline.now(),
    after: (ms, callback) => timeline.after(ms, () => isAlive && callback()),
  };
  const pause = (delay: Delay | undefined): Promise<void> =>
    new Promise((resolve) => {
      timeline.after(delay ?? 0, () => isAlive && resolve());
    });
  const run = makeRun(around, isolate, calls, pause);
  const cache: Cache = {
    ...isolate.cache,
    shared: code.makeSharedStore(
      run,
      {
        databaseId,
        variant: VARIANT,
        leaseMs: LEASE_MS,
        newest: isolate.newest,
        log: isolate.cache.memory.validation,
      },
      clock,
    ),
    origin: { probe: async () => {}, isAway: () => true },
    settings: {
      freshMs: FRESH_MS,
      staleMs: 3_600_000,
      absentFreshMs: 30_000,
      redisDeadlineMs: REDIS_DEADLINE_MS,
      originDeadlineMs: ORIGIN_DEADLINE_MS,
    },
    clock,
    log: silentLog,
    waitUntil: (promise) => void promise.catch((error: unknown) => around.onRejected(error)),
  };
  return { isolate, cache, clock, isAlive: () => isAlive, pause, die: () => void (isAlive = false) };
}

function makeRun(around: Surroundings, isolate: Isolate, calls: Calls, pause: Request['pause']): RunScript {
  const { code, redis, timeline } = around;
  return async (script, keys, args) => {
    const kind = kindOf(code, script);
    const call = calls[kind] ?? {};
    const { received } = isolate;
    const execute = async (): Promise<unknown> => {
      if (call.lost === 'request') throw new Error('the request was lost');
      const { reply, clock } = await redis.run(script.text, keys, args);
      around.onScript({ kind, keys, args, reply, isBehind: isBehind(clock, received) });
      if (call.lost === 'reply') throw new Error('the reply was lost');
      return reply;
    };
    const outcome = await outcomeAt(around, call.outMs ?? 0, execute);
    await pause(call.backMs);
    if (outcome.status === 'rejected') throw outcome.reason;
    // The code has read the reply by then.
    timeline.after(0, () => noteReceived(isolate, kind, outcome.value));
    return outcome.value;
  };
}

function isBehind(clock: string, received: LogicalTime | null): boolean {
  const time = parseLogicalTime(clock);
  return time !== null && received !== null && time.n < received.n;
}

function noteReceived(isolate: Isolate, kind: keyof Calls, reply: unknown): void {
  for (const time of timesOf(kind, reply)) {
    const isOlder = isolate.received?.epoch === time.epoch && isolate.received.n > time.n;
    if (!isOlder) isolate.received = time;
  }
}

/** The times that a reply tells: a read of each answer the second part, an invalidation its only part or its first. */
function timesOf(kind: keyof Calls, reply: unknown): LogicalTime[] {
  if (kind === 'fill') return [];
  const parts = Array.isArray(reply) ? reply : [reply];
  const texts = kind === 'read' ? parts.map((answer: unknown) => Object(answer)[1]) : parts.slice(0, 1);
  return texts.flatMap((text: unknown) => parseLogicalTime(String(text)) ?? []);
}

// Time stands still while the engine works, but not while Redis hangs.
function outcomeAt(
  { redis, timeline }: Surroundings,
  delay: Delay,
  execute: () => Promise<unknown>,
): Promise<PromiseSettledResult<unknown>> {
  return new Promise((resolve) => {
    timeline.after(delay, async () => {
      if (redis.state === 'hanging') return;
      const [outcome] = await Promise.allSettled([execute()]);
      resolve(outcome);
    });
  });
}

function kindOf({ scripts }: CodeUnderTest, script: Script): keyof Calls {
  if (script === scripts.read) return 'read';
  return script === scripts.fill ? 'fill' : 'invalidate';
}
