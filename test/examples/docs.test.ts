import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTwoWorkers, type TwoWorkers } from '../engines/two-workers.ts';
import { notReplayed } from '../support/upstream.ts';
import { blocksOf, mapOfDocs, pagesInOrder, pagesOfDocs, readPage } from './blocks.ts';
import { notRun } from './not-run.ts';
import { isAsPrinted, type Outcome, runSteps, type Step, stepsOf } from './run-blocks.ts';

const blocks = pagesInOrder.flatMap(blocksOf);
const stepsByPage = pagesInOrder.map((page) =>
  blocks.filter((block) => block.page === page && block.isRun).flatMap(stepsOf),
);
const steps = stepsByPage.flat();
const outcomes = new Map<Step, Outcome>();

/** The pages use curl. A machine may have Node and npm alone, and then runs every other test. */
const hasCurl = spawnSync('curl', ['--version']).status === 0;

let two: TwoWorkers | undefined;

// All pages are read from the first to the last on one stack, however the tests below are shuffled.
beforeAll(async () => {
  if (!hasCurl) return;
  two = await startTwoWorkers();
  const { workers, stack } = two;
  const portsByPrinted = {
    8787: portOf(workers.url),
    8788: portOf(workers.consumerUrl),
    54321: portOf(stack.neonUrl),
    63791: portOf(stack.upstashUrl),
  };
  for (const ofPage of stepsByPage) {
    const ended = await runSteps(ofPage, portsByPrinted);
    ended.forEach((outcome, at) => outcomes.set(ofPage[at] as Step, outcome));
  }
});

afterAll(() => two?.close());

const portOf = (url: URL | string) => Number(new URL(url).port);

function outcomeOf(step: Step): Outcome {
  const outcome = outcomes.get(step);
  if (!outcome) throw new Error(`${step.name} was not run`);
  return outcome;
}

const printing = steps.filter(({ expected }) => expected !== null);
const silent = steps.filter(({ expected }) => expected === null);

test('the README’s map names every page of docs', () => {
  expect(mapOfDocs.toSorted()).toEqual(pagesOfDocs.toSorted());
});

test('the README and at least five pages of docs have commands', () => {
  expect(new Set(blocks.map(({ page }) => page)).size).toBeGreaterThan(5);
  expect(printing.filter(({ name }) => name.startsWith('README.md')).length).toBeGreaterThanOrEqual(3);
});

test.skipIf(!hasCurl).each(printing)('$name prints what the page says', (step) => {
  const { output } = outcomeOf(step);
  expect(isAsPrinted(step.expected ?? '', output), output).toBe(true);
});

test.skipIf(!hasCurl).each(silent)('every command of $name succeeds', (step) => {
  expect(outcomeOf(step).failed).toBe('');
});

test('a block that is not run is marked, and has a reason', () => {
  const marked = blocks.filter(({ isRun }) => !isRun).map(({ text }) => text.split('\n')[0]);
  expect([...new Set(marked)].toSorted()).toEqual(Object.keys(notRun).toSorted());
});

test('docs/differences.md lists every row of the original that is not replayed', () => {
  const listed = [...readPage('docs/differences.md').matchAll(/^\| `(.*?)`\s+\|/gm)].map(([, row]) => row);
  expect(listed.toSorted()).toEqual(Object.keys(notReplayed).toSorted());
});

const named = [...readPage('docs/elsewhere.md').matchAll(/\[([^\]]+)\]\(\.\.\/(test\/[^)]+)\)/g)].map(
  ([, title = '', path = '']) => ({ title, path }),
);

test.each(named)('$path has the test “$title”', ({ title, path }) => {
  expect(readPage(path).replaceAll("\\'", "'")).toContain(`'${title}'`);
});
