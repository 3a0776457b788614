import { expect, test } from 'vitest';
import {
  selectAccountByNumber,
  selectAccountForUser,
  selectDefaultAccount,
} from '../../src/db/reads/accounts.ts';
import { selectAdminOfAccount, selectPlatformAdminProfile } from '../../src/db/writes/admins.ts';
import { makeDb } from '../../src/db/client/client.ts';
import {
  selectProfileById,
  selectProfilesOfAccount,
  selectProfilesSharingAccount,
} from '../../src/db/reads/profiles.ts';
import { selectUserById, selectUserByUsername, selectUsersOfAccount } from '../../src/db/reads/users.ts';
import { useNeon } from '../support/db/neon.ts';
import { useSession } from '../support/db/session.ts';

const session = useSession({ seed: true });
const neon = useNeon(session);
const [smarter, stackademy, empty, unknown] = [
  '3141-5926-5359',
  '1234-5678-9012',
  '2718-2818-2845',
  '0000-0000-0000',
] as const;
const platform = { adminUsername: 'admin', accountNumber: smarter };

const idsOf = (rows: { id: number }[]) => rows.map(({ id }) => id);

test('an account comes with every column, times as dates, numbers as numbers', async () => {
  expect(await selectAccountByNumber(neon.db, stackademy)).toEqual({
    id: 2,
    accountNumber: stackademy,
    companyName: 'Stackademy',
    isDefaultAccount: false,
    isActive: true,
    phoneNumber: '',
    address1: '',
    address2: '',
    city: '',
    state: '',
    postalCode: '',
    country: 'USA',
    language: 'EN',
    timezone: 'America/New_York',
    currency: 'USD',
    createdAt: expect.any(Date),
    updatedAt: expect.any(Date),
    revision: 1,
    externalId: null,
    metadata: {},
  });
});

test('what is not there is null', async () => {
  expect(await selectAccountByNumber(neon.db, unknown)).toBeNull();
  expect(await selectUserById(neon.db, 99)).toBeNull();
  expect(await selectUserByUsername(neon.db, 'Admin')).toBeNull();
  expect(await selectProfileById(neon.db, 99)).toBeNull();
});

test('the default account is the one with the flag, or none', async () => {
  expect(await selectDefaultAccount(neon.db)).toMatchObject({ id: 1 });
  await session.query('update accounts set is_default_account = false where is_default_account');
  expect(await selectDefaultAccount(neon.db)).toBeNull();
  await session.query('update accounts set is_default_account = true where id = 1');
});

test('a user is found by id and by name, inactive or not', async () => {
  expect(await selectUserById(neon.db, 2)).toMatchObject({
    username: 'staff_user',
    isStaff: true,
    lastLogin: null,
  });
  expect(await selectUserByUsername(neon.db, 'staff_user')).toMatchObject({ id: 2 });
});

test.each([
  [1, 'admin', 1],
  [3, 'johndoe', 2],
  [5, 'nomad', undefined],
  [6, 'both', 1],
  [7, 'dormant_dan', 4],
  [99, null, undefined],
])('the account for user %i', async (userId, username, accountId) => {
  const answer = await selectAccountForUser(neon.db, userId, platform);
  expect([answer.username, answer.account?.id]).toEqual([username, accountId]);
});

test('without a profile in the default account the lowest profile decides', async () => {
  await session.query(`insert into user_profiles (id, user_id, account_id) values (90, 3, 4), (80, 3, 3)`);
  const { account } = await selectAccountForUser(neon.db, 3, platform);
  await session.query('delete from user_profiles where id in (80, 90)');
  expect(account?.id).toBe(2);
});

test('the platform admin has the platform account, member or not, or none if it does not exist', async () => {
  const nomad = await selectAccountForUser(neon.db, 5, { adminUsername: 'nomad', accountNumber: empty });
  expect(nomad.account?.id).toBe(3);
  expect(await selectAccountForUser(neon.db, 1, { ...platform, accountNumber: unknown })).toEqual({
    username: 'admin',
    accountId: null,
    account: null,
  });
});

