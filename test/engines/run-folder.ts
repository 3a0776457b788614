import { lstat, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const PREFIX = 'edge-accounts-tests-';
/**
 * The name of the folder has the id of the process that made it, so that a folder has an owner from the first moment.
 */
const NAME = new RegExp(`^${PREFIX}([1-9][0-9]*)-`);

/** Makes the folder of a run. Removes first the folders of runs that were killed before they could do so. */
export async function makeRunFolder(parent = tmpdir()): Promise<string> {
  const names = await readdir(parent);
  await Promise.all(names.map((name) => removeAbandoned(parent, name)));
  return mkdtemp(join(parent, `${PREFIX}${process.pid}-`));
}

async function removeAbandoned(parent: string, name: string): Promise<void> {
  const pid = Number(NAME.exec(name)?.[1] ?? 0);
  if (pid === 0 || isAlive(pid)) return;
  const path = join(parent, name);
  // Another run may remove the folder at the same time.
  const found = await lstat(path).catch(() => null);
  const isOwn = found?.isDirectory() && found.uid === process.getuid?.();
  if (isOwn) await rm(path, { recursive: true, force: true });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // A process of another user may not be signalled, but exists.
    return !(error instanceof Error && 'code' in error && error.code === 'ESRCH');
  }
}
