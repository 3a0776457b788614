import { createServer, type AddressInfo } from 'node:net';
import { NeonDbError, neon, neonConfig, type NeonQueryFunction } from '@neondatabase/serverless';
import { sql as fragment } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/neon-http';
import { integer, pgTable, text } from 'drizzle-orm/pg-core';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { startNeonBridge } from '../../local/neon-bridge.ts';
import { startPostgres } from '../../local/postgres.ts';

type Bridge = Awaited<ReturnType<typeof startNeonBridge>>;

const shops = pgTable('shops', { id: integer().primaryKey(), name: text().notNull() });

let engine: { url: string; close(): Promise<void> };
let bridge: Bridge;
let sql: NeonQueryFunction<false, false>;

beforeAll(async () => {
  engine = process.env.DATABASE_URL
    ? await createDatabase(process.env.DATABASE_URL)
    : await startPostgres({ port: 0 });
  bridge = await startNeonBridge({ port: 0, postgresUrl: engine.url });
  neonConfig.fetchEndpoint = `${bridge.url}/sql`;
  sql = neon(engine.url);
  await sql`create table shops (id int primary key, name text not null constraint named check (name <> ''))`;
  await sql`create table aisles (id int primary key, shop int references shops deferrable initially deferred)`;
});

afterAll(async () => {
  await bridge.close();
  await engine.close();
});

async function createDatabase(serverUrl: string): Promise<{ url: string; close(): Promise<void> }> {
  const name = `neon_bridge_test_${crypto.randomUUID().replaceAll('-', '')}`;
  await runOn(serverUrl, `create database ${name}`);
  const url = new URL(serverUrl);
  url.pathname = name;
  // The client insists on a password where the server trusts everybody.
  url.password ||= 'unused';
  return { url: url.href, close: () => runOn(serverUrl, `drop database ${name} with (force)`) };
}

async function runOn(url: string, text: string): Promise<void> {
  const client = await connect(url);
  await client.query(text);
  await client.end();
}

async function connect(url: string): Promise<Client> {
  const client = new Client({ connectionString: url });
  client.on('error', () => {});
  await client.connect();
  return client;
}

async function failureOf(work: Promise<unknown>): Promise<NeonDbError> {
  const error: unknown = await work.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (error instanceof NeonDbError) return error;
  throw new Error('expected a NeonDbError', { cause: error });
}

function post(body: unknown, headers: Record<string, string | undefined> = {}): Promise<Response> {
  const wanted = Object.entries({ 'Neon-Connection-String': engine.url, ...headers });
  return fetch(`${bridge.url}/sql`, {
    method: 'POST',
    body: typeof body === 'string' ? body : JSON.stringify(body),
    headers: wanted.filter((entry): entry is [string, string] => entry[1] !== undefined),
  });
}

async function refusalOf(pending: Promise<Response>): Promise<[number, Record<string, unknown>]> {
  const response = await pending;
  // An answer of another shape fails the comparison that follows.
  return [response.status, (await response.json()) as Record<string, unknown>];
}