test('the users of an account are by id, all or a page', async () => {
  const all = await selectUsersOfAccount(neon.db, stackademy);
  expect([all.accountId, idsOf(all.members)]).toEqual([2, [3, 4, 6]]);
  const page = await selectUsersOfAccount(neon.db, stackademy, { afterId: 3, limit: 1 });
  expect([page.accountId, idsOf(page.members)]).toEqual([2, [4]]);
  const beyond = await selectUsersOfAccount(neon.db, stackademy, { afterId: 6, limit: 10 });
  expect(beyond).toEqual({ accountId: 2, members: [] });
});

test('the profiles of an account are by id, all or a page, with user and account', async () => {
  const all = await selectProfilesOfAccount(neon.db, smarter);
  expect([all.accountId, idsOf(all.profiles.map(({ profile }) => profile))]).toEqual([1, [1, 2, 6]]);
  const { profiles } = await selectProfilesOfAccount(neon.db, smarter, { afterId: 1, limit: 1 });
  expect(profiles).toEqual([await selectProfileById(neon.db, 2)]);
  expect(profiles[0]).toMatchObject({ profile: { id: 2 }, user: { id: 2 }, account: { id: 1 } });
});

test('no members and no account are told apart', async () => {
  expect(await selectUsersOfAccount(neon.db, empty)).toEqual({ accountId: 3, members: [] });
  expect(await selectUsersOfAccount(neon.db, unknown)).toEqual({ accountId: null, members: [] });
  expect(await selectProfilesOfAccount(neon.db, empty)).toEqual({ accountId: 3, profiles: [] });
  expect(await selectProfilesOfAccount(neon.db, unknown)).toEqual({ accountId: null, profiles: [] });
});

test('the profiles that share an account with a profile', async () => {
  const all = await selectProfilesSharingAccount(neon.db, 5);
  expect([all.accountId, idsOf(all.profiles.map(({ profile }) => profile))]).toEqual([2, [3, 4, 5]]);
  const page = await selectProfilesSharingAccount(neon.db, 5, { afterId: 3, limit: 1 });
  expect(idsOf(page.profiles.map(({ profile }) => profile))).toEqual([4]);
  expect(await selectProfilesSharingAccount(neon.db, 99)).toEqual({ accountId: null, profiles: [] });
});

test('the admin is the user of the lowest profile with rights', async () => {
  expect(await selectAdminOfAccount(neon.db, stackademy)).toMatchObject({
    accountId: 2,
    user: { username: 'janedoe' },
  });
  expect(await selectAdminOfAccount(neon.db, empty)).toEqual({ accountId: 3, user: null });
  expect(await selectAdminOfAccount(neon.db, unknown)).toEqual({
    accountId: null,
    user: null,
  });
});

test('the platform admin is a superuser, staff does not suffice', async () => {
  expect(await selectPlatformAdminProfile(neon.db, smarter)).toMatchObject({
    accountId: 1,
    profile: { profile: { id: 1 }, user: { id: 1 }, account: { id: 1 } },
  });
  expect(await selectPlatformAdminProfile(neon.db, stackademy)).toEqual({ accountId: 2, profile: null });
  expect(await selectPlatformAdminProfile(neon.db, unknown)).toEqual({ accountId: null, profile: null });
});

test('every query is one request', async () => {
  const queries = [
    () => selectAccountByNumber(neon.db, smarter),
    () => selectDefaultAccount(neon.db),
    () => selectAccountForUser(neon.db, 6, platform),
    () => selectUserById(neon.db, 1),
    () => selectUserByUsername(neon.db, 'admin'),
    () => selectUsersOfAccount(neon.db, smarter),
    () => selectProfileById(neon.db, 1),
    () => selectProfilesOfAccount(neon.db, smarter),
    () => selectProfilesSharingAccount(neon.db, 1),
    () => selectAdminOfAccount(neon.db, smarter),
    () => selectPlatformAdminProfile(neon.db, smarter),
  ];
  for (const query of queries) expect(await neon.requestsOf(query)).toBe(1);
});

test('the deadline counts for each request anew', async () => {
  const db = makeDb('postgres://u:p@127.0.0.1:1/x', 1);
  await expect(selectUserById(db, 1)).rejects.toThrow(/./);
  await expect(selectUserById(db, 1)).rejects.toThrow(/./);
});
