import { eq, sql } from 'drizzle-orm';
import { describe, expect, test } from 'vitest';
import { selectMemberNamed, selectMembership } from '../../../src/db/reads/members.ts';
import { type Db, makeDb, makeDbOver } from '../../../src/db/client/client.ts';
import { flag, whole } from '../../../src/db/client/decoders.ts';
import { GarbledAnswer, isGarbled } from '../../../src/db/client/errors.ts';
import { readRow, readRows } from '../../../src/db/client/results.ts';
import { accounts, userProfiles, users } from '../../../src/db/schema/tables.ts';
import { runBatch } from '../../../src/db/client/batch.ts';
import { writeBatch } from '../../../src/db/writes/write-batch.ts';
import { isTag } from '../../../src/directory/tags.ts';
import { makeFakeClient, stubFetch } from '../../support/clients.ts';

interface Answer {
  readonly command: string;
  readonly fields: readonly { name: string; dataTypeID: number }[];
  readonly rowCount: number | null;
  readonly rows: readonly unknown[];
}

const answer = (names: readonly string[], ...rows: unknown[]): Answer => ({
  command: 'SELECT',
  fields: names.map((name) => ({ name, dataTypeID: 20 })),
  rowCount: rows.length,
  rows,
});

/** A Postgres that answers this, as any driver might hand it on. */
function answering(result: unknown) {
  return makeDbOver(makeFakeClient(async () => [result]));
}

const selectUser = (result: unknown) =>
  answering(result).select({ id: users.id, isStaff: users.isStaff }).from(users);

describe('of a query', () => {
  test('the rows are answered', async () => {
    expect(await selectUser(answer(['id', 'is_staff'], ['3', false]))).toEqual([{ id: 3, isStaff: false }]);
  });

  test.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['no rows', { ...answer(['id', 'is_staff']), rows: null }],
    ['fewer rows than it counts', { ...answer(['id', 'is_staff']), rowCount: 1 }],
    ['a column too few', answer(['id'], ['3'])],
    ['a column too many', answer(['id', 'is_staff', 'is_active'], ['3', false, true])],
    ['other columns', answer(['id', 'is_active'], ['3', true])],
    ['a row with a value too few', answer(['id', 'is_staff'], ['3'])],
    ['a row that is none', answer(['id', 'is_staff'], { id: '3', is_staff: true })],
    ['a value of another type', answer(['id', 'is_staff'], ['3', 'dHJ1ZQ=='])],
    ['null where there is none', answer(['id', 'is_staff'], ['3', null])],
  ])('%s is garbled', async (_what, result) => {
    await expect(selectUser(result)).rejects.toThrow(GarbledAnswer);
  });
});

test('null is taken where an outer join may leave a table out, and nowhere else', async () => {
  const result = answer(['id', 'user_id'], ['3', null]);
  const select = (on: ReturnType<typeof answering>) =>
    on.select({ id: accounts.id, userId: userProfiles.userId }).from(accounts);
  const condition = eq(userProfiles.accountId, accounts.id);
  expect(await select(answering(result)).leftJoin(userProfiles, condition)).toEqual([
    { id: 3, userId: null },
  ]);
  await expect(select(answering(result)).innerJoin(userProfiles, condition)).rejects.toThrow(GarbledAnswer);
});

test('an expression that does not say its type is selected by nobody', () => {
  const select = answering(null).select({ isOne: sql<boolean>`true` });
  expect(() => select.from(users).toSQL()).not.toThrow();
  expect(() => select.from(users).prepare('q')).toThrow('the selected isOne needs mapWith');
});

test.each<[string, unknown]>([
  ['of one column', answer(['id'], ['3'])],
  ['of none', answer([], [])],
  ['in base64', answer(['id', 'id'], ['Mw==', 'NA=='])],
  ['of another account', answer(['id', 'name'], ['3', '4'])],
])('nobody is a member by an answer %s', async (_what, result) => {
  await expect(selectMembership(answering(result), '1234-5678-9012', { userId: 1 })).rejects.toThrow(
    GarbledAnswer,
  );
  const asked = selectMemberNamed(answering(result), '1234-5678-9012', 'username', 'ann');
  await expect(asked).rejects.toThrow(GarbledAnswer);
});

