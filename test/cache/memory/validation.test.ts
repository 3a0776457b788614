import { expect, test } from 'vitest';
import { makeMemory, type Memory, type MemoryEntry } from '../../../src/cache/memory/memory.ts';
import type { LogNews, LogQuestion } from '../../../src/cache/shared/invalidation-log.ts';
import type { Validation } from '../../../src/cache/memory/validation.ts';

const EPOCH = '0123456789abcdef';
const OTHER_EPOCH = 'fedcba9876543210';
const ID = '00000000000000aa';
const settings = { maxBytes: 2 ** 24, ttlMs: 5_000, lifeMs: 300_000, deadlineMs: 250 };

const at = (n: number, epoch = EPOCH) => ({ epoch, n });

function following(memory: Memory): Validation {
  if (!memory.validation) throw new Error('this memory follows no log');
  return memory.validation;
}

function newsOf(n: number, more: Partial<LogNews> & { readonly epoch?: string } = {}): LogNews {
  const { epoch = EPOCH, ...rest } = more;
  const through = at(n, epoch);
  return { through, cursor: { time: through, id: ID }, isGap: false, tags: [], ...rest };
}

/** A memory that has been told of the log once, by a call that was sent at 0. */
function makeFollower(): Memory {
  const memory = makeMemory(settings);
  tell(memory, 0, newsOf(10, { isGap: true }));
  return memory;
}

/** News whose call was sent at that time, and which arrived at once unless told otherwise. */
function tell(memory: Memory, sentAtMs: number, news: LogNews, nowMs = sentAtMs): void {
  const validation = following(memory);
  validation.learn(validation.ask(sentAtMs), news, nowMs);
}

function entryOf(memory: Memory, more: Partial<MemoryEntry> = {}): MemoryEntry {
  const asOf = more.asOf === undefined ? at(10) : more.asOf;
  return {
    value: 1,
    tags: ['user:1'],
    asOf,
    validAtN: asOf?.n ?? 0,
    sentAtMs: 0,
    freshMs: 300_000,
    order: memory.invalidations.nextOrder(),
    bytes: 100,
    hits: 0,
    checked: -1,
    ...more,
  };
}

test('an entry lives on for as long as the log has news without its tags', () => {
  const memory = makeFollower();
  memory.set('k', entryOf(memory), 0);
  for (let ms = 4_000; ms < 300_000; ms += 4_000) {
    tell(memory, ms, newsOf(10 + ms, { tags: [`user:${ms}`] }));
    expect(memory.get('k', ms + 3_999)?.value).toBe(ms + 3_999 < 300_000 ? 1 : undefined);
  }
});

test('it is valid for 5 s from the sending of the news, and valid again with the next', () => {
  const memory = makeFollower();
  memory.set('k', entryOf(memory), 0);
  tell(memory, 2_000, newsOf(20), 2_200);
  expect(memory.get('k', 6_999)?.value).toBe(1);
  expect(memory.get('k', 7_000)).toBeUndefined();
  expect(memory.peek('k', 7_000)?.fault).toBe('lapsed');
  tell(memory, 9_000, newsOf(30));
  expect(memory.get('k', 9_100)?.value).toBe(1);
});

test.each([
  { tags: ['user:2', 'user:1'], name: 'its tag' },
  { tags: ['everything'], name: 'everything' },
])('news of $name end it at once, within its first 5 s too', ({ tags }) => {
  const memory = makeFollower();
  memory.set('k', entryOf(memory), 0);
  tell(memory, 1_000, newsOf(20, { tags }));
  expect(memory.get('k', 1_000)).toBeUndefined();
  expect(memory.set('k', entryOf(memory, { asOf: at(19), sentAtMs: 900 }), 1_100)).toBe(false);
  expect(memory.set('k', entryOf(memory, { asOf: at(20), sentAtMs: 1_000 }), 1_100)).toBe(true);
});

