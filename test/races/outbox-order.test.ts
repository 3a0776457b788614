import { beforeEach, describe, expect, inject, test } from 'vitest';
import { scripts } from '../../src/cache/shared/scripts/scripts.ts';
import { found, see } from '../support/seen.ts';
import { ageOutbox, beginTransaction, drainNow, newIsolate, sql, useStack } from '../support/stack.ts';
import { holdNext } from './held-requests.ts';

const stack = useStack();
let count = 0;
let name = '';

const update = (id: number) => `update users set first_name = '${name}' where id = ${id}`;
const user = (id: number) => see(newIsolate(stack.current), `/v1/users/${id}`);
const pending = () =>
  sql<{ tags: string[]; told: boolean }>(
    stack.current,
    'select tags, invalidated_at is not null as told from cache_invalidations order by id',
  );

/** A writer that has its id in the outbox, and commits when it is told to. */
type BeginWrite = () => Promise<() => Promise<unknown>>;

// Such a writer shows as a row that appears later than rows with higher ids.
async function beginBelow(): Promise<() => Promise<unknown>> {
  const [row] = await sql<{ id: string }>(
    stack.current,
    "select nextval('cache_invalidations_id_seq') as id",
  );
  return () =>
    sql(
      stack.current,
      `begin; ${update(3)};
       update cache_invalidations set id = ${row?.id} where xact_id = pg_current_xact_id(); commit`,
    );
}

const ways: { how: string; begin: BeginWrite }[] = [
  { how: 'as rows that appear below others', begin: beginBelow },
  ...(inject('isOnServers')
    ? [{ how: 'in an open transaction', begin: () => beginTransaction(stack.current, update(3)) }]
    : []),
];

beforeEach(async () => {
  name = `n${++count}`;
  await drainNow(stack.current);
  await ageOutbox(stack.current);
  await drainNow(stack.current);
  for (const id of [3, 4]) await user(id);
});

async function expectToldTwice(): Promise<void> {
  await drainNow(stack.current);
  expect(await user(3)).toEqual(found({ firstName: name }));
  expect(await pending()).toContainEqual({ tags: expect.arrayContaining(['user:3']), told: true });
  await ageOutbox(stack.current);
  await drainNow(stack.current);
  expect(await pending()).toEqual([]);
}

describe.each(ways)('a lower id commits late, $how', ({ begin }) => {
  test('after higher ones were invalidated', async () => {
    const commit = await begin();
    await sql(stack.current, update(4));
    await drainNow(stack.current);
    expect(await user(4)).toEqual(found({ firstName: name }));
    await commit();
    expect(await pending()).toMatchObject([{ told: false }, { told: true }]);
    await expectToldTwice();
  });

  test('after higher ones were confirmed and deleted', async () => {
    const commit = await begin();
    await sql(stack.current, update(4));
    await drainNow(stack.current);
    await ageOutbox(stack.current);
    await drainNow(stack.current);
    expect(await pending()).toEqual([]);
    await commit();
    await expectToldTwice();
  });

  test.each([
    { step: 'has looked', request: /select[^]*cache_invalidations/, point: 'answered' },
    { step: 'has invalidated', request: scripts.invalidate, point: 'answered' },
    { step: 'is about to mark', request: /update .{0,2}cache_invalidations/, point: 'unsent' },
  ] as const)('while a drain of higher ones $step', async ({ request, point }) => {
    const commit = await begin();
    await sql(stack.current, update(4));
    const held = holdNext(stack.current, request, point);
    const draining = drainNow(newIsolate(stack.current));
    await held.reached;
    await commit();
    held.letGo();
    await draining;
    expect(await pending()).toMatchObject([{ told: false }, { told: true }]);
    await expectToldTwice();
  });

  test.each([
    { step: 'has looked', request: /select[^]*cache_invalidations/, point: 'answered' },
    { step: 'is about to delete', request: /delete from .{0,2}cache_invalidations/, point: 'unsent' },
  ] as const)('while a drain that confirms higher ones $step', async ({ request, point }) => {
    const commit = await begin();
    await sql(stack.current, update(4));
    await drainNow(stack.current);
    await ageOutbox(stack.current);
    const held = holdNext(stack.current, request, point);
    const draining = drainNow(newIsolate(stack.current));
    await held.reached;
    await commit();
    held.letGo();
    await draining;
    expect(await pending()).toMatchObject([{ told: false }]);
    await expectToldTwice();
  });
});
