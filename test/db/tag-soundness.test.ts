import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { scaled, seed } from '../support/scale.ts';
import { KEPT_NOWHERE, loadEveryLookUp, type Stored } from '../support/db/every-look-up.ts';
import { usePrepared } from '../support/db/prepared.ts';
import { populate, randomStatement } from '../support/db/random-statements.ts';
import { useSession } from '../support/db/session.ts';

const session = useSession();
const prepared = usePrepared(session);

/** Statements to check, of those that Postgres accepts. */
const wanted = scaled(12, 200, 1_000);
const perProgram = 10;
// A fifth of the statements are refused. Programs differ in length, so that a few more are drawn than enough.
const programs = 10 + Math.ceil((wanted / perProgram) * 2);

type Answers = Map<string, Stored>;

let checked = 0;

// Answers are functions of the rows, and loading them all takes most of the time.
const readRows = () =>
  session.query(`select (select json_agg(a order by id) from accounts as a) as accounts,
    (select json_agg(u order by id) from users as u) as users,
    (select json_agg(p order by id) from user_profiles as p) as profiles,
    (select json_agg(k order by id) from api_keys as k) as keys`);

/** The look-ups that the emitted tags leave alone, although their answers or tags changed. */
function findUnsound(before: Answers, after: Answers, emitted: ReadonlySet<string>): unknown[] {
  if (emitted.has('everything')) return [];
  return [...before].flatMap(([lookUp, old]) => {
    const now = after.get(lookUp);
    const isSame = now?.payload === old.payload && now.tags.join() === old.tags.join();
    return isSame || old.tags.some((tag) => tag === KEPT_NOWHERE || emitted.has(tag))
      ? []
      : [{ lookUp, old, now }];
  });
}

async function checkStatement(sql: string, before: Answers): Promise<Answers> {
  let refusal = '';
  const rowsBefore = JSON.stringify(await readRows());
  const rows = await session.tagsOf(async () => {
    refusal = await session.refusalOf(sql);
  });
  expect({ sql, refusal }).toEqual({ sql, refusal: expect.stringMatching(/^(accepted|2[13]\w{3}.*)$/) });
  if (refusal !== 'accepted') return before;
  checked += 1;
  const tags = rows.flat();
  if (JSON.stringify(await readRows()) === rowsBefore) return before;
  const after = await loadEveryLookUp(prepared.db);
  expect({ sql, tags, unsound: findUnsound(before, after, new Set(tags)) }).toEqual({
    sql,
    tags,
    unsound: [],
  });
  return after;
}

async function checkProgram(statements: readonly string[]): Promise<void> {
  if (checked >= wanted) return;
  await session.query('truncate accounts, users, user_profiles, api_keys cascade');
  await session.query(populate);
  let answers = await loadEveryLookUp(prepared.db);
  for (const sql of statements) if (checked < wanted) answers = await checkStatement(sql, answers);
}

test('what a statement changes carried a tag that it emits, and what carried none keeps its answer and tags', async () => {
  const program = fc.array(randomStatement, { minLength: 1, maxLength: 2 * perProgram, size: 'max' });
  await fc.assert(fc.asyncProperty(program, checkProgram), { numRuns: programs, seed });
  expect(checked).toBe(wanted);
});
