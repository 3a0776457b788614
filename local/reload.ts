import { fileURLToPath } from 'node:url';
import { describe } from './describe.ts';
import { watchSources } from './source-watch.ts';
import type { Workers } from './workers.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

/**
 * Replaces the running code when the source or the configuration of the Workers has changed, and prints that it did.
 */
export function reloadOnChange(workers: Workers): void {
  let lastFault = '';

  async function reload(): Promise<void> {
    const fault = await workers.reload().then(
      (isNew) => {
        if (isNew || lastFault) console.log('reloaded');
        return '';
      },
      (error: unknown) => describe(error),
    );
    // The watcher also fires without a change. The same error is printed once.
    if (fault && fault !== lastFault) console.error(`not reloaded, the old code runs on: ${fault}`);
    lastFault = fault;
  }

  watchSources({
    folders: [`${root}src`, `${root}examples`],
    files: { folder: root, names: ['wrangler.toml', 'wrangler.origin.toml'] },
    onChange: () => void reload(),
    onError: (error) => console.error(`changes may go unseen: ${describe(error)}`),
  });
}
