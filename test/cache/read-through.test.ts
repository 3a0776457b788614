import { describe, expect, test } from 'vitest';
import type { ReadDemands, Trace } from '../../src/cache/look-up.ts';
import { sleep } from '../../src/cache/clock.ts';
import { OriginRefused, OriginUnavailable } from '../../src/cache/errors.ts';
import { invalidate } from '../../src/cache/invalidate.ts';
import {
  at,
  epoch,
  type FakeCache,
  lookUpOf,
  makeFakeCache,
  sharedHit,
  sharedStale,
  readThrough,
} from '../support/cache/fake-cache.ts';
import { settle } from '../support/cache/fake-clock.ts';

test('a miss loads once, fills, and is a memory hit afterwards', async () => {
  const cache = makeFakeCache();
  const lookUp = lookUpOf({ id: 1 });
  expect(await readThrough(cache, lookUp)).toEqual({ id: 1 });
  expect(await readThrough(cache, lookUp)).toEqual({ id: 1 });
  expect(lookUp.loads).toBe(1);
  expect(cache.shared.reads).toHaveLength(1);
  expect(cache.shared.fills).toMatchObject([
    { asOf: at(1), payload: '{"id":1}', tags: ['user:1'], freshMs: 300_000, staleMs: 3_600_000 },
  ]);
});

test('a shared hit answers without a load and without a fill', async () => {
  const cache = makeFakeCache();
  cache.shared.next = [sharedHit({ id: 1 }, at(7))];
  const lookUp = lookUpOf({ id: 'loaded' });
  expect(await readThrough(cache, lookUp)).toEqual({ id: 1 });
  expect(lookUp.loads).toBe(0);
  expect(cache.shared.fills).toHaveLength(0);
});

test('an absent answer is cached, for its shorter life and with no stale part', async () => {
  const cache = makeFakeCache();
  const lookUp = lookUpOf(null);
  expect(await readThrough(cache, lookUp)).toBeNull();
  expect(await readThrough(cache, lookUp)).toBeNull();
  expect(lookUp.loads).toBe(1);
  expect(cache.shared.fills).toMatchObject([{ payload: 'null', freshMs: 30_000, staleMs: 0 }]);
});

test('a look-up may keep its absent answers out of memory: each is read again, and takes the place of what was kept', async () => {
  const cache = makeFakeCache();
  const lookUp = { ...lookUpOf<string | null>('a', null, null, 'b'), forgetsAbsent: true };
  expect(await readThrough(cache, lookUp)).toBe('a');
  expect(await readThrough(cache, lookUp)).toBe('a');
  expect(await readThrough(cache, lookUp, { maxAgeMs: 0 })).toBeNull();
  const trace: Trace = {};
  expect(await readThrough(cache, lookUp, { trace })).toBeNull();
  expect(trace.memory).toMatchObject({ hit: false, stored: false });
  expect(cache.memory.peek('user:1', cache.clock.now())).toBeUndefined();
  expect(await readThrough(cache, lookUp)).toBe('b');
  expect(await readThrough(cache, lookUp)).toBe('b');
  expect(cache.shared.reads).toHaveLength(4);
  expect(cache.shared.fills.map(({ freshMs }) => freshMs)).toEqual([300_000, 30_000, 30_000, 300_000]);
});

test('memory ends five seconds after the read of the shared store was sent', async () => {
  const cache = makeFakeCache();
  const lookUp = lookUpOf('a', 'b');
  await readThrough(cache, lookUp);
  await cache.clock.advance(4_999);
  expect(await readThrough(cache, lookUp)).toBe('a');
  await cache.clock.advance(1);
  expect(await readThrough(cache, lookUp)).toBe('b');
});

test('readers of one cold key share one load', async () => {
  const cache = makeFakeCache();
  const lookUp = lookUpOf('a');
  const answers = await Promise.all(Array.from({ length: 100 }, () => readThrough(cache, lookUp)));
  expect(new Set(answers)).toEqual(new Set(['a']));
  expect(lookUp.loads).toBe(1);
  expect(cache.shared.reads).toHaveLength(1);
});

test('those who wait on the load of a request that died share one of their own', async () => {
  const cache = makeFakeCache();
  // A request that died calls nothing back: neither its load nor its timers.
  const dead = { ...cache, clock: { now: () => cache.clock.now(), after: () => () => {} } };
  const lookUp = lookUpOf<string>(new Promise(() => {}), 'b', 'c');
  void readThrough(dead, lookUp);
  await settle();
  const waiting = Array.from({ length: 100 }, () => readThrough(cache, lookUp));
  await cache.clock.advance(5_100);
  expect(new Set(await Promise.all(waiting))).toEqual(new Set(['b']));
  expect(lookUp.loads).toBe(2);
});

