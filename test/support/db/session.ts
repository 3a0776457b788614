import { Client, DatabaseError } from 'pg';
import { afterAll, beforeAll, beforeEach } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../engines/database.ts';
import { seedAnew } from '../../engines/seed-anew.ts';

export interface Session {
  readonly url: string;
  query<Row extends Record<string, unknown>>(sql: string, params?: unknown[]): Promise<Row[]>;
  /** The tags that the work has left in the outbox, a sorted array for each row. */
  tagsOf(work: string | (() => Promise<unknown>)): Promise<string[][]>;
  /** What a refused statement says: SQLSTATE and constraint, such as `23505 users_username_key`. */
  refusalOf(sql: string, params?: unknown[]): Promise<string>;
}

/** A database of this test file, and one connection to it; `each`: before every test it holds the seed alone. */
export function useSession(options: { seed?: boolean | 'each' } = {}): Session {
  let database: TestDatabase;
  let client: Client;

  beforeAll(async () => {
    database = await createTestDatabase({ seed: Boolean(options.seed) });
    client = new Client({ connectionString: database.url });
    await client.connect();
  });
  if (options.seed === 'each') beforeEach(() => seedAnew(database.url));
  afterAll(async () => {
    await client.end();
    await database.close();
  });

  const session: Session = {
    get url() {
      return database.url;
    },
    async query<Row extends Record<string, unknown>>(sql: string, params?: unknown[]) {
      return (await client.query<Row>(sql, params)).rows;
    },
    async tagsOf(work) {
      await client.query('delete from cache_invalidations');
      await (typeof work === 'string' ? client.query(work) : work());
      const rows = await session.query<{ tags: string[] }>(
        'select tags from cache_invalidations order by id',
      );
      return rows.map(({ tags }) => tags.toSorted());
    },
    async refusalOf(sql, params) {
      return client.query(sql, params).then(
        () => 'accepted',
        (error: unknown) =>
          error instanceof DatabaseError ? `${error.code} ${error.constraint ?? ''}`.trim() : 'lost',
      );
    },
  };
  return session;
}