describe('a query', () => {
  test('gets its parameters and answers typed rows', async () => {
    const rows =
      await sql`select ${1}::int as a, ${'Füße 🦶'}::text as b, ${null}::text as c, ${true}::bool as d,
      ${[1, 2]}::int[] as e, ${{ x: 'y' }}::jsonb as f, '9007199254740993'::int8 as g`;
    expect(rows).toEqual([
      { a: 1, b: 'Füße 🦶', c: null, d: true, e: [1, 2], f: { x: 'y' }, g: '9007199254740993' },
    ]);
  });

  test('may be long, next to others', async () => {
    const texts = Array.from({ length: 8 }, (_, i) => String(i).repeat(300_000));
    const answers = await Promise.all(texts.map((value) => sql`select ${value}::text as value`));
    expect(answers.map(([row]) => row?.value === texts.shift())).toEqual(Array(8).fill(true));
  });

  test('answers arrays, and full results', async () => {
    const full = await sql.query('select 1 as a, $1 as a', ['x'], { arrayMode: true, fullResults: true });
    expect(full).toMatchObject({ rows: [[1, 'x']], command: 'SELECT', rowCount: 1, rowAsArray: true });
    expect(full.fields).toEqual([
      {
        name: 'a',
        tableID: 0,
        columnID: 0,
        dataTypeID: 23,
        dataTypeSize: 4,
        dataTypeModifier: -1,
        format: 'text',
      },
      {
        name: 'a',
        tableID: 0,
        columnID: 0,
        dataTypeID: 25,
        dataTypeSize: -1,
        dataTypeModifier: -1,
        format: 'text',
      },
    ]);
  });

  test.each([
    ['insert into shops values (101, $1), (102, $1)', ['x'], { command: 'INSERT', rowCount: 2 }],
    ['create table if not exists shops (id int)', [], { command: 'CREATE', rowCount: null }],
    ['delete from shops where id = $1', ['0'], { command: 'DELETE', rowCount: 0 }],
    ['', [], { command: '', rowCount: null }],
  ])('%j answers its command and count', async (text, params, expected) => {
    const full = await sql.query(text, params, { fullResults: true });
    expect(full).toMatchObject({ ...expected, rows: [], fields: [] });
  });

  test('may be one that cannot run in a transaction', async () => {
    expect(await sql`vacuum shops`).toEqual([]);
  });

  test('refuses several statements', async () => {
    expect(await failureOf(sql.query('select 1; select 2'))).toMatchObject({ code: '42601' });
  });
});

describe('a transaction', () => {
  test('answers every query in order', async () => {
    const results = await sql.transaction([
      sql`insert into shops values (1, 'a')`,
      sql`select name from shops where id = 1`,
    ]);
    expect(results).toEqual([[], [{ name: 'a' }]]);
  });

  test.each([
    ['ReadUncommitted', 'read uncommitted'],
    ['ReadCommitted', 'read committed'],
    ['RepeatableRead', 'repeatable read'],
    ['Serializable', 'serializable'],
  ] as const)('runs at %s', async (isolationLevel, name) => {
    const [rows] = await sql.transaction([sql`show transaction_isolation`], { isolationLevel });
    expect(rows).toEqual([{ transaction_isolation: name }]);
  });

  test('is read-only and deferrable when asked, and neither when not', async () => {
    const show = () => [sql`show transaction_read_only`, sql`show transaction_deferrable`];
    const mode = { arrayMode: true, isolationLevel: 'Serializable' } as const;
    expect(await sql.transaction(show(), { ...mode, readOnly: true, deferrable: true })).toEqual([
      [['on']],
      [['on']],
    ]);
    expect(await sql.transaction(show(), { ...mode, readOnly: false, deferrable: false })).toEqual([
      [['off']],
      [['off']],
    ]);
    const write = sql.transaction([sql`insert into shops values (2, 'a')`], { readOnly: true });
    expect(await failureOf(write)).toMatchObject({ code: '25006' });
  });

  test('that fails leaves nothing behind', async () => {
    const failing = sql.transaction([
      sql`insert into shops values (3, 'a')`,
      sql`select 1 / 0`,
      sql`select 1`,
    ]);
    expect(await failureOf(failing)).toMatchObject({ code: '22012', message: 'division by zero' });
    expect(await sql`select * from shops where id = 3`).toEqual([]);
  });

  test('that fails at its end fails', async () => {
    const failing = sql.transaction([sql`insert into aisles values (1, 4711)`, sql`select 1`]);
    expect(await failureOf(failing)).toMatchObject({ code: '23503', table: 'aisles' });
    expect(await sql`select * from aisles`).toEqual([]);
  });

  test('is what a drizzle batch becomes', async () => {
    const db = drizzle(sql);
    const [inserted, found] = await db.batch([
      db.insert(shops).values({ id: 5, name: 'batch' }).returning(),
      db
        .select()
        .from(shops)
        .where(fragment`id = 5`),
    ]);
    expect([inserted, found]).toEqual([[{ id: 5, name: 'batch' }], [{ id: 5, name: 'batch' }]]);
  });
});

