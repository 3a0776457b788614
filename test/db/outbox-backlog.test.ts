import { expect, test } from 'vitest';
import { drain } from '../../src/cache/drain.ts';
import { makeOutbox } from '../../src/jobs/outbox.ts';
import { type FakeCache, makeFakeCache } from '../support/cache/fake-cache.ts';
import { scaled } from '../support/scale.ts';
import { useNeon } from '../support/db/neon.ts';
import { useSession } from '../support/db/session.ts';
import { watchOutbox } from '../support/db/watched-outbox.ts';

const session = useSession();
const neon = useNeon(session);

const MINUTES = scaled(4, 60);
/** Each is as many writes as three of the other test. */
const BUSY_MINUTES = scaled(2, 60);
const WRITES_A_MINUTE = 3_000;
const MAX_ROWS = 10_000;

const write = (rows: number, tagsOfEach: number) =>
  session.query(
    `insert into cache_invalidations (tags)
     select (select array_agg(concat_ws('-', 'user:' || pg_current_xact_id(), row, n)) from generate_series(1, $2::int) as n)
     from generate_series(1, $1::int) as row`,
    [rows, tagsOfEach],
  );
const countRows = async (condition = 'true') => {
  const [row] = await session.query<{ count: number }>(
    `select count(*)::int as count from cache_invalidations where ${condition}`,
  );
  return row?.count ?? 0;
};
const age = () =>
  session.query(`update cache_invalidations set invalidated_at = now() - interval '1 minute'`);

const drainInto = (cache: FakeCache) => drain(cache, makeOutbox(neon.db));

async function emptyOutbox(): Promise<void> {
  await session.query('truncate cache_invalidations');
}

test('the outbox stays small though Redis is away for many minutes of writes, and then says everything', async () => {
  await emptyOutbox();
  const cache = makeFakeCache();
  cache.shared.failure = new Error('ECONNREFUSED');
  let most = 0;
  for (let minute = 0; minute < MINUTES; minute++) {
    await write(WRITES_A_MINUTE, 1);
    most = Math.max(most, await countRows());
    await expect(drainInto(cache)).rejects.toThrow('ECONNREFUSED');
  }
  expect(most).toBeLessThanOrEqual(MAX_ROWS + WRITES_A_MINUTE);
  cache.shared.failure = null;
  await drainInto(cache);
  expect(cache.shared.invalidated).toEqual([['everything']]);
  await age();
  await drainInto(cache);
  expect(await countRows()).toBe(0);
});

test('a steady stream of writes does not keep confirmed rows from going', async () => {
  await emptyOutbox();
  const cache = makeFakeCache();
  let most = 0;
  for (let minute = 0; minute < BUSY_MINUTES; minute++) {
    await write(MAX_ROWS - 1, 1);
    await drainInto(cache);
    most = Math.max(most, await countRows());
    await age();
  }
  expect(most).toBeLessThanOrEqual(3 * MAX_ROWS);
});

test('an account that is written 84 times a second makes nobody forget anything else', async () => {
  await emptyOutbox();
  const cache = makeFakeCache();
  const minute = () =>
    session.query(
      `insert into cache_invalidations (tags)
       select array['account:1', 'account-number:1234-5678-9012'] from generate_series(1, 60 * 84 * 2)`,
    );
  await minute();
  await drainInto(cache);
  await age();
  await minute();
  await drainInto(cache);
  expect(new Set(cache.shared.invalidated.flat())).toEqual(
    new Set(['account:1', 'account-number:1234-5678-9012']),
  );
  expect(await countRows('invalidated_at is null')).toBe(0);
  expect(await countRows()).toBe(60 * 84 * 2);
});

/** Of one look at the outbox; each row past its tags says `everything`. */
const MOST_ROWS = MAX_ROWS + 1;
const MOST_TAGS = 20_000 + MOST_ROWS;

test.each([
  ['in rows of one', scaled(11_000, 100_000, 1_000_000), 1],
  ['in rows of a hundred', scaled(300, 10_000), 100],
  ['in rows of a thousand', scaled(30, 1_000), 1_000],
])(
  'a backlog of tags, %s, is told in one pass, by two invalidations at most, few statements and what fits in memory',
  async (_, rows, tagsOfEach) => {
    await emptyOutbox();
    await write(rows, tagsOfEach);
    const cache = makeFakeCache();
    const outbox = watchOutbox(makeOutbox(neon.db));
    const requests = await neon.requestsOf(() => drain(cache, outbox));
    expect(await countRows('invalidated_at is null')).toBe(0);
    expect(new Set(cache.shared.invalidated.flat())).toEqual(new Set(['everything']));
    expect(cache.shared.invalidated.length).toBeLessThanOrEqual(2);
    expect(requests).toBeLessThanOrEqual(3 + Math.ceil(rows / 100_000) + 1);
    expect(outbox.most.rows).toBeLessThanOrEqual(MOST_ROWS);
    expect(outbox.most.tags).toBeLessThanOrEqual(MOST_TAGS);
    await age();
    await drainInto(cache);
    expect(await countRows()).toBe(0);
  },
);
