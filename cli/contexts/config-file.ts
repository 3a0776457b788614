import { chmod, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EXIT, Failure } from '../failure.ts';
import type { Io } from '../io.ts';

/** A service and the key for it. */
export interface Context {
  readonly url: string;
  readonly key: string;
}

export interface Contexts {
  /** The name of the context that commands use. */
  readonly current: string | null;
  readonly contexts: Readonly<Record<string, Context>>;
}

type Place = Pick<Io, 'env' | 'home' | 'platform'>;

/** The folder of the configuration: by the XDG base directories, and in AppData on Windows. */
export function configFolder({ env, home, platform }: Place): string {
  if (platform === 'win32') return join(env['APPDATA'] || join(home, 'AppData', 'Roaming'), 'edge-accounts');
  return join(env['XDG_CONFIG_HOME'] || join(home, '.config'), 'edge-accounts');
}

const fileOf = (place: Place) => join(configFolder(place), 'contexts.json');

/** The contexts that are saved; none if there is no file. */
export async function readContexts(place: Place): Promise<Contexts> {
  const file = fileOf(place);
  const source = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw new Failure(EXIT.refused, `${file} cannot be read: ${error.message}.`);
  });
  if (source === null) return { current: null, contexts: {} };
  const parsed = parseContexts(source);
  if (parsed) return parsed;
  throw new Failure(EXIT.refused, `${file} is not a file of contexts.`, 'Mend it, or delete it.');
}

function parseContexts(source: string): Contexts | null {
  try {
    const { current, contexts } = JSON.parse(source) as Partial<Contexts>;
    if (typeof contexts !== 'object') return null;
    const isWhole = Object.values(contexts).every(
      ({ url, key }) => typeof url === 'string' && typeof key === 'string',
    );
    return isWhole ? { current: current ?? null, contexts } : null;
  } catch {
    return null;
  }
}

/** Replaces the file as a whole. Nobody but its owner may read it, since it holds keys. */
export async function writeContexts(place: Place, contexts: Contexts): Promise<void> {
  await mkdir(configFolder(place), { recursive: true, mode: 0o700 });
  const file = fileOf(place);
  const draft = `${file}.${process.pid}`;
  try {
    await writeFile(draft, `${JSON.stringify(contexts, null, 2)}\n`, { mode: 0o600 });
    // The mode above does not hold for a file that was there.
    await chmod(draft, 0o600);
    await rename(draft, file);
  } finally {
    await rm(draft, { force: true });
  }
}
