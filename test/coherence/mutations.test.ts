import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { sampled, scaled, seed } from '../support/scale.ts';
import { codeUnderTest } from './code-under-test.ts';
import { readCounterExamples } from './counter-examples.ts';
import { type Engine, isOnServer, makeEngine } from './engine.ts';
import { makeMutant } from './mutant.ts';
import { mutations } from './mutations/all.ts';
import { harmless } from './mutations/harmless.ts';
import { readPage, renderPage } from './page.ts';
import { breaksIn, search, violationOf } from './search.ts';

const examples = await readCounterExamples();
const runsPerHarmless = scaled(5, isOnServer ? 200 : 40);
const RUNS_PER_SEARCH = 300;

let engine: Engine;
beforeAll(async () => {
  engine = await makeEngine();
});
afterAll(() => engine.close());

test('every mutation has a counter-example, and nothing else has', () => {
  expect(examples.map(({ mutation }) => mutation)).toEqual(mutations.map(({ name }) => name));
});

describe('breaks the property in its counter-example, which the code does not', () => {
  test.each(sampled(mutations, 8))('$name', async (mutation) => {
    const example = examples.find((found) => found.mutation === mutation.name);
    const commands = example?.commands ?? [];
    expect(await violationOf(engine, commands, codeUnderTest)).toBeNull();
    expect(await violationOf(engine, commands, await makeMutant(mutation))).toBe(example?.violation);
  });
});

describe('keeps the property', () => {
  test.each(sampled(harmless, 1))('$name', async (mutation) => {
    expect(await search(engine, await makeMutant(mutation), { runs: runsPerHarmless, seed })).toBeNull();
  });
});

// A short run is too short to find what it must, and the embedded engine too slow.
if (inject('isFull') && isOnServer)
  test('random runs alone find many of the mutants', async () => {
    const shuffled = fc.shuffledSubarray([...mutations], { minLength: mutations.length });
    const [drawn = []] = fc.sample(shuffled, { seed, numRuns: 1 });
    let toBeFound = Math.floor(mutations.length / 4);
    // It ends with the last that it needs: a search in vain takes the longest.
    for (const mutation of drawn) {
      if (await breaksIn(engine, await makeMutant(mutation), { runs: RUNS_PER_SEARCH, seed })) toBeFound -= 1;
      if (toBeFound === 0) return;
    }
    expect(toBeFound, `SEED=${seed}`).toBe(0);
  });

test('docs/coherence.md says what the generator writes', async () => {
  const page = await readPage();
  expect(page).toBe(renderPage(page, examples));
});
