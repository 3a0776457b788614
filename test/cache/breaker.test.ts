import { expect, test } from 'vitest';
import { makeBreaker } from '../../src/cache/breaker.ts';

const settings = { failures: 2, coolDownMs: 100 };

function openBreaker() {
  const breaker = makeBreaker(settings);
  breaker.failed(0, 0);
  breaker.failed(0, 0);
  return breaker;
}

test('a breaker opens after failures in a row', () => {
  const breaker = makeBreaker(settings);
  breaker.failed(0, 0);
  expect(breaker.next(0)).toBe('closed');
  breaker.failed(0, 0);
  expect(breaker.next(0)).toBe('open');
});

test('a success between failures keeps it closed', () => {
  const breaker = makeBreaker(settings);
  breaker.failed(0, 0);
  breaker.succeeded(0);
  breaker.failed(0, 0);
  expect(breaker.next(0)).toBe('closed');
});

test('after the cool-down one caller is to probe, and the next only after another', () => {
  const breaker = openBreaker();
  expect(breaker.next(99)).toBe('open');
  expect(breaker.next(100)).toBe('probe');
  expect(breaker.next(100)).toBe('open');
  expect(breaker.next(200)).toBe('probe');
});

test('failures that come in late put no probe off', () => {
  const breaker = openBreaker();
  breaker.failed(0, 99);
  expect(breaker.next(100)).toBe('probe');
});

test('a probe that is answered closes it', () => {
  const breaker = openBreaker();
  breaker.next(100);
  breaker.succeeded(100);
  expect(breaker.next(101)).toBe('closed');
});

test('what was sent before the latest answer and fails after it does not count', () => {
  const breaker = openBreaker();
  breaker.succeeded(100);
  breaker.failed(50, 150);
  breaker.failed(60, 160);
  expect(breaker.next(160)).toBe('closed');
  breaker.failed(110, 210);
  breaker.failed(110, 210);
  expect(breaker.next(210)).toBe('open');
});

test('a clock that steps back does not keep it open, nor closed', () => {
  const breaker = openBreaker();
  expect(breaker.next(-10_000)).toBe('probe');
  breaker.succeeded(0);
  breaker.failed(-20_000, -20_000);
  breaker.failed(-20_000, -20_000);
  expect(breaker.next(-20_000)).toBe('open');
});

test('a description says where the breaker stands, and tells nobody to probe', () => {
  const breaker = makeBreaker(settings);
  breaker.failed(0, 0);
  expect(breaker.describe(0)).toEqual({ state: 'closed', failuresInARow: 1, msUntilProbe: 0 });
  breaker.failed(10, 10);
  expect(breaker.describe(50)).toEqual({ state: 'open', failuresInARow: 2, msUntilProbe: 60 });
  expect(breaker.describe(110)).toEqual({ state: 'open', failuresInARow: 2, msUntilProbe: 0 });
  expect(breaker.next(110)).toBe('probe');
  expect(breaker.describe(110)).toMatchObject({ state: 'open', msUntilProbe: 100 });
});

test('after a quiet spell everybody asks again, and one failure opens it', () => {
  const breaker = openBreaker();
  expect(breaker.describe(600)).toMatchObject({ state: 'closed' });
  expect([breaker.next(600), breaker.next(600)]).toEqual(['closed', 'closed']);
  breaker.failed(600, 650);
  expect(breaker.next(650)).toBe('open');
});

test('answers that come out of order do not make old failures news again', () => {
  const breaker = makeBreaker(settings);
  breaker.succeeded(100);
  breaker.succeeded(50);
  breaker.failed(70, 150);
  breaker.failed(70, 150);
  expect(breaker.next(150)).toBe('closed');
});

test('however long an outage has been, the store is asked again within one cool-down of its end', () => {
  for (let endMs = 0; endMs < 20 * settings.coolDownMs; endMs++) {
    const breaker = openBreaker();
    const probesMs: number[] = [];
    for (let nowMs = 0; nowMs <= endMs + settings.coolDownMs; nowMs++) {
      if (breaker.next(nowMs) !== 'probe') continue;
      probesMs.push(nowMs);
      if (nowMs >= endMs) breaker.succeeded(nowMs);
      else breaker.failed(nowMs, nowMs);
    }
    expect(probesMs.at(-1)).toBeGreaterThanOrEqual(endMs);
    expect(breaker.next(endMs + settings.coolDownMs)).toBe('closed');
  }
});
