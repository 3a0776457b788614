import { expect, test } from 'vitest';
import { makeCacheOfMany } from '../../src/cache/cache-of-many.ts';
import type { LookUp } from '../../src/cache/look-up.ts';
import { withDeadline, withSharedTimers } from '../../src/cache/clock.ts';
import { scripts } from '../../src/cache/shared/scripts/scripts.ts';
import { makeSharedStore, type RunScript } from '../../src/cache/shared/shared-store.ts';
import { type FakeCache, makeFakeCache, readThrough } from '../support/cache/fake-cache.ts';
import { makeFakeClock, settle } from '../support/cache/fake-clock.ts';

const FIFTY = 50;
const AS_OF = '0123456789abcdef:7';

const lookUps = (load: (n: number) => Promise<number>): LookUp<number>[] =>
  Array.from({ length: FIFTY }, (_, n) => ({
    kind: 0,
    key: `n:${n}`,
    parse: Number,
    load: async () => ({ value: await load(n), tags: [`n:${n}`] }),
  }));

/** A cache over a Redis that answers each call as the test says, for each read by the number of its call and its place in it. */
function makeCache(answer: (call: number, place: number) => unknown[]) {
  const fake = makeFakeCache();
  const calls: number[] = [];
  const run: RunScript = async (script, keys) => {
    if (script === scripts.fill) return 'released';
    const reads = (keys.length - 1) / 2;
    calls.push(reads);
    return Array.from({ length: reads }, (_, place) => answer(calls.length, place));
  };
  const shared = makeSharedStore(run, { databaseId: 'x', variant: '1', leaseMs: 2_000 });
  return { fake, calls, cache: makeCacheOfMany({ ...fake, shared }) };
}

const load = ['load', AS_OF, '', '', '', '0'];
const busy = ['busy', AS_OF, '', '', '', '0'];
const hit = ['hit', AS_OF, AS_OF, '7', 'n:7', '1000'];

const failures = ({ breaker, originBreaker, clock }: FakeCache) => ({
  redis: breaker.describe(clock.now()).failuresInARow,
  postgres: originBreaker.describe(clock.now()).failuresInARow,
});

test('a read that memory cannot answer has asked the shared store when its call returns', () => {
  const cache = makeFakeCache();
  const [lookUp] = lookUps(async () => 1);
  if (!lookUp) throw new Error('there are fifty');
  for (const demands of [{}, { maxAgeMs: 0 }, { reload: true }, { token: { unsharedSinceMs: 1 } }]) {
    const before = cache.shared.reads.length;
    void readThrough(cache, { ...lookUp, key: JSON.stringify(demands) }, demands);
    expect(cache.shared.reads).toHaveLength(before + 1);
  }
});

test('fifty reads that find others loading ask again in one call after each wait, and then load', async () => {
  const { fake, calls, cache } = makeCache((call, place) => (call === 2 && place < 20 ? hit : busy));
  const loaded: number[] = [];
  const answers = Promise.all(
    lookUps(async (n) => loaded.push(n)).map((lookUp) => readThrough(cache, lookUp)),
  );
  await fake.clock.advance(19);
  expect(calls).toEqual([FIFTY]);
  await fake.clock.advance(1);
  expect(calls).toEqual([FIFTY, FIFTY]);
  await fake.clock.advance(60 + 120);
  expect(calls).toEqual([FIFTY, FIFTY, FIFTY - 20, FIFTY - 20]);
  await answers;
  expect(loaded).toHaveLength(FIFTY - 20);
});

test('a call that fails is one failure of the shared store and one line in the log, and every read loads', async () => {
  const { fake, cache } = makeCache(() => {
    throw new Error('Redis did not answer');
  });
  await Promise.all(lookUps(async (n) => n).map((lookUp) => readThrough(cache, lookUp)));
  expect(failures(fake)).toEqual({ redis: 1, postgres: 0 });
  expect(fake.logged).toEqual(['shared_store_failed']);
});

