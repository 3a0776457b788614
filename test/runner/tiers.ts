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

/** Of HTTP, what looks at the outside of requests and answers: it is the same on any engine. */
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
  'rate-limit',
  'redis-away',
  'request-log',
  'secure-headers',
];

/** The files whose subject is SQL, a trigger, a Redis script or a protocol: what another engine could answer otherwise. */
export const engineTests = [
  'db/**/*.test.ts',
  'races/**/*.test.ts',
  'cache/{cache-of-many,explain/shared,shared/shared-store}.test.ts',
  'coherence/*.test.ts',
  'directory/**/*.test.ts',
  'processes/{bounds,dying,hang-ups,kill,outage-of-*,stampede,workerd}.test.ts',
  'rpc/!(method).test.ts',
  'local/{neon,upstash}-*.test.ts',
  'local/two-stacks.test.ts',
  'fleet/shared-model.test.ts',
  `http/**/!(${OUTSIDES.join('|')}).test.ts`,
];
