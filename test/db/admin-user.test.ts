import { afterEach, expect, test } from 'vitest';
import { type CreatedAdminRow, createAdminUserRow } from '../../src/db/writes/admins.ts';
import { useNeon } from '../support/db/neon.ts';
import { useSession } from '../support/db/session.ts';

const session = useSession({ seed: true });
const neon = useNeon(session);
const author = { actor: 'test', requestId: '1' };
const empty = '2718-2818-2845';

afterEach(() => session.query(`delete from users where username like '%-admin%'`));

const admins = () => session.query(`select id from users where username like '${empty}-admin%'`);

test('an account without admin gets one, staff and not superuser, with a profile', async () => {
  const { accountId, user, created, tags } = await createAdminUserRow(neon.db, author, empty, 'corp.example');
  expect({ accountId, created }).toEqual({ accountId: 3, created: true });
  expect(user).toMatchObject({
    username: `${empty}-admin`,
    email: `${empty}-admin@corp.example`,
    isStaff: true,
    isSuperuser: false,
    isActive: true,
  });
  const ofProfile = await session.query<{ tag: string }>(
    `select unnest(array['profile:' || id, 'memberships:' || user_id, 'members:3']) as tag
     from user_profiles where account_id = 3`,
  );
  const ofUser = ['user-rights', `user:${String(user?.id)}`, `username:${empty}-admin`];
  expect(tags.toSorted()).toEqual([...ofUser, ...ofProfile.map(({ tag }) => tag)].toSorted());
});

test('an account with an admin keeps it, and nothing is invalidated', async () => {
  const answer = await createAdminUserRow(neon.db, author, '1234-5678-9012', 'corp.example');
  expect(answer).toMatchObject({ accountId: 2, user: { username: 'janedoe' }, created: false, tags: [] });
});

test('an unknown account gets nobody', async () => {
  const answer = await createAdminUserRow(neon.db, author, '0000-0000-0000', 'corp.example');
  expect(answer).toEqual({ accountId: null, user: null, created: false, tags: [] });
  expect(await session.query(`select from users where username like '0000%'`)).toEqual([]);
});

test('a plain member does not count as admin', async () => {
  await session.query('insert into user_profiles (user_id, account_id) values (5, 3)');
  const { created } = await createAdminUserRow(neon.db, author, empty, 'corp.example');
  await session.query('delete from user_profiles where user_id = 5');
  expect(created).toBe(true);
});

test('users who have taken the names are not adopted', async () => {
  await session.query(`insert into users (username, email, is_staff, is_superuser)
    select '${empty}-admin' || suffix, '', true, true from unnest(array['', '-2', '-4']) as suffix`);
  const { user } = await createAdminUserRow(neon.db, author, empty, 'corp.example');
  expect(user).toMatchObject({ username: `${empty}-admin-3`, email: `${empty}-admin-3@corp.example` });
});

// A hundred requests: they wait for each other, rather than collide and try again.
test('a hundred at once get one user, made once, in a hundred requests', async () => {
  let answers: CreatedAdminRow[] = [];
  const requests = await neon.requestsOf(async () => {
    answers = await Promise.all(
      Array.from({ length: 100 }, () => createAdminUserRow(neon.db, author, empty, 'corp.example')),
    );
  });
  expect(requests).toBe(100);
  expect(new Set(answers.map(({ user }) => user?.id)).size).toBe(1);
  expect(answers.filter(({ created }) => created)).toHaveLength(1);
  expect(await admins()).toHaveLength(1);
  expect(await session.query('select from user_profiles where account_id = 3')).toHaveLength(1);
});

// The embedded Postgres has no second session to wait for.
test.skipIf(!process.env['DATABASE_URL'])(
  'an admin who is just becoming a member is waited for',
  async () => {
    await session.query('begin');
    await session.query('insert into user_profiles (user_id, account_id) values (2, 3)');
    const answer = createAdminUserRow(neon.db, author, empty, 'corp.example');
    const waiting =
      'select from pg_locks where not granted and pg_backend_pid() = any(pg_blocking_pids(pid))';
    while ((await session.query(waiting)).length === 0);
    await session.query('commit');
    const { created, user } = await answer;
    await session.query('delete from user_profiles where user_id = 2 and account_id = 3');
    expect([created, user?.username]).toEqual([false, 'staff_user']);
  },
);

// A registration takes the name between the look and the insert, as often as said.
async function whileRacing<T>(times: number, work: () => Promise<T>): Promise<T> {
  await session.query(`
    create sequence raced;
    create function race() returns trigger language plpgsql as $$
    begin
      if nextval('raced') <= ${times} then
        raise unique_violation using constraint = 'users_username_key', message = 'taken meanwhile';
      end if;
      return new;
    end $$;
    create trigger race before insert on users for each row execute function race()`);
  try {
    return await work();
  } finally {
    await session.query('drop function race cascade; drop sequence raced');
  }
}

test('a name taken meanwhile is tried again, three times', async () => {
  const { created } = await whileRacing(3, () => createAdminUserRow(neon.db, author, empty, 'corp.example'));
  expect(created).toBe(true);
});

test('names taken again and again end in the error', async () => {
  const answer = whileRacing(4, () => createAdminUserRow(neon.db, author, empty, 'corp.example'));
  await expect(answer).rejects.toThrow('taken meanwhile');
  expect(await admins()).toEqual([]);
});
