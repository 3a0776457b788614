import * as fc from 'fast-check';
import { universe } from './every-look-up.ts';

const quoted = (text: string): string => `'${text}'`;
const accountId = fc.constantFrom(...universe.accountIds);
const accountNumber = fc.constantFrom(...universe.accountNumbers).map(quoted);
const userId = fc.constantFrom(...universe.userIds);
const username = fc.constantFrom(...universe.usernames).map(quoted);
const externalId = fc.constantFrom(...universe.externalIds.map(quoted), 'null');
const profileId = fc.constantFrom(...universe.profileIds);
const keyId = fc.constantFrom(...universe.keyIds);
const flag = fc.boolean().map(String);
const anyOf = (id: fc.Arbitrary<number>) =>
  fc.uniqueArray(id, { minLength: 1, maxLength: 3 }).map((ids) => `id in (${ids.join(', ')})`);

const account = fc.tuple(accountId, accountNumber, flag).map((values) => `(${values.join(', ')}, 'x')`);
const user = fc.tuple(userId, username, flag, flag).map((values) => `(${values.join(', ')}, 'x')`);
const profile = fc.tuple(profileId, userId, accountId).map((values) => `(${values.join(', ')})`);

const insertAccount = account.map(
  (row) => `insert into accounts (id, account_number, is_default_account, company_name) values ${row}`,
);
const insertUsers = fc
  .uniqueArray(user, { minLength: 1, maxLength: 2 })
  .map((rows) => `insert into users (id, username, is_staff, is_superuser, email) values ${rows.join(', ')}`);
const insertProfiles = fc
  .uniqueArray(profile, { minLength: 1, maxLength: 3 })
  .map((rows) => `insert into user_profiles (id, user_id, account_id) values ${rows.join(', ')}`);

const insertKey = fc
  .tuple(keyId, accountId)
  .map(
    ([id, of]) =>
      `insert into api_keys (id, name, scopes, account_id, sha256) values (${id}, 'x', '{}', ${of}, repeat('0', 64))`,
  );

const userChange = fc.oneof(
  username.map((name) => `username = ${name}`),
  fc.constant(`username = username || 'x'`),
  fc.constant(`username = rtrim(username, 'x')`),
  externalId.map((id) => `external_id = ${id}`),
  flag.map((value) => `is_staff = ${value}`),
  flag.map((value) => `is_superuser = ${value}`),
  fc.constant('is_staff = is_superuser, is_superuser = is_staff'),
  fc.constant(`last_login = now()`),
  fc.constant('email = email'),
);
const accountChange = fc.oneof(
  flag.map((value) => `is_default_account = ${value}`),
  fc.constant('is_default_account = not is_default_account'),
  externalId.map((id) => `external_id = ${id}`),
  fc.constant(`city = city || 'x'`),
);

const inserts = fc.oneof(
  insertAccount.map((sql) => `${sql} on conflict do nothing`),
  insertUsers.map((sql) => `${sql} on conflict do nothing`),
  insertProfiles.map((sql) => `${sql} on conflict do nothing`),
  insertKey.map((sql) => `${sql} on conflict (id) do update set name = api_keys.name || 'x'`),
  insertAccount.map((sql) => `${sql} on conflict (account_number) do update set city = accounts.city || 'y'`),
  insertUsers.map(
    (sql) =>
      `${sql} on conflict (id) do update set username = excluded.username, is_superuser = excluded.is_superuser`,
  ),
  insertUsers.map((sql) => `${sql} on conflict (username) do update set is_staff = excluded.is_staff`),
  insertProfiles.map(
    (sql) => `${sql} on conflict (account_id, user_id) do update set name = user_profiles.name || 'x'`,
  ),
);

const updates = fc.oneof(
  fc.tuple(userChange, anyOf(userId)).map(([change, where]) => `update users set ${change} where ${where}`),
  fc
    .tuple(accountChange, anyOf(accountId))
    .map(([change, where]) => `update accounts set ${change} where ${where}`),
  anyOf(profileId).map((where) => `update user_profiles set is_test = not is_test where ${where}`),
  accountId.map((id) => `update user_profiles set name = name || 'x' where account_id = ${id}`),
  anyOf(keyId).map((where) => `update api_keys set scopes = scopes || '{rights:write}' where ${where}`),
  keyId.map((id) => `update api_keys set revoked_at = now(), expires_at = now() where id = ${id}`),
);

/** Of one row, so that few are refused: whom a flag makes the answer may stand in no tag of the answer before. */
const flagSwitches = fc.oneof(
  fc.tuple(flag, userId).map(([value, id]) => `update users set is_superuser = ${value} where id = ${id}`),
  fc.tuple(flag, userId).map(([value, id]) => `update users set is_staff = ${value} where id = ${id}`),
  accountId.map((id) => `update accounts set is_default_account = not is_default_account where id = ${id}`),
);

