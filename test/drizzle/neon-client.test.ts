import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { NeonDbError, neon, neonConfig, type NeonQueryFunction } from '@neondatabase/serverless';
import { DrizzleQueryError } from 'drizzle-orm/errors';
import { drizzle } from 'drizzle-orm/neon-http';
import fc from 'fast-check';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { isPostgresAway, isStatementRefused } from '../../src/db/away.ts';
import { makeDb } from '../../src/db/client.ts';
import { makeNeon, type Neon, PostgresError, type Value } from '../../src/db/neon.ts';
import { scaled, seed } from '../scale.ts';
import { useNeon } from './neon.ts';
import { useSession } from './session.ts';

const session = useSession({ seed: true });
const bridge = useNeon(session);
/** Neon's own driver as drizzle uses it, and the Worker's. */
let theirs: NeonQueryFunction<boolean, boolean>;
let ours: Neon;

const DEADLINE_MS = 30_000;
const selectOne = { text: 'select 1', values: [], asArrays: true };

beforeAll(() => {
  neonConfig.fetchEndpoint = (host, port) => `http://${host}:${port}/sql`;
  theirs = neon(bridge.url);
  // Has its types answered as drizzle wants them.
  drizzle(theirs);
  ours = makeNeon(bridge.url, DEADLINE_MS);
});

type Query = [text: string, values?: Value[]];

function pick({ command, fields, rowCount, rows }: Record<string, unknown>) {
  return { command, fields, rowCount, rows };
}

async function expectSame(text: string, values: Value[] = []) {
  const answers = [];
  for (const asArrays of [true, false]) {
    const options = { arrayMode: asArrays, fullResults: true };
    const expected = pick({ ...(await theirs.query(text, values, options)) });
    const answer = pick({ ...(await ours.run({ text, values, asArrays })) });
    expect(answer).toEqual(expected);
    answers.push(answer);
  }
  return answers;
}

function reportOf(error: unknown) {
  if (!(error instanceof NeonDbError || error instanceof PostgresError)) throw error;
  // A refusal of Postgres in its words; all else in each driver's own.
  const { code, constraint, message } = error;
  return code === undefined ? 'away' : { code, constraint, message };
}

async function failureOf(work: PromiseLike<unknown>) {
  return reportOf(
    await work.then(
      () => 'no failure',
      (error: unknown) => error,
    ),
  );
}

async function expectSameFailure(text: string, values: Value[] = []) {
  const expected = await failureOf(theirs.query(text, values));
  expect(await failureOf(ours.run({ text, values, asArrays: true }))).toEqual(expected);
  return expected;
}

