import { expect, test } from 'vitest';
import { useSession } from '../support/db/session.ts';
import { tablesWith } from '../support/db/text-scan.ts';

const db = useSession({ seed: 'each' });

/** What nobody else has. */
const WORDS = ['zoe', 'quux', 'erp-4711', 'sapphire', 'picture-77', 'zulu'];

const make = async () => {
  const [user] = await db.query<{ id: string }>(
    `insert into users (username, email, first_name, last_name, external_id, metadata)
     values ('zoe', 'zoe@example.com', 'Zoe', 'Quux', 'erp-4711', '{"colour": "sapphire"}') returning id`,
  );
  const id = Number(user?.id);
  await db.query(
    `insert into user_profiles (user_id, account_id, name, profile_image_url)
     values ($1, 1, 'Zoe Q.', 'https://example.com/picture-77.png'), ($1, 2, 'Zulu', null)`,
    [id],
  );
  await db.query(`update users set email = 'quux@example.org', username = 'zulu' where id = $1`, [id]);
  await db.query(`update user_profiles set name = 'Quux' where user_id = $1`, [id]);
  return id;
};

interface Traces extends Record<string, unknown> {
  readonly tags: string[];
}

const COUNTS = `erased_at is not null as "isErased", is_known as "isKnown", users::int, user_profiles::int as "userProfiles",
  audit_entries::int as "auditEntries", changes::int, deletion_rows::int as "deletionRows",
  remembered_answers::int as "rememberedAnswers"`;

async function erase(id: number) {
  const [found] = await db.query<Traces>(`select ${COUNTS}, tags from erase_user($1)`, [id]);
  return found;
}

/** The outbox names what was written before for some seconds more. */
const drained = () => db.query('delete from cache_invalidations');
const left = () => tablesWith((text, params) => db.query(text, params), WORDS);
const dump = (id: number) =>
  db.query(`select action, entity, changes, username from audit_log where user_id = $1 order by id`, [id]);

test('nothing is left of a person but the proof', async () => {
  const id = await make();
  await drained();
  expect(await left()).toEqual([
    'public.audit_log',
    'public.change_feed',
    'public.user_profiles',
    'public.users',
  ]);
  expect(await erase(id)).toMatchObject({
    isErased: false,
    isKnown: true,
    users: 1,
    userProfiles: 2,
    auditEntries: 6,
    changes: 6,
    deletionRows: 0,
    rememberedAnswers: 0,
  });
  expect(await left()).toEqual([]);
  const entries = await dump(id);
  expect(entries.map(({ action, entity }) => `${String(action)} ${String(entity)}`)).toEqual([
    'create user',
    'create user_profile',
    'create user_profile',
    'update user',
    'update user_profile',
    'update user_profile',
    'delete user',
    'delete user_profile',
    'delete user_profile',
    'erase user',
  ]);
});

test('nothing is left of a person who was deleted, restored and deleted with an account', async () => {
  const id = await make();
  await db.query('delete from users where id = $1', [id]);
  await db.query('select restore_deletion(max(id)) from deletions');
  await db.query('delete from accounts where id = 2');
  await db.query('delete from users where id = $1', [id]);
  await drained();
  expect(await left()).toEqual([
    'public.audit_log',
    'public.change_feed',
    'public.deletion_rows',
    'public.deletions',
  ]);
  const [{ id: last } = { id: 0 }] = await db.query<{ id: number }>(
    `select id::int from deletions where entity = 'account'`,
  );
  await erase(id);
  await drained();
  expect(await left()).toEqual([]);
  expect(await db.query('select id::int from deletions')).toEqual([{ id: last }]);
  expect(await db.query('select restore_deletion($1)::int as rows', [last])).toEqual([{ rows: 4 }]);
  expect(await db.query('select from user_profiles where user_id = $1', [id])).toEqual([]);
});