test('an origin that hangs costs a thousand callers one load and one deadline', async () => {
  const cache = makeFakeCache();
  cache.shared.next = [sleep(cache.clock, 5).then(() => ({ status: 'load', asOf: at(1), stale: null }))];
  const lookUp = lookUpOf<string>(new Promise(() => {}));
  const reads = Array.from({ length: 1_000 }, () =>
    readThrough(cache, lookUp).catch((error: Error) => error.name),
  );
  await cache.clock.advance(5_000);
  expect(new Set(await Promise.all(reads))).toEqual(new Set(['OriginUnavailable']));
  expect(lookUp.loads).toBe(1);
});

test('a plain read does not share the failure of one that asked for more', async () => {
  const cache = makeFakeCache();
  const token = { unsharedSinceMs: cache.clock.now() };
  let fail = (_error: Error): void => {};
  const lookUp = lookUpOf(new Promise<string>((_resolve, reject) => (fail = reject)));
  const demanding = readThrough(cache, lookUp, { token }).catch((error: Error) => error.name);
  await settle();
  cache.shared.next = [sharedHit('shared', at(9))];
  const plain = readThrough(cache, lookUp);
  await settle();
  fail(new Error('down'));
  expect(await demanding).toBe('OriginUnavailable');
  expect(await plain).toBe('shared');
});

test('reads with the same token share one load', async () => {
  const cache = makeFakeCache();
  const lookUp = lookUpOf('a');
  const reads = Array.from({ length: 1_000 }, () => readThrough(cache, lookUp, { token: at(1) }));
  expect(new Set(await Promise.all(reads))).toEqual(new Set(['a']));
  expect(lookUp.loads).toBe(1);
  expect(cache.shared.reads).toHaveLength(1);
});

test('reads with the same token share the failure of one load', async () => {
  const cache = makeFakeCache();
  const lookUp = lookUpOf<string>(new Error('down'));
  const reads = Array.from({ length: 200 }, () =>
    readThrough(cache, lookUp, { token: at(1) }).catch((error: Error) => error.name),
  );
  expect(new Set(await Promise.all(reads))).toEqual(new Set(['OriginUnavailable']));
  expect(lookUp.loads).toBe(1);
});

test('whoever joins a load that ends in a stale answer is told so', async () => {
  const cache = makeFakeCache();
  cache.shared.next = [sharedStale('old', at(1), at(9))];
  const trace: Trace = {};
  const lookUp = lookUpOf(new Error('down'));
  const reads = [readThrough(cache, lookUp), readThrough(cache, lookUp, { trace })];
  expect(await Promise.all(reads)).toEqual(['old', 'old']);
  expect(trace).toMatchObject({ memory: { collapsed: true }, shared: { detail: 'stale-if-error' } });
});

test('a load that does not settle within its deadline is an outage to its caller and to nobody afterwards', async () => {
  const cache = makeFakeCache();
  const lookUp = lookUpOf<string>(new Promise(() => {}), 'b');
  const read = readThrough(cache, lookUp).catch((error: Error) => error.name);
  await cache.clock.advance(5_000);
  expect(await read).toBe('OriginUnavailable');
  expect(await readThrough(cache, lookUp)).toBe('b');
});

test('a load that is past its deadline is not joined', async () => {
  const cache = makeFakeCache();
  cache.shared.next = [new Promise(() => {})];
  const lookUp = lookUpOf('a');
  const first = readThrough(cache, lookUp);
  await cache.clock.advance(250);
  expect(await first).toBe('a');
  expect(cache.inFlight.size).toBe(0);
});

test('a load that hangs since an outage fails nobody who comes 2 s later', async () => {
  const cache = makeFakeCache();
  const lookUp = lookUpOf<string>(new Promise(() => {}), 'b');
  const first = readThrough(cache, lookUp).catch((error: Error) => error.name);
  await cache.clock.advance(1_999);
  const second = readThrough(cache, lookUp).catch((error: Error) => error.name);
  await cache.clock.advance(1);
  expect(await readThrough(cache, lookUp)).toBe('b');
  await cache.clock.advance(3_000);
  expect(await Promise.all([first, second])).toEqual(['OriginUnavailable', 'OriginUnavailable']);
});

