import { beforeAll, expect, test } from 'vitest';
import {
  selectAccountByExternalId,
  selectAccountByNumber,
  selectAccountForUser,
  selectAccountsOfUser,
  selectDefaultAccount,
} from '../../src/db/reads/accounts.ts';
import { selectAdminOfAccount, selectPlatformAdminProfile } from '../../src/db/writes/admins.ts';
import { deleteOldAuditRows } from '../../src/db/reads/audit.ts';
import { type Db, makeDbOver } from '../../src/db/client/client.ts';
import { revokeKeyRows, selectRevocation } from '../../src/db/writes/keys/revocations.ts';
import { deleteForgottenAnswers } from '../../src/db/writes/idempotency.ts';
import { deleteInvalidations, markInvalidated, selectPendingInvalidations } from '../../src/db/outbox.ts';
import { noteKeyUse, selectKey, selectKeyRecord, selectKeys } from '../../src/db/reads/keys.ts';
import {
  selectProfileById,
  selectProfilesOfAccount,
  selectProfilesSharingAccount,
} from '../../src/db/reads/profiles.ts';
import { selectHasExternalId, selectMemberNamed } from '../../src/db/reads/members.ts';
import { selectNumber, selectSoughtUsers, type SoughtUser } from '../../src/db/reads/resolve.ts';
import {
  selectUserByExternalId,
  selectUserById,
  selectUserByUsername,
  selectUsersOfAccount,
} from '../../src/db/reads/users.ts';
import { statementOf, wrapClient } from '../support/clients.ts';
import { useNeon } from '../support/db/neon.ts';
import { useSession } from '../support/db/session.ts';
import { untriggered } from '../support/db/untriggered.ts';

const session = useSession();
const bridge = useNeon(session);
const members = 20_000;
const big = '0000-0000-0001';
const platform = { adminUsername: 'user1', accountNumber: big };
const author = { actor: 'root', requestId: '' };
const nobody = { reach: null, maker: null };
const firstPage = { afterId: 0, limit: 10 };
const NUMBER_LIMITS = { entriesLimit: 10, keptDays: 30 };
const lastPage = { afterId: members - 10, limit: 10 };

// One account has everybody and no admin; as many accounts and outbox rows stand around.
beforeAll(async () => {
  const rows = `
    insert into accounts (account_number, company_name, is_default_account, external_id)
      select to_char(n, 'FM0000-0000-0000'), 'x', n = 2, 'crm' || n from generate_series(1, ${members}) as n;
    insert into users (username, username_compared, email, external_id)
      select 'user' || n, 'user' || n, '', 'crm' || n from generate_series(1, ${members}) as n;
    insert into user_profiles (user_id, account_id) select id, 1 from users order by id;
    insert into users (username, username_compared, email, is_staff)
      select 'staff' || n, 'staff' || n, '', true from generate_series(1, 20) as n;
    insert into api_keys (name, scopes, account_id, sha256, created_by)
      select 'x', '{}', case when n % 2 = 0 then 1 + n % 100 end, repeat('0', 64), 'key:' || n / 3 from generate_series(1, ${members}) as n;
    insert into api_key_uses (key_id) select id from api_keys;
    insert into cache_invalidations (tags, invalidated_at)
      select '{x}', case when n > 100 then now() end from generate_series(1, ${members}) as n;
    insert into idempotency_keys (caller, key, request_sha256, created_at)
      select 'root', n, '', now() - n * interval '3 seconds' from generate_series(1, 2 * ${members}) as n;
    insert into audit_log (actor, request_id, action, entity, entity_id, changes, at)
      select 'root', '', 'update', 'user', n, '{}', now() - n * interval '1 hour' from generate_series(1, ${members}) as n;
    insert into audit_log (actor, request_id, action, entity, entity_id, changes, at)
      select 'root', '', 'update', 'account', 1 + n % 2 * 900000, '{}', now() - n * interval '1 hour' from generate_series(1, ${members}) as n;
    insert into retired_account_numbers (account_number, account_id)
      select to_char(n, 'FM9999-0000-0000'), 900000 + n from generate_series(1, ${members}) as n;
    insert into deletions (id, xact_id, actor, request_id, entity, entity_id)
      select 1000000 + n, n::text::xid8, 'root', '', 'user', 900000 + n from generate_series(1, ${members}) as n;
    insert into deletion_rows (deletion_id, entity, id, user_id, username, row)
      select 1000000 + n, 'user', 900000 + n, 900000 + n, 'gone' || n, '{}' from generate_series(1, ${members}) as n;
    insert into deletion_rows (deletion_id, entity, id, user_id, username, row)
      select 1000000 + ${members}, 'user', n, n, 'together' || n, '{}' from generate_series(2000001, 2000000 + ${members}) as n;
    update users set email = username || '@example.com' where id = 77`;
  await session.query(untriggered(['accounts', 'users', 'user_profiles', 'api_keys'], rows));
  await session.query('analyze');
});

