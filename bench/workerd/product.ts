import { fileURLToPath } from 'node:url';
import { readWorkerConfig } from '../../local/worker-config.ts';
import { type Engines, startEngines } from '../../test/processes/engines.ts';
import { type SpawnOptions, spawnWorkerd, type Worker, type Workerd } from '../../test/processes/workerd.ts';
import { makeProductionBundle } from './production-bundle.ts';

/** The deployed product in one workerd, with its stores in a process of their own. */
export interface Product extends Pick<Engines, 'postgresUrl' | 'neonUrl' | 'upstashUrl' | 'env' | 'fault'> {
  readonly workerd: Workerd;
  /** The URL of the account Worker. */
  readonly url: string;
  urlOf(worker: string): string;
  close(): Promise<void>;
}

export interface ProductOptions extends SpawnOptions {
  /** Vars that override those of wrangler.toml and of the local stack. */
  readonly vars?: Readonly<Record<string, string>>;
  /** Second copies of the product under other names. Their vars override those of the first. */
  readonly twins?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Workers that run beside it. They get the local stack's secrets and vars. */
  readonly beside?: (env: Readonly<Record<string, string>>) => readonly Worker[];
}

const root = fileURLToPath(new URL('../..', import.meta.url));
/** The seed of the faults of the bridges. A measurement sets none. */
const NO_FAULTS = 1;

export const accounts: Worker = readWorkerConfig(`${root}wrangler.toml`);

/** Starts the product on the servers of DATABASE_URL and REDIS_URL, or else on the embedded ones. */
export async function startProduct({
  vars = {},
  twins = {},
  beside = () => [],
  ...spawning
}: ProductOptions): Promise<Product> {
  const [bundle, engines] = await Promise.all([makeProductionBundle(), startEngines(NO_FAULTS)]);
  try {
    const env = { ...engines.env, ...vars };
    // A plain workerd has no binding for rate limits. docs/performance.md says that the figures leave them out.
    const all = { ...accounts.vars, ...env };
    const product = { ...accounts, main: bundle.main };
    const workers = [
      { ...product, vars: all },
      ...Object.entries(twins).map(([name, own]) =>
        Object.assign({}, product, { name, vars: { ...all, ...own } }),
      ),
      ...beside(engines.env),
    ];
    const workerd = await spawnWorkerd(workers, spawning);
    const urlOf = (name: string): string => {
      const url = workerd.urls.get(name);
      if (!url) throw new Error(`${name} does not listen`);
      return url;
    };
    const close = async (): Promise<void> => {
      await workerd.kill();
      await engines.close();
    };
    return { ...engines, workerd, url: urlOf(accounts.name), urlOf, close };
  } catch (error) {
    await engines.close();
    throw error;
  } finally {
    await bundle.remove();
  }
}
