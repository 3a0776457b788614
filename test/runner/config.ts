import { fileURLToPath } from 'node:url';
import { cloudflareTest } from '@cloudflare/vitest-plugin';
import { defineConfig } from 'vitest/config';
import { unstable_readConfig as readConfig } from 'wrangler';
import { LongestFirst } from './longest-first.ts';
import '../support/provided.ts';

/** The tests that one of the commands runs. */
interface Tier {
  /** Patterns of test files, below `test`; by default all but those that install the package. */
  readonly files?: readonly string[];
  /** Files that the tier leaves out, below `test`. */
  readonly except?: readonly string[];
  /** Tests of volume run at full length, instead of a short run. */
  readonly isFull?: boolean;
  /** The tier needs real servers. */
  readonly isReal?: boolean;
}

const { compatibility_date: compatibilityDate, main, vars } = readConfig({ config: 'wrangler.toml' });

/** The folders whose tests run in Node; all others run inside workerd. */
const NODE_FOLDERS = 'cli,local,examples,coherence,processes,budget,fleet,package,install';
const IN_NODE = [
  `test/{${NODE_FOLDERS}}/**`,
  'test/db/*.test.ts',
  'test/rpc/!(call-log|method|search).test.ts',
];
const IN_WORKERD = [
  `test/!(${NODE_FOLDERS.replaceAll(',', '|')}|db|rpc)/**`,
  'test/*.test.ts',
  'test/db/client/**',
  'test/rpc/call-log.test.ts',
  'test/rpc/method.test.ts',
  'test/rpc/search.test.ts',
];

/** Lets the threads of Node load drizzle-orm in a seventh of the time. */
const DRIZZLE_MODULES = fileURLToPath(new URL('./drizzle-modules.mjs', import.meta.url));

const SERVERS = './test/engines/servers.ts';

/** The number of files at once on two cores. Most wait for an engine's answer more than they work. */
const MAX_WORKERS = 3;

/** The one deadline of every wait in a test, for a machine under ten times the load; and the one at full length. */
const DEADLINE_MS = 300_000;
const FULL_DEADLINE_MS = 1_200_000;

/**
 * The configuration of a tier. Its files share a few threads of Node and processes of workerd, so that each loads the
 * source once.
 */
export function configFor({
  files = ['*.test.ts', '!(install)/**/*.test.ts'],
  except = [],
  isFull = false,
  isReal = false,
}: Tier) {
  const include = files.map((pattern) => `test/${pattern}`);
  const left = except.map((pattern) => `test/${pattern}`);
  const deadlineMs = isFull ? FULL_DEADLINE_MS : DEADLINE_MS;
  const shared = {
    provide: { isFull, isReal },
    testTimeout: deadlineMs,
    hookTimeout: deadlineMs,
    // Polling ends sooner, so that the failure names what did not come.
    expect: { poll: { timeout: 0.8 * deadlineMs } },
    isolate: false,
    maxWorkers: MAX_WORKERS,
    unstubGlobals: true,
  };
  return defineConfig({
    test: {
      silent: 'passed-only',
      globalSetup: [...(isReal ? [SERVERS] : []), './test/engines/run.ts', './test/engines/certs.ts'],
      reporters: ['default', './test/runner/slowest-files.ts'],
      sequence: { sequencer: LongestFirst },
      projects: [
        {
          // A verbose workerd would print each connection that a test breaks. It prints errors and the Workers' logs
          // anyway.
          plugins: [
            cloudflareTest({ main, verbose: false, miniflare: { compatibilityDate, bindings: vars } }),
          ],
          test: { ...shared, name: 'workerd', include, exclude: [...IN_NODE, ...left] },
        },
        {
          test: {
            ...shared,
            name: 'node',
            // Threads of one process share the compiled WebAssembly of Postgres.
            pool: 'threads',
            include,
            exclude: [...IN_WORKERD, ...left],
            execArgv: ['--import', DRIZZLE_MODULES],
          },
        },
      ],
    },
  });
}
