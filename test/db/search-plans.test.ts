import { beforeAll, describe, expect, test } from 'vitest';
import type { Db } from '../../src/db/client/client.ts';
import { type Search, selectFound } from '../../src/db/reads/search.ts';
import { useNeon } from '../support/db/neon.ts';
import { readingOf } from '../support/db/plan-reading.ts';
import { useSession } from '../support/db/session.ts';
import { dropWordIndexes, untriggered } from '../support/db/untriggered.ts';
import { scaled } from '../support/scale.ts';

const session = useSession();
const bridge = useNeon(session);
const userRows = scaled(5_000, 50_000, 1_000_000);
const accountRows = scaled(5_000, 20_000, 100_000);
const limit = 21;
/** The embedded engine holds the rows of a statement in memory. */
const portion = 20_000;
const BIG = '0000-0000-0001';
const TABLES = ['accounts', 'users', 'user_profiles'];

// Half have a name that is frequent; few have a rare one, far from the beginning. The first account has a hundred members, and the
// others have one.
const isRare = (n: string, rows: number) => `${n} > ${rows - 5}`;
const fill = (table: string, first: number, last: number) =>
  table === 'users'
    ? `insert into users (id, username, username_compared, email, first_name)
         select n, 'user' || n, 'user' || n, 'u' || n || '@mail.test', case when ${isRare('n', userRows)} then 'Rarissima' when n % 2 = 0 then 'Frequentia' else md5(n::text) end
         from generate_series(${first}, ${last}) as n;
       insert into user_profiles (user_id, account_id)
         select n, case when n <= 100 then 1 else 1 + n % ${accountRows} end from generate_series(${first}, ${last}) as n`
    : `insert into accounts (id, account_number, company_name)
         select n, to_char(n, 'FM0000-0000-0000'),
           case when ${isRare('n', accountRows)} then 'Rarissimus' when n % 2 = 0 then 'Frequentia ' || n else md5(n::text) end
         from generate_series(${first}, ${last}) as n`;

beforeAll(async () => {
  const buildWordIndexes = await dropWordIndexes(session);
  for (const [table, rows] of [
    ['accounts', accountRows],
    ['users', userRows],
  ] as const)
    for (let first = 1; first <= rows; first += portion)
      await session.query(untriggered(TABLES, fill(table, first, Math.min(first + portion - 1, rows))));
  await buildWordIndexes();
});

const search = (phrase: string, within: string | null): Search => ({
  phrase,
  terms: phrase.split(' ').map((text) => ({ text, isPart: text.length >= 3 })),
  limit,
  within,
});

async function read(phrase: string, within: string | null = null) {
  const select = async (db: Db) => {
    const { accounts, users } = await selectFound(db, search(phrase, within));
    return [...accounts, ...users];
  };
  const reading = await readingOf(bridge.db, session.query, select);
  console.log(`| ${phrase} ${within ?? ''} | ${reading.answered} | ${reading.rows} | ${reading.buffers} |`);
  return reading;
}

describe.each(['before', 'after'])('%s the tables were analyzed', (when) => {
  beforeAll(async () => {
    if (when === 'after') await session.query('analyze');
  });

  // Two tables, of each the first 1,000 rows, once for what they have and once for whether trigrams may find more, and of these 1,000.
  const bound = 2 * (2 * 1_000 + 2 * 1_000);

  test.each([
    ['rarissim', 10],
    ['frequentia', 2 * limit],
    ['fr', 2 * limit],
    ['nobody at all', 0],
    ['user77', 1],
    ['0000-0000-0077', 1],
  ])('%j is found by few rows, however many there are', async (phrase, atLeast) => {
    const { answered, rows, scans } = await read(phrase);
    expect(answered).toBeGreaterThanOrEqual(atLeast);
    expect(rows).toBeLessThanOrEqual(bound);
    expect([...scans]).not.toContain('Seq Scan');
  });

  test.each(['frequentia', 'rarissim', 'user7'])(
    'of its own account, %j is found by the members alone',
    async (phrase) => {
      const { rows, scans } = await read(phrase, BIG);
      // Each member is a profile and a user.
      expect(rows).toBeLessThanOrEqual(3 * (100 + userRows / accountRows + 1) + 3 * limit);
      expect([...scans]).not.toContain('Seq Scan');
    },
  );
});