test('an answer with a tag that is none is an outage, and nothing keeps it', async () => {
  const cache = makeFakeCache();
  Object.assign(cache.origin, { isTag: (text: string) => text !== 'user:NaN' });
  const load = async () => ({ value: { id: 1 }, tags: ['user:1', 'user:NaN'] });
  await expect(readThrough(cache, { kind: 0, key: 'k', parse: (json) => json, load })).rejects.toThrow(
    OriginUnavailable,
  );
  expect(cache.shared.fills).toEqual([]);
  expect(cache.memory.get('k', cache.clock.now())).toBeUndefined();
});

test('a write with a tag that is none is confirmed by no logical time, and ends everything behind its answer', async () => {
  const cache = makeFakeCache();
  Object.assign(cache.origin, { isTag: (text: string) => text !== '' });
  await readThrough(cache, lookUpOf('kept'));
  const told = Promise.withResolvers<never>();
  cache.shared.invalidate = async (tags) => {
    cache.shared.invalidated.push([...tags]);
    return told.promise;
  };
  expect(await invalidate(cache, ['user:1', ''])).toEqual({ unsharedSinceMs: cache.clock.now() });
  expect(cache.shared.invalidated).toEqual([['everything']]);
  const next = lookUpOf('new');
  expect(await readThrough(cache, next)).toBe('new');
});

test('what the origin refuses for good is no outage', async () => {
  const cache = makeFakeCache();
  Object.assign(cache.origin, { isRefusal: () => true });
  const load = () => Promise.reject(new Error('refused'));
  await expect(readThrough(cache, { kind: 0, key: 'k', parse: (json) => json, load })).rejects.toThrow(
    OriginRefused,
  );
});

test('values are frozen through and through', async () => {
  const cache = makeFakeCache();
  const value = await readThrough(cache, lookUpOf({ account: { id: 1 } }));
  expect(() => Object.assign(value.account, { id: 2 })).toThrow(TypeError);
});

test('a shared store that throws is a miss, and the answer still enters memory', async () => {
  const cache = makeFakeCache();
  cache.shared.failure = new Error('ECONNREFUSED');
  const lookUp = lookUpOf('a');
  expect(await readThrough(cache, lookUp)).toBe('a');
  expect(await readThrough(cache, lookUp)).toBe('a');
  expect(lookUp.loads).toBe(1);
});

test('a shared store that hangs costs its deadline and no more', async () => {
  const cache = makeFakeCache();
  cache.shared.next = [new Promise(() => {})];
  const answer = readThrough(cache, lookUpOf('a'));
  await cache.clock.advance(250);
  expect(await answer).toBe('a');
});

test('an open breaker does not ask the shared store', async () => {
  const cache = makeFakeCache();
  cache.shared.failure = new Error('ECONNREFUSED');
  const trace: Trace = {};
  for (let i = 0; i < 6; i++) await readThrough(cache, { ...lookUpOf('a'), key: `user:${i}` }, { trace });
  expect(cache.shared.reads).toHaveLength(5);
  expect(trace.shared).toMatchObject({ hit: false, detail: 'breaker-open' });
});

async function openOriginBreaker(cache: FakeCache): Promise<void> {
  for (let i = 0; i < 5; i++) {
    const failing = { ...lookUpOf(new Error('down')), key: `failing:${i}` };
    await readThrough(cache, failing).catch(() => {});
  }
}

test('a shared store that is back is found out behind an answer, and asked again', async () => {
  const cache = makeFakeCache();
  cache.shared.failure = new Error('ECONNREFUSED');
  for (let i = 0; i < 5; i++) await readThrough(cache, { ...lookUpOf('a'), key: `user:${i}` });
  cache.shared.failure = null;
  await cache.clock.advance(1_000);
  expect(await readThrough(cache, { ...lookUpOf('b'), key: 'user:5' })).toBe('b');
  expect(cache.shared.reads).toHaveLength(5);
  await Promise.all(cache.pending);
  await readThrough(cache, { ...lookUpOf('c'), key: 'user:6' });
  expect(cache.shared.reads).toHaveLength(6);
});

test('an origin that is away is not asked: a valid old entry answers at once, and nothing is an outage', async () => {
  const cache = makeFakeCache();
  await openOriginBreaker(cache);
  const lookUp = lookUpOf('loaded');
  cache.shared.next = [sharedStale('old', at(1), at(9))];
  const trace: Trace = {};
  expect(await readThrough(cache, lookUp, { trace })).toBe('old');
  expect(trace.origin).toBeUndefined();
  await expect(readThrough(cache, lookUp)).rejects.toThrow('did not answer');
  expect(lookUp.loads).toBe(0);
});