function selectSought(db: Db, sought: Partial<SoughtUser>, within: string | null = null) {
  const limits = { candidates: 21, memberships: 101 };
  const reach = { onlyIn: within, keptDays: 30 };
  return selectSoughtUsers(
    db,
    { id: null, username: null, email: null, externalId: null, ...sought },
    { platform, within, limits, reach },
  );
}

interface Plan {
  'Node Type': string;
  'Relation Name'?: string;
  'Actual Rows': number;
  'Actual Loops': number;
  'Rows Removed by Filter'?: number;
  Plans?: Plan[];
}

/** How many rows each table had to show, in all statements of the query together. */
async function rowsRead(query: (db: Db) => Promise<unknown>): Promise<Record<string, number>> {
  const read: Record<string, number> = {};
  for (const { sql, params } of await statementsOf(query)) {
    await session.query('begin');
    const rows = await session.query<{ 'QUERY PLAN': [{ Plan: Plan }] }>(
      `explain (analyze, format json) ${sql}`,
      params,
    );
    await session.query('rollback');
    for (const row of rows) countRows(row['QUERY PLAN'][0].Plan, read);
  }
  return read;
}

async function statementsOf(query: (db: Db) => Promise<unknown>) {
  const statements: { sql: string; params: unknown[] }[] = [];
  const { $client } = bridge.db;
  const client = wrapClient($client, (queries) => {
    for (const { text, values } of queries.map(statementOf))
      statements.push({ sql: text, params: [...values] });
    return $client.transaction(queries);
  });
  await query(makeDbOver(client));
  return statements;
}

function countRows(plan: Plan, read: Record<string, number>): void {
  const table = plan['Relation Name'];
  if (table && plan['Node Type'].includes('Scan')) {
    const rows = (plan['Actual Rows'] + (plan['Rows Removed by Filter'] ?? 0)) * plan['Actual Loops'];
    read[table] = (read[table] ?? 0) + Math.ceil(rows);
  }
  for (const part of plan.Plans ?? []) countRows(part, read);
}

