import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const TEST = fileURLToPath(new URL('..', import.meta.url));

/** The files that take a short run of what they prove by volume: those that call `scaled`, or have it called. */
export function volumeTests(): string[] {
  const files = globSync('**/*.test.ts', { cwd: TEST });
  return files.filter((file) =>
    /\b(scaled|sampled|testOutages)\(/.test(readFileSync(join(TEST, file), 'utf8')),
  );
}

/** The files whose subject is SQL, a trigger, a Redis script or a protocol: what another engine could answer otherwise. */
export const engineTests = [
  'drizzle/**/*.test.ts',
  'db/**/*.test.ts',
  'races/**/*.test.ts',
  'cache/{cache-of-many,describe,shared-store}.test.ts',
  'coherence/{lab,model}.test.ts',
  'directory/**/*.test.ts',
  'processes/{bounds,kill,outage-of-*,stampede,workerd}.test.ts',
  'rpc/**/*.test.ts',
  'local/{neon,upstash}-*.test.ts',
  'local/{dev-entries,two-stacks}.test.ts',
  'fleet/shared-model.test.ts',
  'http/{account-changes,admin-user,api-key-checks,api-keys,audit,audited-changes,budget}.test.ts',
  'http/{concurrent-changes,consistency-token,directory-lists,explain-agrees,lists,look-ups}.test.ts',
  'http/{outbox,profile-changes,redis-garbage,retention,user-batch,user-changes,writes-elsewhere}.test.ts',
];
