import { beforeAll, describe, expect, test } from 'vitest';
import { runBatch } from '../../src/db/client/batch.ts';
import type { Db } from '../../src/db/client/client.ts';
import { type FedChanges, selectChanges } from '../../src/db/reads/change-feed.ts';
import { type DeletionPage, selectDeletion, selectDeletions } from '../../src/db/reads/deletions.ts';
import { useNeon } from '../support/db/neon.ts';
import { readingOf } from '../support/db/plan-reading.ts';
import { useSession } from '../support/db/session.ts';
import { scaled } from '../support/scale.ts';

const session = useSession();
const bridge = useNeon(session);
const rows = scaled(10_000, 100_000, 1_000_000);
/** The embedded engine holds the rows of a statement in memory. */
const portion = 20_000;
const limit = 101;
const OF_ACCOUNT = 50;
const OWN = '0000-0000-0007';
const LARGE = rows + 1;

// Each account lost 50 members, one a transaction; few deletions are of accounts. One more deletion holds as many rows as there are.
// The feed is numbered, and few of its changes are of accounts, or concern the account 7.
const fill = (first: number, last: number) => `
  insert into deletions (id, at, xact_id, actor, request_id, entity, entity_id)
    select n, now() - (${rows} - n) * interval '2 seconds', n::text::xid8, 'root', '',
      case when n % 5000 = 0 then 'account' else 'user' end, n from generate_series(${first}, ${last}) as n;
  insert into deletion_rows (deletion_id, entity, id, user_id, username, account_number, row)
    select n, kind, n, n, 'gone' || n, case when kind = 'user_profile' then to_char(n / ${OF_ACCOUNT}, 'FM0000-0000-0000') end, '{}'
    from generate_series(${first}, ${last}) as n, unnest(array['user', 'user_profile']) as kind;
  insert into deletion_rows (deletion_id, entity, id, user_id, username, row)
    select ${LARGE}, 'user', n, n, 'together' || n, '{}' from generate_series(${first}, ${last}) as n;
  insert into change_feed (id, number, numbered_at, kind, row_id, operation, at, actor, account_ids)
    select n, n, now(), case when n % 5000 = 0 then 'account' when n % 2 = 0 then 'user' else 'user_profile' end, n, 'create',
      now(), 'root', array[case when n % 5000 = 1 then 7 else 8 end] from generate_series(${first}, ${last}) as n`;

beforeAll(async () => {
  await session.query(
    `insert into accounts (id, account_number, company_name) values (7, '${OWN}', 'x'), (8, '0000-0000-0008', 'y')`,
  );
  await session.query('truncate change_feed, change_feed_newest, deletions, deletion_rows');
  await session.query(
    `insert into deletions (id, xact_id, actor, request_id, entity, entity_id) values (${LARGE}, '1', 'root', '', 'user', 1)`,
  );
  for (let first = 1; first <= rows; first += portion)
    await session.query(fill(first, Math.min(first + portion - 1, rows)));
  await session.query(`insert into change_feed_newest (number) values (${rows})`);
});

async function read(title: string, query: (db: Db) => Promise<readonly unknown[]>) {
  const reading = await readingOf(bridge.db, session.query, query);
  console.log(`| ${title} | ${reading.answered} | ${reading.rows} | ${reading.buffers} |`);
  return reading;
}

const anything: DeletionPage = {
  entity: null,
  accountNumber: null,
  username: null,
  since: null,
  until: null,
  after: null,
  limit,
};
const secondsAgo = (seconds: number) => new Date(Date.now() - seconds * 1_000).toISOString();
const middle = secondsAgo(rows);
const ranges: readonly [name: string, range: Partial<DeletionPage>][] = [
  ['', {}],
  [', in the middle', { since: secondsAgo(rows + 1_000), until: middle }],
  [', oldest', { until: secondsAgo(2 * rows - 60) }],
  [', newest', { since: secondsAgo(60) }],
  [', after one', { after: { key: middle, id: rows / 2 } }],
];

const pageOf = (page: DeletionPage, onlyIn: string | null) => async (db: Db) => {
  const query = selectDeletions(db, page, { onlyIn, keptDays: 30 });
  // A list by a name is a statement without a batch.
  const isBatch = page.accountNumber === null && page.username === null && onlyIn === null;
  return isBatch ? query : (await runBatch(db, { query: query as never })).query;
};

describe.each(['before', 'after'])('%s the tables were analyzed', (when) => {
  beforeAll(async () => {
    if (when === 'after') await session.query('analyze');
  });

  test.each<[string, Partial<DeletionPage>]>([
    ['all', {}],
    ['users', { entity: 'user' }],
    ['accounts, which are rare', { entity: 'account' }],
    ['profiles, of which there is none', { entity: 'user_profile' }],
  ])('the deletions: %s', async (title, filters) => {
    for (const [name, range] of ranges) {
      const reading = await read(
        `deletions, ${title}${name}`,
        pageOf({ ...anything, ...filters, ...range }, null),
      );
      expect(reading.rows).toBeLessThanOrEqual(limit);
      expect([...reading.scans]).not.toContain('Seq Scan');
    }
  });

  test.each<[string, Partial<DeletionPage>, string | null]>([
    ['an account by number', { accountNumber: OWN }, null],
    ['an account by number, and a kind', { accountNumber: OWN, entity: 'user' }, null],
    ['a user by name', { username: 'gone77' }, null],
    ['a user of the large one', { username: 'together77' }, null],
    ['a name that nobody had', { username: 'nobody' }, null],
    ['the account of the caller', {}, OWN],
    ['a user by name, to its account', { username: `gone${7 * OF_ACCOUNT}` }, OWN],
  ])('the deletions of %s', async (title, filters, onlyIn) => {
    for (const [name, range] of ranges) {
      const page = { ...anything, ...filters, ...range };
      const reading = await read(`deletions, ${title}${name}`, pageOf(page, onlyIn));
      // Of each deletion that has the name: the name, the deletion, and each of its rows with the rows of its user.
      expect(reading.rows).toBeLessThanOrEqual(OF_ACCOUNT * 6);
      expect([...reading.scans]).not.toContain('Seq Scan');
    }
  });

  test('one deletion costs its own rows', async () => {
    const reading = await read('one deletion', async (db) => {
      const found = await selectDeletion(db, 77, { onlyIn: null, keptDays: 30 });
      return found ? [found] : [];
    });
    expect(reading.answered).toBe(1);
    expect(reading.rows).toBeLessThanOrEqual(50);
  });

  const fed: FedChanges = { after: null, kinds: null, within: null, limit };
  /** The newest number, which is the only row of its table, the oldest, and the account. */
  const aroundPage = 10;

  test.each<[string, Partial<FedChanges>, number]>([
    ['first', {}, limit],
    ['middle', { after: rows / 2 }, limit],
    ['last', { after: rows - 50 }, limit],
    ['past the last', { after: rows }, limit],
    ['latest', { after: 'latest' }, limit],
    ['users', { kinds: ['user'] }, 2 * limit],
    ['accounts, which are rare', { kinds: ['account'], after: rows / 2 - 1 }, 10_000],
    ['those of the caller, which are rare', { within: OWN, after: rows / 2 - 1 }, 10_000],
    ['those of a caller of no account', { within: '9999-0000-0000' }, 10_000],
  ])('the feed: %s', async (title, asked, most) => {
    const reading = await read(`feed, ${title}`, async (db) => {
      const { changes } = await selectChanges(db, { ...fed, ...asked });
      return changes;
    });
    expect(reading.rows).toBeLessThanOrEqual(most + aroundPage);
  });
});
