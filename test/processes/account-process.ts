import { fileURLToPath } from 'node:url';
import { readWorkerConfig } from '../../local/worker-config.ts';
import { spawnWorkerd, type Worker, type Workerd } from './workerd.ts';

/** The product in a workerd process of its own: one isolate, with its own memory. */
export interface AccountProcess {
  /** The URL of the account Worker. */
  readonly url: string;
  /** The URL of a Worker that makes the RPC calls of its POST body, see test/support/rpc/caller.ts. */
  readonly callerUrl: string;
  readonly pid: number;
  /** The lines that the Workers and workerd have printed so far. */
  readonly output: readonly string[];
  /** Its exit code, or the signal that ended it. */
  readonly ended: Promise<number | string>;
  /** Runs the scheduled handler, and waits for its end. */
  drain(): Promise<void>;
  /** Sends SIGKILL, so that all work under way is lost. Resolves when the process has ended. */
  kill(): Promise<void>;
  /** Sends SIGKILL at the end of a test, which does not look at it. */
  close(): Promise<void>;
}

export interface WorkerdOptions {
  /** Secrets and vars that override those of wrangler.toml. */
  readonly env: Readonly<Record<string, string>>;
  /** The URL of the origin Worker to which it is bound. */
  readonly originUrl?: string | undefined;
}

const accounts = describeWorker('wrangler.toml');
const caller = describeWorker('test/rpc/wrangler.toml');
const scheduler: Worker = {
  name: 'scheduler',
  main: fileURLToPath(new URL('./scheduler-worker.ts', import.meta.url)),
  compatibilityDate: accounts.compatibilityDate,
  flags: ['service_binding_extra_handlers'],
  services: [{ binding: 'ACCOUNTS', service: accounts.name }],
};

/** Starts the product, a Worker that calls its RPC class, and one that runs its scheduled handler, in one process. */
export async function startWorkerd({ env, originUrl }: WorkerdOptions): Promise<AccountProcess> {
  const elsewhere = originUrl === undefined ? {} : { ORIGIN: originUrl };
  const workers = [{ ...accounts, elsewhere, vars: { ...accounts.vars, ...env } }, caller, scheduler];
  const workerd = await spawnWorkerd(workers);
  const { pid, output, ended, kill } = workerd;
  return {
    url: urlOf(workerd, accounts),
    callerUrl: urlOf(workerd, caller),
    pid,
    output,
    ended,
    drain: () => fireScheduled(urlOf(workerd, scheduler)),
    kill,
    close: kill,
  };
}

/** The origin Worker in a workerd process of its own. */
export interface OriginProcess extends Pick<AccountProcess, 'kill' | 'output'> {
  readonly url: string;
}

export async function startOriginWorker({ env }: Pick<WorkerdOptions, 'env'>): Promise<OriginProcess> {
  const origin = describeWorker('wrangler.origin.toml');
  const workerd = await spawnWorkerd([{ ...origin, vars: { ...origin.vars, ...env } }]);
  return { url: urlOf(workerd, origin), output: workerd.output, kill: workerd.kill };
}

function describeWorker(config: string): Worker {
  return readWorkerConfig(fileURLToPath(new URL(`../../${config}`, import.meta.url)));
}

function urlOf({ urls }: Workerd, { name }: Worker): string {
  const url = urls.get(name);
  if (!url) throw new Error(`${name} does not listen`);
  return url;
}

async function fireScheduled(url: string): Promise<void> {
  const outcome = await (await fetch(url)).text();
  if (outcome !== 'ok') throw new Error(`the scheduled handler ended as ${outcome}`);
}
