import { sql } from 'drizzle-orm';
import type { Db } from './client.ts';

/** The cheapest statement there is: resolves when Postgres answers. */
export async function selectOne(db: Db): Promise<void> {
  await db.execute(sql`select 1`);
}
