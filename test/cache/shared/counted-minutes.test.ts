import { beforeEach, expect, test } from 'vitest';
import { type Counts, makeCounts, MINUTE_MS } from '../../../src/cache/counts/counts.ts';
import { countersOfKind, TIER } from '../../../src/cache/counts/counters.ts';
import { makeSharedStore, type RunScript, type SharedStore } from '../../../src/cache/shared/shared-store.ts';
import { makeUpstash } from '../../../src/cache/shared/upstash.ts';
import { redis, useStack } from '../../support/stack.ts';

const stack = useStack();
const USER = 6;
const HIT = countersOfKind(USER) + TIER.isolate;
const KEPT_S = 26 * 3_600;
let count = 0;
let databaseId: string;
let run: RunScript;
/** The last argument of each call. */
let reports: (string | undefined)[];
let nowMs: number;

beforeEach(() => {
  const { env } = stack.current;
  // Within the prefix that the stack deletes at its end, and unlike that of any other test.
  databaseId = `${env.DATABASE_ID}}:${++count}:{x`;
  const upstash = makeUpstash({
    url: env.UPSTASH_REDIS_REST_URL,
    token: env.UPSTASH_REDIS_REST_TOKEN,
    deadlineMs: 5_000,
  });
  reports = [];
  run = (script, keys, args) => {
    reports.push(args.at(-1));
    return upstash.run(script, keys, args);
  };
  // In the midst of a minute, so that the steps of the tests do not leave it.
  nowMs = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS + MINUTE_MS / 2;
});

interface Counting {
  readonly counts: Counts;
  readonly store: SharedStore;
  hit(times: number): void;
}

function makeIsolate(runScript = run): Counting {
  const counts = makeCounts();
  const settings = { databaseId, variant: '1', leaseMs: 2_000, counts };
  return {
    counts,
    store: makeSharedStore(runScript, settings, { now: () => nowMs }),
    hit(times) {
      for (let n = 0; n < times; n++) counts.read(USER, TIER.isolate, false, nowMs);
    },
  };
}

/** The ages in minutes at which the counter is not zero. Another minute may have begun since it was counted. */
async function minutesOf(counter: number, minutes = 90): Promise<[age: number, count: number][]> {
  const { minutes: all } = await makeIsolate().store.readCounts(minutes);
  return all.flatMap(({ counts }, at): [number, number][] => {
    const found = counts.get(counter) ?? 0;
    return found > 0 ? [[all.length - 1 - at, found]] : [];
  });
}

const sumOf = async (counter: number) =>
  (await minutesOf(counter)).reduce((sum, [, found]) => sum + found, 0);

/** The key of the minute so many minutes ago. */
async function keyOf(age = 0): Promise<string> {
  const [seconds] = (await redis(stack.current, 'TIME')) as string[];
  return `ea:{${databaseId}}:stats:${Math.floor(Number(seconds) / 60) - age}`;
}

async function keysOfMinutes(): Promise<string[]> {
  const keys = (await redis(stack.current, 'KEYS', '*')) as string[];
  return keys.filter((key) => key.startsWith(`ea:{${databaseId}}:stats:`));
}

/** Adds a report to the present minute as an isolate would, whatever it says. */
async function report(text: string): Promise<void> {
  const { store } = makeIsolate((script, keys, args) => run(script, keys, [...args.slice(0, -1), text]));
  await store.follow();
}

test('the counts of two isolates add up in one minute', async () => {
  const [a, b] = [makeIsolate(), makeIsolate()];
  a.hit(3);
  b.hit(4);
  await Promise.all([a.store.follow(), b.store.follow()]);
  expect(await sumOf(HIT)).toBe(7);
  expect((await keysOfMinutes()).length).toBeLessThanOrEqual(2);
});

test('they ride on a read, which is answered as ever, and make no call of their own', async () => {
  const { store, hit } = makeIsolate();
  hit(2);
  expect(await store.read('k', 'me', 'any', null)).toMatchObject({ status: 'load' });
  hit(1);
  expect(await store.read('k', 'you', 'any', null)).toMatchObject({ status: 'busy' });
  expect(reports).toEqual([`0,${HIT}:2`, '']);
  expect(await sumOf(HIT)).toBe(2);
});

test('no more than one call in ten seconds takes any along', async () => {
  const { store, hit } = makeIsolate();
  for (let n = 0; n < 25; n++) {
    hit(1);
    await store.follow();
    nowMs += 1_000;
  }
  expect(reports.filter((text) => text !== '')).toEqual([`0,${HIT}:1`, `0,${HIT}:10`, `0,${HIT}:10`]);
});

