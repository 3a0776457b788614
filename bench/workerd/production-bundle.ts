import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export interface ProductionBundle {
  /** The one module that `wrangler deploy` would upload. */
  readonly main: string;
  remove(): Promise<void>;
}

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Bundles the account Worker as a deployment does, minified, into a folder of its own. */
export async function makeProductionBundle(): Promise<ProductionBundle> {
  const folder = await mkdtemp(join(tmpdir(), 'edge-accounts-bundle-'));
  const remove = () => rm(folder, { recursive: true });
  try {
    await promisify(execFile)('wrangler', ['deploy', '--dry-run', '--outdir', folder], {
      cwd: root,
      env: {
        ...process.env,
        PATH: `${root}node_modules/.bin:${process.env['PATH']}`,
        WRANGLER_SEND_METRICS: 'false',
      },
    });
  } catch (error) {
    await remove();
    throw error;
  }
  return { main: join(folder, 'index.js'), remove };
}