test('an origin that is back is found out behind an answer, and asked again', async () => {
  const cache = makeFakeCache();
  await openOriginBreaker(cache);
  cache.origin.failure = new Error('down');
  await cache.clock.advance(1_000);
  const lookUp = lookUpOf('a');
  await expect(readThrough(cache, lookUp)).rejects.toThrow('did not answer');
  await expect(readThrough(cache, lookUp)).rejects.toThrow('did not answer');
  expect(cache.origin.probes).toBe(1);
  cache.origin.failure = null;
  await cache.clock.advance(1_000);
  await expect(readThrough(cache, lookUp)).rejects.toThrow('did not answer');
  await Promise.all(cache.pending);
  expect(await readThrough(cache, lookUp)).toBe('a');
  expect(cache.origin.probes).toBe(2);
});

test('a load that fails for a reason of its own does not keep others from loading', async () => {
  const cache = makeFakeCache();
  const failing = lookUpOf(new TypeError('a row that cannot be read'));
  for (let i = 0; i < 9; i++) await readThrough(cache, failing).catch(() => {});
  expect(await readThrough(cache, { ...lookUpOf('a'), key: 'user:2' })).toBe('a');
});

test('what the origin garbled is an outage, and no answer', async () => {
  const cache = makeFakeCache();
  const parse = (json: unknown) => {
    if (json !== 'a') throw new TypeError('not an answer');
    return json;
  };
  const lookUp = { ...lookUpOf<string>('garbage', 'a'), parse };
  await expect(readThrough(cache, lookUp)).rejects.toThrow('did not answer');
  expect(await readThrough(cache, lookUp)).toBe('a');
});

test('a payload that does not parse is dropped, loaded anew and filled', async () => {
  const cache = makeFakeCache();
  cache.shared.next = [sharedHit('garbage', at(7)), { status: 'load', asOf: at(8), stale: null }];
  const parse = (json: unknown) => {
    if (json === 'garbage') throw new TypeError('not a user');
    return json as string;
  };
  expect(await readThrough(cache, { ...lookUpOf('a'), parse })).toBe('a');
  expect(cache.shared.reads.map(({ mode }) => mode)).toEqual(['any', 'drop']);
  expect(cache.shared.fills).toMatchObject([{ asOf: at(8) }]);
  expect(cache.logged).toContain('shared_entry_unreadable');
});

test('a busy key is asked again for 200 ms, and its answer taken', async () => {
  const cache = makeFakeCache();
  cache.shared.next = [{ status: 'busy', asOf: at(1), stale: null }, sharedHit('filled', at(2))];
  const lookUp = lookUpOf('loaded');
  const answer = readThrough(cache, lookUp);
  await cache.clock.advance(20);
  expect(await answer).toBe('filled');
  expect(lookUp.loads).toBe(0);
});

test('a key that stays busy is loaded without the lease, as of the last time asked', async () => {
  const cache = makeFakeCache();
  cache.shared.next = [1, 2, 3, 4].map((n) => ({ status: 'busy' as const, asOf: at(n), stale: null }));
  const answer = readThrough(cache, lookUpOf('loaded'));
  await cache.clock.advance(200);
  expect(await answer).toBe('loaded');
  expect(cache.shared.fills).toMatchObject([{ asOf: at(4) }]);
});

test('when the origin fails a stale entry answers, is marked, and stays out of memory', async () => {
  const cache = makeFakeCache();
  cache.shared.next = [sharedStale('old', at(1), at(9)), sharedStale('old', at(1), at(10))];
  const trace: Trace = {};
  const lookUp = lookUpOf(new Error('down'), 'new');
  expect(await readThrough(cache, lookUp, { trace })).toBe('old');
  expect(trace.shared).toMatchObject({ hit: true, detail: 'stale-if-error' });
  expect(cache.shared.released).toBe(1);
  expect(await readThrough(cache, lookUp)).toBe('new');
});

test('when the origin fails and nothing is in reach, the read throws, and so does whoever waits on it', async () => {
  const cache = makeFakeCache();
  const lookUp = lookUpOf(new Error('down'));
  const reads = [readThrough(cache, lookUp), readThrough(cache, lookUp)];
  const outcomes = await Promise.allSettled(reads);
  expect(outcomes.map((outcome) => outcome.status === 'rejected' && outcome.reason.name)).toEqual([
    'OriginUnavailable',
    'OriginUnavailable',
  ]);
  expect(lookUp.loads).toBe(1);
});

