import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { deleteProfileRow } from '../../src/db/writes/profiles.ts';
import { deleteUserRow, changeUserRow } from '../../src/db/writes/users.ts';
import { createUserRows } from '../../src/db/writes/user-creation.ts';
import { useNeon } from '../support/db/neon.ts';
import { useSession } from '../support/db/session.ts';

const session = useSession({ seed: true });
const neon = useNeon(session);
const author = { actor: 'test', requestId: '1' };
const platformNumber = '3141-5926-5359';
const anyState = { states: null, onlyIn: null, platformNumber, outOfReach: null, mayTakeLastAdmin: false };
const onlyInThird = { ...anyState, onlyIn: '2718-2818-2845' };
const ADMINS = [9101, 9102, 9103, 9104];

// Four admins, whose profiles in an account without other members have the users' ids.
beforeEach(() =>
  session.query(`
    insert into users (id, username, email, is_staff) select id, 'admin-' || id, '', true
      from unnest(array[${ADMINS.join()}]) as id;
    insert into user_profiles (id, user_id, account_id) select id, id, 3 from unnest(array[${ADMINS.join()}]) as id`),
);
afterEach(() => session.query(`delete from users where id > 7`));

const remove = async (id: number) => (await deleteUserRow(neon.db, author, id, anyState)).isDone;
const demote = async (id: number) =>
  (await changeUserRow(neon.db, author, id, { isStaff: false }, anyState)).isDone;
const deactivate = async (id: number) =>
  (await changeUserRow(neon.db, author, id, { isActive: false }, anyState)).isDone;
const leave = async (id: number) => (await deleteProfileRow(neon.db, author, id, anyState)).isDone;

const adminsLeft = () =>
  session.query(`select u.id from users as u join user_profiles as p on p.user_id = u.id
    where p.account_id = 3 and (u.is_staff or u.is_superuser) and u.is_active`);

const ways = [
  ['deleted', [remove, remove, remove, remove]],
  ['demoted', [demote, demote, demote, demote]],
  ['deactivated', [deactivate, deactivate, deactivate, deactivate]],
  ['made to leave', [leave, leave, leave, leave]],
  ['taken away in every way', [remove, demote, leave, deactivate]],
] as const;

describe.each(ways)('admins who are %s at once', (_how, acts) => {
  test.each([1, 2, 3, 4, 5])('leave one, round %i', async () => {
    const done = await Promise.all(acts.map((act, n) => act(ADMINS[n] ?? 0)));
    expect(done.filter(Boolean)).toHaveLength(acts.length - 1);
    expect(await adminsLeft()).toHaveLength(1);
  });
});

test('an admin of two accounts is the last one of either, in whichever order they are asked for', async () => {
  await session.query(`insert into user_profiles (user_id, account_id) values (9101, 4), (9102, 4)`);
  await Promise.all([leave(9103), leave(9104)]);
  const done = await Promise.all([remove(9101), remove(9102)]);
  expect(done.filter(Boolean)).toHaveLength(1);
  expect(await adminsLeft()).toHaveLength(1);
});

// The embedded Postgres has no second session to wait for.
describe.skipIf(!process.env['DATABASE_URL'])('in the order that locks make', () => {
  /** Resolves when somebody waits for the session's transaction. */
  const whenWaiting = async () => {
    const waiting =
      'select from pg_locks where not granted and pg_backend_pid() = any(pg_blocking_pids(pid))';
    while ((await session.query(waiting)).length === 0);
  };
  /** What the act comes to that waits for the first statements; those that follow are run while it waits. */
  async function behind<T>(first: string, act: () => Promise<T>, then = ''): Promise<T> {
    await session.query(`begin; ${first}`);
    const answer = act();
    await whenWaiting();
    await session.query(`${then}; commit`);
    return answer;
  }

  const demoteOthers = `
    select from accounts where id = 3 for no key update;
    update users set is_staff = false where id in (9102, 9103, 9104)`;

  test.each([
    ['deleted', remove],
    ['demoted', demote],
    ['deactivated', deactivate],
    ['made to leave', leave],
  ])('who is %s waits for what becomes of the other admins', async (_how, act) => {
    expect(await behind(demoteOthers, () => act(9101))).toBe(false);
    expect(await adminsLeft()).toEqual([{ id: '9101' }]);
  });

  test('a writer that is bound to an account waits for who is just becoming a member of another', async () => {
    const join = 'insert into user_profiles (user_id, account_id) values (9101, 4)';
    const write = await behind(join, () => deleteUserRow(neon.db, author, 9101, onlyInThird));
    expect(write).toMatchObject({ isDone: false, isShared: true, isHidden: false });
  });

  test('a user that is just being promoted counts as an admin when it leaves', async () => {
    await session.query('update users set is_staff = (id = 9101) where id > 7');
    await session.query('update users set is_staff = false where id = 9101');
    const promote = 'update users set is_staff = true where id = 9101';
    expect(await behind(promote, () => leave(9101))).toBe(false);
  });

  test('a change that takes no right waits for no account', async () => {
    await session.query('begin; select from accounts for no key update');
    const { current } = await changeUserRow(
      neon.db,
      author,
      9101,
      { isStaff: true, firstName: 'x' },
      anyState,
    );
    await session.query('rollback');
    expect(current).toMatchObject({ firstName: 'x', isStaff: true });
  });

  test('a user whose account is just going is not made', async () => {
    await session.query(`insert into accounts (account_number, company_name) values ('9000-0000-0001', 'x')`);
    const user = { username: 'admin-late', email: '', accountNumber: '9000-0000-0001' };
    const { value } = await behind(`delete from accounts where account_number = '9000-0000-0001'`, () =>
      createUserRows(neon.db, author, [user], null, false),
    );
    expect(value).toMatchObject([
      { position: 0, user: null, isAccountKnown: false, isExternalIdTaken: false },
    ]);
  });

  const take = (id: number, username: string) =>
    `insert into users (id, username, email) values (${id}, '${username}', '')`;
  const insert = (...names: string[]) => {
    const rows = names.map((username) => ({ username, email: '' }));
    return createUserRows(neon.db, author, rows, null, false);
  };

  test('a name that is just being taken is waited for', async () => {
    const { value } = await behind(take(9105, 'admin-taken'), () => insert('admin-taken'));
    expect(value).toMatchObject([
      { position: 0, user: null, isAccountKnown: true, isExternalIdTaken: false },
    ]);
  });

  test('names are taken in one order, so that batches wait and do not deadlock', async () => {
    const late = take(9106, 'admin-z');
    const { value } = await behind(take(9105, 'admin-a'), () => insert('admin-z', 'admin-a'), late);
    expect(value.map(({ user }) => user)).toEqual([null, null]);
  });
});

test('each write is one request', async () => {
  const act = async () => {
    await demote(9101);
    await leave(9102);
    await remove(9103);
    await createUserRows(neon.db, author, [{ username: 'admin-new', email: '' }], null, false);
  };
  expect(await neon.requestsOf(act)).toBe(4);
});