describe('both drivers answer the same', () => {
  test('to every column of every table', async () => {
    await session.query(
      `insert into api_keys (name, scopes, sha256) values ('x', '{"a b",c}', repeat('0', 64))`,
    );
    await session.query(
      `insert into idempotency_keys (caller, key, request_sha256, answer) values ('a', 'b', 'c', '{"d":1}')`,
    );
    const tables = await session.query<{ name: string }>(
      `select table_name as name from information_schema.tables where table_schema = 'public'`,
    );
    const names = tables.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['users', 'api_keys', 'audit_log', 'cache_invalidations']));
    for (const name of names) await expectSame(`select * from ${name}`);
  });

  test.each<Query>([
    [`select true, false, null::bool, 't'::text`],
    [
      `select 1::int2 as a, -2::int4 as b, 9007199254740993::int8 as c, 1.50::numeric as d, 'NaN'::numeric as e`,
    ],
    [`select 1.5::float4 as a, 1e300::float8 as b, 'NaN'::float8 as c, '-Infinity'::float4 as d`],
    [
      `select 'x'::text as a, 'y '::char(3) as b, 'z'::varchar as c, 'n'::name as d, '' as e, e'\\\\\\n"' as f`,
    ],
    [
      `select now()::timestamptz = now() as a, '2026-01-02 03:04:05.678901+02'::timestamptz as b, 'infinity'::timestamptz as c`,
    ],
    [
      `select '2026-01-02 03:04:05'::timestamp as a, '2026-01-02'::date as b, '1 day 2:03'::interval as c, '1:02'::time as d`,
    ],
    [
      `select '{"b": [1.0, null], "a": "ü"}'::jsonb as a, '{"b":1,"a":2}'::json as b, '"x"'::jsonb as c, 'null'::jsonb as d`,
    ],
    [
      `select '{}'::text[] as a, array['x', null, 'NULL', '', 'a b', 'a,b', '{}', e'"\\\\'] as b, null::text[] as c`,
    ],
    [`select array[['a', 'b'], [null, 'NULL']] as a, '[0:1]={x,y}'::text[] as b`],
    [
      `select pg_current_xact_id() is null as a, '12'::xid8 as b, gen_random_uuid() is null as c, pg_advisory_xact_lock(1)`,
    ],
    [`select 1 as a, 2 as a`],
    [`select 1 where false`],
    [`show transaction_read_only`],
    [`create temporary table if not exists gone (id int)`],
    [``],
  ])('to %j', async (text) => {
    await expectSame(text);
  });

  test.each<Query>([
    ['select $1::text as a, $2::text as b, $3::text as c', ['Füße 🦶', '', null]],
    ['select $1::text is null as a', [undefined]],
    [
      'select $1::int as a, $2::int8 as b, $3::float8 as c, $4::numeric as d',
      [1, 9007199254740993n, 1e21, 0.1],
    ],
    ['select $1::bool as a, $2::bool as b', [true, false]],
    ['select $1::jsonb as a, $2::jsonb as b', [{ x: ['y', null, 1] }, '"z"']],
    ['select 2 = any($1::bigint[]) as a, $1::bigint[]::text as b', [[1, 2, 9007199254740991]]],
    ['select $1::text[] as a', [['', 'null', 'NULL', null, 'a"b', 'a\\b', '{x,y}', ' ', '\n']]],
    ['select $1::text[] as a, $2::text[] as b', [[], [['a'], ['b']]]],
    ['select array_length($1::int[], 1) as a', [[4, 5]]],
    ['select $1::timestamptz as a', [new Date('2026-01-02T03:04:05.678Z')]],
  ])('to %s', async (text, values) => {
    await expectSame(text, values);
  });

  test('to arrays of any texts', async () => {
    const texts = fc.array(fc.option(fc.string({ unit: fc.constantFrom(...'ab ,"\\{}\nNULü🦶') })), {
      minLength: 1,
    });
    await fc.assert(
      fc.asyncProperty(texts, async (values) => {
        const [asArrays] = await expectSame('select $1::text[] as a', [values]);
        expect(asArrays?.rows).toEqual([[values]]);
      }),
      { numRuns: scaled(50, 2_000), seed },
    );
  });

  test('to a batch', async () => {
    const queries: [string, Value[], boolean][] = [
      [`insert into users (username, email) values ($1, 'a@b.c')`, ['batch'], true],
      ['select username, is_active from users where username = $1', ['batch'], true],
      ['select username, is_active from users where username = $1', ['batch'], false],
      ['delete from users where username = $1', ['batch'], true],
    ];
    const expected = await theirs.transaction(
      queries.map(([text, values, arrayMode]) =>
        theirs.query(text, values, { arrayMode, fullResults: true }),
      ),
    );
    const answers = await ours.runBatch(
      queries.map(([text, values, asArrays]) => ({ text, values, asArrays })),
    );
    expect(answers.map((answer) => pick({ ...answer }))).toEqual(
      expected.map((answer) => pick({ ...answer })),
    );
    expect(answers.map(({ rowCount }) => rowCount)).toEqual([1, 1, 1, 1]);
  });
});

describe('both drivers fail the same', () => {
  test.each<[string, Value[], string]>([
    ['selec', [], '42601'],
    ['select 1; select 2', [], '42601'],
    ['select * from nowhere', [], '42P01'],
    ['select 1 / $1::int', [0], '22012'],
    [`insert into users (username, email) values ('admin', 'a@b.c')`, [], '23505'],
    [`insert into users (username, email) values ('', 'a@b.c')`, [], '23514'],
    [`insert into user_profiles (user_id, account_id) values (4711, 1)`, [], '23503'],
    ['select $1::int', ['x'], '22P02'],
    ['select $1::int', [], '08P01'],
  ])('at %j', async (text, values, code) => {
    expect(await expectSameFailure(text, values)).toMatchObject({ code });
  });

  test('in a batch, of which nothing stays', async () => {
    const insert = `insert into users (username, email) values ('batch', 'a@b.c')`;
    const expected = await failureOf(
      theirs.transaction([theirs.query(insert), theirs.query('select 1 / 0')]),
    );
    const batch = [insert, 'select 1 / 0'].map((text) => ({ text, values: [], asArrays: true }));
    expect(await failureOf(ours.runBatch(batch))).toEqual(expected);
    expect(expected).toMatchObject({ code: '22012' });
    expect(await session.query(`select 1 from users where username = 'batch'`)).toEqual([]);
  });

  test('at a database that is not there', async () => {
    const url = new URL(bridge.url);
    url.pathname = '/nowhere';
    const expected = await failureOf(neon(url.href)`select 1`);
    expect(expected).toMatchObject({ code: '3D000' });
    expect(await failureOf(makeNeon(url.href, DEADLINE_MS).run(selectOne))).toEqual(expected);
  });

  test('at a port where nobody listens', async () => {
    const url = `postgres://u:p@127.0.0.1:1/x`;
    expect(await failureOf(neon(url)`select 1`)).toBe('away');
    expect(await failureOf(makeNeon(url, DEADLINE_MS).run(selectOne))).toBe('away');
  });

  test.each([401, 429, 500, 503])('at the status %i', async (status) => {
    const url = await serve((_request, response) => response.writeHead(status).end('{"code":"23505"}'));
    expect(await failureOf(neon(url)`select 1`)).toBe('away');
    expect(await failureOf(makeNeon(url, DEADLINE_MS).run(selectOne))).toBe('away');
  });
});

