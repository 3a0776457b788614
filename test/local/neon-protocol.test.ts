import { createServer, type AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { startNeonBridge } from '../../local/neon-bridge.ts';
import { startPostgresIn } from '../engines/saved-states.ts';
import { type Bridge, driver, failureOf, postSql, useNeonBridge } from '../support/local/neon.ts';

const session = useNeonBridge();

async function refusalOf(pending: Promise<Response>): Promise<[number, Record<string, unknown>]> {
  const response = await pending;
  // An answer of another shape fails the comparison that follows.
  return [response.status, (await response.json()) as Record<string, unknown>];
}

describe('without the client', () => {
  const query = 'select 1::int2 as a, 1.5::float8 as b, true as c, $1::jsonb as d, 12::int8 as e, null as f';

  test('raw text is what Postgres sent', async () => {
    const headers = { 'Neon-Raw-Text-Output': 'true', 'Neon-Array-Mode': 'true' };
    const response = await postSql(session, { query, params: [{ x: [1.0] }] }, headers);
    expect(await response.json()).toMatchObject({
      rows: [['1', '1.5', 't', '{"x": [1]}', '12', null]],
      rowAsArray: true,
    });
  });

  test('otherwise values are JSON and rows are objects', async () => {
    const response = await postSql(session, { query, params: ['{"x": 12345678901234567890}'] });
    const body = await response.text();
    expect(body).toContain(
      '"rows":[{"a":1,"b":1.5,"c":true,"d":{"x": 12345678901234567890},"e":"12","f":null}]',
    );
  });

  test('arrays and numbers that JSON has not', async () => {
    const arrays = `select array[1, null] as a, array[['x', 'NULL'], ['{"}', e'\\\\,']] as b, '[0:1]={t,f}'::bool[] as c,
      array['{"k": "v"}'::jsonb] as d, 'NaN'::float8 as e, '{}'::int[] as f, '-Infinity'::float4 as g`;
    const { rows } = (await postSql(session, { query: arrays }).then((response) => response.json())) as {
      rows: unknown;
    };
    expect(rows).toEqual([
      {
        a: [1, null],
        b: [
          ['x', 'NULL'],
          ['{"}', '\\,'],
        ],
        c: [true, false],
        d: [{ k: 'v' }],
        e: 'NaN',
        f: [],
        g: '-Infinity',
      },
    ]);
  });

  test('parameters that are not text become it', async () => {
    const wanted = 'select $1::int as a, $2::bool as b, $3::jsonb as c, $4::text[] as d, $5::int[] as e';
    const params = [7, false, { k: null }, ['a"b', null, { x: 1 }], [[1], [2]]];
    const { rows } = (await postSql(session, { query: wanted, params }).then((response) =>
      response.json(),
    )) as {
      rows: unknown;
    };
    expect(rows).toEqual([{ a: 7, b: false, c: { k: null }, d: ['a"b', null, '{"x":1}'], e: [[1], [2]] }]);
  });

  test('each query of a batch may choose its rows', async () => {
    const queries = [{ query: 'select 1 as a', arrayMode: true }, { query: 'select 2 as a' }];
    expect(await postSql(session, { queries }).then((response) => response.json())).toMatchObject({
      results: [{ rows: [[1]] }, { rows: [{ a: 2 }] }],
    });
  });
});

describe('bad requests are refused', () => {
  test.each<[string, unknown, Record<string, string | null>]>([
    ['no connection string', { query: 'select 1' }, { 'Neon-Connection-String': null }],
    ['no URL', { query: 'select 1' }, { 'Neon-Connection-String': 'host=localhost' }],
    ['another scheme', { query: 'select 1' }, { 'Neon-Connection-String': 'mysql://a:b@c/d' }],
    ['no database', { query: 'select 1' }, { 'Neon-Connection-String': 'postgres://a:b@c' }],
    ['no user', { query: 'select 1' }, { 'Neon-Connection-String': 'postgres://c/d' }],
    ['bad percent-encoding', { query: 'select 1' }, { 'Neon-Connection-String': 'postgres://a:b@c/%ff' }],
    ['no JSON', '{', {}],
    ['an empty body', '', {}],
    ['an array', [], {}],
    ['null', null, {}],
    ['no query', { params: [] }, {}],
    ['a query that is no text', { query: 1 }, {}],
    ['params that are no array', { query: 'select 1', params: {} }, {}],
    ['too many params', { query: 'select 1', params: Array(65_536).fill(null) }, {}],
    ['queries that are no array', { queries: {} }, {}],
    ['a query of queries that is text', { queries: ['select 1'] }, {}],
    ['a wrong isolation level', { queries: [] }, { 'Neon-Batch-Isolation-Level': 'serializable' }],
    ['a wrong read-only', { queries: [] }, { 'Neon-Batch-Read-Only': 'yes' }],
    ['a wrong deferrable', { queries: [] }, { 'Neon-Batch-Deferrable': '1' }],
    ['a NUL in the query', { query: 'select 1\0' }, {}],
    ['COPY FROM STDIN', { query: 'copy shops from stdin' }, {}],
  ])('%s', async (_name, body, headers) => {
    const before = session.bridge.counts().statements;
    expect(await refusalOf(postSql(session, body, headers))).toEqual([
      400,
      expect.objectContaining({ message: expect.any(String) }),
    ]);
    expect(session.bridge.counts().statements).toBe(before);
  });

  test('a database that is not there, as Postgres says it', async () => {
    const other = driver.neon('postgres://postgres:x@localhost/nowhere');
    const expected = { message: 'database "nowhere" does not exist', severity: 'FATAL', code: '3D000' };
    expect(await failureOf(other`select 1`)).toMatchObject(expected);
  });

  test('too large a body', async () => {
    const body = { query: 'select 1', params: ['x'.repeat(10 * 1024 * 1024)] };
    expect(await refusalOf(postSql(session, body))).toEqual([
      413,
      expect.objectContaining({ message: expect.any(String) }),
    ]);
  });

  test('another method or path', async () => {
    expect(await refusalOf(fetch(`${session.bridge.url}/sql`))).toEqual([405, expect.anything()]);
    expect(await refusalOf(fetch(`${session.bridge.url}/`, { method: 'POST' }))).toEqual([
      404,
      expect.anything(),
    ]);
  });
});

test('counts requests and the statements of callers, until a reset', async () => {
  const counted = await startNeonBridge({ port: 0, postgresUrl: session.url, maxConnections: 1 });
  onTestFinished(() => counted.close());
  await postSql(session, { query: 'select 1' }, {}, { at: counted });
  await postSql(
    session,
    { queries: [{ query: 'select 1' }, { query: 'select nope' }, { query: 'select 2' }] },
    {},
    { at: counted },
  );
  await postSql(session, {}, {}, { at: counted });
  expect(counted.counts()).toEqual({ requests: 3, statements: 3 });
  expect(await fetch(`${counted.url}/stats`).then((response) => response.json())).toEqual(counted.counts());
  await fetch(`${counted.url}/stats/reset`, { method: 'POST' });
  expect(counted.counts()).toEqual({ requests: 0, statements: 0 });
});

describe('when Postgres', () => {
  function ask(at: Bridge): Promise<Response> {
    const headers = { 'Neon-Connection-String': 'postgres://postgres:x@localhost/postgres' };
    return fetch(`${at.url}/sql`, { method: 'POST', body: '{"query":"select 1 as a"}', headers });
  }

  test('is away the answer is an error, and the next is right once it is back', async () => {
    const first = await startPostgresIn('empty');
    const over = await startNeonBridge({ port: 0, postgresUrl: first.url });
    onTestFinished(() => over.close());
    expect((await ask(over)).status).toBe(200);

    await first.close();
    const [status, body] = await refusalOf(ask(over));
    expect([status, body.message]).toEqual([500, expect.stringContaining('could not reach Postgres')]);
    expect(body).toMatchObject({ code: '', severity: '', detail: null });

    const second = await startPostgresIn('empty', Number(new URL(first.url).port));
    onTestFinished(() => second.close());
    expect(await ask(over).then((response) => response.json())).toMatchObject({ rows: [{ a: 1 }] });
  });

  // An embedded Postgres has no backends to end.
  test.runIf(process.env.DATABASE_URL)('ends a connection, one request fails', async () => {
    expect(await failureOf(session.sql`select pg_terminate_backend(pg_backend_pid())`)).toMatchObject({
      code: '57P01',
    });
    expect(await session.sql`show statement_timeout`).toEqual([{ statement_timeout: '1min' }]);
  });

  test('never answers, closing ends the requests under way', async () => {
    const silent = createServer();
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void silent.close());
    const asked = new Promise((resolve) => silent.once('connection', resolve));
    const { port } = silent.address() as AddressInfo;
    const over = await startNeonBridge({
      port: 0,
      postgresUrl: `postgres://postgres@127.0.0.1:${port}/postgres`,
    });
    const failure = ask(over).catch(String);
    await asked;
    await over.close();
    expect(await failure).toContain('fetch failed');
  });
});

test('a port in use is the listen error', async () => {
  const taken = startNeonBridge({ port: session.bridge.port, postgresUrl: session.url });
  await expect(taken).rejects.toMatchObject({ code: 'EADDRINUSE' });
});
