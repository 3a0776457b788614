import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { isUnavailable } from '../../../src/db/client/errors.ts';
import { batchReads } from '../../../src/db/client/batched-reads.ts';
import { type Db, makeDb, makeDbOver } from '../../../src/db/client/client.ts';
import { users } from '../../../src/db/schema/tables.ts';
import { selectUserById } from '../../../src/db/reads/users.ts';
import { countRequests, useStack } from '../../support/stack.ts';
import { makeFakeClient, makeNeonError, type Statement } from '../../support/clients.ts';

const stack = useStack();

const nextTask = (flush: () => void) => void setTimeout(flush, 0);

/** A Postgres that answers ids, and refuses a batch with the first error that one of its statements has. */
function makeFake(errors: Readonly<Record<number, Error>> = {}) {
  const batches: unknown[][] = [];
  const answer = async (statements: readonly Statement[]) => {
    const asked = statements.map(({ values: [id] }) => id);
    batches.push(asked);
    return asked.map((id) => {
      const error = errors[Number(id)];
      if (error) throw error;
      const fields = [{ name: 'id', dataTypeID: 20 }];
      return { command: 'SELECT', rows: [[id]], fields, rowCount: 1, rowAsArray: true };
    });
  };
  const db = makeDbOver(makeFakeClient(answer));
  const select = (on: Db, id: number) =>
    on
      .select({ id: users.id })
      .from(users)
      .where(sql`${users.id} = ${id}`);
  return { batches, db, select };
}

const refused = (code = '22003') => makeNeonError('refused', code);
const ids = (length: number) => Array.from({ length }, (_, i) => i + 1);

async function outcomesOf(errors: Readonly<Record<number, Error>>, count: number) {
  const { batches, db, select } = makeFake(errors);
  const batched = batchReads(db, nextTask);
  const settled = await Promise.allSettled(ids(count).map((id) => select(batched, id)));
  return { batches, settled, failed: ids(count).filter((id) => settled[id - 1]?.status === 'rejected') };
}

test('reads of one turn are one batch, and each has its own rows', async () => {
  const { batches, settled } = await outcomesOf({}, 50);
  expect(batches).toEqual([ids(50)]);
  expect(settled.map((one) => one.status === 'fulfilled' && one.value)).toEqual(
    ids(50).map((id) => [{ id }]),
  );
});

test('reads that are some microtasks apart are one batch too', async () => {
  const { batches, db, select } = makeFake();
  const batched = batchReads(db, nextTask);
  await Promise.all(
    ids(20).map(async (id) => {
      for (let turn = 0; turn < id; turn++) await Promise.resolve();
      return select(batched, id);
    }),
  );
  expect(batches).toHaveLength(1);
});

test('a single read is a single statement, and more than a hundred are two batches', async () => {
  expect((await outcomesOf({}, 1)).batches).toEqual([[1]]);
  expect((await outcomesOf({}, 130)).batches.map(({ length }) => length)).toEqual([100, 30]);
});

test('a statement that Postgres refuses is found by halving, and all others are answered', async () => {
  for (const bad of [1, 37, 100]) {
    const { batches, failed } = await outcomesOf({ [bad]: refused() }, 100);
    expect(failed).toEqual([bad]);
    expect(batches.length).toBeLessThanOrEqual(1 + 14);
  }
});

test('however many are refused, a batch is halved a bounded number of times', async () => {
  const errors = Object.fromEntries(ids(100).map((id) => [id, refused()]));
  const { batches, failed } = await outcomesOf(errors, 100);
  expect(failed).toEqual(ids(100));
  expect(batches).toHaveLength(1 + 22);
});

test('statements of a text that is refused hurt none of another text, and each outcome is its own', async () => {
  const bad = ids(50).map((n) => 2 * n);
  const { batches, db } = makeFake(Object.fromEntries(bad.map((id) => [id, refused()])));
  const on = batchReads(db, nextTask);
  const read = async (id: number) => {
    const column = id % 2 === 0 ? users.username : users.id;
    const rows = await on
      .select({ id: column })
      .from(users)
      .where(sql`${users.id} = ${id}`);
    return rows[0]?.id;
  };
  const settled = await Promise.allSettled(ids(100).map(read));
  expect(settled.map((one) => (one.status === 'fulfilled' ? one.value : 'refused'))).toEqual(
    ids(100).map((id) => (id % 2 === 0 ? 'refused' : id)),
  );
  expect(batches.length).toBeLessThanOrEqual(1 + 22);
});

test.each([
  ['away', makeNeonError('x', '57P01')],
  ['not to be reached', makeNeonError('Postgres could not be reached')],
  ['too slow for a statement', refused('57014')],
])('a batch is asked once when Postgres is %s, and every read of it fails', async (_what, error) => {
  const { batches, failed, settled } = await outcomesOf({ 2: error }, 3);
  expect(batches).toHaveLength(1);
  expect(failed).toEqual([1, 2, 3]);
  const [first] = settled;
  expect(isUnavailable(first?.status === 'rejected' && first.reason)).toBe(error.message !== 'refused');
});

test('over the real protocol: one request, rows to their own reads, and a refused statement alone', async () => {
  const db = makeDb(stack.current.env.DATABASE_URL, 10_000);
  const batched = () => batchReads(db, nextTask);
  const counts = await countRequests(stack.current, async () => {
    const on = batched();
    const found = await Promise.all([3, 999, 1, 3].map((id) => selectUserById(on, id)));
    expect(found.map((user) => user?.username)).toEqual(['johndoe', undefined, 'admin', 'johndoe']);
    expect(found[0]).toEqual(await selectUserById(db, 3));
  });
  expect(counts.postgres).toBe(1 + 1);
  const on = batched();
  const outcomes = await Promise.allSettled([3, 1e300, 1].map((id) => selectUserById(on, id)));
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
});

test('a batch of writes is refused: it would not be one transaction', async () => {
  const { db } = makeFake();
  const batched = batchReads(db, nextTask);
  await expect(batched.batch([batched.select().from(users)])).rejects.toThrow('takes no transaction');
});
