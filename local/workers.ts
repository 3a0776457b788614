import { fileURLToPath } from 'node:url';
import { Log, LogLevel, Miniflare, type MiniflareOptions } from 'miniflare';
import { unstable_readConfig as readConfig } from 'wrangler';
import { bundleWorker } from './bundle.ts';

export interface WorkersOptions {
  /** Loopback ports; 0 means any free one. */
  readonly port: number;
  readonly consumerPort: number;
  /** The wrangler.toml of the Worker bound to the account Worker; by default the example's. */
  readonly consumerConfig?: string;
  /** Secrets and vars of the account Worker, over those of its wrangler.toml. */
  readonly env: Readonly<Record<string, string>>;
  /** One line of a Worker's console. */
  readonly onLog?: (level: string, line: string) => void;
}

export interface Workers {
  readonly url: URL;
  readonly consumerUrl: URL;
  /** Fires the account Worker's scheduled handler, and waits for it. */
  fireScheduled(): Promise<void>;
  /** Bundles anew and replaces the running code; isolates start empty. */
  reload(): Promise<void>;
  close(): Promise<void>;
}

const HOST = '127.0.0.1';
const root = fileURLToPath(new URL('..', import.meta.url));
const ACCOUNTS = `${root}wrangler.toml`;
const CONSUMER = `${root}examples/consumer/wrangler.toml`;

/** Starts both Workers in one workerd, the consumer bound to the account Worker's RPC class. */
export async function startWorkers(options: WorkersOptions): Promise<Workers> {
  const miniflare = new Miniflare(await miniflareOptions(options));
  const url = await miniflare.ready;
  const consumerUrl = await miniflare.unsafeGetDirectURL(readConfig({ config: options.consumerConfig ?? CONSUMER }).name);
  return {
    url,
    consumerUrl,
    async fireScheduled() {
      const worker = await miniflare.getWorker();
      const { outcome } = await worker.scheduled({ cron: '* * * * *' });
      if (outcome !== 'ok') throw new Error(`the scheduled handler ended as ${outcome}`);
    },
    async reload() {
      const ports = { port: Number(url.port), consumerPort: Number(consumerUrl.port) };
      await miniflare.setOptions(await miniflareOptions({ ...options, ...ports }));
    },
    close: () => miniflare.dispose(),
  };
}

async function miniflareOptions(options: WorkersOptions): Promise<MiniflareOptions> {
  const { port, consumerPort, consumerConfig = CONSUMER, env, onLog } = options;
  const [accounts, consumer] = await Promise.all([
    describeWorker(ACCOUNTS, env),
    describeWorker(consumerConfig, {}),
  ]);
  return {
    host: HOST,
    port,
    log: new Log(LogLevel.ERROR),
    logRequests: false,
    telemetry: { enabled: false },
    handleStructuredLogs: ({ level, message }) => onLog?.(level, message),
    workers: [
      { config: accounts, dev: { rootPath: root } },
      {
        config: consumer,
        dev: { rootPath: root, unsafeDirectSockets: [{ host: HOST, port: consumerPort }] },
      },
    ],
  };
}

async function describeWorker(configPath: string, overrides: Readonly<Record<string, string>>) {
  const { name, main, compatibility_date, vars, services } = readConfig({ config: configPath });
  if (!name || !main || !compatibility_date)
    throw new Error(`${configPath} lacks name, main or compatibility_date`);
  const texts = Object.entries({ ...vars, ...overrides });
  return {
    name,
    compatibilityDate: compatibility_date,
    manifest: {
      mainModule: 'index.js',
      modulesRoot: root,
      modules: { 'index.js': { type: 'esm' as const, contents: await bundleWorker(main) } },
    },
    env: {
      ...Object.fromEntries(
        texts.map(([key, value]) => [key, { type: 'text' as const, value: String(value) }]),
      ),
      ...Object.fromEntries((services ?? []).map(toServiceBinding)),
    },
  };
}

function toServiceBinding(service: { binding: string; service: string; entrypoint?: string }) {
  const { binding, service: worker, entrypoint } = service;
  return [
    binding,
    { type: 'worker' as const, worker, ...(entrypoint && { exportName: entrypoint }) },
  ] as const;
}
