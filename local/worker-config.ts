import { dirname, relative, resolve } from 'node:path';
import { unstable_readConfig as readConfig } from 'wrangler';

type Assets = NonNullable<ReturnType<typeof readConfig>['assets']>;

interface ServiceBinding {
  readonly binding: string;
  readonly service: string;
  readonly entrypoint?: string;
  /** The vars by which the bound Worker reaches the one that has the binding. */
  readonly props?: Record<string, unknown>;
}

/** The part of a wrangler.toml that the local stack runs. */
export interface WorkerConfig {
  readonly name: string;
  /** The absolute path of the source. */
  readonly main: string;
  readonly compatibilityDate: string;
  readonly vars: Readonly<Record<string, unknown>>;
  readonly services: readonly ServiceBinding[];
  readonly ratelimits: readonly RateLimitConfig[];
  readonly assets: AssetsConfig | undefined;
}

/** Files that the Worker reads through a binding, and that are answered by nothing else. */
interface AssetsConfig {
  readonly binding: string;
  /** The absolute path of the folder. */
  readonly directory: string;
}

export interface RateLimitConfig {
  /** The name of the binding. */
  readonly name: string;
  readonly namespace_id: string;
  /** The binding admits `limit` requests in `period` seconds. */
  readonly simple: { limit: number; period: 10 | 60 };
}

/** Throws one sentence that names the file when the configuration is invalid. */
export function readWorkerConfig(path: string): WorkerConfig {
  const { name, main, compatibility_date, vars, services, ratelimits, assets } = read(path);
  if (!name || !main || !compatibility_date) {
    throw new Error(`${relative('.', path)} lacks name, main or compatibility_date`);
  }
  return {
    name,
    main,
    compatibilityDate: compatibility_date,
    vars,
    services: services ?? [],
    ratelimits,
    assets: assets && readAssets(path, assets),
  };
}

function readAssets(path: string, { binding, directory, run_worker_first }: Partial<Assets>): AssetsConfig {
  if (binding === undefined || directory === undefined || run_worker_first !== true) {
    throw new Error(`${relative('.', path)}: assets need a binding, a directory and run_worker_first = true`);
  }
  return { binding, directory: resolve(dirname(path), directory) };
}

function read(path: string) {
  try {
    return readConfig({ config: path });
  } catch (error) {
    throw new Error(`${relative('.', path)}: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}
