import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Log, LogLevel, Miniflare, type MiniflareOptions } from 'miniflare';
import { parseSettings } from '../src/settings.ts';
import { buildAssets } from '../assets/build.ts';
import { bundleWorker } from './bundle.ts';
import { makeTurns } from './turns.ts';
import { readWorkerConfig, type WorkerConfig } from './worker-config.ts';
import { type LogLine, makeWorkerLog } from './worker-log.ts';

export interface WorkersOptions {
  /** Loopback ports; 0 means any free one. */
  readonly port: number;
  readonly consumerPort: number;
  /** The wrangler.toml of the Worker bound to the account Worker; by default the example's. */
  readonly consumerConfig?: string;
  /** The account Worker asks a third one in place of the stores, as where that one is beside them. */
  readonly hasOriginWorker?: boolean;
  /** Secrets and vars of the account Worker, over those of its wrangler.toml. */
  readonly env: Readonly<Record<string, string>>;
  /** Makes one module of a Worker, by the path of its source; `bundleWorker` by default. */
  readonly bundle?: (main: string) => Promise<string>;
  /** One line of a Worker's console. */
  readonly onLog?: LogLine;
  /** Called when workerd has ended unexpectedly and runs again, on the same ports and with empty isolates. */
  readonly onRestart?: () => void;
}

/** Runs of the handler and replacements of the code take turns. */
export interface Workers {
  readonly url: URL;
  readonly consumerUrl: URL;
  /** Runs the account Worker's scheduled handler, and waits for it. Throws when it fails or workerd ends meanwhile. */
  fireScheduled(): Promise<void>;
  /** Throws when workerd has ended and could not be started again. */
  requireAlive(): Promise<void>;
  /**
   * Bundles again, and replaces the running code if anything has changed; isolates then start empty. Returns whether it
   * replaced the code. Throws when the new code does not build or start; the old code then runs on.
   */
  reload(): Promise<boolean>;
  close(): Promise<void>;
}

const HOST = '127.0.0.1';
// The limit is three times the deadline of Postgres. A handler that hangs must not keep out the code that mends it.
const SCHEDULED_LIMIT_MS = 15_000;
const root = fileURLToPath(new URL('..', import.meta.url));
const ACCOUNTS = `${root}wrangler.toml`;
const ORIGIN_WORKER = `${root}wrangler.origin.toml`;
const CONSUMER = `${root}examples/consumer/wrangler.toml`;

/** Starts the Workers in one workerd, the consumer bound to the account Worker's RPC class. */
export async function startWorkers(options: WorkersOptions): Promise<Workers> {
  const inTurn = makeTurns();
  const log = makeWorkerLog(options.onLog ?? (() => {}));
  let running = await readWorkers(options);
  const miniflare = new Miniflare(miniflareOptions(running, options, options, log.write));
  const { url, consumerUrl } = await log
    .whileStarting(findUrls(miniflare, running))
    .catch(async (error: unknown) => {
      await miniflare.dispose().catch(() => {});
      throw error;
    });
  const ports = { port: Number(url.port), consumerPort: Number(consumerUrl.port) };
  const run = (all: All) => miniflare.setOptions(miniflareOptions(all, ports, options, log.write));

  async function fireScheduled(): Promise<void> {
    const worker = await miniflare.getWorker();
    const late = sleep(SCHEDULED_LIMIT_MS, { outcome: 'hanging' }, { ref: false });
    const { outcome } = await Promise.race([worker.scheduled({ cron: '* * * * *' }), late]);
    if (outcome !== 'ok') throw new Error(`the scheduled handler ended as ${outcome}`);
  }

  async function reload(): Promise<boolean> {
    const next = await readWorkers(options);
    if (JSON.stringify(next) === JSON.stringify(running)) return false;
    await log.whileStarting(run(next)).catch(async (error: unknown) => {
      await run(running);
      throw error;
    });
    running = next;
    return true;
  }

  return {
    url,
    consumerUrl,
    fireScheduled: () => inTurn(fireScheduled),
    async requireAlive() {
      await miniflare.ready;
    },
    reload: () => inTurn(reload),
    close: () => miniflare.dispose(),
  };
}

