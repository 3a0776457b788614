import { expect, test } from 'vitest';
import { type Counts, makeCounts, MAX_AGE_MINUTES, MINUTE_MS } from '../../../src/cache/counts/counts.ts';
import { countersOfKind, ERRORS, LATENCY, REFUSED, TIER } from '../../../src/cache/counts/counters.ts';

/** The begin of a minute. */
const NOON = Date.UTC(2026, 0, 1, 12);
const USER = 6;
const HIT = countersOfKind(USER) + TIER.isolate;

function hit(counts: Counts, nowMs: number, times = 1): void {
  for (let n = 0; n < times; n++) counts.read(USER, TIER.isolate, false, nowMs);
}

/** What the next call takes along; null for nothing. */
const asked = (counts: Counts, nowMs: number): string | null => counts.ask(nowMs)?.text ?? null;

/** Sends what is to be sent, and succeeds. */
function send(counts: Counts, nowMs: number): string | null {
  const report = counts.ask(nowMs);
  if (report) counts.learn(report);
  return report?.text ?? null;
}

test('an isolate that has counted nothing reports nothing', () => {
  expect(asked(makeCounts(), NOON)).toBeNull();
});

test('reads are counted by kind and tier, and what was absent besides', () => {
  const counts = makeCounts();
  hit(counts, NOON, 3);
  counts.read(USER, TIER.postgres, true, NOON);
  counts.read(0, TIER.redis, false, NOON);
  expect(asked(counts, NOON)).toBe(
    `0,0:1,${countersOfKind(0) + TIER.redis}:1,${HIT}:3,${HIT + TIER.postgres}:1`,
  );
});

test('a request is counted in one bucket of latency, by what became of it', () => {
  const counts = makeCounts();
  counts.request('ok', 0, NOON);
  counts.request('error', 1, NOON);
  counts.request('refused', 999, NOON);
  counts.request('ok', 1_000, NOON);
  counts.request('ok', 60_000, NOON);
  const text = `${ERRORS}:1,${REFUSED}:1,${LATENCY}:1,${LATENCY + 1}:1,${LATENCY + 6}:1,${LATENCY + 7}:2`;
  expect(asked(counts, NOON)).toBe(`0,${text}`);
});

test('ten seconds pass between two reports, and the second has what came since', () => {
  const counts = makeCounts();
  hit(counts, NOON);
  expect(send(counts, NOON)).toBe(`0,${HIT}:1`);
  hit(counts, NOON, 2);
  expect(send(counts, NOON + 9_999)).toBeNull();
  expect(send(counts, NOON + 10_000)).toBe(`0,${HIT}:2`);
  expect(send(counts, NOON + 20_000)).toBeNull();
});

test('a report tells the age of each minute', () => {
  const counts = makeCounts();
  hit(counts, NOON + MINUTE_MS - 1);
  hit(counts, NOON + MINUTE_MS, 2);
  expect(asked(counts, NOON + MINUTE_MS)).toBe(`1,${HIT}:1;0,${HIT}:2`);
});

test('the counts of a call that failed are sent again, with those that came since', () => {
  const counts = makeCounts();
  hit(counts, NOON);
  counts.ask(NOON);
  hit(counts, NOON);
  expect(send(counts, NOON + 10_000)).toBe(`0,${HIT}:2`);
  expect(send(counts, NOON + 20_000)).toBeNull();
});

test('what is counted while a report travels is kept for the next one', () => {
  const counts = makeCounts();
  hit(counts, NOON);
  const report = counts.ask(NOON);
  hit(counts, NOON, 5);
  if (report) counts.learn(report);
  expect(send(counts, NOON + 10_000)).toBe(`0,${HIT}:5`);
});

test('the success of a report that was given up takes nothing from a later one', () => {
  const counts = makeCounts();
  hit(counts, NOON);
  const late = counts.ask(NOON);
  hit(counts, NOON);
  expect(asked(counts, NOON + 10_000)).toBe(`0,${HIT}:2`);
  if (late) counts.learn(late);
  // The call of the second report failed.
  expect(send(counts, NOON + 20_000)).toBe(`0,${HIT}:2`);
  if (late) counts.learn(late);
  hit(counts, NOON + 20_000);
  expect(send(counts, NOON + 30_000)).toBe(`0,${HIT}:1`);
});

test('an outage keeps the last hour, which later calls take ten minutes at a time', () => {
  const counts = makeCounts();
  for (let minute = 0; minute < 2 * MAX_AGE_MINUTES; minute++) hit(counts, NOON + minute * MINUTE_MS);
  const endMs = NOON + (2 * MAX_AGE_MINUTES - 1) * MINUTE_MS;
  const ages: string[] = [];
  for (let call = 0; call < 7; call++) {
    const text = send(counts, endMs + call * 5_000 * 2);
    if (text !== null) ages.push(...text.split(';').map((minute) => minute.split(',')[0] ?? ''));
  }
  // The last call is a minute later.
  expect(ages).toHaveLength(MAX_AGE_MINUTES);
  expect(ages.slice(0, 11)).toEqual(['59', '58', '57', '56', '55', '54', '53', '52', '51', '50', '49']);
});

test('no more minutes are kept than those of an hour, however the clock steps', () => {
  const counts = makeCounts();
  for (let minute = 3 * MAX_AGE_MINUTES; minute > 0; minute--) hit(counts, NOON + minute * MINUTE_MS);
  const texts = Array.from({ length: 20 }, (_, call) => send(counts, NOON + call * 10_000));
  expect(texts.flatMap((text) => text?.split(';') ?? [])).toHaveLength(MAX_AGE_MINUTES);
});

test('counts of an isolate that slept for more than an hour are forgotten', () => {
  const counts = makeCounts();
  hit(counts, NOON);
  expect(asked(counts, NOON + MAX_AGE_MINUTES * MINUTE_MS)).toBeNull();
});

test('a clock that steps back loses no count, and no report waits for it', () => {
  const counts = makeCounts();
  hit(counts, NOON + 2 * MINUTE_MS);
  expect(send(counts, NOON + 2 * MINUTE_MS)).toBe(`0,${HIT}:1`);
  hit(counts, NOON + 2 * MINUTE_MS, 2);
  hit(counts, NOON, 3);
  expect(send(counts, NOON)).toBe(`0,${HIT}:2;0,${HIT}:3`);
});

test('a clock that steps forward makes older what was counted before', () => {
  const counts = makeCounts();
  hit(counts, NOON);
  expect(send(counts, NOON + 30 * MINUTE_MS)).toBe(`30,${HIT}:1`);
});

test('counting goes on in a minute that was sent', () => {
  const counts = makeCounts();
  hit(counts, NOON);
  send(counts, NOON);
  hit(counts, NOON + 1);
  hit(counts, NOON + 11_000);
  expect(send(counts, NOON + 11_000)).toBe(`0,${HIT}:2`);
});

test('a report is bounded, however much was counted', () => {
  const counts = makeCounts();
  for (let minute = 0; minute < MAX_AGE_MINUTES; minute++)
    for (let kind = 0; kind < 28; kind++)
      for (const tier of Object.values(TIER)) counts.read(kind, tier, true, NOON + minute * MINUTE_MS);
  const text = asked(counts, NOON + (MAX_AGE_MINUTES - 1) * MINUTE_MS) ?? '';
  expect(text.split(';')).toHaveLength(10);
  expect(text.length).toBeLessThan(10_000);
});
