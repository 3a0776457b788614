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

/** These losses came before the first release, when no Worker ran. */
const BEFORE_RELEASE: Readonly<Record<string, readonly string[]>> = {
  '0003': ['public.audit_log.entity_id may be null'],
};

/** Lists the losses that a Worker of the earlier schema would meet. It reads and writes the columns that it knows, and no other. */
function breaks(before: Tables, after: Tables): string[] {
  return Object.entries(before).flatMap(([table, { columns: known }]) => {
    const columns = after[table]?.columns;
    if (!columns) return [`${table} is gone`];
    const lost = Object.entries(known).flatMap(([name, { type, notNull }]) => {
      const now = columns[name];
      if (!now) return [`${table}.${name} is gone`];
      if (now.type !== type) return [`${table}.${name} is ${now.type}, no longer ${type}`];
      if (now.notNull === notNull) return [];
      return [`${table}.${name} ${now.notNull ? 'must not' : 'may'} be null`];
    });
    const demanded = Object.entries(columns).flatMap(([name, column]) =>
      mustBeGiven(column) && !mustBeGiven(known[name]) ? [`${table}.${name} must be given`] : [],
    );
    return [...lost, ...demanded];
  });
}

function mustBeGiven(column: Tables[string]['columns'][string] | undefined): boolean {
  return column !== undefined && column.notNull && column.default === undefined && !column.identity;
}

test.each(pairs)('$name leaves everything that an earlier Worker reads and writes', (pair) => {
  const { name, before, after } = pair;
  expect(breaks(before, after)).toEqual(BEFORE_RELEASE[name] ?? []);
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
  expect(breaks(before, after({ a: { ...column, notNull: true, default: "''" } }))).toEqual([
    't.a must not be null',
  ]);
  expect(breaks(before, after({ a: column, b: { ...column, notNull: true } }))).toEqual([
    't.b must be given',
  ]);
  expect(breaks(before, after({ a: column, b: { ...column, notNull: true, default: "''" } }))).toEqual([]);
  const filled = { ...column, notNull: true, default: "''" };
  const given = { ...column, notNull: true };
  expect(breaks(after({ a: filled }), after({ a: given }))).toEqual(['t.a must be given']);
  expect(breaks(after({ a: given }), after({ a: column }))).toEqual(['t.a may be null']);
});
