import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { takeDataFolder } from '../../local/data-folder.ts';
import { readDevOptions } from '../../local/dev-options.ts';
import { startStack } from '../../local/stack.ts';
import { createTestDatabase } from '../engines/database.ts';
import { startPostgresIn } from '../engines/saved-states.ts';

const anyPorts = { postgresPort: 0, neonPort: 0, redisPort: 0, upstashPort: 0 };

let parent: string;
let count = 0;
const newPath = () => join(parent, `data-${count++}`);

beforeAll(async () => {
  parent = await mkdtemp(join(tmpdir(), 'edge-accounts-'));
});
afterAll(() => rm(parent, { recursive: true }));

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

test('a stack finds what an earlier one wrote', async () => {
  const dataFolder = newPath();
  const files = await takeDataFolder(dataFolder);
  const first = await startPostgresIn('seeded', 0, files);
  await query(first.url, `update users set first_name = 'Kept' where id = 3`);
  await first.close();

  const second = await startStack({ ...anyPorts, dataFolder });
  const kept = await query(second.postgresUrl, 'select first_name from users where id = 3');
  await second.close();
  expect(kept).toEqual([{ first_name: 'Kept' }]);
});

test('data with migrations that this version does not know is refused before it gets another one', async () => {
  const { url, close } = await createTestDatabase({ seed: true });
  onTestFinished(close);
  const table = 'drizzle.__drizzle_migrations';
  await query(url, `delete from ${table} where id = (select max(id) from ${table})`);
  await query(url, `insert into ${table} (hash, created_at) values ('x', 1)`);
  const applied = await query(url, `select hash from ${table} order by id`);

  // The database stands for one that the embedded Postgres has opened in the folder.
  await expect(startStack({ ...anyPorts, databaseUrl: url, dataFolder: 'kept' })).rejects.toThrow(
    'the data in the folder kept of LOCAL_DATA cannot be used: ' +
      'it has migrations that this version does not know; delete the folder to begin anew.',
  );
  expect(await query(url, `select hash from ${table} order by id`)).toEqual(applied);
});

test('files that are no Postgres are named', async () => {
  const dataFolder = newPath();
  await mkdir(join(dataFolder, 'postgres'), { recursive: true });
  await writeFile(join(dataFolder, 'postgres', 'PG_VERSION'), 'none');
  await writeFile(join(dataFolder, 'pid'), '');
  await expect(startStack({ ...anyPorts, dataFolder })).rejects.toThrow(
    /^\S+\/postgres cannot be opened: .+; delete it to begin anew\.$/,
  );
});

test('a file is no folder', async () => {
  const file = newPath();
  await writeFile(file, '');
  await expect(takeDataFolder(file)).rejects.toThrow(
    `the folder ${file} of LOCAL_DATA cannot be used: it is a file.`,
  );
});

test('a folder of other files is left alone', async () => {
  const folder = newPath();
  await mkdir(folder);
  await writeFile(join(folder, 'thesis.txt'), '');
  await expect(takeDataFolder(folder)).rejects.toThrow(
    `the folder ${folder} of LOCAL_DATA holds other files, such as thesis.txt; name a new folder.`,
  );
});

test('a folder of another Postgres is left alone', async () => {
  const folder = newPath();
  await mkdir(join(folder, 'postgres'), { recursive: true });
  await expect(takeDataFolder(folder)).rejects.toThrow(
    `the folder ${folder} of LOCAL_DATA holds a folder postgres that no local stack has made; name a new folder.`,
  );
  expect(await readdir(folder)).toEqual(['postgres']);
});

test('the file of the Finder is no other file', async () => {
  const folder = newPath();
  await mkdir(folder);
  await writeFile(join(folder, '.DS_Store'), '');
  expect(await takeDataFolder(folder)).toBe(join(folder, 'postgres'));
});

test('a second stack is refused while the first one runs, and not afterwards', async () => {
  const folder = newPath();
  await mkdir(folder);
  const file = join(folder, 'pid');
  await writeFile(file, String(process.ppid));
  await expect(takeDataFolder(folder)).rejects.toThrow(
    `the folder ${folder} of LOCAL_DATA is used by the process ${process.ppid}; end it, or empty ${file} if it is no stack.`,
  );
  // No process has this number: it is above the largest that Linux and macOS give.
  for (const ended of ['99999999', '']) {
    await writeFile(file, ended);
    await takeDataFolder(folder);
    expect(await readFile(file, 'utf8')).toBe(String(process.pid));
  }
});

test('LOCAL_DATA beside DATABASE_URL is refused', () => {
  expect(() => readDevOptions({ LOCAL_DATA: 'x', DATABASE_URL: 'postgres://me@host/db' })).toThrow(
    'LOCAL_DATA is for the embedded Postgres, which DATABASE_URL replaces; set one of them.',
  );
  expect(readDevOptions({ LOCAL_DATA: '' }).dataFolder).toBeUndefined();
});
