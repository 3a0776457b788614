import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const TEST = fileURLToPath(new URL('..', import.meta.url));

/** The files with a short run of a proof by volume: those that call `scaled`, directly or through a helper. */
export function volumeTests(): string[] {
  const files = globSync('**/*.test.ts', { cwd: TEST });
  return files.filter((file) =>
    /\b(scaled|sampled|isDrawn|testOutages|testRuns|testBounds)\(/.test(
      readFileSync(join(TEST, file), 'utf8'),
    ),
  );
}

/** The HTTP tests that check requests and answers from outside. They pass or fail alike on any engine. */
const OUTSIDES = [
  'absent',
  'access',
  'account-number',
  'attacks',
  'bad-input',
  'bodies',
  'both-away',
  'cache-status',
  'client',
  'cors',
  'docs-page',
  'etag',
  'faults',
  'headers',
  'keys',
  'methods',
  'openapi',
  'pages',
  'rate-limit',
  'redis-away',
  'request-log',
  'secure-headers',
];

/**
 * The files whose subject is SQL, a trigger, a Redis script or a protocol, which another engine could answer otherwise.
 */
export const engineTests = [
  'db/**/*.test.ts',
  'races/**/*.test.ts',
  'cache/{cache-of-many,explain/shared,shared/shared-store}.test.ts',
  'coherence/*.test.ts',
  'directory/**/*.test.ts',
  'processes/{bounds,bounds-placed,dying,hang-ups,kill,outage-of-*,stampede,workerd}.test.ts',
  'rpc/!(method).test.ts',
  'local/{neon,upstash}-*.test.ts',
  'local/two-stacks.test.ts',
  'fleet/{log,shared}-model.test.ts',
  `http/**/!(${OUTSIDES.join('|')}).test.ts`,
];
