import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { scaled, seed } from '../support/scale.ts';
import { isTag } from '../../src/directory/tags.ts';
import { expectedTags, type Tables } from '../support/db/expected-tags.ts';
import { useSession } from '../support/db/session.ts';

const db = useSession();
const runs = scaled(15, 400);

const id = fc.integer({ min: 1, max: 8 });
const ids = fc.uniqueArray(id, { maxLength: 4 }).map((list) => `(0, ${list.join(', ') || 0})`);
const flag = fc.constantFrom('true', 'false');
const name = fc
  .constantFrom('ann', 'Ann', 'bob', 'a:b', '{x,y}', '"q"', 'null', 'ünï', '\\', '%')
  .map((text) => `'${text}'`);
const accountNumber = fc.integer({ min: 1, max: 6 }).map((n) => `'0000-0000-000${n}'`);

const userChange = fc.oneof(
  name.map((username) => `username = ${username}`),
  fc.constant(`username = username || 'x'`),
  flag.map((value) => `is_staff = ${value}`),
  flag.map((value) => `is_superuser = ${value}, is_staff = not is_superuser`),
  fc.constant(`email = 'e'`),
);
const insertUser = fc
  .tuple(id, name, flag)
  .map(
    ([user, username, staff]) =>
      `insert into users (id, username, email, is_staff) values (${user}, ${username}, '', ${staff})`,
  );
const insertAccount = fc.tuple(id, accountNumber, flag).map(
  ([account, number, isDefault]) =>
    `insert into accounts (id, account_number, company_name, is_default_account)
     values (${account}, ${number}, 'x', ${isDefault})`,
);
const insertProfiles = fc.tuple(ids, ids).map(
  ([of, to]) =>
    `insert into user_profiles (user_id, account_id)
     select u.id, a.id from users as u, accounts as a where u.id in ${of} and a.id in ${to}`,
);

const statement = fc.oneof(
  { arbitrary: insertAccount, weight: 4 },
  { arbitrary: insertUser, weight: 4 },
  { arbitrary: insertProfiles, weight: 4 },
  insertProfiles.map((insert) => `${insert} on conflict (account_id, user_id) do update set name = 'again'`),
  insertUser.map(
    (insert) =>
      `${insert} on conflict (id) do update set username = excluded.username, is_staff = excluded.is_staff`,
  ),
  insertAccount.map((insert) => `${insert} on conflict do nothing`),
  fc.tuple(userChange, ids).map(([change, where]) => `update users set ${change} where id in ${where}`),
  fc
    .tuple(flag, ids)
    .map(([value, where]) => `update accounts set is_default_account = ${value} where id in ${where}`),
  ids.map((where) => `update accounts set is_default_account = not is_default_account where id in ${where}`),
  ids.map((where) => `update accounts set city = 'x' where id in ${where}`),
  ids.map((where) => `update user_profiles set name = name || 'x' where account_id in ${where}`),
  ids.map((where) => `update user_profiles set account_id = 1 where id in ${where}`),
  ids.map((where) => `delete from user_profiles where user_id in ${where}`),
  ids.map((where) => `delete from users where id in ${where}`),
  ids.map((where) => `delete from accounts where id in ${where}`),
  fc.tuple(ids, ids, flag).map(
    ([gone, raised, staff]) =>
      `with a as (delete from accounts where id in ${gone}), u as (update users set is_staff = ${staff} where id in ${raised})
       update user_profiles set is_test = true where account_id not in ${gone}`,
  ),
  fc.tuple(ids, userChange).map(
    ([where, change]) =>
      `merge into users as u using generate_series(1, 8) as n on u.id = n and n in ${where}
       when matched and u.is_staff then delete when matched then update set ${change}
       when not matched and n > 6 then insert (username, email) values ('merged' || n, '')`,
  ),
);

async function tables(): Promise<Tables> {
  return {
    accounts: await db.query('select * from accounts order by id'),
    users: await db.query('select * from users order by id'),
    user_profiles: await db.query('select * from user_profiles order by id'),
  };
}

let accepted = 0;

async function checkStatement(sql: string): Promise<void> {
  const before = await tables();
  let refusal = '';
  const written = await db.tagsOf(async () => {
    refusal = await db.refusalOf(sql);
  });
  if (refusal === 'accepted') accepted += 1;
  const tags = [...new Set(written.flat())].toSorted();
  expect({ sql, refusal, tags }).toEqual({
    sql,
    refusal: expect.stringMatching(/^(accepted|23\d{3} .+)$/),
    tags: expectedTags(before, await tables()),
  });
  expect(tags.filter((tag) => !isTag(tag))).toEqual([]);
  const repeated = written.filter((row) => new Set(row).size < row.length);
  expect({ sql, repeated }).toEqual({ sql, repeated: [] });
}

test('a statement leaves exactly the tags of the rows that it changed', async () => {
  const program = fc.array(statement, { minLength: 10, maxLength: 30 });
  await fc.assert(
    fc.asyncProperty(program, async (statements) => {
      await db.query('truncate accounts, users, user_profiles restart identity');
      for (const sql of statements) await checkStatement(sql);
    }),
    { numRuns: runs, seed },
  );
  expect(accepted).toBeGreaterThan(runs);
});
