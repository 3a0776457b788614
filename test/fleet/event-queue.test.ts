import { expect, test } from 'vitest';
import { makeEventQueue } from '../../bench/fleet/event-queue.ts';
import { makeRandom } from '../../bench/fleet/random.ts';
import { makeVirtualTime } from '../../bench/fleet/virtual-time.ts';
import { seed } from '../support/scale.ts';

test('events come in the order in which they are due, and those of one time in the order in which they were added', () => {
  const random = makeRandom(seed, 1);
  const queue = makeEventQueue();
  const waiting: { dueMs: number; number: number }[] = [];
  const earliest = () => waiting.toSorted((a, b) => a.dueMs - b.dueMs || a.number - b.number)[0];
  const taken: number[] = [];
  for (let number = 0; number < 2_000; number++) {
    const dueMs = Math.floor(random.uniform() * 50);
    waiting.push({ dueMs, number });
    queue.add(dueMs, () => taken.push(number));
    if (random.uniform() < 0.6) continue;
    const next = earliest();
    expect(queue.nextDueMs()).toBe(next?.dueMs);
    queue.take()?.callback?.();
    expect(taken.at(-1), `SEED=${seed}`).toBe(next?.number);
    waiting.splice(waiting.indexOf(next as (typeof waiting)[0]), 1);
  }
});

test('an empty queue has nothing due', () => {
  const queue = makeEventQueue();
  expect(queue.nextDueMs()).toBe(Infinity);
  expect(queue.take()).toBeUndefined();
});

test('virtual time moves from event to event, and promises settle in between', async () => {
  const time = makeVirtualTime();
  const { clock } = time;
  const startMs = clock.now();
  const seen: string[] = [];
  const see = (what: string) => seen.push(`${what} at ${clock.now() - startMs}`);
  clock.after(10, () => {
    void Promise.resolve('promise')
      .then((what) => Promise.resolve(what))
      .then(see);
    clock.after(5, () => see('inner'));
  });
  const cancel = clock.after(12, () => see('cancelled'));
  time.quietly(11, () => see('quiet'));
  cancel();
  await time.advanceTo(startMs + 14);
  expect(seen).toEqual(['promise at 10', 'quiet at 11']);
  await time.advanceTo(startMs + 20);
  expect(seen.at(-1)).toBe('inner at 15');
  expect(clock.now()).toBe(startMs + 20);
});
