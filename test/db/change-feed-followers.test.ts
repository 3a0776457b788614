import { Client } from 'pg';
import { expect, test } from 'vitest';
import { type FedChange, selectChanges } from '../../src/db/reads/change-feed.ts';
import { useNeon } from '../support/db/neon.ts';
import { useSession } from '../support/db/session.ts';
import { scaled, seed } from '../support/scale.ts';

const db = useSession({ seed: 'each' });
const bridge = useNeon(db);

/** The embedded engine has one session: its writers take turns. */
const isServer = Boolean(process.env['DATABASE_URL']);
const WRITERS = isServer ? 50 : 4;
const TRANSACTIONS = isServer ? scaled(4, 40) : scaled(10, 60);
const FOLLOWERS = 3;
const MOST_AT_ONCE = 20;

const everything = { kinds: null, within: null, limit: 1 };

interface Copy {
  /** The rows by kind and id, as JSON. */
  readonly rows: Map<string, string>;
  cursor: number;
  /** False once a resync has had everything read anew: then rows may be newer than the next change. */
  isExact: boolean;
}

const copyOf = ({ rows, ...rest }: Copy): Copy => ({ rows: new Map(rows), ...rest });

let turn: Promise<unknown> = Promise.resolve();
/** Asks in turns, because the followers share one connection. */
function ask<Row extends Record<string, unknown>>(sql: string): Promise<Row[]> {
  const answer = turn.then(() => db.query<Row>(sql));
  turn = answer;
  return answer;
}

/** Everything that the tables hold. */
async function readTables(): Promise<Map<string, string>> {
  const found = await ask<{ name: string; row: unknown }>(`
    select 'account ' || id as name, to_jsonb(t) as row from accounts as t
    union all select 'user ' || id, to_jsonb(t) - 'username_compared' from users as t
    union all select 'user_profile ' || id, to_jsonb(t) from user_profiles as t`);
  return new Map(found.map(({ name, row }) => [name, JSON.stringify(row)]));
}

async function apply(copy: Copy, { kind, rowId, operation, before, after }: FedChange): Promise<void> {
  if (operation === 'resync') {
    copy.rows.clear();
    for (const [name, row] of await readTables()) copy.rows.set(name, row);
    copy.isExact = false;
    return;
  }
  const name = `${kind} ${rowId}`;
  if (copy.isExact)
    expect({ name, operation, before: copy.rows.get(name) ?? 'null' }).toEqual({
      name,
      operation,
      before: JSON.stringify(before),
    });
  if (after === null) copy.rows.delete(name);
  else copy.rows.set(name, JSON.stringify(after));
}

/** Random numbers below 1 that the seed and the name decide, by the constants of Numerical Recipes. */
function makeRandom(name: number): () => number {
  let state = (seed + name * 7_919) >>> 0;
  const next = () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32;
  next();
  return next;
}

/** Follows the feed, and dies now and then: what it had not saved is lost. Answers its copy once nothing is left. */
async function follow(start: Copy, random: () => number, isOver: () => boolean): Promise<Copy> {
  let saved = copyOf(start);
  let copy = copyOf(start);
  for (;;) {
    const isDone = isOver() && (await ask('select from change_feed where number is null')).length === 0;
    const limit = 1 + Math.floor(random() * MOST_AT_ONCE);
    const { changes, from, upTo } = await selectChanges(bridge.db, {
      ...everything,
      after: copy.cursor,
      limit,
    });
    for (const change of changes) await apply(copy, change);
    copy.cursor = upTo;
    if (isDone && upTo === from) return copy;
    const fate = random();
    if (fate < 0.3) saved = copyOf(copy);
    else if (fate < 0.5) copy = copyOf(saved);
  }
}

/** Statements of which the feed tells less than what was before. */
const OTHERS = {
  truncate: () => 'truncate user_profiles',
  erase: (user: number) => `select from erase_user(${user})`,
};
type Also = keyof typeof OTHERS | null;

