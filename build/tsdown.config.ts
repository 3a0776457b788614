import { fileURLToPath } from 'node:url';
import { defineConfig } from 'tsdown';
import { buildAssets } from '../assets/build.ts';

/** The entry points of the package, and the command that migrates the database. */
export default defineConfig({
  cwd: fileURLToPath(new URL('../', import.meta.url)),
  entry: {
    index: 'src/package/index.ts',
    client: 'src/package/client.ts',
    hono: 'src/package/hono.ts',
    'origin-worker': 'src/package/origin-worker.ts',
    rpc: 'src/package/rpc.ts',
    worker: 'src/package/worker.ts',
    migrate: 'drizzle/migrate.ts',
  },
  format: 'esm',
  platform: 'neutral',
  target: 'es2022',
  // The declarations come from each file alone, so that no schema and no binding of the server gets into them.
  dts: { generator: 'oxc', entry: ['src/package/*.ts'] },
  deps: { neverBundle: [/^cloudflare:/, /^node:/] },
  hooks: { 'build:prepare': buildAssets },
  copy: [
    { from: 'assets/public', to: 'dist', rename: 'assets' },
    { from: 'drizzle/migrations/*.sql', to: 'dist/migrations' },
    { from: 'drizzle/migrations/meta/_journal.json', to: 'dist/migrations/meta' },
  ],
  hash: false,
  outputOptions: { chunkFileNames: 'shared/[name].js' },
});
