import { beforeAll, describe, expect, test } from 'vitest';
import { type AuditPage, selectAuditRows } from '../../src/db/reads/audit.ts';
import type { Db } from '../../src/db/client/client.ts';
import { type AccountPage, selectAccounts, selectUsers, type UserPage } from '../../src/db/reads/lists.ts';
import { scaled } from '../support/scale.ts';
import { useNeon } from '../support/db/neon.ts';
import { readingOf } from '../support/db/plan-reading.ts';
import { useSession } from '../support/db/session.ts';
import { dropWordIndexes, untriggered } from '../support/db/untriggered.ts';

const session = useSession();
const bridge = useNeon(session);
const userRows = scaled(20_000, 100_000, 1_000_000);
/** The embedded engine holds them all in memory. */
const rows = scaled(20_000, 100_000, 200_000);
const limit = 101;

// One of 100,000 is inactive, or one at least, far from both ends. Half of the e-mail addresses are alike. In the log of years
// keys:old stopped long ago, and wrote as much as everybody since; few of its rows are api_keys.
const isMostly = `(n - 1) % 100000 <> ${scaled(7_000, 70_000)}`;
const ofUsers = `
  insert into users (username, username_compared, email, is_active)
    select 'user' || n, 'user' || n, case when n % 2 = 0 then 'same@example.com' else 'u' || n || '@example.com' end, ${isMostly}`;
const ofOthers = `
  insert into accounts (account_number, company_name, is_active)
    select to_char(n, 'FM0000-0000-0000'), 'Company ' || n, ${isMostly} from numbers;
  insert into audit_log (at, actor, request_id, action, entity, entity_id, changes, username, user_id)
    select now() - (${rows} - n) * interval '1 minute', case when n < ${rows / 2} then 'key:old' else 'root' end,
      'request-' || n / 10, case when n % 700 = 0 then 'delete' else 'update' end, case when n % 5000 = 0 then 'api_key' when n % 2 = 0 then 'user' else 'account' end,
      1 + n % 100, '{}', case when n % 2 = 0 and n % 3 > 0 then 'user' || 1 + n % 100 end, case when n % 2 = 0 and n % 3 > 0 then 1 + n % 100 end
    from numbers;
  insert into audit_log_accounts (id, account_number, entity, at)
    select id, '0000-0000-000' || case when id % 1000 = 0 then 3 else 1 + id / 2 % 2 end, entity, at from audit_log as l
    where not exists (select from audit_log_accounts as a where a.id = l.id)`;
/** The embedded engine holds the rows of a statement in memory. */
const portion = 20_000;

beforeAll(async () => {
  // No list reads them.
  await dropWordIndexes(session);
  const numbers = 'create temp table numbers as select * from generate_series';
  for (let first = 1; first <= userRows; first += portion) {
    const last = first + portion - 1;
    await session.query(`${numbers}(${first}, ${last}) as n`);
    await session.query(untriggered(['users'], `${ofUsers} from numbers`));
    if (last <= rows) await session.query(untriggered(['accounts'], ofOthers));
    await session.query('drop table numbers');
  }
  // An empty table is read from end to end, whatever its indexes.
  await session.query(`insert into retired_account_numbers (account_number, account_id)
    select '9000-0000-' || to_char(n, 'FM0000'), 1000000 + n from generate_series(1, 5000) as n`);
});

async function expectFewRows(
  title: string,
  stretches: number,
  query: (db: Db) => Promise<readonly unknown[]>,
): Promise<void> {
  const reading = await readingOf(bridge.db, session.query, query);
  console.log(`| ${title} | ${reading.answered} | ${reading.rows} | ${reading.buffers} |`);
  expect(reading.rows).toBeLessThanOrEqual(stretches * limit);
  // A row costs its page, and every stretch the way down its index.
  expect(reading.buffers).toBeLessThanOrEqual(reading.rows * 2 + stretches * 20);
  expect([...reading.scans].filter((scan) => scan !== 'Index Only Scan')).toEqual(['Index Scan']);
}