test('reload drops what is stored and joins no load', async () => {
  const cache = makeFakeCache();
  const lookUp = lookUpOf('a', 'b');
  await readThrough(cache, lookUp);
  expect(await readThrough(cache, lookUp, { reload: true })).toBe('b');
  expect(cache.shared.reads.map(({ mode }) => mode)).toEqual(['any', 'drop']);
  expect(await readThrough(cache, lookUp)).toBe('b');
});

test('max-age 0 skips memory only', async () => {
  const cache = makeFakeCache();
  const lookUp = lookUpOf('a');
  await readThrough(cache, lookUp);
  cache.shared.next = [sharedHit('shared', at(9))];
  expect(await readThrough(cache, lookUp, { maxAgeMs: 0 })).toBe('shared');
});

test('max-age refuses a memory entry that was read longer ago', async () => {
  const cache = makeFakeCache();
  const lookUp = lookUpOf('a', 'b');
  await readThrough(cache, lookUp);
  await cache.clock.advance(2_000);
  expect(await readThrough(cache, lookUp, { maxAgeMs: 2_000 })).toBe('a');
  await cache.clock.advance(1);
  expect(await readThrough(cache, lookUp, { maxAgeMs: 2_000 })).toBe('b');
});

test('a token is met by memory of its epoch at or past it, and by nothing older', async () => {
  const cache = makeFakeCache();
  const lookUp = lookUpOf('a', 'b');
  await readThrough(cache, lookUp);
  expect(await readThrough(cache, lookUp, { token: at(1) })).toBe('a');
  expect(await readThrough(cache, lookUp, { token: at(2) })).toBe('b');
  expect(cache.shared.reads.at(-1)).toMatchObject({ mode: 'any', least: at(2) });
});

test('a token joins no load whose as-of is older', async () => {
  const cache = makeFakeCache();
  let land = (_value: string): void => {};
  const slow = new Promise<string>((resolve) => (land = resolve));
  const lookUp = lookUpOf(slow, 'new');
  const old = readThrough(cache, lookUp);
  await settle();
  expect(await readThrough(cache, lookUp, { token: at(2) })).toBe('new');
  land('old');
  expect(await old).toBe('old');
  expect(await readThrough(cache, lookUp)).toBe('new');
});

test('a token is not met by the stale answer that a joined load ends in', async () => {
  const cache = makeFakeCache();
  cache.shared.next = [sharedStale('old', at(1), at(9))];
  let fail = (_error: Error): void => {};
  const lookUp = lookUpOf(new Promise<string>((_resolve, reject) => (fail = reject)), 'new');
  const first = readThrough(cache, lookUp);
  await settle();
  const second = readThrough(cache, lookUp, { token: at(5) });
  await settle();
  fail(new Error('down'));
  expect(await first).toBe('old');
  expect(await second).toBe('new');
});

describe.each([
  ['max-age=0', (): ReadDemands => ({ maxAgeMs: 0 })],
  ['no-cache', (): ReadDemands => ({ reload: true })],
  [
    'the token of an invalidation that failed',
    (): ReadDemands => ({ token: { unsharedSinceMs: 1_000_000 } }),
  ],
])('reads with %s', (_what, demand) => {
  test('see what was written before they came, though loads from before are under way', async () => {
    const cache = makeFakeCache();
    const slow = (value: string) => sleep(cache.clock, 100).then(() => value);
    const values = [slow('old'), slow('old'), slow('new')];
    const lookUp = lookUpOf<string>(...values);
    const early = [1, 2].map(() => readThrough(cache, lookUp, demand()));
    await settle();
    const late = [1, 2, 3].map(() => readThrough(cache, lookUp, demand()));
    await cache.clock.advance(300);
    expect(await Promise.all(late)).toEqual(['new', 'new', 'new']);
    expect(await Promise.all(early)).toEqual(['old', 'old']);
    expect(lookUp.loads).toBe(3);
  });

  test('are kept waiting by no load that hangs for more than two seconds', async () => {
    const cache = makeFakeCache();
    const lookUp = lookUpOf<string>(new Promise(() => {}), new Promise(() => {}), 'a');
    const hanging = [1, 2].map(() => readThrough(cache, lookUp, demand()).catch(() => 'failed'));
    await settle();
    const waiting = [1, 2, 3].map(() => readThrough(cache, lookUp, demand()));
    await cache.clock.advance(2_000);
    expect(await Promise.all(waiting)).toEqual(['a', 'a', 'a']);
    await cache.clock.advance(5_000);
    expect(await Promise.all(hanging)).toEqual(['failed', 'failed']);
  });
});

