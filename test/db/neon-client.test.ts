import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { NeonDbError } from '@neondatabase/serverless';
import { DrizzleQueryError } from 'drizzle-orm/errors';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { isUnavailable, isStatementRefused } from '../../src/db/client/errors.ts';
import { makeDb } from '../../src/db/client/client.ts';
import { scaled, seed } from '../support/scale.ts';
import { useNeon } from '../support/db/neon.ts';
import { useSession } from '../support/db/session.ts';

const session = useSession({ seed: true });
const bridge = useNeon(session);

const DEADLINE_MS = 30_000;

/** The rows as arrays, once it is sure that they are the same as objects. */
async function rowsOf(text: string, values: unknown[] = []): Promise<unknown[][]> {
  const { query } = bridge.db.$client;
  const { rows, fields } = await query(text, values, { arrayMode: true, fullResults: true });
  const { rows: objects } = await query(text, values, { arrayMode: false, fullResults: true });
  const names = fields.map(({ name }) => name);
  expect(objects).toEqual(rows.map((row) => Object.fromEntries(names.map((name, i) => [name, row[i]]))));
  return rows;
}

async function failureOf(work: PromiseLike<unknown>): Promise<NeonDbError> {
  const error: unknown = await work.then(
    () => 'no failure',
    (reason: unknown) => reason,
  );
  if (error instanceof NeonDbError) return error;
  throw new Error('expected an error of the driver', { cause: error });
}

describe('values come as what the queries expect', () => {
  test('of every column of every table: parsed where they are booleans, JSON or lists, else as texts', async () => {
    await session.query(
      `insert into api_keys (name, scopes, sha256) values ('x', '{"a b",c}', repeat('0', 64))`,
    );
    await session.query(
      `insert into idempotency_keys (caller, key, request_sha256, answer) values ('a', 'b', 'c', '{"d":1}')`,
    );
    const columns = await session.query<{ table: string; column: string; type: string }>(
      `select table_name as table, column_name as column, data_type as type
       from information_schema.columns where table_schema = 'public' order by 1, ordinal_position`,
    );
    const tables = [...Map.groupBy(columns, ({ table }) => table)];
    expect(tables.map(([name]) => name)).toEqual(
      expect.arrayContaining(['users', 'api_keys', 'audit_log', 'cache_invalidations']),
    );
    for (const [table, all] of tables) {
      const types = new Map(all.map(({ column, type }) => [column, type]));
      const names = [...types.keys()].map((column) => `"${column}"`);
      const rows = await rowsOf(`select ${names.join(', ')} from ${table} order by ${table}.${names[0]}`);
      const texts = await rowsOf(
        `select ${names.map((name) => `${name}::text`).join(', ')} from ${table} order by ${table}.${names[0]}`,
      );
      const parsed = texts.map((row) => row.map((text, i) => valueOf([...types.values()][i], text)));
      expect([table, rows]).toEqual([table, parsed]);
    }
  });

  // A list has no quotes in this data but those of one key's scopes.
  function valueOf(type: string | undefined, text: unknown): unknown {
    if (typeof text !== 'string') return text;
    if (type === 'boolean') return text === 'true';
    if (type === 'integer' || type === 'smallint') return Number(text);
    if (type === 'jsonb' || type === 'json') return JSON.parse(text);
    if (type !== 'ARRAY') return text;
    const list = text.slice(1, -1).replaceAll('"', '');
    return list === '' ? [] : list.split(',');
  }

  test.each<[string, unknown[]]>([
    [`select true, false, null::bool, 't'::text`, [true, false, null, 't']],
    [
      `select 1::int2 as a, -2::int4 as b, 9007199254740993::int8 as c, 1.50::numeric as d, 'NaN'::numeric as e`,
      [1, -2, '9007199254740993', '1.50', 'NaN'],
    ],
    [
      `select 1.5::float4 as a, 1e300::float8 as b, 'NaN'::float8 as c, '-Infinity'::float4 as d`,
      [1.5, 1e300, Number.NaN, Number.NEGATIVE_INFINITY],
    ],
    [
      `select 'x'::text as a, 'y '::char(3) as b, 'z'::varchar as c, 'n'::name as d, '' as e, e'\\\\\\n"' as f`,
      ['x', 'y  ', 'z', 'n', '', '\\\n"'],
    ],
    [
      `select '2026-01-02 03:04:05.678901+00'::timestamptz as a, 'infinity'::timestamptz as b`,
      ['2026-01-02 03:04:05.678901+00', 'infinity'],
    ],
    [
      `select '2026-01-02 03:04:05'::timestamp as a, '2026-01-02'::date as b, '1 day 2:03'::interval as c, '1:02'::time as d`,
      ['2026-01-02 03:04:05', '2026-01-02', '1 day 02:03:00', '01:02:00'],
    ],
    [
      `select '{"b": [1.0, null], "a": "ü"}'::jsonb as a, '{"b":1,"a":2}'::json as b, '"x"'::jsonb as c, 'null'::jsonb as d`,
      [{ b: [1, null], a: 'ü' }, { b: 1, a: 2 }, 'x', null],
    ],
    [
      `select '{}'::text[] as a, array['x', null, 'NULL', '', 'a b', 'a,b', '{}', e'"\\\\'] as b, null::text[] as c`,
      [[], ['x', null, 'NULL', '', 'a b', 'a,b', '{}', '"\\'], null],
    ],
    [
      `select array[['a', 'b'], [null, 'NULL']] as a, '[0:1]={x,y}'::text[] as b`,
      [
        [
          ['a', 'b'],
          [null, 'NULL'],
        ],
        ['x', 'y'],
      ],
    ],
    [`select '12'::xid8 as a, '\\x6162'::bytea as b, array[1, 2] as c`, ['12', '\\x6162', '{1,2}']],
  ])('%s', async (text, row) => {
    expect(await rowsOf(text)).toEqual([row]);
  });

  test('no rows, and statements that have none', async () => {
    expect(await rowsOf('select 1 where false')).toEqual([]);
    expect(await rowsOf('create temporary table if not exists gone (id int)')).toEqual([]);
    expect(await rowsOf('')).toEqual([]);
    expect(await rowsOf('show transaction_read_only')).toEqual([['off']]);
  });

  test('two columns of one name, where rows are arrays', async () => {
    const { query } = bridge.db.$client;
    const { rows } = await query('select 1 as a, 2 as a', [], { arrayMode: true, fullResults: true });
    expect(rows).toEqual([[1, 2]]);
  });
});

