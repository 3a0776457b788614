import { access, constants, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe } from './describe.ts';

/** The folder of Postgres' files below LOCAL_DATA, and the file that names the process which uses them. */
const POSTGRES = 'postgres';
const USER = 'pid';
/** macOS puts it into each folder that its Finder shows. */
const OF_FINDER = '.DS_Store';

/**
 * Makes the folder of LOCAL_DATA if there is none, and takes it for this process, until the process has ended. Answers
 * the folder in which Postgres keeps its files. Throws one sentence when the folder cannot be used.
 */
export async function takeDataFolder(folder: string): Promise<string> {
  await requireWritable(folder);
  await requireOurs(folder);
  await requireUnused(folder);
  return join(folder, POSTGRES);
}

async function requireWritable(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
    await access(folder, constants.W_OK);
  } catch (error) {
    const isFile = await stat(folder).then(
      (found) => !found.isDirectory(),
      () => false,
    );
    const reason = isFile ? 'it is a file' : describe(error);
    throw new Error(`the folder ${folder} of LOCAL_DATA cannot be used: ${reason}.`, { cause: error });
  }
}

// The advice to delete the folder must never meet a folder of something else.
async function requireOurs(folder: string): Promise<void> {
  const names = await readdir(folder);
  const other = names.find((name) => ![POSTGRES, USER, OF_FINDER].includes(name));
  if (other !== undefined)
    throw new Error(
      `the folder ${folder} of LOCAL_DATA holds other files, such as ${other}; name a new folder.`,
    );
  // Each stack has named itself before its Postgres made files.
  if (names.includes(POSTGRES) && !names.includes(USER))
    throw new Error(
      `the folder ${folder} of LOCAL_DATA holds a folder ${POSTGRES} that no local stack has made; name a new folder.`,
    );
}

// Two engines on the same files would destroy them.
async function requireUnused(folder: string): Promise<void> {
  const file = join(folder, USER);
  const pid = Number(await readFile(file, 'utf8').catch(() => ''));
  if (pid !== process.pid && isRunning(pid)) {
    throw new Error(
      `the folder ${folder} of LOCAL_DATA is used by the process ${pid}; end it, or empty ${file} if it is no stack.`,
    );
  }
  await writeFile(file, String(process.pid));
}

function isRunning(pid: number): boolean {
  // Signals to 0 and below go to groups.
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // The process of another user refuses the signal, and runs.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