type All = Awaited<ReturnType<typeof readWorkers>>;

async function readWorkers(options: WorkersOptions) {
  const { consumerConfig = CONSUMER, env, bundle = bundleWorker, hasOriginWorker = false } = options;
  const [accounts, consumer] = [readWorkerConfig(ACCOUNTS), readWorkerConfig(consumerConfig)];
  const origin = hasOriginWorker ? readWorkerConfig(ORIGIN_WORKER) : undefined;
  const services = origin
    ? [...accounts.services, { binding: 'ORIGIN', service: origin.name }]
    : accounts.services;
  const vars = { ...accounts.vars, ...env };
  requireSettings(vars);
  await buildAssets();
  return {
    accounts: describeWorker({ ...accounts, services }, vars, await bundle(accounts.main)),
    consumer: describeWorker(consumer, consumer.vars, await bundle(consumer.main)),
    origin: origin && describeWorker(origin, { ...origin.vars, ...env }, await bundle(origin.main)),
  };
}

function miniflareOptions(
  { accounts, consumer, origin }: All,
  { port, consumerPort }: Pick<WorkersOptions, 'port' | 'consumerPort'>,
  { onRestart }: WorkersOptions,
  onLog: LogLine,
): MiniflareOptions {
  return {
    host: HOST,
    port,
    // Errors of Miniflare are also thrown, or answered to the caller, so its log is dropped.
    log: new Log(LogLevel.NONE),
    logRequests: false,
    // Miniflare fetches no properties of a location, and writes no list of running Workers to the home directory.
    cf: false,
    enableDevRegistry: false,
    telemetry: { enabled: false },
    handleStructuredLogs: ({ level, message }) => onLog(level, message),
    unsafeHandleRuntimeRestart: onRestart,
    workers: [
      { config: accounts, dev: { rootPath: root } },
      {
        config: consumer,
        dev: { rootPath: root, unsafeDirectSockets: [{ host: HOST, port: consumerPort }] },
      },
      ...(origin ? [{ config: origin, dev: { rootPath: root } }] : []),
    ],
  };
}

async function findUrls(miniflare: Miniflare, { consumer }: All) {
  const url = await miniflare.ready;
  return { url, consumerUrl: await miniflare.unsafeGetDirectURL(consumer.name) };
}

// A fault that is found here is one sentence. In workerd it would be an error of each request.
function requireSettings(vars: object): void {
  try {
    parseSettings(vars);
  } catch (error) {
    throw new Error(`wrangler.toml: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}

function describeWorker(config: WorkerConfig, vars: object, code: string) {
  const { name, compatibilityDate, services, ratelimits, assets } = config;
  return {
    name,
    compatibilityDate,
    manifest: {
      mainModule: 'index.js',
      modulesRoot: root,
      modules: { 'index.js': { type: 'esm' as const, contents: code } },
    },
    env: {
      ...Object.fromEntries(Object.entries(vars).map(toVarBinding)),
      ...Object.fromEntries(services.map(toServiceBinding)),
      ...Object.fromEntries(ratelimits.map(toRateLimitBinding)),
      ...(assets && { [assets.binding]: { type: 'assets' as const } }),
    },
    ...(assets && {
      assets: {
        directory: assets.directory,
        hasUserWorker: true,
        runWorkerFirst: true,
        htmlHandling: 'none' as const,
      },
    }),
  };
}

function toVarBinding([name, value]: [string, unknown]) {
  return [name, { type: 'text' as const, value: String(value) }] as const;
}

function toServiceBinding({ binding, service: worker, entrypoint, props }: WorkerConfig['services'][number]) {
  return [
    binding,
    {
      type: 'worker' as const,
      worker,
      ...(entrypoint && { exportName: entrypoint }),
      ...(props && { props }),
    },
  ] as const;
}

function toRateLimitBinding({ name, namespace_id: namespace, simple }: WorkerConfig['ratelimits'][number]) {
  return [name, { type: 'rate-limit' as const, namespace, simple }] as const;
}
