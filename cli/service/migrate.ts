import { defineCommand } from '../command/command.ts';
import { EXIT, Failure } from '../failure.ts';
import { harmless } from '../output/text.ts';
import { reasonOf } from '../reason.ts';
import { requireDatabaseUrl } from './database-url.ts';

export const migrate = defineCommand({
  name: 'migrate',
  summary: 'Applies the migrations that the database of DATABASE_URL lacks.',
  args: {},
  flags: {},
  examples: ['migrate', 'migrate --json'],
  page: 'docs/deployment.md',
  isLocal: true,
  async run({ output, io }) {
    const databaseUrl = requireDatabaseUrl(io);
    // Only this command needs a driver of Postgres.
    const migrations = await import('../../drizzle/migrate.ts');
    await migrations.migrate(databaseUrl).catch((error: unknown) => {
      throw new Failure(EXIT.unavailable, `Migration failed: ${harmless(reasonOf(error))}.`);
    });
    await output.show({ isUpToDate: true }, ['The database is up to date.']);
  },
});
