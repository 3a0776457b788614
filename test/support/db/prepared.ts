import { drizzle } from 'drizzle-orm/node-postgres';
import { Client, type QueryArrayConfig } from 'pg';
import { afterAll, beforeAll } from 'vitest';
import type { Db } from '../../../src/db/client/client.ts';
import type { Session } from './session.ts';

/** The session's database over a connection that plans each statement once: a third of the time of the Neon bridge. */
export function usePrepared(session: Session): { readonly db: Db } {
  let client: Client;
  let db: Db;

  beforeAll(async () => {
    client = new Client({ connectionString: session.url });
    await client.connect();
    const names = new Map<string, string>();
    const query = (config: QueryArrayConfig, values: unknown[]) => {
      const name = names.get(config.text) ?? `look_up_${names.size}`;
      names.set(config.text, name);
      return client.query({ ...config, name }, values);
    };
    // Of a client drizzle uses `query`; of a database the look-ups use `select`, which all drivers share.
    db = drizzle({ client: { query } as unknown as Client }) as unknown as Db;
  });
  afterAll(() => client.end());

  return {
    get db() {
      return db;
    },
  };
}
