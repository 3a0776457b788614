import { describe, expect, test } from 'vitest';
import type { ReadDemands } from '../../../src/cache/look-up.ts';
import { explain } from '../../../src/cache/explain/explain.ts';
import type {
  DescribedEntry,
  DescribedTag,
  SharedDescription,
} from '../../../src/cache/shared/description.ts';
import {
  at,
  epoch,
  type FakeCache,
  lookUpOf,
  makeFakeCache,
  sharedHit,
  readThrough,
} from '../../support/cache/fake-cache.ts';
import { settle } from '../../support/cache/fake-clock.ts';

const other = { epoch: 'f'.repeat(16), n: 1 };
const lookUp = lookUpOf('answer');
const explainRead = (cache: FakeCache, demands: ReadDemands = {}) => explain(cache, lookUp, demands);

const entry: DescribedEntry = {
  asOf: at(5),
  bornUs: 999_000_000,
  freshMs: 300_000,
  lifeMs: 3_900_000,
  tags: ['user:1'],
  payload: '"answer"',
};
const tagOf = (tag: string, time: DescribedTag['time']): DescribedTag => ({
  tag,
  state: time ? 'known' : 'none',
  time,
});

function cacheWith(stored: Partial<DescribedEntry>, more: Partial<SharedDescription> = {}): FakeCache {
  const cache = makeFakeCache();
  const clock = { state: 'known', time: at(9) } as const;
  cache.shared.description = { ...cache.shared.description, clock, entry: { ...entry, ...stored }, ...more };
  return cache;
}

/** A cache whose memory holds the answer as of 7. */
async function cacheWithMemory(): Promise<FakeCache> {
  const cache = makeFakeCache();
  cache.shared.next = [sharedHit('answer', at(7))];
  await readThrough(cache, lookUpOf('unused'));
  return cache;
}

describe('memory', () => {
  test('that holds nothing leaves the read to the origin', async () => {
    const { tier, memory, ifOriginFails } = await explainRead(makeFakeCache());
    expect({ tier, ifOriginFails }).toEqual({ tier: 'origin', ifOriginFails: 'unavailable' });
    expect(memory).toEqual({
      state: 'none',
      entry: null,
      validation: null,
      msLeft: 0,
      invalidatedBy: null,
    });
  });

  test('that holds a valid answer would answer, with or without the origin', async () => {
    const cache = await cacheWithMemory();
    await cache.clock.advance(2_000);
    const { tier, memory, ifOriginFails } = await explainRead(cache);
    expect({ tier, ifOriginFails }).toEqual({ tier: 'memory', ifOriginFails: 'same' });
    expect(memory).toMatchObject({ state: 'usable', msLeft: 3_000, entry: { asOf: at(7) } });
  });

  test('is expired after its lifetime', async () => {
    const cache = await cacheWithMemory();
    await cache.clock.advance(5_500);
    const { tier, memory } = await explainRead(cache);
    expect(tier).toBe('origin');
    expect(memory).toMatchObject({ state: 'expired', msLeft: -500 });
  });

  test('is invalidated by this isolate, and by which tag', async () => {
    const cache = await cacheWithMemory();
    cache.memory.invalidations.add(['user:1'], cache.clock.now());
    expect((await explainRead(cache)).memory).toMatchObject({
      state: 'invalidated',
      invalidatedBy: 'user:1',
    });
  });

  test('goes when the clock steps back', async () => {
    const cache = await cacheWithMemory();
    const now = cache.clock.now() - 2_000;
    const { memory } = await explain({ ...cache, clock: { ...cache.clock, now: () => now } }, lookUp, {});
    expect(memory.state).toBe('clock-stepped-back');
  });

  test.each<[string, ReadDemands]>([
    ['refused-by-no-cache', { reload: true }],
    ['refused-by-max-age', { maxAgeMs: 999 }],
    ['refused-by-max-age', { maxAgeMs: 0 }],
    ['refused-by-token', { token: at(8) }],
    ['refused-by-token', { token: other }],
    ['usable', { token: at(7), maxAgeMs: 1_000 }],
    ['usable', { token: { unsharedSinceMs: 0 - 24 * 3_600_000 } }],
  ])('is %s for the demands %j', async (state, demands) => {
    const cache = await cacheWithMemory();
    await cache.clock.advance(1_000);
    expect((await explainRead(cache, demands)).memory.state).toBe(state);
  });

  test('answers though Redis has invalidated it since, and the tag says so', async () => {
    const cache = await cacheWithMemory();
    const tags = [tagOf('everything', null), tagOf('user:1', at(8))];
    cache.shared.description = { ...cache.shared.description, tags };
    const explanation = await explainRead(cache);
    expect(explanation.tier).toBe('memory');
    expect(explanation.tags).toMatchObject([
      { tag: 'everything', ends: [] },
      { tag: 'user:1', ends: ['memory'] },
    ]);
  });
});

