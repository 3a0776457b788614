import { expect, test } from 'vitest';
import { makeBatcher } from '../../src/lib/batcher.ts';

function makeCalls(maxPerCall = 3) {
  const calls: (readonly number[])[] = [];
  const flushes: (() => void)[] = [];
  const ask = makeBatcher(
    async (questions: readonly number[]) => {
      calls.push(questions);
      if (questions.includes(0)) throw new Error('refused');
      return Promise.allSettled(questions.map(async (question) => halve(question)));
    },
    { maxPerCall, schedule: (flush) => void flushes.push(flush) },
  );
  return { ask, calls, flush: () => flushes.shift()?.(), flushes };
}

function halve(question: number): number {
  if (question % 2 === 1) throw new Error(`${question} is odd`);
  return question / 2;
}

const statuses = async (asked: readonly Promise<unknown>[]) =>
  (await Promise.allSettled(asked)).map((outcome) =>
    outcome.status === 'fulfilled' ? outcome.value : String(outcome.reason),
  );

test('what is asked before the flush is one call, and each question has its own outcome', async () => {
  const { ask, calls, flush, flushes } = makeCalls();
  const asked = [ask(2), ask(3), ask(4)];
  expect(flushes).toHaveLength(1);
  expect(calls).toEqual([]);
  flush();
  expect(calls).toEqual([[2, 3, 4]]);
  expect(await statuses(asked)).toEqual([1, 'Error: 3 is odd', 2]);
});

test('what is asked after the flush is another call', async () => {
  const { ask, calls, flush } = makeCalls();
  const first = ask(2);
  flush();
  const second = ask(4);
  flush();
  expect(calls).toEqual([[2], [4]]);
  expect(await statuses([first, second])).toEqual([1, 2]);
});

test('more than a call takes goes in several, and one that fails is the outcome of its own questions alone', async () => {
  const { ask, calls, flush } = makeCalls(2);
  const asked = [ask(2), ask(0), ask(4), ask(6), ask(8)];
  flush();
  expect(calls).toEqual([[2, 0], [4, 6], [8]]);
  expect(await statuses(asked)).toEqual(['Error: refused', 'Error: refused', 2, 3, 4]);
});

test('a question that the call has no answer to is rejected', async () => {
  const ask = makeBatcher(async () => [{ status: 'fulfilled', value: 1 }], {
    maxPerCall: 5,
    schedule: queueMicrotask,
  });
  expect(await statuses([ask(1), ask(2)])).toEqual([1, 'Error: the call answered fewer than it was asked']);
});