describe.each([
  ['max-age=0', { maxAgeMs: 0 }, 3],
  ['no-cache', { reload: true }, 3],
  ['the token of an invalidation that failed', { token: { unsharedSinceMs: 1_000_000 } }, 3],
  ['a token of another epoch', { token: { epoch: 'f'.repeat(16), n: 1 } }, 4],
])('a thousand reads at once with %s', (_what, demands, most) => {
  test.each(['here', 'away'])('load a few times only, with the shared store %s', async (where) => {
    const cache = makeFakeCache();
    if (where === 'away') for (let i = 0; i < 5; i++) cache.breaker.failed(0, cache.clock.now());
    const lookUp = lookUpOf('a');
    const reads = Array.from({ length: 1_000 }, () => readThrough(cache, lookUp, demands));
    expect(new Set(await Promise.all(reads))).toEqual(new Set(['a']));
    expect(lookUp.loads).toBeGreaterThanOrEqual(1);
    expect(lookUp.loads).toBeLessThanOrEqual(most);
  });
});

test('a read shares no failure that is due to what others who wait with it demand', async () => {
  const cache = makeFakeCache();
  const slow = sleep(cache.clock, 100).then(() => 'a');
  const lookUp = lookUpOf<string>(slow, slow, new Error('down'));
  for (let i = 0; i < 2; i++) void readThrough(cache, lookUp, { maxAgeMs: 0 });
  await settle();
  const plain = readThrough(cache, lookUp, { maxAgeMs: 0 });
  const strict = readThrough(cache, lookUp, { reload: true }).catch((error: Error) => error.name);
  cache.shared.next = [{ status: 'load', asOf: at(8), stale: null }, sharedHit('shared', at(9))];
  await cache.clock.advance(100);
  expect(await strict).toBe('OriginUnavailable');
  expect(await plain).toBe('shared');
});

test.each([
  ['of which one asks for more', (n: number): ReadDemands => (n === 0 ? { reload: true } : { maxAgeMs: 0 })],
  ['with tokens that differ', (n: number): ReadDemands => ({ token: { unsharedSinceMs: 1_000_000 - n } })],
])('two hundred reads at once %s load an origin that fails a few times only', async (_what, demand) => {
  const cache = makeFakeCache();
  const lookUp = lookUpOf<string>(new Error('down'));
  const reads = Array.from({ length: 200 }, (_each, n) =>
    readThrough(cache, lookUp, demand(n)).catch((error: Error) => error.name),
  );
  expect(new Set(await Promise.all(reads))).toEqual(new Set(['OriginUnavailable']));
  expect(lookUp.loads).toBeLessThanOrEqual(8);
});

test('lateness that is due to the shared store does not make the origin one that is away', async () => {
  const cache = makeFakeCache();
  const settings = { ...cache.settings, originDeadlineMs: 300 };
  for (let i = 0; i < 5; i++) {
    cache.shared.next = [new Promise(() => {})];
    const slow = sleep(cache.clock, 1_000).then(() => 'late');
    const read = readThrough({ ...cache, settings }, { ...lookUpOf(slow), key: `user:${i}` }).catch(() => {});
    await cache.clock.advance(1_000);
    await read;
    cache.breaker.succeeded(cache.clock.now());
  }
  expect(cache.originBreaker.describe(cache.clock.now()).failuresInARow).toBe(0);
});

test('when the request that would have set out for others dies, they set out themselves', async () => {
  const cache = makeFakeCache();
  const slow = sleep(cache.clock, 2_200).then(() => 'a');
  const lookUp = lookUpOf<string>(new Promise(() => {}), new Promise(() => {}), slow);
  for (let i = 0; i < 2; i++) readThrough(cache, lookUp, { maxAgeMs: 0 }).catch(() => {});
  const dead = { ...cache, clock: { now: () => cache.clock.now(), after: () => () => {} } };
  void readThrough(dead, lookUp, { maxAgeMs: 0 });
  await settle();
  const waiting = Array.from({ length: 100 }, () => readThrough(cache, lookUp, { maxAgeMs: 0 }));
  await cache.clock.advance(2_300);
  expect(new Set(await Promise.all(waiting))).toEqual(new Set(['a']));
  expect(lookUp.loads).toBeLessThanOrEqual(5);
});

