import { openAsBlob } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'pg';
import { migrate } from '../../drizzle/migrate.ts';
import { startPostgres } from '../../local/postgres.ts';
import { seed } from '../../local/seed.ts';
import { askRun } from './run-server.ts';

/** The content of an embedded Postgres when a test gets it. */
export type State = 'empty' | 'migrated' | 'seeded';

/** The path of each state's file. */
export type SavedStates = Readonly<Record<State, string>>;

/** Saves every state in the folder. A Postgres starts from a saved state in a fifth of the time of an empty one. */
export async function saveStates(folder: string): Promise<SavedStates> {
  const postgres = await startPostgres({ port: 0 });
  const save = async (state: State): Promise<string> => {
    const path = join(folder, `${state}.tar`);
    await writeFile(path, (await postgres.save()).stream());
    return path;
  };
  try {
    await dropTemplates(postgres.url);
    const empty = await save('empty');
    await migrate(postgres.url);
    const migrated = await save('migrated');
    await seed(postgres.url);
    return { empty, migrated, seeded: await save('seeded') };
  } finally {
    await postgres.close();
  }
}

/** Half of an empty state is the two databases from which others are made. An embedded Postgres can use one alone. */
async function dropTemplates(url: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query('update pg_database set datistemplate = false');
    await client.query('drop database template0');
    await client.query('drop database template1');
  } finally {
    await client.end();
  }
}

let saved: Promise<SavedStates> | undefined;

/** An embedded Postgres in this state, on the given port or on a free one, in memory or in an empty folder. */
export async function startPostgresIn(
  state: State,
  port = 0,
  dataFolder?: string,
): ReturnType<typeof startPostgres> {
  saved ??= askRun<SavedStates>('/states');
  return startPostgres({ port, dataFolder, savedState: await openAsBlob((await saved)[state]) });
}
