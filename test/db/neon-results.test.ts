import { expect, test } from 'vitest';
import { parseResult, parseResults } from '../../src/db/neon-results.ts';

const field = { name: 'id', dataTypeID: 23 };
const select = { command: 'SELECT', rowCount: 1, fields: [field], rows: [['3']], rowAsArray: true };

test.each([
  [select],
  [{ ...select, rowCount: 0, rows: [] }],
  [{ ...select, command: 'SHOW', rowCount: null }],
  [{ ...select, command: 'INSERT' }],
  [{ ...select, command: 'INSERT', rowCount: 3, fields: [], rows: [] }],
  [{ ...select, command: 'BEGIN', rowCount: null, fields: [], rows: [] }],
])('%j is an answer', (result) => {
  expect(() => parseResult(result, true)).not.toThrow();
});

test.each([
  [null],
  [42],
  [[]],
  [{}],
  [{ fields: [], rows: [] }],
  [{ ...select, command: null }],
  [{ ...select, fields: null }],
  [{ ...select, rows: {} }],
  [{ ...select, rows: [] }],
  [{ ...select, rows: [null] }],
  [{ ...select, rows: [[]] }],
  [{ ...select, rows: [['3', '4']] }],
  [{ ...select, rows: [[3]] }],
  [{ ...select, rows: [[true]] }],
  [{ ...select, rows: [[['3']]] }],
  [{ ...select, rowCount: 0, fields: [], rows: [] }],
  [{ ...select, command: 'INSERT', fields: [] }],
])('%j is none', (result) => {
  expect(() => parseResult(result, true)).toThrow('the answer is no result of a statement');
});

test('a batch is answered by one result for each statement', () => {
  const results = parseResults({ results: [select, { ...select, rows: [[null]] }] }, [true, false]);
  expect(results.map(({ rows }) => rows)).toEqual([[[3]], [{ id: null }]]);
});

test.each([
  [null],
  [{}],
  [select],
  [{ results: {} }],
  [{ results: [] }],
  [{ results: [select] }],
  [{ results: [select, null] }],
  [{ results: [select, select, select] }],
])('%j answers no batch of two', (body) => {
  expect(() => parseResults(body, [true, true])).toThrow('the answer is no result');
});

test.each([
  ['t', true],
  ['f', false],
  ['dA==', 'dA=='],
  ['true', 'true'],
  ['', ''],
])('the boolean %j is %j: what is garbled passes for neither', (text, value) => {
  const fields = [{ name: 'is_active', dataTypeID: 16 }];
  expect(parseResult({ ...select, fields, rows: [[text]] }, true).rows).toEqual([[value]]);
});