describe('a load', () => {
  function cacheWithLoad(): FakeCache {
    const cache = makeFakeCache();
    cache.shared.next = [new Promise(() => {})];
    readThrough(cache, lookUpOf('unused')).catch(() => {});
    return cache;
  }

  test('under way would be waited for', async () => {
    const cache = cacheWithLoad();
    await cache.clock.advance(100);
    const { tier, load, nowMs } = await explainRead(cache);
    expect(tier).toBe('load');
    expect(load).toEqual({ state: 'joinable', sentAtMs: nowMs - 100, asOf: undefined });
  });

  test.each<[string, ReadDemands]>([
    ['refused-by-no-cache', { reload: true }],
    ['refused-by-max-age', { maxAgeMs: 0 }],
    ['refused-by-token', { token: { unsharedSinceMs: 1_000_000 } }],
    ['joinable', { token: at(8) }],
  ])('is %s for the demands %j', async (state, demands) => {
    expect((await explainRead(cacheWithLoad(), demands)).load?.state).toBe(state);
  });

  test('that began before an invalidation of this isolate is not waited for', async () => {
    const cache = cacheWithLoad();
    cache.memory.invalidations.add(['user:2'], cache.clock.now());
    const { tier, load } = await explainRead(cache);
    expect([tier, load?.state]).toEqual(['origin', 'invalidated']);
  });

  test('of a request that died is too old', async () => {
    const cache = makeFakeCache();
    const dead = { ...cache, clock: { now: () => cache.clock.now(), after: () => () => {} } };
    readThrough(dead, lookUpOf<string>(new Promise(() => {}))).catch(() => {});
    await settle();
    await cache.clock.advance(5_000);
    expect((await explainRead(cache)).load?.state).toBe('too-old');
  });
});

describe('the shared store', () => {
  const judged = async (cache: FakeCache, demands: ReadDemands = {}) => {
    const { shared, tier, ifOriginFails } = await explainRead(cache, demands);
    return [shared.reply && shared.entryState, tier, ifOriginFails];
  };

  test('with a fresh entry would answer', async () => {
    expect(await judged(cacheWith({}))).toEqual(['fresh', 'shared', 'same']);
  });

  test('with an entry past its fresh life stands in only when the origin fails', async () => {
    const cache = cacheWith({ bornUs: 1_000_000_000 - 300_000_000 });
    expect(await judged(cache)).toEqual(['stale', 'origin', 'stale']);
  });

  test.each<[string, Partial<DescribedEntry>, Partial<SharedDescription>]>([
    ['expired', { lifeMs: 1_000 }, {}],
    ['other-epoch', { asOf: other }, {}],
    ['other-epoch', {}, { clock: { state: 'none', time: null } }],
    ['other-epoch', { freshMs: 1 }, { clock: { state: 'spent', time: at(9) } }],
    ['ahead', { asOf: at(10) }, {}],
    ['invalidated', {}, { tags: [tagOf('user:1', at(5))] }],
    ['invalidated', {}, { tags: [tagOf('everything', at(6))] }],
    ['invalidated', {}, { tags: [{ tag: 'user:1', state: 'unreadable', time: null }] }],
    ['unreadable', { payload: '{"id":' }, {}],
    ['unreadable', { payload: '{"id":', freshMs: 1 }, {}],
    ['unreadable', {}, { entry: 'unreadable' }],
    ['none', {}, { entry: 'none' }],
  ])('with an entry that is %s answers nothing: %j %j', async (state, stored, more) => {
    expect(await judged(cacheWith(stored, more))).toEqual([state, 'origin', 'unavailable']);
  });

  test.each<[DescribedTag[]]>([
    [[tagOf('user:1', at(4))]],
    [[tagOf('user:1', other)]],
    [[tagOf('user:2', at(8))]],
    [[{ tag: 'user:2', state: 'unreadable', time: null }]],
  ])('with the tags %j has a valid entry', async (tags) => {
    expect(await judged(cacheWith({}, { tags }))).toEqual(['fresh', 'shared', 'same']);
  });

  test.each<[string, ReadDemands]>([
    ['refused-by-no-cache', { reload: true }],
    ['refused-by-token', { token: at(6) }],
    ['refused-by-token', { token: other }],
    ['refused-by-token', { token: { unsharedSinceMs: 1_000_000 } }],
  ])('has an entry that is %s for the demands %j', async (state, demands) => {
    expect(await judged(cacheWith({}), demands)).toEqual([state, 'origin', 'unavailable']);
  });

  test('answers a token that its entry satisfies, and whatever memory’s age may be', async () => {
    expect(await judged(cacheWith({}), { token: at(5), maxAgeMs: 0 })).toEqual(['fresh', 'shared', 'same']);
  });

  test('that is away leaves the read to the origin, without a stale entry', async () => {
    const cache = makeFakeCache();
    cache.shared.failure = new Error('away');
    const { shared, tier, ifOriginFails, tags } = await explainRead(cache);
    expect(shared).toMatchObject({ reply: null, failure: 'unavailable' });
    expect({ tier, ifOriginFails, tags }).toEqual({
      tier: 'origin',
      ifOriginFails: 'unavailable',
      tags: [],
    });
  });

  test('that hangs is told to be late, at the deadline', async () => {
    const cache = makeFakeCache();
    const shared = { ...cache.shared, describe: () => new Promise<never>(() => {}) };
    const explaining = explain({ ...cache, shared }, lookUp, {});
    await cache.clock.advance(250);
    expect((await explaining).shared).toEqual({ reply: null, failure: 'timeout', ms: 250 });
  });

  test('is described behind an open breaker, though the read would not ask it', async () => {
    const cache = cacheWith({});
    for (let failures = 0; failures < 5; failures++) cache.breaker.failed(0, cache.clock.now());
    const { shared, tier, ifOriginFails, breaker } = await explainRead(cache);
    expect(shared).toMatchObject({ entryState: 'fresh' });
    expect({ tier, ifOriginFails }).toEqual({ tier: 'origin', ifOriginFails: 'unavailable' });
    expect(breaker.state).toBe('open');
  });
});

