import { expect, test } from 'vitest';
import { requireResults } from '../../src/db/neon-results.ts';

const field = { name: 'id', dataTypeID: 23 };
const select = { command: 'SELECT', rowCount: 1, fields: [field], rows: [['3']], rowAsArray: true };

test.each([
  [select],
  [{ ...select, rowCount: 0, rows: [] }],
  [{ ...select, command: 'SHOW', rowCount: null }],
  [{ ...select, command: 'INSERT' }],
  [{ ...select, command: 'INSERT', rowCount: 3, fields: [], rows: [] }],
  [{ ...select, command: 'BEGIN', rowCount: null, fields: [], rows: [] }],
  [{ results: [] }],
  [{ results: [select, { ...select, rows: [[null]] }] }],
])('%j is an answer', (body) => {
  expect(() => requireResults(body)).not.toThrow();
});

test.each([
  [null],
  [42],
  [[]],
  [{}],
  [{ results: {} }],
  [{ results: [select, null] }],
  [{ fields: [], rows: [] }],
  [{ ...select, command: null }],
  [{ ...select, fields: null }],
  [{ ...select, rows: {} }],
  [{ ...select, rows: [] }],
  [{ ...select, rows: [null] }],
  [{ ...select, rows: [[]] }],
  [{ ...select, rows: [['3', '4']] }],
  [{ ...select, rowCount: 0, fields: [], rows: [] }],
  [{ ...select, command: 'INSERT', fields: [] }],
])('%j is none', (body) => {
  expect(() => requireResults(body)).toThrow('the answer is no result of a statement');
});