test.each<[string, (db: Db) => Promise<unknown>]>([
  ['an account by number', (db) => selectAccountByNumber(db, '0000-0000-0077')],
  ['an account by external id', (db) => selectAccountByExternalId(db, 'crm77')],
  ['whether an account has an external id', (db) => selectHasExternalId(db, '0000-0000-0077', 'crm77')],
  ['a user by external id', (db) => selectUserByExternalId(db, 'crm77')],
  ['a member by external id', (db) => selectMemberNamed(db, big, 'externalId', 'crm77')],
  ['the default account', (db) => selectDefaultAccount(db)],
  ['the account for a user', (db) => selectAccountForUser(db, 77, platform)],
  ['the account for the platform admin', (db) => selectAccountForUser(db, 1, platform)],
  ['a user by id', (db) => selectUserById(db, 77)],
  ['a user by name', (db) => selectUserByUsername(db, 'user77')],
  ['a profile', (db) => selectProfileById(db, 77)],
  ['the first users of an account', (db) => selectUsersOfAccount(db, big, firstPage)],
  ['the last users of an account', (db) => selectUsersOfAccount(db, big, lastPage)],
  ['the first profiles of an account', (db) => selectProfilesOfAccount(db, big, firstPage)],
  ['the last profiles of an account', (db) => selectProfilesOfAccount(db, big, lastPage)],
  ['the first profiles beside a profile', (db) => selectProfilesSharingAccount(db, 77, firstPage)],
  ['the last profiles beside a profile', (db) => selectProfilesSharingAccount(db, 77, lastPage)],
  ['the admin of an account that has none', (db) => selectAdminOfAccount(db, big)],
  ['the platform admin where there is none', (db) => selectPlatformAdminProfile(db, big)],
  ['what there is to an account number', (db) => selectNumber(db, big, NUMBER_LIMITS)],
  ['what there is to a number that was deleted', (db) => selectNumber(db, '9999-0000-0001', NUMBER_LIMITS)],
  ['what there is to a number that never was', (db) => selectNumber(db, '9999-9999-9999', NUMBER_LIMITS)],
  ['a user sought by id', (db) => selectSought(db, { id: 77 })],
  ['a user sought by name', (db) => selectSought(db, { username: 'user77' })],
  ['a user sought by e-mail address', (db) => selectSought(db, { email: 'user77@example.com' })],
  ['a user sought by an e-mail address that most have', (db) => selectSought(db, { email: '' })],
  [
    'a user sought by anything',
    (db) => selectSought(db, { id: 77, username: '77', email: '77', externalId: '77' }),
  ],
  [
    'a member sought by anything',
    (db) => selectSought(db, { id: 77, username: '77', email: '77', externalId: '77' }, big),
  ],
  ['a deleted user sought by id', (db) => selectSought(db, { id: 900_077 })],
  ['a deleted user sought by name', (db) => selectSought(db, { username: 'gone77' })],
  ['one of many users that were deleted together', (db) => selectSought(db, { username: 'together2000077' })],
  ['a deleted member sought by name', (db) => selectSought(db, { username: 'gone77' }, big)],
  ['a key to check', (db) => selectKeyRecord(db, 77)],
  ['a key', (db) => selectKey(db, null, 77)],
  ['a key of an account', (db) => selectKey(db, '0000-0000-0077', 77)],
  ['the first keys', (db) => selectKeys(db, null, undefined, firstPage)],
  ['the last keys', (db) => selectKeys(db, null, undefined, lastPage)],
  ['the first keys of an account', (db) => selectKeys(db, '0000-0000-0077', undefined, firstPage)],
  ['the first keys that a key made', (db) => selectKeys(db, null, 'key:2500', firstPage)],
  ['the keys of an account that a key made', (db) => selectKeys(db, '0000-0000-0077', 'key:2500', firstPage)],
  ['counting a key with its descendants', (db) => selectRevocation(db, 2_500, null, true)],
  ['revoking a key with its descendants', (db) => revokeKeyRows(db, author, 2_500, nobody, true)],
  ['noting the use of a key', (db) => noteKeyUse(db, 77, 0)],
  ['the pending invalidations', (db) => selectPendingInvalidations(db, 10)],
  ['marking invalidations', (db) => markInvalidated(db, [1, 2, 3])],
  ['deleting invalidations', (db) => deleteInvalidations(db, [1, 2, 3])],
  ['forgetting answers', (db) => deleteForgottenAnswers(db, 10)],
  ['deleting old entries of the log', (db) => deleteOldAuditRows(db, 400, 10)],
  ['deleting old entries of the log where there are none', (db) => deleteOldAuditRows(db, 4_000, 10)],
])('%s costs few rows, however many there are', async (_, query) => {
  const read = await rowsRead(query);
  expect(Object.keys(read)).not.toEqual([]);
  for (const rows of Object.values(read)) expect(rows).toBeLessThan(100);
});

// A user of so many accounts would change the statistics that the other plans are made with.
test('a page of the accounts of a user costs few rows, however many there are', async () => {
  const userId = 77;
  await session.query(
    `insert into user_profiles (user_id, account_id) select ${userId}, id from accounts where id between 2 and 2001`,
  );
  for (const afterId of [0, members + 1_990]) {
    const read = await rowsRead((db) => selectAccountsOfUser(db, userId, { afterId, limit: 10 }));
    expect(read).toMatchObject({ users: 1 });
    for (const rows of Object.values(read)) expect(rows).toBeLessThan(100);
  }
  await session.query(`delete from user_profiles where user_id = ${userId} and account_id > 1`);
});
