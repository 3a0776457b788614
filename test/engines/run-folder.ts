import { lstat, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const PREFIX = 'edge-accounts-tests-';
/** The name says which process made the folder: so no folder is without an owner, not even for a moment. */
const NAME = new RegExp(`^${PREFIX}([1-9][0-9]*)-`);

/** Makes the folder of a run, after it has removed those whose run was killed before it could remove its own. */
export async function makeRunFolder(parent = tmpdir()): Promise<string> {
  const names = await readdir(parent);
  await Promise.all(names.map((name) => removeAbandoned(parent, name)));
  return mkdtemp(join(parent, `${PREFIX}${process.pid}-`));
}

async function removeAbandoned(parent: string, name: string): Promise<void> {
  const pid = Number(NAME.exec(name)?.[1] ?? 0);
  if (pid === 0 || isAlive(pid)) return;
  const path = join(parent, name);
  // Another run may be removing it too.
  const found = await lstat(path).catch(() => null);
  const isOwn = found?.isDirectory() && found.uid === process.getuid?.();
  if (isOwn) await rm(path, { recursive: true, force: true });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // A process of another user may not be signalled, and is there.
    return !(error instanceof Error && 'code' in error && error.code === 'ESRCH');
  }
}
