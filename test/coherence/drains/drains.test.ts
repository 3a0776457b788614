import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sampled, scaled, seed } from '../../support/scale.ts';
import { type CodeUnderTest, codeUnderTest } from '../code-under-test.ts';
import { embedEngine, type Engine } from '../engine.ts';
import { makeMutant } from '../mutant.ts';
import { EVERY_MS, runFleet, type Step } from './fleet.ts';
import { DRAIN_LEASE_MS } from './expectation.ts';
import { drainMutations } from './mutations.ts';

const RUNS = scaled(50, 3_000);
const RUNS_PER_MUTANT = 400;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

const course = fc.record({
  takesMs: fc.oneof(fc.integer({ min: 0, max: EVERY_MS }), fc.integer({ min: 0, max: 2 * DRAIN_LEASE_MS })),
  end: fc.constantFrom('done', 'done', 'failed', 'dead'),
});
const key = fc.constantFrom('drained', 'draining');
const wait = fc.record({
  act: fc.constant('wait'),
  ms: fc.oneof(
    fc.integer({ min: 0, max: EVERY_MS }),
    fc.constantFrom(EVERY_MS - 1, EVERY_MS, DRAIN_LEASE_MS - 1, DRAIN_LEASE_MS),
    fc.integer({ min: 0, max: MINUTE_MS }),
  ),
});
const request = fc.record({ act: fc.constantFrom('read', 'poll', 'read', 'poll', 'cron'), course });
const trouble = fc.oneof(
  fc.record({ act: fc.constantFrom('lose', 'spoil'), key }),
  fc.record({ act: fc.constant('step the clock'), ms: fc.integer({ min: -HOUR_MS, max: HOUR_MS }) }),
  fc.record({ act: fc.constantFrom('fill', 'make room') }),
);
// The records have the shapes of steps; fast-check's types widen their literals.
const stepsOf = (...arbitraries: fc.MaybeWeightedArbitrary<object>[]) =>
  fc.array(fc.oneof(...arbitraries), { maxLength: 40, size: 'max' }) as unknown as fc.Arbitrary<
    readonly Step[]
  >;
const calm = stepsOf(wait, request);
const troubled = stepsOf({ arbitrary: wait, weight: 4 }, { arbitrary: request, weight: 5 }, trouble);

const read = (end: 'done' | 'failed' | 'dead', takesMs = 100): Step => ({
  act: 'read',
  course: { takesMs, end },
});
const waitFor = (ms: number): Step => ({ act: 'wait', ms });
const cron: Step = { act: 'cron', course: { takesMs: 0, end: 'done' } };
const loseLease: Step = { act: 'lose', key: 'draining' };
/** Random runs seldom get here: the cron overtakes a slow drain, or a drain loses its lease. */
const examples: [readonly Step[]][] = [
  [[read('done', 5_000), waitFor(3_000), cron, waitFor(2_000), read('done')]],
  [[read('done'), loseLease, waitFor(100), read('done')]],
];

let engine: Engine;
beforeAll(async () => {
  engine = await embedEngine();
});
afterAll(() => engine.close());

const check = (code: CodeUnderTest, numRuns: number) =>
  fc.check(
    fc.asyncProperty(fc.oneof(calm, troubled), async (steps) => void (await runFleet(engine, code, steps))),
    { seed, numRuns, endOnFailure: true, examples },
  );

test('a read is told of a drain exactly when one is due, whatever becomes of drains and of Redis', async () => {
  const { failed, counterexample, errorInstance } = await check(codeUnderTest, RUNS);
  expect(failed, `${seed}: ${JSON.stringify(counterexample)} ${String(errorInstance)}`).toBe(false);
});

test('no two drains that reads set off begin within the time of one', async () => {
  const property = fc.asyncProperty(calm, async (steps) => {
    const told = await runFleet(engine, codeUnderTest, steps);
    const gaps = told.slice(1).map((ms, at) => ms - (told[at] ?? Number.NaN));
    expect(gaps.filter((ms) => !(ms >= EVERY_MS))).toEqual([]);
  });
  await fc.assert(property, { seed, numRuns: RUNS / 2 });
});

describe('is found out', () => {
  test.each(sampled(drainMutations, 3))('$name', async (mutation) => {
    expect((await check(await makeMutant(mutation), RUNS_PER_MUTANT)).failed).toBe(true);
  });
});

test.each(['failed', 'dead'] as const)(
  'a drain that is %s delays the next by its lease and no more',
  async (end) => {
    const polls = Array.from({ length: 30 }, () => [read('done'), waitFor(500)]).flat();
    const [first = 0, second] = await runFleet(engine, codeUnderTest, [read(end), waitFor(500), ...polls]);
    expect(second).toBe(first + DRAIN_LEASE_MS);
  },
);

test('a drain of the cron counts', async () => {
  const steps = [cron, waitFor(EVERY_MS - 1), read('done'), waitFor(1), read('done')];
  expect(await runFleet(engine, codeUnderTest, steps)).toHaveLength(1);
});