describe('of a failure it is told whether it speaks of Postgres or of the statement', () => {
  /** What is made of an answer to a single statement, and to one in a batch. */
  async function verdictsOn(status: number, body: string) {
    const url = await serve((_request, response) => response.writeHead(status).end(body));
    const db = makeDb(url, DEADLINE_MS);
    const reads = [db.execute('select 1'), db.batch([db.execute('select 1')])];
    const failures = await Promise.all(
      reads.map((read) => read.then(() => null).catch((error: unknown) => error)),
    );
    return failures.map((error) => {
      const cause = error instanceof DrizzleQueryError ? error.cause : error;
      return { isAway: isPostgresAway(error), isRefused: isStatementRefused(cause) };
    });
  }

  const away = { isAway: true, isRefused: false };
  const refused = { isAway: false, isRefused: true };

  test.each<[string, number, string]>([
    // What its proxy answers when the connection to Postgres breaks, or there never was one.
    ['without a SQLSTATE', 400, '{"message":"connection closed","code":"","severity":"","constraint":null}'],
    ['of a null SQLSTATE', 400, '{"message":"connection closed","code":null}'],
    ['with no code of Postgres', 400, '{"message":"x","code":"ECONNRESET"}'],
    ['that is no JSON', 400, '<html>Bad Request</html>'],
    ['of another status', 503, '{"message":"x","code":"42P01"}'],
    ['that is no result', 200, '{}'],
    ['that is HTML', 200, '<html>Welcome</html>'],
    ['that is cut off', 200, '{"command":"SELECT","rowC'],
    ['that Postgres is shutting down', 400, '{"message":"x","code":"57P01"}'],
  ])('an answer %s: of Postgres', async (_what, status, body) => {
    expect(await verdictsOn(status, body)).toEqual([away, away]);
  });

  test.each<[string, number, string]>([
    ['that the table is not there', 400, '{"message":"x","code":"42P01"}'],
    [
      'that it would be too large',
      507,
      '{"message":"response is too large (max is 10485760 bytes)","code":""}',
    ],
  ])('an answer %s: of the statement', async (_what, status, body) => {
    expect(await verdictsOn(status, body)).toEqual([refused, refused]);
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
    await expect(makeNeon(url, DEADLINE_MS).run(selectOne)).rejects.toMatchObject({ code: undefined });
  }
  expect(reached).toEqual([]);
});

test('both drivers ask the same', async () => {
  const asked: unknown[] = [];
  const note = async (request: IncomingMessage) => {
    const { 'neon-raw-text-output': raw, 'neon-array-mode': array } = request.headers;
    asked.push([request.method, request.url, raw, array, await json(request)]);
  };
  const url = await serve((request, response) => {
    void note(request).then(() => response.writeHead(500).end());
  });
  const text = 'select $1';
  const values = ['a', 1, true, null, ['x"', null]];
  const statement = { text, values, asArrays: true };
  const driver = neon(url);
  await failureOf(driver.query(text, values));
  await failureOf(driver.transaction([driver.query('select 1'), driver.query(text, values)]));
  const client = makeNeon(url, DEADLINE_MS);
  await failureOf(client.run(statement));
  await failureOf(client.runBatch([selectOne, statement]));
  expect(asked.slice(2)).toEqual(asked.slice(0, 2));
});

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return `postgres://u:p@127.0.0.1:${(server.address() as AddressInfo).port}/x`;
}
