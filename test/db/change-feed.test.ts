import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import {
  deleteOldChanges,
  type FedChanges,
  numberChanges,
  selectChanges,
} from '../../src/db/reads/change-feed.ts';
import { useNeon } from '../support/db/neon.ts';
import { useSession } from '../support/db/session.ts';

const db = useSession({ seed: true });
const bridge = useNeon(db);
const hasServer = Boolean(process.env['DATABASE_URL']);

const all: FedChanges = { after: null, kinds: null, within: null, limit: 500 };
let start = 0;

beforeEach(async () => {
  start = (await selectChanges(bridge.db, { ...all, after: 'latest' })).upTo;
});

const read = (asked: Partial<FedChanges> = {}) =>
  selectChanges(bridge.db, { ...all, after: start, ...asked });

/** The changes since the test began, in short. */
async function changes(asked: Partial<FedChanges> = {}): Promise<string[]> {
  const slice = await read(asked);
  return slice.changes.map(({ kind, rowId, operation }) => `${operation} ${kind} ${rowId ?? '*'}`);
}

async function openSession(): Promise<Client> {
  const client = new Client({ connectionString: db.url });
  await client.connect();
  onTestFinished(() => client.end());
  return client;
}

test('SQL at a prompt is noted, each row once, with what was before and after', async () => {
  await db.query(`insert into users (id, username, email) values (20, 'twenty', 'a@b.example')`);
  await db.query(`update users set email = 'c@d.example' where id in (19, 20)`);
  await db.query(`delete from users where id = 20`);
  const { changes: found } = await read();
  const made = { id: 20, username: 'twenty', email: 'a@b.example', revision: 1 };
  const changed = { ...made, email: 'c@d.example', revision: 2 };
  expect(found).toMatchObject([
    { operation: 'create', before: null, after: made },
    { operation: 'update', before: made, after: changed },
    { operation: 'delete', before: changed, after: null },
  ]);
  for (const change of found) expect(change).toMatchObject({ kind: 'user', rowId: 20 });
  expect(JSON.stringify(found)).not.toContain('compared');
});

test('times are in UTC, by ISO 8601, whatever the session says', async () => {
  await db.query(`begin; set local timezone = 'Asia/Kolkata'; set local datestyle = 'German'`);
  await db.query(`update users set last_login = '1900-01-02T03:04:05Z' where id = 3; commit`);
  const [change] = (await read()).changes;
  expect(change?.after).toMatchObject({ last_login: '1900-01-02T03:04:05+00:00' });
});

test('an update that changes nothing is no change, and a rolled back one is none either', async () => {
  await db.query(`update users set email = email`);
  await db.query(`begin; update users set email = 'nobody'; delete from accounts; rollback`);
  expect(await changes()).toEqual([]);
});

test('the actor is the one that the transaction names, else the role', async () => {
  const [row] = await db.query<{ role: string }>('select session_user as role');
  await db.query(`update users set first_name = 'a' where id = 3`);
  await db.query(`begin; select set_config('edge_accounts.actor', 'ops:jane', true)`);
  await db.query(`update users set first_name = 'b' where id = 3; commit`);
  const clerk = `clerk_${randomUUID().replaceAll('-', '')}`;
  await db.query(`create role ${clerk}; grant select, update on users to ${clerk}; set role ${clerk}`);
  const refusal = await db.refusalOf(`update users set first_name = 'c' where id = 3`);
  await db.query(`reset role; drop owned by ${clerk}; drop role ${clerk}`);
  expect(refusal).toBe('accepted');
  const { changes: found } = await read();
  expect(found.map(({ actor }) => actor)).toEqual([`sql:${row?.role}`, 'ops:jane', `sql:${clerk}`]);
});

test('more than 10,000 rows of one statement are one resync, and TRUNCATE is one for each table', async () => {
  await db.query('begin');
  await db.query(
    `insert into users (username, email) select 'many' || n, '' from generate_series(1, 10001) as n`,
  );
  await db.query('truncate accounts cascade');
  await db.query('select public.number_changes(100)');
  const rows = await db.query(
    `select kind, operation from change_feed where number > ${start} order by number`,
  );
  await db.query('rollback');
  expect(rows).toEqual([
    { kind: 'user', operation: 'resync' },
    { kind: 'account', operation: 'resync' },
    { kind: 'user_profile', operation: 'resync' },
  ]);
});

test('a row that a trigger changes again within the statement is noted in the order of its revisions', async () => {
  const alike = `public.comparable_username('Same') || '  #31'`;
  await db.query(`insert into users (id, username, email) values (30, 'Same', '')`);
  await db.query(
    `insert into users (id, username, email, username_compared) values (31, 'SAME', '', ${alike})`,
  );
  await db.query(
    `update users set email = 'x', username = case id when 30 then 'Other' else username end where id > 29 and id < 32`,
  );
  const { changes: found } = await read();
  const revisions = found
    .filter(({ rowId }) => rowId === 31)
    .map(({ after }) => Object(after).revision as unknown);
  expect(revisions).toEqual([1, 2, 3]);
});

test('numbers are given in batches, in the order of the changes, without a gap', async () => {
  await db.query(`update users set first_name = 'n' || id; update accounts set city = 'n'`);
  expect([await numberChanges(bridge.db, 4), await numberChanges(bridge.db, 4)]).toEqual([4, 4]);
  const rows = await db.query<{ number: string }>(
    `select number from change_feed where number > ${start} order by id`,
  );
  expect(rows.map(({ number }) => Number(number))).toEqual(rows.map((_, n) => start + n + 1));
});

