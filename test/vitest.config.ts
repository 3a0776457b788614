import { cloudflareTest } from '@cloudflare/vitest-plugin';
import { defineConfig } from 'vitest/config';
import { unstable_readConfig as readConfig } from 'wrangler';

const { compatibility_date: compatibilityDate, main, vars } = readConfig({ config: 'wrangler.toml' });

export default defineConfig({
  test: {
    globalSetup: ['test/engines/stacks.ts'],
    projects: [
      {
        plugins: [cloudflareTest({ main, miniflare: { compatibilityDate, bindings: vars } })],
        test: {
          name: 'workerd',
          include: ['test/**/*.test.ts'],
          exclude: ['test/{local,drizzle,examples,rpc}/**'],
        },
      },
      {
        test: {
          name: 'node',
          include: ['test/{local,drizzle,examples,rpc}/**/*.test.ts'],
        },
      },
    ],
  },
});