test('a token of an invalidation that failed loads from the origin, until every entry must be younger', async () => {
  const cache = makeFakeCache();
  const lookUp = lookUpOf('a', 'b', 'c');
  await readThrough(cache, lookUp);
  const token = { unsharedSinceMs: cache.clock.now() };
  expect(await readThrough(cache, lookUp, { token })).toBe('b');
  expect(cache.shared.reads.at(-1)?.mode).toBe('none');
  await cache.clock.advance(7_200_000);
  cache.shared.next = [sharedHit('shared', at(9))];
  expect(await readThrough(cache, lookUp, { token })).toBe('shared');
});

test('a token is never met by a stale entry of a store that was not asked for it', async () => {
  const cache = makeFakeCache();
  const token = { unsharedSinceMs: cache.clock.now() };
  await expect(readThrough(cache, lookUpOf(new Error('down')), { token })).rejects.toThrow('did not answer');
});

test('this isolate’s own invalidation ends memory and keeps loads under way out of it', async () => {
  const cache = makeFakeCache();
  let land = (_value: string): void => {};
  const lookUp = lookUpOf('a', new Promise<string>((resolve) => (land = resolve)), 'c');
  await readThrough(cache, lookUp);
  await invalidate(cache, ['user:1']);
  const slow = readThrough(cache, lookUp);
  await settle();
  expect(await invalidate(cache, ['user:1'])).toEqual({ epoch, n: 1_002 });
  const after = readThrough(cache, lookUp);
  await settle();
  land('b');
  expect(await slow).toBe('b');
  expect(await after).toBe('c');
  expect(await readThrough(cache, lookUp)).toBe('c');
});

test('an invalidation that the shared store does not confirm gives a token of its time, and still ends memory', async () => {
  const cache = makeFakeCache();
  const lookUp = lookUpOf('a', 'b');
  await readThrough(cache, lookUp);
  cache.shared.failure = new Error('ECONNREFUSED');
  expect(await invalidate(cache, ['user:1'])).toEqual({ unsharedSinceMs: cache.clock.now() });
  await Promise.all(cache.pending);
  expect(await readThrough(cache, lookUp)).toBe('b');
});

test('an invalidation that failed is tried once more, behind the answer', async () => {
  const cache = makeFakeCache();
  cache.shared.failure = new Error('ECONNREFUSED');
  const answered = invalidate(cache, ['user:1']);
  cache.shared.failure = null;
  await answered;
  await Promise.all(cache.pending);
  expect(cache.shared.invalidated).toEqual([['user:1']]);
});

test('a hot entry is refreshed in the last fifth of its life, without a caller waiting', async () => {
  const cache = makeFakeCache();
  const lookUp = lookUpOf('a', 'b');
  for (let i = 0; i < 4; i++) await readThrough(cache, lookUp);
  await cache.clock.advance(3_999);
  await readThrough(cache, lookUp);
  expect(lookUp.loads).toBe(1);
  await cache.clock.advance(1);
  expect(await readThrough(cache, lookUp)).toBe('a');
  await Promise.all(cache.pending);
  expect(lookUp.loads).toBe(2);
  await cache.clock.advance(1_000);
  expect(await readThrough(cache, lookUp)).toBe('b');
  expect(lookUp.loads).toBe(2);
});

test('a refresh ahead that fails is not repeated by every hit', async () => {
  const cache = makeFakeCache();
  const lookUp = lookUpOf<string>('a', new Error('down'));
  for (let i = 0; i < 4; i++) await readThrough(cache, lookUp);
  await cache.clock.advance(4_500);
  for (let i = 0; i < 10; i++) {
    expect(await readThrough(cache, lookUp)).toBe('a');
    await settle();
  }
  expect(lookUp.loads).toBe(2);
});

test('a cold entry is not refreshed ahead', async () => {
  const cache = makeFakeCache();
  const lookUp = lookUpOf('a');
  await readThrough(cache, lookUp);
  await cache.clock.advance(4_500);
  await readThrough(cache, lookUp);
  expect(lookUp.loads).toBe(1);
});

test('an answer too large to share is kept in memory, and its lease given back', async () => {
  const cache = makeFakeCache();
  const lookUp = {
    ...lookUpOf('a'),
    load: async () => ({ value: 'a', tags: Array.from({ length: 1_001 }, String) }),
  };
  expect(await readThrough(cache, lookUp)).toBe('a');
  expect(cache.shared.fills).toHaveLength(0);
  expect(cache.shared.released).toBe(1);
});

test('a full shared store that makes no as-of is not filled', async () => {
  const cache = makeFakeCache();
  cache.shared.next = [{ status: 'load', asOf: null, stale: null }];
  expect(await readThrough(cache, lookUpOf('a'))).toBe('a');
  expect(cache.shared.fills).toHaveLength(0);
});