describe('parameters reach Postgres as they are', () => {
  test.each<[string, unknown[], unknown[]]>([
    ['select $1::text as a, $2::text as b, $3::text as c', ['Füße 🦶', '', null], ['Füße 🦶', '', null]],
    ['select $1::text is null as a', [undefined], [true]],
    [
      'select $1::int as a, $2::int8 as b, $3::float8 as c, $4::numeric as d',
      [1, 9007199254740993n, 1e21, 0.1],
      [1, '9007199254740993', 1e21, '0.1'],
    ],
    ['select $1::bool as a, $2::bool as b', [true, false], [true, false]],
    ['select $1::jsonb as a, $2::jsonb as b', [{ x: ['y', null, 1] }, '"z"'], [{ x: ['y', null, 1] }, 'z']],
    [
      'select 2 = any($1::bigint[]) as a, $1::bigint[]::text as b',
      [[1, 2, 9007199254740991]],
      [true, '{1,2,9007199254740991}'],
    ],
    ['select $1::text[] as a, $2::text[] as b', [[], [['a'], ['b']]], [[], [['a'], ['b']]]],
    ['select array_length($1::int[], 1) as a', [[4, 5]], [2]],
    [
      `select $1::timestamptz = '2026-01-02T03:04:05.678Z' as a`,
      [new Date('2026-01-02T03:04:05.678Z')],
      [true],
    ],
  ])('%s', async (text, values, row) => {
    expect(await rowsOf(text, values)).toEqual([row]);
  });

  test('arrays of any texts, which come back the same', async () => {
    const texts = fc.array(fc.option(fc.string({ unit: fc.constantFrom(...'ab ,"\\{}\nNULü🦶') })), {
      minLength: 1,
    });
    await fc.assert(
      fc.asyncProperty(texts, async (values) => {
        expect(await rowsOf('select $1::text[] as a', [values])).toEqual([[values]]);
      }),
      { numRuns: scaled(50, 2_000), seed },
    );
  });
});

test('a batch is one request, and answered in order, each statement in its form', async () => {
  const { query, transaction } = bridge.db.$client;
  const insert = `insert into users (username, email) values ($1, 'a@b.c')`;
  const select = 'select username, is_active from users where username = $1';
  const full = { arrayMode: true, fullResults: true };
  const run = async () =>
    transaction([
      query(insert, ['batch'], full),
      query(select, ['batch'], full),
      query(select, ['batch'], { ...full, arrayMode: false }),
      query('delete from users where username = $1', ['batch'], full),
    ]);
  let results: unknown;
  expect(await bridge.requestsOf(async () => (results = await run()))).toBe(1);
  expect(results).toMatchObject([
    { command: 'INSERT', rowCount: 1, rows: [] },
    { command: 'SELECT', rowCount: 1, rows: [['batch', true]] },
    { command: 'SELECT', rowCount: 1, rows: [{ username: 'batch', is_active: true }] },
    { command: 'DELETE', rowCount: 1, rows: [] },
  ]);
});