test('a gap leaves what was read before it to its own 5 s', () => {
  const memory = makeFollower();
  memory.set('old', entryOf(memory, { sentAtMs: 1_000 }), 1_000);
  tell(memory, 2_000, newsOf(20, { isGap: true }));
  memory.set('new', entryOf(memory, { asOf: at(20), sentAtMs: 2_000 }), 2_000);
  expect(memory.get('old', 5_999)?.value).toBe(1);
  expect(memory.peek('old', 6_000)?.fault).toBe('expired');
  expect(memory.get('new', 6_000)?.value).toBe(1);
  expect(memory.peek('new', 7_000)?.fault).toBe('lapsed');
});

test('what a read in flight brings behind a gap enters for 5 s only', () => {
  const memory = makeFollower();
  tell(memory, 2_000, newsOf(20, { isGap: true }));
  tell(memory, 4_000, newsOf(30));
  expect(memory.set('k', entryOf(memory, { asOf: at(15), sentAtMs: 1_900 }), 2_100)).toBe(true);
  expect(memory.get('k', 6_899)?.value).toBe(1);
  expect(memory.get('k', 6_900)).toBeUndefined();
});

test('news that arrive after their deadline count for nothing', () => {
  const memory = makeFollower();
  memory.set('k', entryOf(memory), 0);
  tell(memory, 4_000, newsOf(20), 4_251);
  expect(memory.get('k', 5_000)).toBeUndefined();
  expect(following(memory).describe(5_000).cursor?.time).toEqual(at(10));
});

test('news that were overtaken move nothing back', () => {
  const memory = makeFollower();
  const early = following(memory).ask(1_000);
  tell(memory, 1_100, newsOf(30));
  following(memory).learn(early, newsOf(20, { isGap: true }), 1_200);
  const { cursor, through, sentAtMs, since } = following(memory).describe(1_200);
  expect({ cursor: cursor?.time, through, sentAtMs, since }).toEqual({
    cursor: at(30),
    through: at(30),
    sentAtMs: 1_100,
    since: at(10),
  });
});

test('news that begin after what was applied leave a gap', () => {
  const memory = makeFollower();
  memory.set('k', entryOf(memory), 0);
  const question: LogQuestion = { since: { time: at(15), id: ID }, sentAtMs: 4_000, order: 1 };
  following(memory).learn(question, newsOf(30), 4_000);
  expect(memory.get('k', 5_000)).toBeUndefined();
});

test('another epoch validates nothing from before, and an earlier one is not taken up again', () => {
  const memory = makeFollower();
  memory.set('k', entryOf(memory), 0);
  tell(memory, 4_000, newsOf(5, { epoch: OTHER_EPOCH, isGap: true }));
  expect(memory.get('k', 5_000)).toBeUndefined();
  tell(memory, 3_900, newsOf(40), 4_100);
  expect(following(memory).describe(4_100).through).toEqual(at(5, OTHER_EPOCH));
});

test('tags of an earlier epoch end nothing of this one', () => {
  const memory = makeFollower();
  tell(memory, 1_000, newsOf(1_000, { tags: ['user:1'] }));
  tell(memory, 2_000, newsOf(5, { epoch: OTHER_EPOCH, isGap: true }));
  expect(memory.set('k', entryOf(memory, { asOf: at(5, OTHER_EPOCH), sentAtMs: 2_000 }), 2_000)).toBe(true);
});

test('an entry without a logical time lives for 5 s, whatever the news', () => {
  const memory = makeFollower();
  memory.set('k', entryOf(memory, { asOf: null }), 0);
  tell(memory, 4_000, newsOf(20));
  expect(memory.get('k', 4_999)?.value).toBe(1);
  expect(memory.get('k', 5_000)).toBeUndefined();
});

test('an entry lives no longer than it is fresh in the shared store', () => {
  const memory = makeFollower();
  memory.set('k', entryOf(memory, { freshMs: 7_000 }), 0);
  tell(memory, 4_000, newsOf(20));
  expect(memory.get('k', 6_999)?.value).toBe(1);
  expect(memory.peek('k', 7_000)?.fault).toBe('expired');
});

