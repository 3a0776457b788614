import { expect, test } from 'vitest';
import { withoutRepeats } from '../src/log.ts';

test('a log without repeats says each line once, and what differs in a field or a level each', () => {
  const lines: unknown[] = [];
  const noting =
    (level: string) =>
    (...line: unknown[]) =>
      void lines.push([level, ...line]);
  const log = withoutRepeats({ info: noting('info'), warn: noting('warn'), error: noting('error') });
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
