import { expect, test } from 'vitest';
import { makeBreaker } from '../../src/cache/breaker.ts';

function openBreaker() {
  const breaker = makeBreaker({ failures: 2, coolDownMs: 100 });
  breaker.failed(0);
  breaker.failed(0);
  return breaker;
}

test('a breaker opens after failures in a row', () => {
  const breaker = makeBreaker({ failures: 2, coolDownMs: 100 });
  breaker.failed(0);
  expect(breaker.allows(0)).toBe(true);
  breaker.failed(0);
  expect(breaker.allows(0)).toBe(false);
});

test('a success between failures keeps it closed', () => {
  const breaker = makeBreaker({ failures: 2, coolDownMs: 100 });
  breaker.failed(0);
  breaker.succeeded();
  breaker.failed(0);
  expect(breaker.allows(0)).toBe(true);
});

test('after the cool-down one probe goes through, and the next only after another', () => {
  const breaker = openBreaker();
  expect(breaker.allows(99)).toBe(false);
  expect(breaker.allows(100)).toBe(true);
  expect(breaker.allows(100)).toBe(false);
  expect(breaker.allows(200)).toBe(true);
});

test('a probe that succeeds closes it', () => {
  const breaker = openBreaker();
  breaker.allows(100);
  breaker.succeeded();
  expect(breaker.allows(101)).toBe(true);
});

test('a clock that steps back does not keep it open', () => {
  const breaker = openBreaker();
  expect(breaker.allows(-10_000)).toBe(true);
});

test('a description says where the breaker stands, and takes no probe', () => {
  const breaker = makeBreaker({ failures: 2, coolDownMs: 100 });
  breaker.failed(0);
  expect(breaker.describe(0)).toEqual({ state: 'closed', failuresInARow: 1, msUntilProbe: 0 });
  breaker.failed(10);
  expect(breaker.describe(50)).toEqual({ state: 'open', failuresInARow: 2, msUntilProbe: 60 });
  expect(breaker.describe(110)).toEqual({ state: 'half-open', failuresInARow: 2, msUntilProbe: 0 });
  expect(breaker.allows(110)).toBe(true);
  expect(breaker.describe(110).state).toBe('open');
});
