import { sql as fragment } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/neon-http';
import { integer, pgTable, text } from 'drizzle-orm/pg-core';
import type { Client } from 'pg';
import { beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { startNeonBridge } from '../../local/neon-bridge.ts';
import { PATIENTLY } from '../support/scale.ts';
import { type Bridge, connect, failureOf, postSql, useNeonBridge } from '../support/local/neon.ts';

const shops = pgTable('shops', { id: integer().primaryKey(), name: text().notNull() });
const session = useNeonBridge();

beforeAll(async () => {
  const { sql } = session;
  await sql`create table shops (id int primary key, name text not null constraint named check (name <> ''))`;
  await sql`create table aisles (id int primary key, shop int references shops deferrable initially deferred)`;
});

describe('a query', () => {
  test('gets its parameters and answers typed rows', async () => {
    const rows =
      await session.sql`select ${1}::int as a, ${'Füße 🦶'}::text as b, ${null}::text as c, ${true}::bool as d,
      ${[1, 2]}::int[] as e, ${{ x: 'y' }}::jsonb as f, '9007199254740993'::int8 as g`;
    expect(rows).toEqual([
      { a: 1, b: 'Füße 🦶', c: null, d: true, e: [1, 2], f: { x: 'y' }, g: '9007199254740993' },
    ]);
  });

  test('may be long, next to others', async () => {
    const texts = Array.from({ length: 8 }, (_, i) => String(i).repeat(300_000));
    const answers = await Promise.all(texts.map((value) => session.sql`select ${value}::text as value`));
    expect(answers.map(([row]) => row?.value === texts.shift())).toEqual(Array(8).fill(true));
  });

  test('answers arrays, and full results', async () => {
    const full = await session.sql.query('select 1 as a, $1 as a', ['x'], {
      arrayMode: true,
      fullResults: true,
    });
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
  ])('%j answers its command and count', async (query, params, expected) => {
    const full = await session.sql.query(query, params, { fullResults: true });
    expect(full).toMatchObject({ ...expected, rows: [], fields: [] });
  });

  test('may be one that cannot run in a transaction', async () => {
    expect(await session.sql`vacuum shops`).toEqual([]);
  });

  test('refuses several statements', async () => {
    expect(await failureOf(session.sql.query('select 1; select 2'))).toMatchObject({ code: '42601' });
  });
});

describe('a transaction', () => {
  test('answers every query in order', async () => {
    const results = await session.sql.transaction([
      session.sql`insert into shops values (1, 'a')`,
      session.sql`select name from shops where id = 1`,
    ]);
    expect(results).toEqual([[], [{ name: 'a' }]]);
  });

  test.each([
    ['ReadUncommitted', 'read uncommitted'],
    ['ReadCommitted', 'read committed'],
    ['RepeatableRead', 'repeatable read'],
    ['Serializable', 'serializable'],
  ] as const)('runs at %s', async (isolationLevel, name) => {
    const [rows] = await session.sql.transaction([session.sql`show transaction_isolation`], {
      isolationLevel,
    });
    expect(rows).toEqual([{ transaction_isolation: name }]);
  });

  test('is read-only and deferrable when asked, and neither when not', async () => {
    const show = () => [session.sql`show transaction_read_only`, session.sql`show transaction_deferrable`];
    const mode = { arrayMode: true, isolationLevel: 'Serializable' } as const;
    expect(await session.sql.transaction(show(), { ...mode, readOnly: true, deferrable: true })).toEqual([
      [['on']],
      [['on']],
    ]);
    expect(await session.sql.transaction(show(), { ...mode, readOnly: false, deferrable: false })).toEqual([
      [['off']],
      [['off']],
    ]);
    const write = session.sql.transaction([session.sql`insert into shops values (2, 'a')`], {
      readOnly: true,
    });
    expect(await failureOf(write)).toMatchObject({ code: '25006' });
  });

  test('that fails leaves nothing behind', async () => {
    const failing = session.sql.transaction([
      session.sql`insert into shops values (3, 'a')`,
      session.sql`select 1 / 0`,
      session.sql`select 1`,
    ]);
    expect(await failureOf(failing)).toMatchObject({ code: '22012', message: 'division by zero' });
    expect(await session.sql`select * from shops where id = 3`).toEqual([]);
  });

  test('that fails at its end fails', async () => {
    const failing = session.sql.transaction([
      session.sql`insert into aisles values (1, 4711)`,
      session.sql`select 1`,
    ]);
    expect(await failureOf(failing)).toMatchObject({ code: '23503', table: 'aisles' });
    expect(await session.sql`select * from aisles`).toEqual([]);
  });

  test('is what a drizzle batch becomes', async () => {
    const db = drizzle(session.sql);
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
    await session.sql`insert into shops values (6, 'a')`;
    expect(await failureOf(session.sql`insert into shops values (6, 'b')`)).toMatchObject({
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
    expect(await failureOf(session.sql`insert into shops values (7, null)`)).toMatchObject({
      column: 'name',
      code: '23502',
    });
  });

  test('says where', async () => {
    expect(await failureOf(session.sql`select nope`)).toMatchObject({
      code: '42703',
      position: '8',
      hint: undefined,
    });
    const inner = await failureOf(session.sql`do $$ begin perform nope(); end $$`);
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
    await session.sql`set search_path = nowhere`;
    await session.sql`set role pg_monitor`;
    const left =
      await session.sql`select current_setting('search_path') as path, current_user <> session_user as changed`;
    expect(left).toEqual([{ path: expect.stringContaining('public'), changed: false }]);
  });

  test('open transactions', async () => {
    await session.sql`begin`;
    const started = () => session.sql`select pg_current_xact_id()::text as id`;
    expect(await started()).not.toEqual(await started());
  });

  test('of a caller that hung up', async () => {
    const holder = await lockShops();
    await hangUpOn(session.bridge, 'insert into shops values (8, $1)');
    await holder.query('commit');
    expect(await session.sql`insert into shops values (9, 'a') returning id`).toEqual([{ id: 9 }]);
  });

  // An embedded Postgres serves nobody else while a transaction is open.
  test.runIf(process.env.DATABASE_URL)('the connection of a caller that hung up', async () => {
    const narrow = await startNeonBridge({ port: 0, postgresUrl: session.url, maxConnections: 1 });
    onTestFinished(() => narrow.close());
    await lockShops();
    await hangUpOn(narrow, 'insert into shops values (10, $1)');
    expect((await postSql(session, { query: 'select 1' }, {}, { at: narrow })).status).toBe(200);
  });

  async function lockShops(): Promise<Client> {
    const holder = await connect(session.url);
    onTestFinished(() => holder.end());
    await holder.query('begin');
    await holder.query('lock table shops');
    return holder;
  }

  async function hangUpOn(at: Bridge, query: string): Promise<void> {
    const caller = new AbortController();
    const before = at.counts().requests;
    const waiting = postSql(
      session,
      { queries: [{ query, params: ['a'] }] },
      {},
      { at, signal: caller.signal },
    );
    const failure = waiting.catch(String);
    await vi.waitUntil(() => at.counts().requests > before, PATIENTLY);
    caller.abort();
    expect(await failure).toContain('aborted');
  }
});
