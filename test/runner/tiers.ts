import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const TEST = fileURLToPath(new URL('..', import.meta.url));

/**
 * What proves more on servers, at full length: planners, locks and kills have faults there that the embedded engines
 * cannot have, and scripts run in a fifth of the time. The others do as well with the embedded engines.
 */
const FOR_SERVERS = [
  'db/**/*.test.ts',
  'coherence/{model,mutations,woven}.test.ts',
  'fleet/{log,shared}-model.test.ts',
  'processes/{kill,stampede}.test.ts',
  'http/stores/concurrent-changes.test.ts',
];

/** The files with a short run of a proof by volume: those that call `scaled`, directly or through a helper. */
function volumeTests(): string[] {
  const files = globSync('**/*.test.ts', { cwd: TEST });
  return files.filter((file) =>
    /\b(scaled|sampled|isDrawn|testOutages|testRuns|testBounds)\(/.test(
      readFileSync(join(TEST, file), 'utf8'),
    ),
  );
}

/** The volume tests that `npm run test:full` runs on servers. */
export function volumeTestsForServers(): string[] {
  const files = new Set(globSync(FOR_SERVERS, { cwd: TEST }));
  return volumeTests().filter((file) => files.has(file));
}

/**
 * The volume tests of this run of `npm run test:full`. FULL_ON_SERVERS says that another run, on servers, takes those for
 * servers.
 */
export function volumeTestsOfRun({ DATABASE_URL, FULL_ON_SERVERS }: NodeJS.ProcessEnv): string[] {
  const forServers = volumeTestsForServers();
  if (DATABASE_URL) return forServers;
  return volumeTests().filter((file) => !(FULL_ON_SERVERS && forServers.includes(file)));
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
