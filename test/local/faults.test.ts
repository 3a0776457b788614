import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { makeFaults } from '../../local/faults.ts';
import { neonFaults } from '../../local/neon-faults.ts';
import { upstashFaults } from '../../local/upstash-faults.ts';
import { WRONG_BODIES } from '../support/http/store-faults.ts';
import { seed } from '../support/scale.ts';

const faultsOf = { upstash: upstashFaults, neon: neonFaults };

describe('a switch that makes no sense is an error that says what is wrong', () => {
  test.each<[keyof typeof faultsOf, unknown, RegExp]>([
    ['upstash', null, /expected object/],
    ['upstash', {}, /faults: .*expected array/],
    ['upstash', { faults: [{}] }, /faults: 0: kind: /],
    ['upstash', { faults: [{ kind: 'explode' }] }, /faults: 0: kind: /],
    ['upstash', { faults: [], sede: 1 }, /"sede"/],
    ['upstash', { faults: [], seed: -1 }, /seed: .*>=0/],
    ['upstash', { faults: [], seed: 0.5 }, /seed: .*int/],
    ['upstash', { faults: [{ kind: 'delay' }] }, /ms: .*expected number/],
    ['upstash', { faults: [{ kind: 'delay', ms: 0 }] }, /ms: .*>=1/],
    ['upstash', { faults: [{ kind: 'hang', ms: 5 }] }, /"ms"/],
    ['upstash', { faults: [{ kind: 'status', status: 200 }] }, /status: .*>=400/],
    ['upstash', { faults: [{ kind: 'reset', moment: 'before' }] }, /moment: .*"after"/],
    ['upstash', { faults: [{ kind: 'hang', probability: 0 }] }, /probability: .*>0/],
    ['upstash', { faults: [{ kind: 'hang', probability: 1.1 }] }, /probability: .*<=1/],
    ['upstash', { faults: [{ kind: 'hang', verbs: [] }] }, /verbs: .*>=1/],
    [
      'upstash',
      { faults: [{ kind: 'hang', verbs: ['wite'] }] },
      /verbs: 0: must be read, fill, invalidate, forget, noteDrain or/,
    ],
    ['upstash', { faults: [{ kind: 'wrong-json', variant: 'empty-row' }] }, /variant: .*"null-result"/],
    ['neon', { faults: [{ kind: 'hang', verbs: ['read'] }] }, /verbs: 0: .*"statement"\|"batch"\|"probe"/],
  ])('%s %j', (store, input, reason) => {
    expect(() => makeFaults(faultsOf[store]).set(input)).toThrow(reason);
  });

  test('and leaves those that are on', () => {
    const faults = makeFaults(upstashFaults);
    faults.set({ faults: [{ kind: 'hang' }] });
    expect(() => faults.set({ faults: [{ kind: 'hang' }, { kind: 'explode' }] })).toThrow('no such faults');
    expect(faults.strike(['PING'])).toMatchObject({ kind: 'hang' });
  });
});

test('of several faults the first that is meant strikes', () => {
  const faults = makeFaults(upstashFaults);
  faults.set({ faults: [{ kind: 'hang', verbs: ['fill'] }, { kind: 'refuse' }] });
  expect(faults.strike(['PING', 'fill'])).toMatchObject({ kind: 'hang' });
  expect(faults.strike(['PING'])).toMatchObject({ kind: 'refuse' });
  expect(faults.report().faults).toMatchObject([{ struck: 1 }, { struck: 1 }]);
});

function strikes(probability: number, ofSeed: number, requests: number): boolean[] {
  const faults = makeFaults(neonFaults);
  expect(faults.set({ faults: [{ kind: 'hang', probability }], seed: ofSeed })).toMatchObject({
    seed: ofSeed,
  });
  return Array.from({ length: requests }, () => faults.strike(['statement']) !== null);
}

test('the same seed strikes the same requests', () => {
  const seeds = fc.integer({ min: 0, max: 2 ** 32 - 1 });
  fc.assert(
    fc.property(seeds, fc.double({ min: 0.01, max: 1, noNaN: true }), (ofSeed, probability) => {
      expect(strikes(probability, ofSeed, 50)).toEqual(strikes(probability, ofSeed, 50));
    }),
    { seed, numRuns: 50 },
  );
});

test('a probability is the share of requests that are struck', () => {
  const struck = (probability: number) => strikes(probability, seed, 10_000).filter(Boolean).length;
  expect(struck(1)).toBe(10_000);
  // The margin is six standard deviations.
  expect(Math.abs(struck(0.3) - 3_000)).toBeLessThan(275);
});

test('without a seed one is drawn, and said', () => {
  const [first, second] = [makeFaults(neonFaults), makeFaults(neonFaults)].map((faults) =>
    faults.set({ faults: [] }),
  );
  expect(first?.seed).not.toBe(second?.seed);
});

test('tests in workerd know of every wrong body', () => {
  expect(WRONG_BODIES.redis).toEqual(Object.keys(upstashFaults.wrongBodies));
  expect(WRONG_BODIES.postgres).toEqual(Object.keys(neonFaults.wrongBodies));
});
