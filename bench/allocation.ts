import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Side } from './measure.ts';

/** The exports of a module of sides. The function may fill its caches first. */
export interface SidesModule {
  makeSides(): Promise<readonly Side[]>;
}

const PROCESS = fileURLToPath(new URL('allocation-process.ts', import.meta.url));
/** The size of the young generation in MB. It is large enough not to be collected while operations are counted. */
const YOUNG_MB = 256;

/**
 * Counts the bytes of heap that each operation of the module's sides allocates, by name. A child process runs every
 * operation until V8 has optimised it. It then measures the growth of the used heap over up to 200,000 operations,
 * during which no garbage is collected: a difference of counters, not a sample. V8 compiles on the main thread, so that
 * nothing else allocates.
 */
export async function countBytes(sides: URL): Promise<ReadonlyMap<string, number>> {
  const flags = ['--expose-gc', '--single-threaded', `--min-semi-space-size=${YOUNG_MB}`];
  const child = spawn(
    process.execPath,
    [...flags, `--max-semi-space-size=${YOUNG_MB}`, PROCESS, fileURLToPath(sides)],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`counting allocations ended with ${code}`);
  const lastLine = text.trimEnd().split('\n').at(-1) ?? '';
  return new Map(JSON.parse(lastLine) as [string, number][]);
}