test('a life of 0 is that of today: 5 s, and no log is followed', () => {
  expect(makeMemory({ ...settings, lifeMs: 0 }).validation).toBeNull();
  expect(makeMemory({ ...settings, ttlMs: 0 }).validation).toBeNull();
});

test('an own invalidation ends an entry however long ago it was', () => {
  const memory = makeFollower();
  memory.set('k', entryOf(memory), 0);
  memory.invalidations.add(['user:1'], 100);
  for (let ms = 4_000; ms <= 60_000; ms += 4_000) tell(memory, ms, newsOf(10 + ms));
  expect(memory.get('k', 60_000)).toBeUndefined();
});

test('with too many tags, memory is held against them before they are forgotten', () => {
  const memory = makeFollower();
  memory.set('ended', entryOf(memory), 0);
  memory.set('kept', entryOf(memory, { tags: ['user:2'] }), 0);
  const inFlight = entryOf(memory, { sentAtMs: 35_000 });
  tell(memory, 0, newsOf(11, { tags: ['user:1'] }));
  const many = (from: number) => Array.from({ length: 4_995 }, (_, i) => `other:${from + i}`);
  for (let ms = 4_000; ms <= 40_000; ms += 4_000)
    tell(memory, ms, newsOf(11 + ms, { tags: [`other:${ms}`] }));
  tell(memory, 40_000, newsOf(50_000, { tags: many(0) }));
  tell(memory, 40_001, newsOf(50_001, { tags: many(100_000) }));
  expect(memory.get('kept', 40_001)?.value).toBe(1);
  expect(memory.get('ended', 40_001)).toBeUndefined();
  expect(memory.set('k', inFlight, 40_001)).toBe(false);
});

test('more tags than can be remembered at once end everything', () => {
  const memory = makeFollower();
  memory.set('k', entryOf(memory), 0);
  const tags = Array.from({ length: 10_001 }, (_, i) => `other:${i}`);
  tell(memory, 1_000, newsOf(20, { tags }));
  expect(memory.get('k', 1_000)).toBeUndefined();
  expect(memory.set('new', entryOf(memory, { asOf: at(20), sentAtMs: 1_100 }), 1_100)).toBe(true);
});

test('a clock of the isolate that steps back shortens what the news validate by the step', () => {
  const memory = makeFollower();
  memory.set('k', entryOf(memory, { sentAtMs: 1_000 }), 1_000);
  tell(memory, 10_000, newsOf(20));
  expect(memory.get('k', 10_000)?.value).toBe(1);
  memory.get('other', 7_000);
  expect(memory.peek('k', 7_000)?.fault).not.toBeNull();
  expect(following(memory).describe(7_000).sentAtMs).toBeNull();
});

test('one hit past half of the bound asks for news, and another one only when those do not come', () => {
  const memory = makeFollower();
  const entry = entryOf(memory);
  const takePoll = (nowMs: number) => following(memory).takePoll(entry, nowMs);
  expect(takePoll(2_499)).toBe(false);
  expect(following(memory).takePoll(entryOf(memory, { asOf: null }), 2_500)).toBe(false);
  expect(takePoll(2_500)).toBe(true);
  expect(takePoll(2_999)).toBe(false);
  expect(takePoll(3_000)).toBe(true);
  tell(memory, 3_000, newsOf(20));
  expect(takePoll(5_499)).toBe(false);
  expect(takePoll(5_500)).toBe(true);
});

test('what is left of a validation is told, and how long a life is', () => {
  const memory = makeFollower();
  const entry = entryOf(memory, { freshMs: 8_000 });
  memory.set('k', entry, 0);
  tell(memory, 2_000, newsOf(20));
  expect(memory.validMsLeft(entry, 3_000)).toBe(4_000);
  expect(memory.lifeMs(entry)).toBe(8_000);
  tell(memory, 7_000, newsOf(30));
  expect(memory.validMsLeft(entry, 7_000)).toBe(1_000);
});
