import { expect, test } from 'vitest';
import { useSession } from './session.ts';

const db = useSession({ seed: true });

test.each([
  ['accounts', 'company_name'],
  ['users', 'first_name'],
  ['user_profiles', 'name'],
])('every update of %s raises the revision by one, one that changes nothing too', async (table, column) => {
  const [first] = await db.query(`update ${table} set ${column} = 'x' where id = 1 returning revision`);
  const [second] = await db.query(`update ${table} set ${column} = 'x' where id = 1 returning revision`);
  expect([first, second]).toEqual([{ revision: '2' }, { revision: '3' }]);
});

test.each(['accounts', 'users', 'user_profiles'])(
  'a statement cannot set the revision of %s',
  async (table) => {
    const [row] = await db.query(`update ${table} set revision = 1000 where id = 2 returning revision`);
    expect(row).toEqual({ revision: '2' });
  },
);

test('an upsert raises the revision of the row that it changes', async () => {
  const [row] = await db.query(
    `insert into users (username, email) values ('johndoe', 'new@example.com')
     on conflict (username) do update set email = excluded.email returning revision`,
  );
  expect(row).toEqual({ revision: '2' });
});

test.each(['accounts', 'user_profiles'])('every update of %s sets the time of its change', async (table) => {
  const rows = await db.query(
    `update ${table} set updated_at = '2001-01-01' where id = 3 returning updated_at = now() as set, updated_at > created_at as later`,
  );
  expect(rows).toEqual([{ set: true, later: true }]);
});

test('an update in a session of the replica role raises the revision too', async () => {
  await db.query('begin');
  await db.query('set local session_replication_role = replica');
  const [row] = await db.query(`update users set email = '' where id = 7 returning revision`);
  await db.query('rollback');
  expect(row).toEqual({ revision: '2' });
});
