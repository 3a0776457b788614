import { expect, test } from 'vitest';
import { scaled } from '../../support/scale.ts';
import { get, sql, useStack } from '../../support/stack.ts';
import { change } from '../../support/http/changes.ts';

const stack = useStack();
const PATH = '/v1/users/3';
/** All of them wait for one row, and more would wait past the deadline on a busy machine. */
const CALLERS = scaled(50, 300);
const ROUNDS = 4;

interface Changed {
  readonly firstName: string;
  readonly revision: number;
}

/** Reads and changes the user, a bounded number of times; null when somebody else was faster each time. */
async function changeOnce(firstName: string): Promise<Changed | null> {
  for (let round = 0; round < ROUNDS; round++) {
    const read = await get(stack.current, PATH);
    const seen: Changed = await read.json();
    const ifMatch = { 'If-Match': read.headers.get('ETag') ?? '' };
    const answer = await change(stack.current, 'PATCH', PATH, { firstName }, ifMatch);
    expect([200, 412]).toContain(answer.status);
    if (answer.status === 412) continue;
    const changed: Changed = await answer.json();
    expect(changed).toMatchObject({ firstName, revision: seen.revision + 1 });
    return changed;
  }
  return null;
}

test('of many changes of one row at once as many succeed as there are revisions, and none is lost', async () => {
  const names = Array.from({ length: CALLERS }, (_, n) => `caller ${n}`);
  const outcomes = await Promise.all(names.map(changeOnce));
  const done = outcomes.filter((one) => one !== null).toSorted((a, b) => a.revision - b.revision);
  const [row] = await sql<{ revision: string; first_name: string }>(
    stack.current,
    'select revision, first_name from users where id = 3',
  );
  // The seed's row is of revision 1: each that succeeded made the next one, in an unbroken line.
  expect(done.length).toBeGreaterThanOrEqual(ROUNDS);
  expect(done.map(({ revision }) => revision)).toEqual(done.map((_, n) => n + 2));
  expect(row).toEqual({ revision: String(done.length + 1), first_name: done.at(-1)?.firstName });
  // What each saw before is what the one before it left.
  const log = await sql<{ changes: { first_name: [string, string] } }>(
    stack.current,
    `select changes from audit_log where entity = 'user' and entity_id = 3 and action = 'update' order by (changes->'revision'->>1)::int`,
  );
  const expected = done.map(({ firstName }, n) => [done[n - 1]?.firstName ?? '', firstName]);
  expect(log.map(({ changes }) => changes.first_name)).toEqual(expected);
});
