// The full-length versions of the tests that have one; any argument goes to vitest.
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const WITH_FULL_LENGTH = [
  'test/coherence',
  'test/processes',
  'test/http/fuzz',
  'test/drizzle/tag-soundness',
  'test/drizzle/outbox-backlog',
  'test/drizzle/list-plans',
];

const vitest = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs');
const { status } = spawnSync(
  process.execPath,
  [
    vitest,
    'run',
    // Most of them wait more than they work.
    '--maxWorkers=2',
    '--config',
    'test/vitest.config.ts',
    '--root',
    '.',
    ...WITH_FULL_LENGTH,
    ...process.argv.slice(2),
  ],
  { stdio: 'inherit', env: { ...process.env, TORTURE: '1' } },
);
process.exit(status ?? 1);