describe('an error of Postgres', () => {
  test('has every field that Postgres sent', async () => {
    await sql`insert into shops values (6, 'a')`;
    expect(await failureOf(sql`insert into shops values (6, 'b')`)).toMatchObject({
      message: 'duplicate key value violates unique constraint "shops_pkey"',
      severity: 'ERROR',
      code: '23505',
      detail: 'Key (id)=(6) already exists.',
      schema: 'public',
      table: 'shops',
      constraint: 'shops_pkey',
      file: 'nbtinsert.c',
      line: expect.stringMatching(/^\d+$/),
      routine: '_bt_check_unique',
    });
    expect(await failureOf(sql`insert into shops values (7, null)`)).toMatchObject({
      column: 'name',
      code: '23502',
    });
  });

  test('says where', async () => {
    expect(await failureOf(sql`select nope`)).toMatchObject({
      code: '42703',
      position: '8',
      hint: undefined,
    });
    const inner = await failureOf(sql`do $$ begin perform nope(); end $$`);
    expect(inner).toMatchObject({
      internalQuery: 'SELECT nope()',
      internalPosition: '8',
      hint: expect.any(String),
    });
    expect(inner.where).toContain('PL/pgSQL function');
  });
});

describe('a request does not see what an earlier one left', () => {
  test('settings and roles', async () => {
    await sql`set search_path = nowhere`;
    await sql`set role pg_monitor`;
    const left =
      await sql`select current_setting('search_path') as path, current_user <> session_user as changed`;
    expect(left).toEqual([{ path: expect.stringContaining('public'), changed: false }]);
  });

  test('open transactions', async () => {
    await sql`begin`;
    await sql.transaction([sql`begin`, sql`select 1`]);
    await failureOf(sql.transaction([sql`rollback`, sql`begin`, sql`select nope`]));
    const started = () => sql`select pg_current_xact_id()::text as id`;
    expect(await started()).not.toEqual(await started());
  });

  test('of a caller that hung up', async () => {
    const holder = await connect(engine.url);
    onTestFinished(() => holder.end());
    await holder.query('begin');
    await holder.query('lock table shops');
    const hangUp = new AbortController();
    const before = bridge.counts().requests;
    const fetchOptions = { signal: hangUp.signal };
    const waiting = sql.transaction([sql`insert into shops values (8, 'a')`, sql`select 1`], {
      fetchOptions,
    });
    const failure = failureOf(waiting);
    await vi.waitUntil(() => bridge.counts().requests > before);
    hangUp.abort();
    await failure;
    await holder.query('commit');
    expect(await sql`insert into shops values (9, 'a') returning id`).toEqual([{ id: 9 }]);
  });
});

describe('without the client', () => {
  const query = 'select 1::int2 as a, 1.5::float8 as b, true as c, $1::jsonb as d, 12::int8 as e, null as f';

  test('raw text is what Postgres sent', async () => {
    const headers = { 'Neon-Raw-Text-Output': 'true', 'Neon-Array-Mode': 'true' };
    const response = await post({ query, params: [{ x: [1.0] }] }, headers);
    expect(await response.json()).toMatchObject({
      rows: [['1', '1.5', 't', '{"x": [1]}', '12', null]],
      rowAsArray: true,
    });
  });

  test('otherwise values are JSON and rows are objects', async () => {
    const response = await post({ query, params: ['{"x": 12345678901234567890}'] });
    const body = await response.text();
    expect(body).toContain(
      '"rows":[{"a":1,"b":1.5,"c":true,"d":{"x": 12345678901234567890},"e":"12","f":null}]',
    );
  });

  test('arrays and numbers that JSON has not', async () => {
    const arrays = `select array[1, null] as a, array[['x', 'NULL'], ['{"}', e'\\\\,']] as b, '[0:1]={t,f}'::bool[] as c,
      array['{"k": "v"}'::jsonb] as d, 'NaN'::float8 as e, '{}'::int[] as f, '-Infinity'::float4 as g`;
    const { rows } = (await post({ query: arrays }).then((response) => response.json())) as { rows: unknown };
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
    const { rows } = (await post({ query: wanted, params }).then((response) => response.json())) as {
      rows: unknown;
    };
    expect(rows).toEqual([{ a: 7, b: false, c: { k: null }, d: ['a"b', null, '{"x":1}'], e: [[1], [2]] }]);
  });

  test('each query of a batch may choose its rows', async () => {
    const queries = [{ query: 'select 1 as a', arrayMode: true }, { query: 'select 2 as a' }];
    expect(await post({ queries }).then((response) => response.json())).toMatchObject({
      results: [{ rows: [[1]] }, { rows: [{ a: 2 }] }],
    });
  });
});

