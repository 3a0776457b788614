import { cloudflareTest } from '@cloudflare/vitest-plugin';
import { defineConfig } from 'vitest/config';
import { unstable_readConfig as readConfig } from 'wrangler';

const { compatibility_date: compatibilityDate, main, vars } = readConfig({ config: 'wrangler.toml' });

/** The folders whose tests run in Node; all others run inside workerd. */
const IN_NODE = 'test/{local,drizzle,examples,rpc,coherence,processes,budget,fleet}';

// Engines start in seconds on an idle machine; a busy one must not turn that into a failure.
const timeouts = { hookTimeout: 120_000, testTimeout: 60_000 };

export default defineConfig({
  test: {
    silent: 'passed-only',
    globalSetup: ['test/engines/run.ts', 'test/engines/stacks.ts', 'test/engines/certs.ts'],
    projects: [
      {
        plugins: [cloudflareTest({ main, miniflare: { compatibilityDate, bindings: vars } })],
        test: {
          ...timeouts,
          name: 'workerd',
          include: ['test/**/*.test.ts'],
          exclude: [`${IN_NODE}/**`],
        },
      },
      {
        test: {
          ...timeouts,
          name: 'node',
          include: [`${IN_NODE}/**/*.test.ts`],
        },
      },
    ],
  },
});
