import { defineConfig } from 'drizzle-kit';

export default defineConfig({
  dialect: 'postgresql',
  schema: ['./src/db/schema.ts', './src/db/managing-schema.ts', './src/db/deleted-rows.ts'],
  out: './drizzle/migrations',
});
