import { expect, test } from 'vitest';
import {
  formatToken,
  isLater,
  parseLogicalTime,
  parseToken,
  randomId,
  includesWrite,
} from '../../src/cache/logical-time.ts';

const epoch = '0123456789abcdef';
const other = 'fedcba9876543210';

test.each([`${epoch}:1`, `${epoch}:9007199254740991`, 'pg:1795449833954'])(
  'the token %s survives a round trip',
  (text) => {
    const token = parseToken(text);
    expect(token && formatToken(token)).toBe(text);
  },
);

test.each([
  '',
  'x',
  epoch,
  `${epoch}:`,
  `${epoch}:-1`,
  `${epoch}:1.5`,
  `${epoch}:9007199254740993`,
  `${epoch}:1 `,
  'pg:',
  'pg:-1',
  'PG:1',
  `${epoch.toUpperCase()}:1`,
  `${epoch}:1\n`,
])('the token %j is malformed', (text) => {
  expect(parseToken(text)).toBeNull();
});

test('a logical time is no time of a failed invalidation', () => {
  expect(parseLogicalTime('pg:1')).toBeNull();
});

test('an answer satisfies tokens of its epoch up to its own time', () => {
  const asOf = { epoch, n: 5 };
  expect(includesWrite(asOf, { epoch, n: 5 })).toBe(true);
  expect(includesWrite(asOf, { epoch, n: 6 })).toBe(false);
  expect(includesWrite(asOf, { epoch: other, n: 1 })).toBe(false);
  expect(includesWrite(asOf, { unsharedSinceMs: 0 })).toBe(false);
  expect(includesWrite(null, { epoch, n: 1 })).toBe(false);
});

test('times of different epochs do not compare', () => {
  expect(isLater({ epoch, n: 2 }, { epoch, n: 1 })).toBe(true);
  expect(isLater({ epoch, n: 2 }, { epoch: other, n: 1 })).toBe(false);
  expect(isLater({ epoch, n: 2 }, null)).toBe(false);
});

test('ids are sixteen hexadecimal digits and differ', () => {
  expect(randomId()).toMatch(/^[0-9a-f]{16}$/);
  expect(randomId()).not.toBe(randomId());
});
