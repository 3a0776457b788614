import { NeonDbError } from '@neondatabase/serverless';
import { describe, expect, test } from 'vitest';
import { isUnavailable } from '../../../src/db/client/errors.ts';
import { makeDb } from '../../../src/db/client/client.ts';
import { GarbledAnswer, isGarbled } from '../../../src/db/client/errors.ts';
import { fetchChecked } from '../../../src/db/client/neon-fetch.ts';
import { valueParsers } from '../../../src/db/client/value-parsers.ts';
import { stubFetch } from '../../support/clients.ts';

const field = { name: 'id', dataTypeID: 23 };
const select = { command: 'SELECT', rowCount: 1, fields: [field], rows: [['3']], rowAsArray: true };
const query = { query: 'select 3', params: [] };

/** What the driver is handed for what Neon answers. */
async function fetchOf(response: Response, request: object = query): Promise<unknown> {
  stubFetch(async () => response);
  const answer = await fetchChecked('https://example.com/sql', { body: JSON.stringify(request) });
  return answer.json();
}

test.each([
  [select],
  [{ ...select, rowCount: 0, rows: [] }],
  [{ ...select, command: 'SHOW', rowCount: null }],
  [{ ...select, command: 'INSERT' }],
  [{ ...select, command: 'INSERT', rowCount: 3, fields: [], rows: [] }],
  [{ ...select, command: 'BEGIN', rowCount: null, fields: [], rows: [] }],
])('%j is an answer', async (result) => {
  expect(await fetchOf(Response.json(result))).toEqual(result);
});

test.each([
  [null],
  [42],
  [[]],
  [{}],
  [{ results: [select] }],
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
])('%j is none', async (result) => {
  await expect(fetchOf(Response.json(result))).rejects.toThrow('the answer is no result of a statement');
});

const batch = { queries: [query, query] };

test('a batch is answered by one result for each statement', async () => {
  const body = { results: [select, { ...select, rows: [[null]] }] };
  expect(await fetchOf(Response.json(body), batch)).toEqual(body);
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
])('%j answers no batch of two', async (body) => {
  await expect(fetchOf(Response.json(body), batch)).rejects.toThrow('the answer is no result of a batch');
});

test.each([
  ['t', true],
  ['f', false],
  ['dA==', 'dA=='],
  ['true', 'true'],
  ['', ''],
])('the boolean %j is %j: what is garbled passes for neither', (text, value) => {
  expect(valueParsers.getTypeParser(16)(text)).toBe(value);
});

test.each([
  [23, 'Mw==', Number.NaN],
  [23, '3x', Number.NaN],
  [20, '9007199254740993', '9007199254740993'],
  [1184, '2026-01-02 03:04:05+00', '2026-01-02 03:04:05+00'],
])('a value of type %i that reads %j is %j', (typeId, text, value) => {
  expect(valueParsers.getTypeParser(typeId)(text)).toBe(value);
});

test.each([
  [114, '{"a":'],
  [3802, 'e30='],
  [1009, '{a,b'],
  [1009, '{a,b}}'],
  [1009, '{"a}'],
])('of type %i nothing reads %j', (typeId, text) => {
  expect(() => valueParsers.getTypeParser(typeId)(text)).toThrow(GarbledAnswer);
});

describe('through the driver', () => {
  const SECRET = 'tiger';

  /** How a statement fails, and a batch of one, when Neon answers this. */
  async function failuresOf(respond: () => Response): Promise<unknown[]> {
    stubFetch(async () => respond());
    const db = makeDb('postgres://u:p@localhost/x', 10_000);
    const asked = [db.$client.query('select 3'), db.$client.transaction([db.$client.query('select 3')])];
    return Promise.all(
      asked.map((one) =>
        one.then(
          () => 'no failure',
          (error: unknown) => error,
        ),
      ),
    );
  }

  const brokenBody = (status: number) => {
    const cut = (body: ReadableStreamDefaultController) =>
      body.error(new DOMException(SECRET, 'TimeoutError'));
    return new Response(new ReadableStream({ pull: cut }), { status });
  };

  test.each<[string, () => Response]>([
    ['a status with a text', () => new Response(SECRET, { status: 503 })],
    ['a refusal that is no JSON', () => new Response(`<b>${SECRET}`, { status: 400 })],
    ['a refusal that is cut off by the deadline', () => brokenBody(400)],
    ['an answer that is no JSON', () => new Response(`<b>${SECRET}`)],
    ['an answer that is cut off by the deadline', () => brokenBody(200)],
    ['an answer that is no result', () => Response.json({ [SECRET]: 1 })],
  ])('%s is an outage, and its text is not told', async (_what, respond) => {
    for (const error of await failuresOf(respond)) {
      expect(error).toBeInstanceOf(NeonDbError);
      expect(isUnavailable(error)).toBe(true);
      expect(String(error)).not.toContain(SECRET);
    }
  });

  test('whatever came for an answer may be that of a write that was done', async () => {
    for (const respond of [() => brokenBody(200), () => new Response('{"comm'), () => Response.json({})])
      for (const error of await failuresOf(respond)) expect(isGarbled(error)).toBe(true);
    for (const respond of [() => brokenBody(400), () => new Response(null, { status: 503 })])
      for (const error of await failuresOf(respond)) expect(isGarbled(error)).toBe(false);
  });

  test('a refusal has its code, its constraint and its message, and no row', async () => {
    const report = {
      message: 'no',
      code: '23505',
      constraint: 'a_key',
      detail: `Key (a)=(${SECRET}) exists`,
    };
    for (const error of await failuresOf(() => Response.json(report, { status: 400 }))) {
      expect(error).toMatchObject({ message: 'no', code: '23505', constraint: 'a_key' });
      expect(JSON.stringify(error)).not.toContain(SECRET);
    }
  });
});
