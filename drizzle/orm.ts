import { createRequire } from 'node:module';
import type * as Errors from 'drizzle-orm/errors';
import type * as Migrator from 'drizzle-orm/migrator';
import type * as NodePostgres from 'drizzle-orm/node-postgres';
import type * as NodePostgresMigrator from 'drizzle-orm/node-postgres/migrator';

// The package.json of drizzle-orm has 180 kB. Node parses it anew for each of a hundred ES modules of the package, and
// does not for its CommonJS modules, which load in a seventh of the time.
const require = createRequire(import.meta.url);

export const { DrizzleQueryError } = require('drizzle-orm/errors') as typeof Errors;
export const { readMigrationFiles } = require('drizzle-orm/migrator') as typeof Migrator;
export const { drizzle } = require('drizzle-orm/node-postgres') as typeof NodePostgres;
export const { migrate: applyMigrations } =
  require('drizzle-orm/node-postgres/migrator') as typeof NodePostgresMigrator;
