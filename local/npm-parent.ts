import { execFile } from 'node:child_process';
import { basename } from 'node:path';
import { promisify } from 'node:util';

const CHECK_MS = 500;
const SHELLS = new Set(['sh', 'dash', 'bash', 'zsh']);

/** Calls `onEnd` when the npm that started this process has ended. npm may have no time to tell its children. */
export async function watchNpm(onEnd: () => void): Promise<void> {
  if (!process.env['npm_lifecycle_event']) return;
  const parent = process.ppid;
  // The result is null without `ps`. A shell in between then hides the end of npm, and only the end of the shell is
  // seen.
  const npm = await findAboveShell(parent).catch(() => null);
  const timer = setInterval(() => {
    if (process.ppid !== parent || (npm !== null && !isAlive(npm))) onEnd();
  }, CHECK_MS);
  timer.unref();
}

/** The parent of `pid` if it is the shell in which npm runs a script. */
async function findAboveShell(pid: number): Promise<number | null> {
  const { stdout } = await promisify(execFile)('ps', ['-o', 'ppid=,comm=', '-p', String(pid)]);
  const [, parent, command = ''] = /^\s*(\d+)\s+(.*\S)/.exec(stdout) ?? [];
  return SHELLS.has(basename(command)) ? Number(parent) : null;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // The process lives, but belongs to another user.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
