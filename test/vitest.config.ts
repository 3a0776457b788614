import { cloudflareTest } from '@cloudflare/vitest-plugin';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    projects: [
      {
        plugins: [cloudflareTest({ wrangler: { configPath: './wrangler.toml' } })],
        test: {
          name: 'workerd',
          include: ['test/**/*.test.ts'],
          exclude: ['test/{local,drizzle,examples}/**'],
        },
      },
      {
        test: {
          name: 'node',
          include: ['test/{local,drizzle,examples}/**/*.test.ts'],
        },
      },
    ],
  },
});