test('a read that is a little behind the load under way waits for it all the same', async () => {
  const cache = makeFakeCache();
  const behind = { ...cache, clock: { ...cache.clock, now: () => cache.clock.now() - 5 } };
  const lookUp = lookUpOf({ id: 1 });
  const answers = await Promise.all([readThrough(cache, lookUp), readThrough(behind, lookUp)]);
  expect(answers).toEqual([{ id: 1 }, { id: 1 }]);
  expect(lookUp.loads).toBe(1);
});

describe('behind a hit past half of the bound', () => {
  const following = () => {
    const cache = makeFakeCache({ lifeMs: 300_000 });
    const { validation } = cache.memory;
    const nowMs = cache.clock.now();
    const news = { through: at(1), cursor: { time: at(1), id: '00000000000000aa' }, tags: [] };
    validation?.learn(validation.ask(nowMs), { ...news, isGap: true }, nowMs);
    return { cache, lookUp: lookUpOf({ id: 1 }) };
  };

  test('one poll asks for news of the log, and the hit does not wait for it', async () => {
    const { cache, lookUp } = following();
    await readThrough(cache, lookUp);
    await cache.clock.advance(2_600);
    expect(await readThrough(cache, lookUp)).toEqual({ id: 1 });
    expect(await readThrough(cache, lookUp)).toEqual({ id: 1 });
    expect(cache.shared.follows).toBe(1);
  });

  test('a poll that fails is nothing, and is not repeated for half a second', async () => {
    const { cache, lookUp } = following();
    await readThrough(cache, lookUp);
    cache.shared.failure = new Error('Redis is away');
    await cache.clock.advance(2_600);
    expect(await readThrough(cache, lookUp)).toEqual({ id: 1 });
    await cache.clock.advance(499);
    expect(await readThrough(cache, lookUp)).toEqual({ id: 1 });
    expect(cache.shared.follows).toBe(1);
    await cache.clock.advance(1);
    expect(await readThrough(cache, lookUp)).toEqual({ id: 1 });
    expect(cache.shared.follows).toBe(2);
    await Promise.all(cache.pending);
  });

  test('there is none while the breaker is open', async () => {
    const { cache, lookUp } = following();
    await readThrough(cache, lookUp);
    await Promise.all(cache.pending);
    for (let i = 0; i < 5; i += 1) cache.breaker.failed(cache.clock.now(), cache.clock.now());
    await cache.clock.advance(900);
    await readThrough(cache, lookUp);
    expect(cache.shared.follows).toBe(0);
  });

  test('there is none without a life beyond the bound', async () => {
    const cache = makeFakeCache();
    const lookUp = lookUpOf({ id: 1 });
    await readThrough(cache, lookUp);
    await cache.clock.advance(4_900);
    await readThrough(cache, lookUp);
    expect(cache.shared.follows).toBe(0);
  });
});

describe('a hot entry that is validated is refreshed in the last fifth of its life', () => {
  const following = async (lifeMs: number) => {
    const cache = makeFakeCache({ lifeMs });
    const lookUp = lookUpOf('a', 'b');
    const tell = () => {
      const { validation } = cache.memory;
      const nowMs = cache.clock.now();
      const news = {
        through: at(1),
        cursor: { time: at(1), id: '00000000000000aa' },
        tags: [],
        isGap: false,
      };
      validation?.learn(validation.ask(nowMs), news, nowMs);
    };
    tell();
    for (let i = 0; i < 4; i++) await readThrough(cache, lookUp);
    const readAfter = async (ms: number) => {
      await cache.clock.advance(ms);
      tell();
      return readThrough(cache, lookUp);
    };
    return { cache, lookUp, readAfter };
  };

  test('by a later answer, since that of the shared store ends together with it', async () => {
    const { cache, lookUp, readAfter } = await following(300_000);
    await readAfter(239_999);
    expect(cache.shared.reads).toHaveLength(1);
    expect(await readAfter(1)).toBe('a');
    await Promise.all(cache.pending);
    expect(cache.shared.reads.at(-1)).toMatchObject({ mode: 'any', least: at(2) });
    expect(await readAfter(60_000)).toBe('b');
    expect(lookUp.loads).toBe(2);
  });

  test('by what the shared store has, if that is fresh for longer than memory may keep it', async () => {
    const { cache, readAfter } = await following(60_000);
    await readAfter(47_999);
    expect(cache.shared.reads).toHaveLength(1);
    await readAfter(1);
    expect(cache.shared.reads.at(-1)).toMatchObject({ mode: 'any', least: null });
  });
});