describe('a refusal has the code of Postgres', () => {
  test.each<[string, unknown[], object]>([
    ['selec', [], { code: '42601' }],
    ['select 1; select 2', [], { code: '42601' }],
    ['select * from nowhere', [], { code: '42P01', message: 'relation "nowhere" does not exist' }],
    ['select 1 / $1::int', [0], { code: '22012', message: 'division by zero' }],
    [
      `insert into users (username, email) values ('admin', 'a@b.c')`,
      [],
      { code: '23505', constraint: 'users_username_key' },
    ],
    [`insert into users (username, email) values ('', 'a@b.c')`, [], { code: '23514' }],
    [`insert into user_profiles (user_id, account_id) values (4711, 1)`, [], { code: '23503' }],
    ['select $1::int', ['x'], { code: '22P02' }],
    ['select $1::int', [], { code: '08P01' }],
  ])('at %j', async (text, values, expected) => {
    expect(await failureOf(bridge.db.$client.query(text, values))).toMatchObject(expected);
  });

  test('in a batch, of which nothing stays', async () => {
    const { query, transaction } = bridge.db.$client;
    const insert = `insert into users (username, email) values ('batch', 'a@b.c')`;
    const failure = await failureOf(transaction([query(insert), query('select 1 / 0')]));
    expect(failure).toMatchObject({ code: '22012' });
    expect(await session.query(`select 1 from users where username = 'batch'`)).toEqual([]);
  });

  test('at a database that is not there', async () => {
    const url = new URL(bridge.url);
    url.pathname = '/nowhere';
    const { $client } = makeDb(url.href, DEADLINE_MS);
    expect(await failureOf($client.query('select 1'))).toMatchObject({ code: '3D000' });
  });
});

describe('of a failure it is told whether it speaks of Postgres or of the statement', () => {
  /** What is made of how a single statement fails, and a batch of one. */
  async function verdictsOn(url: string, deadlineMs = DEADLINE_MS) {
    const db = makeDb(url, deadlineMs);
    const reads = [db.execute('select 1'), db.batch([db.execute('select 1')])];
    const failures = await Promise.all(
      reads.map((read) => read.then(() => null).catch((error: unknown) => error)),
    );
    return failures.map((error) => {
      const cause = error instanceof DrizzleQueryError ? error.cause : error;
      return { isAway: isUnavailable(error), isRefused: isStatementRefused(cause) };
    });
  }

  const away = { isAway: true, isRefused: false };
  const refused = { isAway: false, isRefused: true };

  test('nobody listens: of Postgres', async () => {
    expect(await verdictsOn('postgres://u:p@127.0.0.1:1/x')).toEqual([away, away]);
  });

  test('nobody answers within the deadline: of Postgres', async () => {
    expect(await verdictsOn(await serve(() => {}), 1)).toEqual([away, away]);
  });

  test.each([401, 404, 429, 500, 503])('the status %i: of Postgres', async (status) => {
    const url = await serve((_request, response) => response.writeHead(status).end('{"code":"23505"}'));
    expect(await verdictsOn(url)).toEqual([away, away]);
  });

  test.each<[string, number, string]>([
    // What its proxy answers when the connection to Postgres breaks, or there never was one.
    ['without a SQLSTATE', 400, '{"message":"connection closed","code":"","severity":"","constraint":null}'],
    ['of a null SQLSTATE', 400, '{"message":"connection closed","code":null}'],
    ['with no code of Postgres', 400, '{"message":"x","code":"ECONNRESET"}'],
    ['that is no JSON', 400, '<html>Bad Request</html>'],
    ['that is null', 400, 'null'],
    ['of another status', 503, '{"message":"x","code":"42P01"}'],
    ['that is no result', 200, '{}'],
    ['that is HTML', 200, '<html>Welcome</html>'],
    ['that is cut off', 200, '{"command":"SELECT","rowC'],
    ['that Postgres is shutting down', 400, '{"message":"x","code":"57P01"}'],
  ])('an answer %s: of Postgres', async (_what, status, body) => {
    const url = await serve((_request, response) => response.writeHead(status).end(body));
    expect(await verdictsOn(url)).toEqual([away, away]);
  });

  test.each<[string, number, string]>([
    ['that the table is not there', 400, '{"message":"x","code":"42P01"}'],
    [
      'that it would be too large',
      507,
      '{"message":"response is too large (max is 10485760 bytes)","code":""}',
    ],
  ])('an answer %s: of the statement', async (_what, status, body) => {
    const url = await serve((_request, response) => response.writeHead(status).end(body));
    expect(await verdictsOn(url)).toEqual([refused, refused]);
  });
});

test('no redirect is followed: whoever it names gets neither the password nor the statement', async () => {
  const reached: unknown[] = [];
  const elsewhere = new URL(
    await serve((request, response) => {
      reached.push(request.headers);
      response.end('{}');
    }),
  );
  for (const status of [301, 302, 303, 307, 308]) {
    const location = `http://${elsewhere.host}/sql`;
    const url = await serve((_request, response) => response.writeHead(status, { location }).end());
    const failure = await failureOf(makeDb(url, DEADLINE_MS).$client.query('select 1'));
    expect(failure).toMatchObject({ code: undefined });
  }
  expect(reached).toEqual([]);
});

test('a request that fails is sent once', async () => {
  for (const status of [429, 500, 503]) {
    let requests = 0;
    const url = await serve((_request, response) => {
      requests += 1;
      response.writeHead(status).end();
    });
    await failureOf(makeDb(url, DEADLINE_MS).$client.query('select 1'));
    expect(requests).toBe(1);
  }
});

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `postgres://u:p@127.0.0.1:${(server.address() as AddressInfo).port}/x`;
}