test('a page has so many changes, and the next one begins after them', async () => {
  await db.query(`update users set first_name = 'p' where id < 6`);
  const first = await read({ limit: 3 });
  const second = await read({ after: first.upTo, limit: 3 });
  const third = await read({ after: second.upTo, limit: 3 });
  expect([first, second, third].map(({ changes: found }) => found.map(({ rowId }) => rowId))).toEqual([
    [1, 2, 3],
    [4, 5],
    [],
  ]);
  expect(third.upTo).toBe(second.upTo);
});

test('a reader of one kind or of one account goes past the changes of the others', async () => {
  await db.query(
    `update users set first_name = 'k' where id = 3; update accounts set city = 'k' where id = 1`,
  );
  expect(await changes({ kinds: ['account'] })).toEqual(['update account 1']);
  expect(await changes({ within: '1234-5678-9012' })).toEqual(['update user 3']);
  const nothing = await read({ within: '2718-2818-2845' });
  expect([nothing.changes.length, nothing.upTo]).toEqual([0, start + 2]);
});

describe('an account sees the users who are members at the time', () => {
  const within = '2718-2818-2845';

  test('from joining to leaving, and nothing before or after', async () => {
    await db.query(`update users set first_name = 'before' where id = 5`);
    await db.query(`insert into user_profiles (id, user_id, account_id) values (50, 5, 3)`);
    await db.query(`update users set first_name = 'during' where id = 5`);
    await db.query(`delete from user_profiles where id = 50`);
    await db.query(`update users set first_name = 'after' where id = 5`);
    expect(await changes({ within })).toEqual([
      'create user_profile 50',
      'update user 5',
      'delete user_profile 50',
    ]);
  });

  test('also one who is made, or goes, together with the membership', async () => {
    await db.query(`begin; insert into users (id, username, email) values (51, 'joins', '')`);
    await db.query(`insert into user_profiles (id, user_id, account_id) values (51, 51, 3); commit`);
    await db.query(`delete from users where id = 51`);
    expect(await changes({ within })).toEqual([
      'create user 51',
      'create user_profile 51',
      'delete user 51',
      'delete user_profile 51',
    ]);
    expect(await changes({ within: '1234-5678-9012' })).toEqual([]);
  });

  test.runIf(hasServer)(
    'also a change that does not see the membership, which comes earlier in the feed',
    async () => {
      const slow = await openSession();
      await slow.query(`begin isolation level repeatable read; select from users`);
      await db.query(`insert into user_profiles (id, user_id, account_id) values (52, 5, 3)`);
      await slow.query(`update users set first_name = 'slow' where id = 5; commit`);
      expect(await changes({ within })).toEqual(['create user_profile 52', 'update user 5']);
      await db.query('delete from user_profiles where id = 52');
    },
  );
});

describe.runIf(hasServer)('with transactions at once', () => {
  test('one that commits late is numbered late, and delays nobody', async () => {
    const slow = await openSession();
    await slow.query(`begin; update users set first_name = 'late' where id = 3`);
    await db.query(`update users set first_name = 'soon' where id = 4`);
    const first = await read();
    await slow.query('commit');
    const second = await read({ after: first.upTo });
    expect([first, second].map(({ changes: found }) => found.map(({ rowId }) => rowId))).toEqual([[4], [3]]);
  });

  test('a reader does not wait for another that numbers', async () => {
    const numbering = await openSession();
    await db.query(`update users set first_name = 'held' where id = 3`);
    await numbering.query(`begin; select public.number_changes(10)`);
    expect(await changes()).toEqual([]);
    await numbering.query('commit');
    expect(await changes()).toEqual(['update user 3']);
  });

  test('two that change one row are in the order of their locks', async () => {
    const [one, other] = [await openSession(), await openSession()];
    await one.query(`begin; update users set first_name = 'one' where id = 3`);
    const waiting = other.query(`begin; update users set first_name = 'other' where id = 3; commit`);
    await one.query(`update users set first_name = 'one again' where id = 3; commit`);
    await waiting;
    const { changes: found } = await read();
    expect(found.map(({ after }) => Object(after).first_name as unknown)).toEqual([
      'one',
      'one again',
      'other',
    ]);
  });
});

test('what is old is deleted from the front, and a reader can tell', async () => {
  await db.query(`update users set first_name = 'old'`);
  const { newest } = await read();
  await db.query(
    `update change_feed set numbered_at = now() - interval '8 days' where number <= ${newest - 2}`,
  );
  await deleteOldChanges(bridge.db, 7, 3);
  const [left] = await db.query<{ oldest: string }>('select min(number) as oldest from change_feed');
  expect(Number(left?.oldest)).toBe(4);
  await deleteOldChanges(bridge.db, 7, 1_000);
  expect(await read({ after: null })).toMatchObject({ from: newest - 2, oldest: newest - 1, newest });
  await db.query(`update change_feed set numbered_at = now() - interval '8 days'`);
  await deleteOldChanges(bridge.db, 7, 1_000);
  expect(await read({ after: null })).toMatchObject({
    from: newest,
    oldest: newest + 1,
    newest,
    changes: [],
  });
});