/** With statistics and, as after a large import, without; then planners guess. */
describe.each(['before', 'after'])('%s the table was analyzed', (when) => {
  beforeAll(async () => {
    if (when === 'after') await session.query('analyze');
  });

  const nobody = { isActive: null, prefix: null, after: null, limit };
  const usernames = (text: string) => ({ field: 'username', text }) as const;
  const emails = (text: string) => ({ field: 'email', text }) as const;
  const middle = rows / 2;

  test.each<[string, Partial<UserPage>]>([
    ['first', {}],
    ['middle', { after: { key: null, id: userRows / 2 } }],
    ['last', { after: { key: null, id: userRows - 50 } }],
    ['past the last', { after: { key: null, id: userRows } }],
    ['first of usernames', { prefix: usernames('') }],
    ['middle of usernames', { prefix: usernames(''), after: { key: 'user5', id: 5 } }],
    ['last of usernames', { prefix: usernames(''), after: { key: 'user9998', id: 9_998 } }],
    ['first of a broad prefix', { prefix: usernames('user') }],
    ['middle of a broad prefix', { prefix: usernames('user'), after: { key: 'user5', id: 5 } }],
    ['last of a broad prefix', { prefix: usernames('user1'), after: { key: 'user19998', id: 19_998 } }],
    ['the one of a narrow prefix', { prefix: usernames('user12345') }],
    ['of a prefix that nobody has', { prefix: usernames('nobody') }],
    ['first of an e-mail address that half have', { prefix: emails('same') }],
    ['middle of it', { prefix: emails('same'), after: { key: 'same@example.com', id: userRows / 2 } }],
    ['last of it', { prefix: emails('same'), after: { key: 'same@example.com', id: userRows - 50 } }],
    ['first of the other e-mail addresses', { prefix: emails('u') }],
  ])('the users: %s', async (title, page) => {
    await expectFewRows(`users, ${title}`, 2, (db) => selectUsers(db, { ...nobody, ...page }));
    for (const isActive of [true, false]) {
      await expectFewRows(`users, isActive=${isActive}, ${title}`, 1, (db) =>
        selectUsers(db, { ...nobody, ...page, isActive }),
      );
    }
  });

  const company = (text: string) => ({ field: 'companyName', text }) as const;

  test.each<[string, Partial<AccountPage>]>([
    ['first', {}],
    ['middle', { after: { key: null, id: middle } }],
    ['last', { after: { key: null, id: rows - 50 } }],
    ['first of a broad prefix', { prefix: company('Comp') }],
    ['middle of a broad prefix', { prefix: company('Comp'), after: { key: 'Company 5', id: 5 } }],
    ['the ten of a narrow prefix', { prefix: company('Company 1234') }],
  ])('the accounts: %s', async (title, page) => {
    await expectFewRows(`accounts, ${title}`, 2, (db) => selectAccounts(db, { ...nobody, ...page }));
    for (const isActive of [true, false]) {
      await expectFewRows(`accounts, isActive=${isActive}, ${title}`, 1, (db) =>
        selectAccounts(db, { ...nobody, ...page, isActive }),
      );
    }
  });

  const minutesAgo = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString();
  const anything = {
    actor: null,
    requestId: null,
    entity: null,
    entityId: null,
    action: null,
    within: null,
    accountNumber: null,
    username: null,
    since: null,
    until: null,
    after: null,
    limit,
  };

  test.each<[string, number, Partial<AuditPage>]>([
    ['all', 1, {}],
    ['an actor of late', 4, { actor: 'root' }],
    ['an actor of long ago', 4, { actor: 'key:old' }],
    ['an actor of long ago and an entity', 1, { actor: 'key:old', entity: 'account' }],
    ['an actor and an entity that they never touched', 1, { actor: 'root', entity: 'user_profile' }],
    ['an actor that there is none of', 4, { actor: 'key:none' }],
    ['an entity', 1, { entity: 'user' }],
    ['a rare entity', 1, { entity: 'api_key' }],
    ['an action', 4, { action: 'update' }],
    ['a rare action', 4, { action: 'delete' }],
    ['a rare action and an entity', 1, { action: 'delete', entity: 'user' }],
    ['an action that there is none of', 4, { action: 'create' }],
    ['TRUNCATE by an actor', 4, { action: 'truncate', actor: 'root' }],
    ['one row', 1, { entity: 'user', entityId: 7 }],
    ['one row and an actor', 1, { entity: 'user', entityId: 7, actor: 'root' }],
    // The name is a row of its own, in another index, and so is the id of the account in the log of accounts.
    ['a user by name', 5, { username: 'user7' }],
    ['a user by name, to an account', 8, { username: 'user7', within: '0000-0000-0002' }],
    ['a name that nobody has', 5, { username: 'nobody' }],
    ['an account by number', 9, { accountNumber: '0000-0000-0001' }],
    ['a quiet account by number', 9, { accountNumber: '0000-0000-0003' }],
    ['an account without entries', 9, { accountNumber: '0000-0000-0009' }],
    ['the account of the caller', 9, { within: '0000-0000-0001' }],
    ['the account of the caller, by entity', 3, { within: '0000-0000-0001', entity: 'account' }],
    [
      'the account of the caller, by an entity of which it has none',
      3,
      { within: '0000-0000-0003', entity: 'user_profile' },
    ],
    ['one row, to an account', 12, { entity: 'user', entityId: 7, within: '0000-0000-0002' }],
    ['a request', 1, { requestId: 'request-77' }],
  ])('the log: of %s', async (title, stretches, filters) => {
    for (const [range, bounds] of [
      ['', {}],
      [', in the middle', { since: minutesAgo(middle + 5_000), until: minutesAgo(middle - 5_000) }],
      [', oldest', { until: minutesAgo(rows - 60) }],
      [', newest', { since: minutesAgo(60) }],
      [', after one', { after: { key: minutesAgo(middle), id: middle } }],
    ] as const) {
      const page = { ...anything, ...filters, ...bounds };
      const few = page.entityId !== null && page.actor !== null ? 10 : stretches;
      await expectFewRows(`audit, ${title}${range}`, few, (db) => selectAuditRows(db, page));
    }
  });
});
