import { expect, test } from 'vitest';
import { makeAfterwards } from '../../src/lib/afterwards.ts';

test('work waits for the answer, begins in its order, and once', () => {
  const begun: string[] = [];
  const afterwards = makeAfterwards();
  afterwards.add(() => begun.push('first'));
  afterwards.add(() => begun.push('second'));
  expect(begun).toEqual([]);
  afterwards.begin();
  expect(begun).toEqual(['first', 'second']);
  afterwards.begin();
  expect(begun).toEqual(['first', 'second']);
});

test('work that comes after the answer begins at once', () => {
  const begun: string[] = [];
  const afterwards = makeAfterwards();
  afterwards.begin();
  afterwards.add(() => begun.push('late'));
  expect(begun).toEqual(['late']);
});
