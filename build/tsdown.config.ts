import { fileURLToPath } from 'node:url';
import { defineConfig } from 'tsdown';
import { buildAssets } from '../assets/build.ts';

/** Beside it lie the migrations, so it stays a file of its own. */
const MIGRATE = { id: './migrate.js', external: true };

const cwd = fileURLToPath(new URL('../', import.meta.url));

/** The entry points of the package, and the command that migrates the database. */
const library = defineConfig({
  cwd,
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

/** The command line, which bundles what no entry point needs. */
const commandLine = defineConfig({
  cwd,
  entry: { cli: 'cli/main.ts' },
  format: 'esm',
  platform: 'node',
  target: 'node20',
  dts: false,
  fixedExtension: false,
  minify: true,
  deps: { alwaysBundle: ['commander', /^hono\//], onlyBundle: false },
  plugins: [{ name: 'sibling', resolveId: (id) => (id.endsWith('drizzle/migrate.ts') ? MIGRATE : null) }],
  hash: false,
});

export default [library, commandLine];
