import { readdirSync, readFileSync } from 'node:fs';
import { Client } from 'pg';
import { onTestFinished } from 'vitest';
import { createEmptyDatabase } from '../../engines/database.ts';

const folder = new URL('../../../drizzle/migrations/', import.meta.url);
const files = readdirSync(folder).filter((name) => name.endsWith('.sql'));

/** A database that has the migrations before the one of this name, such as `names`; `migrate` applies the others. */
export async function openEarlierDatabase(migration: string) {
  const database = await createEmptyDatabase();
  const client = new Client({ connectionString: database.url });
  const warnings: (string | undefined)[] = [];
  client.on('notice', ({ message, severity }) => severity === 'WARNING' && warnings.push(message));
  await client.connect();
  onTestFinished(async () => {
    await client.end();
    await database.close();
  });
  const apply = async (names: readonly string[]) => {
    await client.query('begin');
    for (const name of names) await client.query(readFileSync(new URL(name, folder), 'utf8'));
    await client.query('commit');
  };
  const at = files.findIndex((name) => name.endsWith(`_${migration}.sql`));
  if (at < 0) throw new Error(`there is no migration called ${migration}`);
  await apply(files.slice(0, at));
  return { client, url: database.url, warnings, migrate: () => apply(files.slice(at)) };
}