test('a call that hangs until the deadline is one failure too', async () => {
  const fake = makeFakeCache();
  const shared = makeSharedStore(() => new Promise(() => {}), { databaseId: 'x', variant: '1', leaseMs: 1 });
  const cache = makeCacheOfMany({ ...fake, shared });
  const answers = Promise.all(lookUps(async (n) => n).map((lookUp) => readThrough(cache, lookUp)));
  await fake.clock.advance(250);
  await answers;
  expect(failures(fake)).toEqual({ redis: 1, postgres: 0 });
});

test('a batch that fails is one failure of the origin, and another one once it has answered', async () => {
  const { fake, cache } = makeCache(() => load);
  const fail = async () => {
    const failing = lookUps(async () => {
      throw new Error('away');
    });
    const answers = await Promise.allSettled(failing.map((lookUp) => readThrough(cache, lookUp)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set(['rejected']));
  };
  await fail();
  expect(failures(fake)).toEqual({ redis: 0, postgres: 1 });
  await fail();
  expect(failures(fake)).toEqual({ redis: 0, postgres: 1 });
  await Promise.all(lookUps(async (n) => n).map((lookUp) => readThrough(cache, lookUp)));
  expect(failures(fake)).toEqual({ redis: 0, postgres: 0 });
  await fake.clock.advance(5_001);
  await fail();
  expect(failures(fake)).toEqual({ redis: 0, postgres: 1 });
});

test('without it fifty reads that fail together would open the breaker', async () => {
  const fake = makeFakeCache();
  fake.shared.failure = new Error('away');
  await Promise.all(lookUps(async (n) => n).map((lookUp) => readThrough(fake, lookUp)));
  expect(fake.breaker.describe(fake.clock.now()).state).toBe('open');
});

test('shared timers call back in one turn, and what was cancelled not at all', async () => {
  const clock = makeFakeClock();
  let real = 0;
  const counting = {
    ...clock,
    after: (ms: number, callback: () => void) => {
      real += 1;
      return clock.after(ms, callback);
    },
  };
  const shared = withSharedTimers(counting);
  const turns: string[] = [];
  const note = (name: string) => () => {
    turns.push(name);
    void Promise.resolve().then(() => turns.push(`after ${name}`));
  };
  shared.after(5, note('a'));
  const cancel = shared.after(5, note('cancelled'));
  shared.after(5, note('b'));
  shared.after(6, note('later'));
  cancel();
  expect(real).toBe(2);
  await clock.advance(5);
  expect(turns).toEqual(['a', 'b', 'after a', 'after b']);
  shared.after(0, note('c'));
  cancel();
  await clock.advance(1);
  expect(turns.slice(4)).toEqual(['c', 'after c', 'later', 'after later']);
});

test('timers of one turn share one though the clock goes on in it, and those of a later turn do not', async () => {
  const clock = makeFakeClock();
  let [aheadMs, started] = [0, 0];
  const shared = withSharedTimers({
    now: () => clock.now() + aheadMs++,
    after: (ms, callback) => {
      started += 1;
      return clock.after(ms, callback);
    },
  });
  for (let n = 0; n < 6; n++) shared.after(20, () => {});
  expect(started).toBe(1);
  shared.after(20, () => {});
  expect(started).toBe(2);
});

test('the last who cancels a shared timer ends it', async () => {
  const clock = makeFakeClock();
  const cancelled: number[] = [];
  const shared = withSharedTimers({
    now: clock.now,
    after(ms, callback) {
      const cancel = clock.after(ms, callback);
      return () => {
        cancelled.push(ms);
        cancel();
      };
    },
  });
  const answers = [1, 2, 3].map((n) => withDeadline(shared, 250, Promise.resolve(n)));
  expect(await Promise.all(answers)).toEqual([1, 2, 3]);
  await settle();
  expect(cancelled).toEqual([250]);
});
