import { beforeAll, expect, test } from 'vitest';
import { selectPerson } from '../../src/db/reads/person.ts';
import { useNeon } from '../support/db/neon.ts';
import { readingOf } from '../support/db/plan-reading.ts';
import { useSession } from '../support/db/session.ts';
import { dropWordIndexes, untriggered } from '../support/db/untriggered.ts';
import { scaled } from '../support/scale.ts';

const session = useSession();
const bridge = useNeon(session);
const rows = scaled(5_000, 200_000);
const id = 77;

// Everybody has an entry, an item, a deleted row and an answer; every second entry is of a profile from before there were user ids.
beforeAll(async () => {
  await dropWordIndexes(session);
  const made = `
    insert into accounts (account_number, company_name) values ('0000-0000-0001', 'x');
    insert into users (username, username_compared, email) select 'user' || n, 'user' || n, '' from numbers;
    insert into user_profiles (user_id, account_id) select id, 1 from users order by id;
    insert into audit_log (actor, request_id, action, entity, entity_id, changes, username, user_id)
      select 'root', '', 'update', 'user', n, '{"email": ["a", "b"]}', 'user' || n, n from numbers;
    insert into audit_log (actor, request_id, action, entity, entity_id, changes)
      select 'root', '', 'create', 'user_profile', n, jsonb_build_object('user_id', jsonb_build_array(null, n)) from numbers;
    insert into change_feed (kind, row_id, operation, actor, after, account_ids)
      select 'user', id, 'create', 'root', to_jsonb(u), '{1}' from users as u;
    insert into change_feed (kind, row_id, user_id, operation, actor, after, account_ids)
      select 'user_profile', id, user_id, 'create', 'root', to_jsonb(p), '{1}' from user_profiles as p;
    insert into deletions (id, xact_id, actor, request_id, entity, entity_id)
      select n, n::text::xid8, 'root', '', 'user', n from numbers;
    insert into deletion_rows (deletion_id, entity, id, user_id, username, row)
      select u.id, 'user', u.id, u.id, u.username, to_jsonb(u) from users as u;
    insert into idempotency_keys (caller, key, request_sha256, answer)
      select 'root', u.id, '', jsonb_build_array(jsonb_build_object('user', to_jsonb(u))) from users as u;
    insert into cache_invalidations (tags) select '{x}' from numbers`;
  await session.query(`create table numbers as select * from generate_series(1, ${rows}) as n`);
  await session.query(untriggered(['accounts', 'users', 'user_profiles', 'audit_log'], made));
  await session.query('select public.number_changes(1000000)');
  await session.query('drop table numbers; analyze');
});

interface Reads extends Record<string, unknown> {
  readonly relname: string;
  readonly read: number;
}

const MANY = 300;

/** The tables of which a statement reads many rows. Postgres counts on until it has told others of the counts. */
async function readMuchBy(statement: string): Promise<Reads[]> {
  const counts = () =>
    session.query<Reads>(
      'select relname, (seq_tup_read + idx_tup_fetch)::int as read from pg_stat_xact_user_tables',
    );
  await session.query('begin');
  const before = new Map((await counts()).map(({ relname, read }) => [relname, read]));
  await session.query(statement);
  const reads = (await counts()).map(({ relname, read }) => ({
    relname,
    read: read - (before.get(relname) ?? 0),
  }));
  await session.query('rollback');
  return reads.filter(({ read }) => read > MANY);
}

test.each(['traces_of_user', 'erase_user'])('%s reads few rows', async (name) => {
  // The plans of a session's first calls are not those of its later ones.
  for (let calls = 0; calls < 7; calls++)
    expect(await readMuchBy(`select * from ${name}(${id + calls})`)).toEqual([]);
  const [traces] = await session.query(
    `select users::int, user_profiles::int, audit_entries::int, changes::int, deletion_rows::int, remembered_answers::int
     from traces_of_user(${id})`,
  );
  expect(traces).toEqual({
    users: 1,
    user_profiles: 1,
    audit_entries: 2,
    changes: 2,
    deletion_rows: 1,
    remembered_answers: 1,
  });
});

test('an export reads what it answers', async () => {
  const { user, profiles, entries, changes, deleted, answers } = await selectPerson(bridge.db, id, 10);
  expect(
    [user?.id, profiles, entries, changes, deleted, answers].flatMap((found) => [found].flat().length),
  ).toEqual([1, 1, 2, 2, 1, 1]);
  const reading = await readingOf(bridge.db, session.query, async (db) =>
    Object.values(await selectPerson(db, id, 10)),
  );
  expect(reading.rows).toBeLessThan(50);
  // The index of the answers keeps up to 512 pages of entries that it has not put in order yet.
  expect(reading.buffers).toBeLessThan(1_000);
});