describe('an origin that is known to be away', () => {
  function openOriginBreaker(cache: FakeCache): void {
    for (let failures = 0; failures < 5; failures++) cache.originBreaker.failed(0, cache.clock.now());
  }

  test('answers nothing, and where nothing stands in nobody does', async () => {
    const cache = makeFakeCache();
    openOriginBreaker(cache);
    const { tier, ifOriginFails, originBreaker } = await explainRead(cache);
    expect({ tier, ifOriginFails }).toEqual({ tier: null, ifOriginFails: 'unavailable' });
    expect(originBreaker).toMatchObject({ state: 'open', failuresInARow: 5 });
  });

  test('leaves a valid entry past its fresh life to stand in', async () => {
    const cache = cacheWith({ freshMs: 0 });
    openOriginBreaker(cache);
    const { tier, ifOriginFails } = await explainRead(cache);
    expect({ tier, ifOriginFails }).toEqual({ tier: 'shared', ifOriginFails: 'stale' });
  });

  test('keeps no fresh entry from answering', async () => {
    const cache = cacheWith({});
    openOriginBreaker(cache);
    expect((await explainRead(cache)).tier).toBe('shared');
  });
});

describe('an explanation', () => {
  test('reads, loads, fills and leases nothing', async () => {
    const cache = makeFakeCache();
    const own = lookUpOf('answer');
    await explain(cache, own, {});
    expect(own.loads).toBe(0);
    expect(cache.shared).toMatchObject({ reads: [], fills: [], invalidated: [], released: 0 });
    expect([cache.inFlight.size, cache.pending.length]).toEqual([0, 0]);
  });

  test('leaves hits and life of a memory entry as they are', async () => {
    const cache = await cacheWithMemory();
    await cache.clock.advance(4_500);
    const before = structuredClone(cache.memory.peek('user:1', cache.clock.now()));
    for (let times = 0; times < 5; times++) await explainRead(cache);
    expect(cache.memory.peek('user:1', cache.clock.now())).toEqual(before);
    expect(cache.inFlight.size).toBe(0);
  });

  test('neither opens the breaker nor closes it nor takes its probe', async () => {
    const cache = makeFakeCache();
    cache.shared.failure = new Error('away');
    for (let times = 0; times < 9; times++) await explainRead(cache);
    expect(cache.breaker.describe(cache.clock.now())).toMatchObject({ state: 'closed', failuresInARow: 0 });
    for (let failures = 0; failures < 5; failures++) cache.breaker.failed(0, cache.clock.now());
    await cache.clock.advance(1_000);
    cache.shared.failure = null;
    await explainRead(cache);
    expect(cache.breaker.describe(cache.clock.now())).toMatchObject({ state: 'open', msUntilProbe: 0 });
  });

  test('takes no position in the order of reads and invalidations', async () => {
    const cache = makeFakeCache();
    const before = cache.memory.invalidations.nextOrder();
    await explainRead(cache, { token: { epoch, n: 1 } });
    expect(cache.memory.invalidations.nextOrder()).toBe(before + 1);
  });
});
