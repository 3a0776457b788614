import { beforeEach, expect, test } from 'vitest';
import {
  collapseInvalidations,
  deleteInvalidations,
  markInvalidated,
  selectPendingInvalidations,
} from '../../src/db/outbox.ts';
import { useNeon } from '../support/db/neon.ts';
import { useSession } from '../support/db/session.ts';

const session = useSession();
const neon = useNeon(session);

beforeEach(() => session.query('delete from cache_invalidations'));

const insert = (values: string) =>
  session.query(`insert into cache_invalidations (id, tags, invalidated_at) values ${values}`);
const pendingIds = async (limit = 100, againAfterMs?: number) =>
  (await selectPendingInvalidations(neon.db, limit, againAfterMs)).map(({ id }) => id);

test('an empty outbox has nothing pending', async () => {
  expect(await selectPendingInvalidations(neon.db, 10)).toEqual([]);
});

test('pending are rows never invalidated, and rows invalidated ten seconds ago', async () => {
  await insert(
    `(3, '{c}', now() - interval '11 s'), (4, '{d}', now() - interval '9 s'), (2, '{b,"x,y"}', null), (1, '{a}', null)`,
  );
  const rows = await selectPendingInvalidations(neon.db, 100);
  expect(rows).toEqual([
    { id: 1, tags: ['a'], invalidatedAgoMs: null },
    { id: 2, tags: ['b', 'x,y'], invalidatedAgoMs: null },
    { id: 3, tags: ['c'], invalidatedAgoMs: expect.any(Number) },
  ]);
  expect(rows[2]?.invalidatedAgoMs).toBeGreaterThanOrEqual(11_000);
  expect(await pendingIds(100, 5_000)).toEqual([1, 2, 3, 4]);
  expect(await pendingIds(2)).toEqual([1, 2]);
});

test('marked rows are not pending until they are due, and keep their first time', async () => {
  await insert(`(1, '{a}', null), (2, '{b}', null), (3, '{c}', now() - interval '1 h')`);
  await markInvalidated(neon.db, [1, 3]);
  expect(await pendingIds()).toEqual([2, 3]);
  expect(await pendingIds(100, 0)).toEqual([2, 3, 1]);
});

test('exactly the rows of the ids are deleted, thousands too', async () => {
  const ids = Array.from({ length: 10_000 }, (_, n) => n * 2 + 1);
  await session.query(
    `insert into cache_invalidations (id, tags) select n, '{x}' from generate_series(1, 20000) as n`,
  );
  await deleteInvalidations(neon.db, ids);
  await deleteInvalidations(neon.db, []);
  const rows = await session.query(
    'select count(*)::int, min(id)::int, bool_and(id % 2 = 0) as even from cache_invalidations',
  );
  expect(rows).toEqual([{ count: 10_000, min: 2, even: true }]);
});

test('due rows, and no others, shrink to one of everything', async () => {
  await insert(
    `(901, '{a}', null), (902, '{b}', now() - interval '11 s'), (903, '{c}', now() - interval '9 s'), (904, '{d}', null)`,
  );
  expect(await collapseInvalidations(neon.db, 10)).toBe(3);
  const rows = await session.query(
    'select tags, invalidated_at is null as fresh from cache_invalidations order by tags',
  );
  expect(rows).toEqual([
    { tags: ['c'], fresh: false },
    { tags: ['everything'], fresh: true },
  ]);
});

test('a limit leaves the rest, and nothing due leaves nothing', async () => {
  await insert(`(901, '{a}', null), (902, '{b}', null), (903, '{c}', null)`);
  expect(await collapseInvalidations(neon.db, 2)).toBe(2);
  expect(await pendingIds()).toHaveLength(2);
  await session.query('delete from cache_invalidations');
  expect(await collapseInvalidations(neon.db, 2)).toBe(0);
  expect(await pendingIds()).toEqual([]);
});

test('millions of tags come as everything, and their rows keep their ids', async () => {
  await session.query(`insert into cache_invalidations (id, tags)
    select row, (select array_agg('user:' || row || '-' || n) from generate_series(1, 1000) as n)
    from generate_series(1, 25) as row`);
  const rows = await selectPendingInvalidations(neon.db, 100);
  expect(rows.map(({ id }) => id)).toEqual(Array.from({ length: 25 }, (_, n) => n + 1));
  expect(rows[19]?.tags).toHaveLength(1_000);
  expect(rows.slice(20).map(({ tags }) => tags)).toEqual(Array.from({ length: 5 }, () => ['everything']));
});

test('rows of the same tags and time come together, and all of them where their tags are few', async () => {
  await session.query(`insert into cache_invalidations (id, tags, invalidated_at)
    select n, array['account:1', 'user:' || n % 7],
      case when n % 2 = 0 then timestamptz '2026-01-01' end from generate_series(1, 50) as n`);
  const rows = await selectPendingInvalidations(neon.db, 10);
  expect(rows.map(({ id }) => id)).toEqual([1, 3, 5, 7, 9, 11, 13, 2, 4, 6, 8, 10, 12, 14]);
  expect(rows[0]).toMatchObject({ tags: ['account:1', 'user:1'], further: [15, 29, 43] });
  expect(rows.flatMap(({ id, further = [] }) => [id, ...further])).toHaveLength(50);
  expect(await pendingIds(8)).toEqual([1, 3, 5, 7, 9, 11, 13, 2]);
});

test('tags that rows repeat are counted once', async () => {
  await session.query(`insert into cache_invalidations (id, tags)
    select n, array['account:1', 'account:2', 'user:' || n] from generate_series(1, 9000) as n`);
  const rows = await selectPendingInvalidations(neon.db, 10_001);
  expect(rows).toHaveLength(9_000);
  expect(rows.filter(({ tags }) => tags.length < 3)).toEqual([]);
});

test('a row invalidated in a year far away is due, and keeps no other from the drain', async () => {
  await insert(`(1, '{a}', '1000-01-01'), (2, '{b}', null)`);
  expect(await pendingIds()).toEqual([2, 1]);
});
