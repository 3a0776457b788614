import { defineConfig } from 'drizzle-kit';

export default defineConfig({
  dialect: 'postgresql',
  schema: [
    './src/db/schema/tables.ts',
    './src/db/schema/managing.ts',
    './src/db/schema/deleted-rows.ts',
    './src/db/schema/change-feed.ts',
    './src/db/schema/deletions.ts',
  ],
  out: './drizzle/migrations',
});