describe('bad requests are refused', () => {
  test.each<[string, unknown, Record<string, string | undefined>]>([
    ['no connection string', { query: 'select 1' }, { 'Neon-Connection-String': undefined }],
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
    const before = bridge.counts().statements;
    expect(await refusalOf(post(body, headers))).toEqual([
      400,
      expect.objectContaining({ message: expect.any(String) }),
    ]);
    expect(bridge.counts().statements).toBe(before);
  });

  test('a database that is not there, as Postgres says it', async () => {
    const other = neon('postgres://postgres:x@localhost/nowhere');
    const expected = { message: 'database "nowhere" does not exist', severity: 'FATAL', code: '3D000' };
    expect(await failureOf(other`select 1`)).toMatchObject(expected);
  });

  test('too large a body', async () => {
    const body = { query: 'select 1', params: ['x'.repeat(10 * 1024 * 1024)] };
    expect(await refusalOf(post(body))).toEqual([
      413,
      expect.objectContaining({ message: expect.any(String) }),
    ]);
  });

  test('another method or path', async () => {
    expect(await refusalOf(fetch(`${bridge.url}/sql`))).toEqual([405, expect.anything()]);
    expect(await refusalOf(fetch(`${bridge.url}/`, { method: 'POST' }))).toEqual([404, expect.anything()]);
  });
});

test('counts requests and the statements of callers, until a reset', async () => {
  const counted = await startNeonBridge({ port: 0, postgresUrl: engine.url, maxConnections: 1 });
  onTestFinished(() => counted.close());
  const send = (body: unknown) =>
    fetch(`${counted.url}/sql`, {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { 'Neon-Connection-String': engine.url },
    });
  await send({ query: 'select 1' });
  await send({ queries: [{ query: 'select 1' }, { query: 'select nope' }, { query: 'select 2' }] });
  await send({});
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

  test(
    'is away the answer is an error, and the next is right once it is back',
    { timeout: 30_000 },
    async () => {
      const first = await startPostgres({ port: 0 });
      const over = await startNeonBridge({ port: 0, postgresUrl: first.url });
      onTestFinished(() => over.close());
      expect((await ask(over)).status).toBe(200);

      await first.close();
      const [status, body] = await refusalOf(ask(over));
      expect([status, body.message]).toEqual([500, expect.stringContaining('could not reach Postgres')]);

      const second = await startPostgres({ port: Number(new URL(first.url).port) });
      onTestFinished(() => second.close());
      expect(await ask(over).then((response) => response.json())).toMatchObject({ rows: [{ a: 1 }] });
    },
  );

  // An embedded Postgres has no backends to end.
  test.runIf(process.env.DATABASE_URL)('ends a connection, one request fails', async () => {
    expect(await failureOf(sql`select pg_terminate_backend(pg_backend_pid())`)).toMatchObject({
      code: '57P01',
    });
    expect(await sql`show statement_timeout`).toEqual([{ statement_timeout: '1min' }]);
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
    const failure = expect(ask(over)).rejects.toThrow('fetch failed');
    await asked;
    await over.close();
    await failure;
  });
});

test('a port in use is the listen error', async () => {
  const taken = startNeonBridge({ port: bridge.port, postgresUrl: engine.url });
  await expect(taken).rejects.toMatchObject({ code: 'EADDRINUSE' });
});
