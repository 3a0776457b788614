import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import * as z from 'zod';

const folder = new URL('../../drizzle/migrations/meta/', import.meta.url);

const Column = z.object({
  type: z.string(),
  notNull: z.boolean(),
  default: z.unknown().optional(),
  identity: z.unknown().optional(),
});
const Snapshot = z.object({
  tables: z.record(z.string(), z.object({ columns: z.record(z.string(), Column) })),
});
type Tables = z.infer<typeof Snapshot>['tables'];

const snapshots = readdirSync(folder)
  .filter((name) => name.endsWith('_snapshot.json'))
  .toSorted()
  .map((name) => ({
    name: name.slice(0, 4),
    tables: Snapshot.parse(JSON.parse(readFileSync(new URL(name, folder), 'utf8'))).tables,
  }));

const pairs = snapshots.slice(1).map((after, at) => ({
  name: after.name,
  before: snapshots[at]?.tables ?? {},
  after: after.tables,
}));

/** What a Worker of the schema before would meet: it reads and writes the columns that it knows, and no other. */
function breaks(before: Tables, after: Tables): string[] {
  return Object.entries(before).flatMap(([table, { columns: known }]) => {
    const columns = after[table]?.columns;
    if (!columns) return [`${table} is gone`];
    const lost = Object.entries(known).flatMap(([name, { type, notNull }]) => {
      const now = columns[name];
      if (!now) return [`${table}.${name} is gone`];
      if (now.type !== type) return [`${table}.${name} is ${now.type}, no longer ${type}`];
      return now.notNull && !notNull ? [`${table}.${name} must not be null`] : [];
    });
    const demanded = Object.entries(columns).flatMap(([name, { notNull, default: value, identity }]) =>
      !(name in known) && notNull && value === undefined && !identity
        ? [`${table}.${name} must be given`]
        : [],
    );
    return [...lost, ...demanded];
  });
}

test.each(pairs)('$name leaves everything that an earlier Worker reads and writes', ({ before, after }) => {
  expect(breaks(before, after)).toEqual([]);
});

test('each way to break an earlier Worker is seen', () => {
  const column = { type: 'text', notNull: false };
  const before = { t: { columns: { a: column } }, u: { columns: {} } };
  const after = (columns: Tables[string]['columns']) => ({ t: { columns }, u: { columns: {} } });
  expect(breaks(before, { u: { columns: {} } })).toEqual(['t is gone']);
  expect(breaks(before, after({}))).toEqual(['t.a is gone']);
  expect(breaks(before, after({ a: { ...column, type: 'bigint' } }))).toEqual([
    't.a is bigint, no longer text',
  ]);
  expect(breaks(before, after({ a: { ...column, notNull: true } }))).toEqual(['t.a must not be null']);
  expect(breaks(before, after({ a: column, b: { ...column, notNull: true } }))).toEqual([
    't.b must be given',
  ]);
  expect(breaks(before, after({ a: column, b: { ...column, notNull: true, default: "''" } }))).toEqual([]);
});
