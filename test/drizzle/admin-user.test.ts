import { afterEach, expect, test } from 'vitest';
import { insertAdminUser } from '../../src/db/admins.ts';
import { useNeon } from './neon.ts';
import { useSession } from './session.ts';

const session = useSession({ seed: true });
const neon = useNeon(session);
const empty = '2718-2818-2845';

afterEach(() => session.query(`delete from users where username like '%-admin%'`));

const admins = () => session.query(`select id from users where username like '${empty}-admin%'`);

test('an account without admin gets one, staff and not superuser, with a profile', async () => {
  const { accountId, user, created, tags } = await insertAdminUser(neon.db, empty, 'corp.example');
  expect({ accountId, created }).toEqual({ accountId: 3, created: true });
  expect(user).toMatchObject({
    username: `${empty}-admin`,
    email: `${empty}-admin@corp.example`,
    isStaff: true,
    isSuperuser: false,
    isActive: true,
  });
  const [profile] = await session.query('select id from user_profiles where account_id = 3');
  const expected = [
    'user-rights', `user:${user?.id}`, `username:${empty}-admin`,
    'members:3', `memberships:${user?.id}`, `profile:${profile?.['id']}`,
  ]; // prettier-ignore
  expect(tags.toSorted()).toEqual(expected.toSorted());
});

test('an account with an admin keeps it, and nothing is invalidated', async () => {
  const answer = await insertAdminUser(neon.db, '1234-5678-9012', 'corp.example');
  expect(answer).toMatchObject({ accountId: 2, user: { username: 'janedoe' }, created: false, tags: [] });
});

test('an unknown account gets nobody', async () => {
  const answer = await insertAdminUser(neon.db, '0000-0000-0000', 'corp.example');
  expect(answer).toEqual({ accountId: null, user: null, created: false, tags: [] });
  expect(await session.query(`select from users where username like '0000%'`)).toEqual([]);
});

test('a plain member does not count as admin', async () => {
  await session.query('insert into user_profiles (user_id, account_id) values (5, 3)');
  const { created } = await insertAdminUser(neon.db, empty, 'corp.example');
  await session.query('delete from user_profiles where user_id = 5');
  expect(created).toBe(true);
});

test('users who have taken the names are not adopted', async () => {
  await session.query(`insert into users (username, email, is_staff, is_superuser)
    select '${empty}-admin' || suffix, '', true, true from unnest(array['', '-2', '-4']) as suffix`);
  const { user } = await insertAdminUser(neon.db, empty, 'corp.example');
  expect(user).toMatchObject({ username: `${empty}-admin-3`, email: `${empty}-admin-3@corp.example` });
});

test('a hundred at once get one user, made once', async () => {
  const answers = await Promise.all(
    Array.from({ length: 100 }, () => insertAdminUser(neon.db, empty, 'corp.example')),
  );
  expect(new Set(answers.map(({ user }) => user?.id)).size).toBe(1);
  expect(answers.filter(({ created }) => created)).toHaveLength(1);
  expect(await admins()).toHaveLength(1);
  expect(await session.query('select from user_profiles where account_id = 3')).toHaveLength(1);
}, 60_000);

test('it is one request', async () => {
  expect(await neon.requestsOf(() => insertAdminUser(neon.db, empty, 'corp.example'))).toBe(1);
});

// A registration that takes the name between the look and the insert.
const racingRegistration = (attempts: string) => `
  create sequence raced;
  create function race() returns trigger language plpgsql as $$
  begin
    if nextval('raced') <= ${attempts} then
      raise unique_violation using constraint = 'users_username_key', message = 'taken meanwhile';
    end if;
    return new;
  end $$;
  create trigger race before insert on users for each row execute function race()`;
const endOfRace = 'drop function race cascade; drop sequence raced';

test('a name taken meanwhile is tried again, three times', async () => {
  await session.query(racingRegistration('3'));
  const { created } = await insertAdminUser(neon.db, empty, 'corp.example').finally(() => session.query(endOfRace));
  expect(created).toBe(true);
});

test('names taken again and again end in the error', async () => {
  await session.query(racingRegistration('4'));
  const answer = insertAdminUser(neon.db, empty, 'corp.example').finally(() => session.query(endOfRace));
  await expect(answer).rejects.toThrow('taken meanwhile');
  expect(await admins()).toEqual([]);
});