test('a minute is told by its age, whatever the clock of the isolate', async () => {
  nowMs = 0;
  const { store, hit } = makeIsolate();
  hit(1);
  nowMs = 5 * MINUTE_MS;
  hit(2);
  await store.follow();
  const found = await minutesOf(HIT);
  expect(found.map(([, counted]) => counted)).toEqual([1, 2]);
  expect((found[0]?.[0] ?? 0) - (found[1]?.[0] ?? 0)).toBe(5);
});

test('a call that fails keeps its counts for the next one, and a lost reply counts twice', async () => {
  let fault: 'none' | 'reply' | 'request' = 'request';
  const { store, hit } = makeIsolate(async (...call) => {
    if (fault === 'request') throw new Error('the request was lost');
    const reply = await run(...call);
    if (fault === 'reply') throw new Error('the reply was lost');
    return reply;
  });
  hit(1);
  await expect(store.follow()).rejects.toThrow('lost');
  expect(await sumOf(HIT)).toBe(0);
  nowMs += 10_000;
  fault = 'reply';
  await expect(store.follow()).rejects.toThrow('lost');
  nowMs += 10_000;
  fault = 'none';
  await store.follow();
  expect(await sumOf(HIT)).toBe(2);
});

test('a minute dies 26 hours after it was counted in last', async () => {
  await report(`0,${HIT}:1`);
  const [key = ''] = await keysOfMinutes();
  const left = Number(await redis(stack.current, 'TTL', key));
  expect(left).toBeGreaterThan(KEPT_S - 60);
  expect(left).toBeLessThanOrEqual(KEPT_S);
  await redis(stack.current, 'EXPIRE', key, '60');
  await report(`0,${HIT}:1`);
  if ((await keysOfMinutes()).length > 1) return;
  expect(Number(await redis(stack.current, 'TTL', key))).toBeGreaterThan(KEPT_S - 60);
});

test('a report can name no counter but those that there are, and no minute but those of the last hour', async () => {
  await report(`0,127:1,128:1,0127:1,x:1,${'9'.repeat(30)}:1;60,1:1;99999999999999,1:1;59,2:1;x,3:1`);
  const keys = await keysOfMinutes();
  expect(keys).toHaveLength(2);
  const texts = await Promise.all(keys.map((key) => redis(stack.current, 'GET', key)));
  expect(texts.sort()).toEqual(['127:2', '2:1']);
});

test.each([
  ['of another type', ['RPUSH', 'a', 'b']],
  ['of garbage', ['SET', 'garbage']],
  ['with a count that is no number', ['SET', `${HIT}:x,${HIT}:-1`]],
  ['with a count that has no end', ['SET', `${HIT}:${'9'.repeat(400)}`]],
  ['with a counter that is none', ['SET', `99999:5,constructor:5,:5,5:`]],
  ['of more than it can hold', ['SET', 'x'.repeat(100_000)]],
])('a minute %s fails no read, and counts again', async (_how, [name = '', ...args]) => {
  for (const age of [-1, 0]) await redis(stack.current, name, await keyOf(age), ...args);
  expect(await sumOf(HIT)).toBe(0);
  const { store, hit } = makeIsolate();
  hit(3);
  expect(await store.read('k', 'me', 'any', null)).toMatchObject({ status: 'load' });
  expect(await sumOf(HIT)).toBe(3);
});

test('a forged minute is answered within its bounds', async () => {
  const key = await keyOf(1);
  await redis(stack.current, 'SET', key, `1:2,3:x,4:-5,5:1e3,6:${'9'.repeat(16)},${'7:1,'.repeat(1_000)}8:1`);
  const counts = (await makeIsolate().store.readCounts(5)).minutes.map((one) => [...one.counts]);
  expect(counts.filter((found) => found.length > 0)).toEqual([
    [
      [1, 2],
      [5, 1],
      [7, 1],
    ],
  ]);
});

test('minutes are answered in ascending order without a gap, up to the present one', async () => {
  const { nowMs: toldMs, minutes } = await makeIsolate().store.readCounts(1_560);
  expect(minutes).toHaveLength(1_560);
  expect(minutes.at(-1)?.atMs).toBe(Math.floor(toldMs / MINUTE_MS) * MINUTE_MS);
  const steps = minutes.slice(1).map(({ atMs }, at) => atMs - (minutes[at]?.atMs ?? 0));
  expect(new Set(steps)).toEqual(new Set([MINUTE_MS]));
  expect(reports).toHaveLength(1);
});
