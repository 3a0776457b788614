import { cloudflareTest } from '@cloudflare/vitest-plugin';
import { defineConfig } from 'vitest/config';
import { unstable_readConfig as readConfig } from 'wrangler';

const { compatibility_date: compatibilityDate, main, vars } = readConfig({ config: 'wrangler.toml' });

// Engines start in seconds on an idle machine; a busy one must not turn that into a failure.
const timeouts = { hookTimeout: 120_000, testTimeout: 60_000 };

export default defineConfig({
  test: {
    silent: 'passed-only',
    globalSetup: ['test/engines/stacks.ts'],
    projects: [
      {
        plugins: [cloudflareTest({ main, miniflare: { compatibilityDate, bindings: vars } })],
        test: {
          ...timeouts,
          name: 'workerd',
          include: ['test/**/*.test.ts'],
          exclude: ['test/{local,drizzle,examples,rpc}/**'],
        },
      },
      {
        test: {
          ...timeouts,
          name: 'node',
          include: ['test/{local,drizzle,examples,rpc}/**/*.test.ts'],
        },
      },
    ],
  },
});
