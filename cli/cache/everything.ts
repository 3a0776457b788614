import { requireDatabaseUrl } from '../service/database-url.ts';
import { EXIT, Failure } from '../failure.ts';
import type { Io } from '../io.ts';
import type { Output } from '../output/output.ts';
import { harmless } from '../output/text.ts';
import { reasonOf } from '../reason.ts';

const CONNECT_TIMEOUT_MS = 60_000;

/** Notes in the outbox that every cache is stale. The next drain tells the caches. */
export async function forgetEverything(io: Io, output: Output): Promise<void> {
  const connectionString = requireDatabaseUrl(io);
  // Only commands that speak to Postgres need its driver.
  const { Client } = await import('pg');
  const client = new Client({ connectionString, connectionTimeoutMillis: CONNECT_TIMEOUT_MS });
  // A connection that breaks would end the process if it had no listener. The statement fails anyway.
  client.on('error', () => {});
  try {
    await client.connect();
    await client.query("insert into public.cache_invalidations (tags) values ('{everything}')");
  } catch (error) {
    throw new Failure(EXIT.unavailable, `The database refuses: ${harmless(reasonOf(error))}.`);
  } finally {
    await client.end().catch(() => {});
  }
  await output.show({ everything: true }, ['The next drain drops all that is cached, within 65 s.']);
}
