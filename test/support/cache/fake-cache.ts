import { makeBreaker } from '../../../src/cache/breaker.ts';
import type { Cache, Origin } from '../../../src/cache/cache.ts';
import { makeCounts } from '../../../src/cache/counts/counts.ts';
import type { LookUp, ReadDemands } from '../../../src/cache/look-up.ts';
import type { LogicalTime } from '../../../src/cache/logical-time.ts';
import { makeMemory } from '../../../src/cache/memory/memory.ts';
import { readThrough as readDefined } from '../../../src/cache/read-through.ts';
import { makeSeal } from '../../../src/cache/shared/seal.ts';
import type { SharedDescription } from '../../../src/cache/shared/description.ts';
import type { Fill, SharedRead, SharedStore } from '../../../src/cache/shared/shared-store.ts';
import { type FakeClock, makeFakeClock } from './fake-clock.ts';

export const epoch = '0123456789abcdef';
export const at = (n: number): LogicalTime => ({ epoch, n });

/** A shared store that answers what the test says next, and records what it was asked. */
export interface FakeShared extends SharedStore {
  /** The answers of the next reads: a value, an error to reject with, or a promise. By default a miss with a growing as-of. */
  next: (SharedRead | Error | Promise<SharedRead>)[];
  readonly reads: { key: string; mode: string; least: LogicalTime | null }[];
  readonly fills: Fill[];
  readonly invalidated: string[][];
  /** The answer of every description. */
  description: SharedDescription;
  /** Polls of the log. */
  follows: number;
  released: number;
  /** What was noted of drains. */
  readonly forgotten: string[][];
  readonly notedDrains: (readonly [lease: string | null, agoMs: number])[];
  /** Rejects every call while set. */
  failure: Error | null;
}

/** An origin whose every failure is an outage, until a probe is answered. */
export interface FakeOrigin extends Origin {
  probes: number;
  /** Rejects every probe while set. */
  failure: Error | null;
}

export interface FakeCache extends Cache {
  readonly clock: FakeClock;
  readonly origin: FakeOrigin;
  readonly shared: FakeShared;
  readonly logged: string[];
  /** Promises handed to waitUntil. */
  readonly pending: Promise<unknown>[];
}

function makeFakeShared(): FakeShared {
  let n = 0;
  const fake: FakeShared = {
    next: [],
    reads: [],
    fills: [],
    invalidated: [],
    description: {
      name: 'entry:user:1',
      nowUs: 1_000_000_000,
      clock: { state: 'none', time: null },
      entry: 'none',
      leaseMsLeft: null,
      tags: [{ tag: 'everything', state: 'none', time: null }],
    },
    follows: 0,
    released: 0,
    forgotten: [],
    notedDrains: [],
    failure: null,
    async read(key, _owner, mode, least) {
      fake.reads.push({ key, mode, least });
      if (fake.failure) throw fake.failure;
      const answer = await (fake.next.shift() ?? { status: 'load', asOf: at(++n), stale: null });
      if (answer instanceof Error) throw answer;
      return answer;
    },
    async follow() {
      fake.follows += 1;
      if (fake.failure) throw fake.failure;
    },
    async fill(_key, _owner, fill) {
      if (fake.failure) throw fake.failure;
      fake.fills.push(fill);
      return 'stored';
    },
    async release() {
      fake.released += 1;
      return 'released';
    },
    async invalidate(tags) {
      if (fake.failure) throw fake.failure;
      fake.invalidated.push([...tags]);
      return at(1_000 + fake.invalidated.length);
    },
    async forget(tags) {
      if (fake.failure) throw fake.failure;
      fake.forgotten.push([...tags]);
      return { next: '0', deleted: 0 };
    },
    async noteDrain(lease, agoMs) {
      if (fake.failure) throw fake.failure;
      fake.notedDrains.push([lease, agoMs]);
    },
    async describe() {
      if (fake.failure) throw fake.failure;
      return fake.description;
    },
    async readCounts() {
      if (fake.failure) throw fake.failure;
      return { nowMs: 0, minutes: [] };
    },
  };
  return fake;
}

function makeFakeOrigin(): FakeOrigin {
  const fake: FakeOrigin = {
    probes: 0,
    failure: null,
    async probe() {
      fake.probes += 1;
      if (fake.failure) throw fake.failure;
    },
    isAway: (error) => !(error instanceof TypeError),
  };
  return fake;
}

export function makeFakeCache({ lifeMs = 0 } = {}): FakeCache {
  const logged: string[] = [];
  const pending: Promise<unknown>[] = [];
  const note = (event: string) => void logged.push(event);
  return {
    memory: makeMemory({ maxBytes: 2 ** 20, ttlMs: 5_000, lifeMs }),
    inFlight: new Map(),
    breaker: makeBreaker({ failures: 5, coolDownMs: 1_000 }),
    originBreaker: makeBreaker({ failures: 5, coolDownMs: 1_000 }),
    seal: makeSeal('a secret', 'tests'),
    counts: makeCounts(),
    shared: makeFakeShared(),
    origin: makeFakeOrigin(),
    settings: {
      freshMs: 300_000,
      staleMs: 3_600_000,
      absentFreshMs: 30_000,
      redisDeadlineMs: 250,
      originDeadlineMs: 5_000,
    },
    clock: makeFakeClock(),
    log: { info: note, warn: note, error: note },
    logged,
    pending,
    waitUntil: (promise) => void pending.push(promise),
  };
}

/** A look-up whose origin answers the values in turn, the last one for ever; an error is thrown. */
export function lookUpOf<T>(...values: (T | Error | Promise<T>)[]): LookUp<T> & { readonly loads: number } {
  let loads = 0;
  return {
    kind: 0,
    key: 'user:1',
    // The tests' payloads are what the tests themselves stored.
    parse: (json) => json as T,
    get loads() {
      return loads;
    },
    async load() {
      const value = values[Math.min(loads++, values.length - 1)];
      if (value instanceof Error) throw value;
      return { value: (await value) as T, tags: ['user:1'] };
    },
  };
}

/** A hit in the shared store. */
export function sharedHit(value: unknown, asOf: LogicalTime): SharedRead {
  const entry = { payload: JSON.stringify(value), tags: ['user:1'], asOf, freshMsLeft: 240_000 };
  return { status: 'hit', entry, validAt: asOf };
}

/** A valid entry past its fresh life. */
export function sharedStale(value: unknown, asOf: LogicalTime, loadAsOf: LogicalTime): SharedRead {
  const entry = {
    payload: JSON.stringify(value),
    tags: ['user:1'],
    asOf,
    freshMsLeft: -100_000,
  };
  return { status: 'load', asOf: loadAsOf, stale: entry };
}

/** Reads one look-up of a test, through the door that all take. */
export function readThrough<T>(cache: Cache, lookUp: LookUp<T>, demands?: ReadDemands): Promise<T> {
  const definition = { ...lookUp, key: () => lookUp.key, load: () => lookUp.load() };
  return readDefined(cache, definition, undefined, undefined, demands);
}