/** A statement about one of few rows, so that writers meet; some of them come, go, and come again. */
function drawStatement(random: () => number, also: Also): string {
  const user = 100 + Math.floor(random() * 40);
  const account = 1 + Math.floor(random() * 3);
  const text = `'${random()}'`;
  const statements = [
    `update users set first_name = ${text} where id = ${user}`,
    `update users set first_name = ${text} where id = ${user}; update users set last_name = ${text} where id = ${user}`,
    `update users set email = ${text} where id between ${user} and ${user + 2}`,
    `insert into users (id, username, email) values (${user}, 'u' || ${user}, '')
     on conflict (id) do update set email = ${text}`,
    `insert into user_profiles (user_id, account_id) select id, ${account} from users where id between ${user} and ${user + 2}
     on conflict (account_id, user_id) do update set name = ${text}`,
    `update user_profiles set name = ${text} where user_id = ${user}`,
    `update accounts set city = ${text} where id = ${account}`,
    `delete from users where id = ${user}`,
    `delete from user_profiles where user_id = ${user}`,
    `with gone as (delete from users where id = ${user} returning *)
     insert into users (id, username, email) select id, username, ${text} from gone`,
    `savepoint s; update users set email = ${text} where id = ${user}; delete from users where id = ${user + 1}; rollback to s`,
    ...(also === null ? [] : [OTHERS[also](user)]),
  ];
  return statements[Math.floor(random() * statements.length)] ?? '';
}

/** Runs transactions of random statements with delays. Some are rolled back, by chance or because Postgres refuses one. */
async function write(client: Client, name: number, also: Also): Promise<number> {
  const random = makeRandom(name);
  let committed = 0;
  for (let at = 0; at < TRANSACTIONS; at++) {
    const count = 1 + Math.floor(random() * 3);
    const end = random() < 0.25 ? 'rollback' : 'commit';
    try {
      await client.query(`begin; set local deadlock_timeout = '20ms'`);
      for (let n = 0; n < count; n++)
        await client.query(`${drawStatement(random, also)}; select pg_sleep(${random() / 200})`);
      await client.query(end);
      if (end === 'commit') committed++;
    } catch {
      await client.query('rollback');
    }
  }
  return committed;
}

async function writeAll(also: Also): Promise<number> {
  const clients = Array.from({ length: WRITERS }, () => new Client({ connectionString: db.url }));
  try {
    await Promise.all(clients.map((client) => client.connect()));
    const writing = clients.map((client, name) => () => write(client, name, also));
    if (isServer) return sum(await Promise.all(writing.map((begin) => begin())));
    let committed = 0;
    for (const begin of writing) committed += await begin();
    return committed;
  } finally {
    await Promise.all(clients.map((client) => client.end()));
  }
}

const sum = (numbers: readonly number[]) => numbers.reduce((all, one) => all + one, 0);

test.each<[string, Also]>([
  ['each change finds the rows as they were before it', null],
  ['tables are truncated now and then', 'truncate'],
  ['people are erased now and then', 'erase'],
])('three followers that die and go on have exactly what Postgres has: %s', async (_what, also) => {
  await db.query(`set timezone = 'UTC'`);
  const { upTo } = await selectChanges(bridge.db, { ...everything, after: 'latest' });
  const start = { rows: await readTables(), cursor: upTo, isExact: also !== 'erase' };
  let isOver = false;
  const following = Array.from({ length: FOLLOWERS }, (_, n) =>
    follow(start, makeRandom(1_000 + n), () => isOver),
  );
  const committed = await writeAll(also).finally(() => {
    isOver = true;
  });
  const copies = await Promise.all(following);
  expect(committed).toBeGreaterThan(0);
  const truth = await readTables();
  for (const { rows } of copies) expect(rows).toEqual(truth);
  const cursor = copies[0]?.cursor ?? upTo;
  console.log(`${committed} transactions of ${WRITERS} writers, ${cursor - upTo} changes`);
  expect(cursor).toBeGreaterThan(upTo);
  const numbers = await db.query<{ number: string }>(
    `select number from change_feed where number > ${upTo} order by number`,
  );
  expect(numbers.map(({ number }) => Number(number))).toEqual(numbers.map((_, n) => upTo + n + 1));
});