const deletes = fc.oneof(
  anyOf(userId).map((where) => `delete from users where ${where}`),
  anyOf(accountId).map((where) => `delete from accounts where ${where}`),
  anyOf(profileId).map((where) => `delete from user_profiles where ${where}`),
  anyOf(keyId).map((where) => `delete from api_keys where ${where}`),
);

const truncates = fc.constantFrom(
  'truncate user_profiles',
  'truncate api_keys cascade',
  'truncate users cascade',
  'truncate accounts cascade',
);

/** An external id goes from whoever has it to one row; a statement for each, since it is unique at every moment. */
const handedOn = fc.tuple(fc.constantFrom('accounts', 'users'), externalId, userId).map(
  ([table, id, to]) =>
    `update ${table} set external_id = null where external_id = ${id};
       update ${table} set external_id = ${id} where id = ${to}`,
);

/** Several rows change hands at once: memberships, names, the default account, a number's id. */
const moves = fc.oneof(
  handedOn,
  fc.tuple(profileId, accountId).map(
    ([id, to]) =>
      `with gone as (delete from user_profiles where id = ${id} returning user_id)
       insert into user_profiles (id, user_id, account_id) select ${id}, user_id, ${to} from gone`,
  ),
  fc.tuple(profileId, profileId).map(
    ([from, to]) =>
      `with gone as (delete from user_profiles where id = ${from} returning user_id, account_id)
       insert into user_profiles (id, user_id, account_id) select ${to}, user_id, account_id from gone`,
  ),
  fc.tuple(userId, userId).map(
    ([one, other]) =>
      `with gone as (delete from users where id in (${one}, ${other}) returning *)
       insert into users (id, username, email, is_staff, external_id)
       select ${one + other} - id, username, email, is_staff, external_id from gone`,
  ),
  fc.tuple(userId, userId).map(
    ([one, other]) => `update users set username = 'was ' || id where id in (${one}, ${other});
      update users set username = case id when ${one} then 'ann' else 'user:1' end where id in (${one}, ${other})`,
  ),
  accountId.map(
    (id) => `update accounts set is_default_account = false;
      update accounts set is_default_account = true where id = ${id}`,
  ),
  fc.tuple(accountId, accountId).map(
    ([from, to]) =>
      `with gone as (delete from accounts where id = ${from} returning *)
       insert into accounts (id, account_number, company_name, is_default_account)
       select ${to}, account_number, company_name, is_default_account from gone`,
  ),
  fc.tuple(anyOf(accountId), anyOf(userId), flag).map(
    ([gone, raised, staff]) =>
      `with a as (delete from accounts where ${gone}), u as (update users set is_staff = ${staff} where ${raised})
       update user_profiles set is_test = true where account_id not in (select id from accounts where ${gone})`,
  ),
  fc.tuple(anyOf(userId), userChange).map(
    ([where, change]) =>
      `merge into users as u using (select n as id from generate_series(1, 3) as n) as s on u.id = s.id and s.${where}
       when matched and u.is_staff then delete when matched then update set ${change}
       when not matched and s.${where} then insert (id, username, email) values (s.id, 'ann', '')`,
  ),
);

const statement = fc.oneof(
  { arbitrary: inserts, weight: 10 },
  { arbitrary: updates, weight: 8 },
  { arbitrary: flagSwitches, weight: 8 },
  { arbitrary: moves, weight: 6 },
  { arbitrary: deletes, weight: 3 },
  { arbitrary: truncates, weight: 1 },
);

/** Without foreign keys: rows come before those they refer to, and go after them. */
const loads = fc
  .oneof(insertProfiles, insertUsers, insertAccount, deletes)
  .map((sql) => `set local session_replication_role = replica; ${sql}`);

/** One statement that writes, or, now and then, two in one transaction. Postgres refuses some. */
export const randomStatement = fc.oneof(
  { arbitrary: statement, weight: 8 },
  { arbitrary: loads, weight: 3 },
  { arbitrary: fc.tuple(statement, statement).map((pair) => pair.join('; ')), weight: 1 },
);

/** A population in which one flag moves answers: a member of two accounts, ahead of the admin, and no default account. */
export const populate = `
  insert into accounts (id, account_number, company_name, is_default_account)
  values (1, '0000-0000-0001', 'platform', false), (2, '0000-0000-0002', 'customer', false);
  insert into users (id, username, email, is_staff, is_superuser, external_id)
  values (1, 'admin', 'x', true, true, 'crm:1'), (2, 'ann', 'x', true, false, null), (3, 'user:1', 'x', false, false, 'crm/2');
  insert into user_profiles (id, user_id, account_id) values (1, 3, 1), (2, 2, 2), (3, 3, 2), (4, 1, 1);
  insert into api_keys (id, name, scopes, account_id, sha256) values (1, 'x', '{}', 2, repeat('0', 64))`;
