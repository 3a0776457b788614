import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { outages } from './outages.ts';
import { nameRow, readRows, replaceTable, rows } from './failures-table.ts';

const page = await readFile(new URL('../../docs/failures.md', import.meta.url), 'utf8');

test('the outages are of Redis, of Postgres, or of both, and each kind has a file of tests', () => {
  const kinds = new Set(outages.map(({ stores }) => stores.join('+')));
  expect([...kinds].toSorted()).toEqual(['postgres', 'redis', 'redis+postgres']);
});

test('docs/failures.md has a row for every outage, and no other', () => {
  expect(readRows(page)).toEqual(rows.map(nameRow));
});

test('a table that is written has the rows that are read', () => {
  const none = { requests: 0, errors: 0, errorsInReach: 0, p50Ms: 0, p99Ms: 0, openP99Ms: 0, steadyP99Ms: 0 };
  const figures = {
    ...none,
    askedPerS: 0,
    errorsAfter: 0,
    backAfterMs: 0,
    answers: new Map([['200 memory', 0]]),
  };
  const written = replaceTable(page, 'How.', new Map(rows.map((outage) => [outage, figures])));
  expect(readRows(written)).toEqual(rows.map(nameRow));
  expect(replaceTable(written, 'How.', new Map(rows.map((outage) => [outage, figures])))).toBe(written);
});
