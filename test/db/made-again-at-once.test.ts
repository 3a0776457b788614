import { Client, DatabaseError } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { useSession } from '../support/db/session.ts';

const session = useSession({ seed: true });

// The embedded Postgres has no second session to wait for.
describe.skipIf(!process.env['DATABASE_URL'])('while another transaction', () => {
  let other: Client;

  beforeAll(async () => {
    other = new Client({ connectionString: session.url });
    await other.connect();
  });
  afterAll(() => other.end());

  const query = async (sql: string) =>
    other.query<Record<string, unknown>>(sql).then(
      ({ rows }) => rows,
      (error: unknown) =>
        error instanceof DatabaseError ? `${error.code} ${error.constraint ?? ''}`.trim() : error,
    );
  const whenWaiting = async () => {
    const waiting =
      'select from pg_locks where not granted and pg_backend_pid() = any(pg_blocking_pids(pid))';
    while ((await session.query(waiting)).length === 0);
  };

  /** What the second statement comes to that waits for the first. */
  async function behind(first: string, second: string): Promise<unknown> {
    await session.query(`begin; ${first}`);
    const answer = query(second);
    await whenWaiting();
    await session.query('commit');
    return answer;
  }

  test('deletes a row, its id is not used again unseen, and is at the second attempt', async () => {
    await session.query(`update users set first_name = 'x' where id = 5`);
    const insert = `insert into users (id, username, email) values (5, 'again', '') returning revision::int`;
    expect(await behind('delete from users where id = 5', insert)).toBe('40001');
    expect(await query(insert)).toEqual([{ revision: 3 }]);
  });

  test('deletes an account, its number is given to nobody', async () => {
    const insert = `insert into accounts (account_number, company_name) values ('2718-2818-2845', 'Thief')`;
    expect(await behind('delete from accounts where id = 3', insert)).toBe(
      '23514 accounts_account_number_retired',
    );
  });

  test('imports rows, others import and insert theirs at once, and the sequence is never set back', async () => {
    const insert = (ids: string) =>
      `insert into users (id, username, email) select id, 'imported ' || id, '' from ${ids} as id`;
    await session.query(`begin; ${insert('generate_series(100000, 100010)')}`);
    expect(await query(insert('generate_series(200000, 200010)'))).toEqual([]);
    expect(await query(insert('generate_series(150000, 150010)'))).toEqual([]);
    await session.query('commit');
    expect(await query(`insert into users (username, email) values ('next', '') returning id::int`)).toEqual([
      { id: 200_011 },
    ]);
  });
});