describe('of a write', () => {
  const tagRows = (...tags: unknown[]) => ({ ...answer(['tags']), rowCount: 1, rows: [{ tags }] });
  const writeTo = (db: Db) => {
    const statement = db.update(users).set({ isStaff: true }).returning({ id: users.id });
    return writeBatch(db, { actor: 'root', requestId: 'r' }, { statement });
  };
  const write = (results: readonly unknown[]) => writeTo(makeDbOver(makeFakeClient(async () => results)));

  test('the rows and the tags are answered', async () => {
    const written = await write([answer([]), answer(['id'], ['3']), tagRows('user:3', 'user:3')]);
    expect(written).toMatchObject({ statement: [{ id: 3 }], tags: ['user:3'] });
  });

  test('a result has the name of its statement, and a batch may go without one', async () => {
    const db = makeDbOver(makeFakeClient(async () => ['1', '2'].map((id) => answer(['id'], [id]))));
    const statement = (id: number) => db.update(users).set({ id }).returning({ id: users.id });
    const results = await runBatch(db, { second: statement(2), none: undefined, first: statement(1) });
    expect(results).toEqual({ second: [{ id: 1 }], first: [{ id: 2 }] });
  });

  test.each<[string, unknown]>([
    ['in base64', { ...answer(['tags']), rowCount: 1, rows: [{ tags: 'e3VzZXI6M30=' }] }],
    ['of other columns', answer(['id'], ['3'])],
    ['that are null', { ...answer(['tags']), rowCount: 1, rows: [{ tags: null }] }],
    ['that are lost', { ...answer(['tags']), rowCount: 1 }],
  ])('tags %s leave its rows as they are, and are no tag', async (_what, tags) => {
    const written = await write([answer([]), answer(['id'], ['3']), tags]);
    expect(written.statement).toEqual([{ id: 3 }]);
    expect(written.tags.every(isTag)).toBe(false);
  });

  test('one result for each statement is what the driver must bring', async () => {
    const tags = { ...answer(['tags'], ['{user:3}']), fields: [{ name: 'tags', dataTypeID: 1009 }] };
    const all = [answer(['set'], ['']), answer(['id'], ['3']), tags];
    const writeAnsweredBy = (results: readonly unknown[]) => {
      stubFetch(async () => Response.json({ results }));
      return writeTo(makeDb('postgres://u:p@localhost/x', 10_000));
    };
    expect(await writeAnsweredBy(all)).toMatchObject({ statement: [{ id: 3 }], tags: ['user:3'] });
    for (const others of [all.slice(1), all.slice(0, -1), [...all, tags]])
      await expect(writeAnsweredBy(others)).rejects.toSatisfy(isGarbled);
  });
});

describe('of a statement that drizzle did not build', () => {
  const rows = [{ id: '3', is_allowed: true }];
  const good = { ...answer(['id', 'is_allowed']), rowCount: 1, rows };

  test('the rows are decoded', () => {
    expect(readRows(good, { id: whole, is_allowed: flag })).toEqual([{ id: 3, is_allowed: true }]);
    expect(readRow(good, { id: whole, is_allowed: flag })).toEqual({ id: 3, is_allowed: true });
  });

  test.each<[string, unknown]>([
    ['nothing', undefined],
    ['other columns', { ...good, fields: good.fields.toReversed() }],
    ['a value of another type', { ...good, rows: [{ id: '3', is_allowed: 't' }] }],
    ['a value that is missing', { ...good, rows: [{ id: '3' }] }],
    ['rows that are none', { ...good, rows: [null] }],
  ])('%s is garbled', (_what, result) => {
    expect(() => readRows(result, { id: whole, is_allowed: flag })).toThrow(GarbledAnswer);
  });

  test('one row is one', () => {
    expect(() => readRow({ ...good, rowCount: 0, rows: [] }, { id: whole, is_allowed: flag })).toThrow(
      'not one row',
    );
  });
});
