import { openAsBlob, readFileSync } from 'node:fs';
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const MODULES = new URL('../node_modules/', import.meta.url);
/** Installing the packages anew empties it. */
export const CACHE_FOLDER = fileURLToPath(new URL('.cache/edge-accounts', MODULES));

/** The files of an empty Postgres, which the first start in this folder kept; undefined if there are none. */
export async function findInitialState(folder: string): Promise<Blob | undefined> {
  try {
    return await openAsBlob(pathIn(folder));
  } catch {
    return undefined;
  }
}

/** Keeps the files for later starts. Where nothing can be written, each start makes its own. */
export async function keepInitialState(folder: string, state: Blob): Promise<void> {
  const whole = pathIn(folder);
  const part = `${whole}.${process.pid}`;
  try {
    await mkdir(folder, { recursive: true });
    await writeFile(part, state.stream());
    // Another start finds all of it or nothing.
    await rename(part, whole);
  } catch {
    await rm(part, { force: true }).catch(() => {});
  }
}

/** Removes files from which no Postgres has started. */
export async function dropInitialState(folder: string): Promise<void> {
  await rm(pathIn(folder), { force: true }).catch(() => {});
}

/** True for a folder that holds nothing yet, or that does not exist. */
export async function isNewFolder(folder: string): Promise<boolean> {
  const names = await readdir(folder).catch(() => []);
  return names.length === 0;
}

// The files of one version are not those of another.
function pathIn(folder: string): string {
  const manifest = readFileSync(new URL('@electric-sql/pglite/package.json', MODULES), 'utf8');
  const { version } = JSON.parse(manifest) as { version: string };
  return join(folder, `postgres-${version}.tar`);
}
