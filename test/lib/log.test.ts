import { expect, test } from 'vitest';
import { withoutRepeats } from '../../src/lib/log.ts';

function collect() {
  const lines: unknown[] = [];
  const noting =
    (level: string) =>
    (...line: unknown[]) =>
      void lines.push([level, ...line]);
  return { lines, log: { info: noting('info'), warn: noting('warn'), error: noting('error') } };
}

test('a log without repeats says each line once, and what differs in a field or a level each', () => {
  const { lines, log: whole } = collect();
  const log = withoutRepeats(whole);
  for (let time = 0; time < 2; time++) {
    log.warn('shared_store_failed', { operation: 'read' });
    log.warn('shared_store_failed', { operation: 'fill' });
    log.error('shared_store_failed', { operation: 'read' });
    log.error('user_does_not_exist');
  }
  expect(lines).toEqual([
    ['warn', 'shared_store_failed', { operation: 'read' }],
    ['warn', 'shared_store_failed', { operation: 'fill' }],
    ['error', 'shared_store_failed', { operation: 'read' }],
    ['error', 'user_does_not_exist', undefined],
  ]);
});

test('and a line again when it was said long enough ago, or the clock was set back', () => {
  const { lines, log: whole } = collect();
  let nowMs = 1_000;
  const log = withoutRepeats(whole, 100, () => nowMs);
  const counts = [1_000, 1_099, 1_100, 1_199, 500, 599, 600].map((ms) => {
    nowMs = ms;
    log.error('shared_store_forgot', { what: 'time' });
    return lines.length;
  });
  expect(counts).toEqual([1, 1, 2, 2, 3, 3, 4]);
});
