import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Stack } from '../../local/stack.ts';

export type Store = 'postgres' | 'redis';

/** Both engines and their bridges in a process of their own, so that a query holds up nobody's clock. */
export interface Engines extends Omit<Stack, 'close'> {
  /** Makes the bridge of a store do wrong, as local/faults.ts has it, in place of what it did wrong until now. */
  fault(store: Store, faults: readonly object[]): Promise<void>;
  /** The requests that have reached the bridge of a store. */
  countRequests(store: Store): Promise<number>;
  close(): Promise<void>;
}

const running = new Set<ChildProcess>();

process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** Starts them, embedded or in front of the servers that DATABASE_URL and REDIS_URL name. `seed` is that of the faults. */
export async function startEngines(seed: number): Promise<Engines> {
  const child = fork(fileURLToPath(new URL('./engines-process.ts', import.meta.url)), { execArgv: [] });
  running.add(child);
  const ended = once(child, 'exit').then(() => running.delete(child));
  const [stack] = (await Promise.race([
    once(child, 'message'),
    ended.then(() => {
      throw new Error('the engines have ended as they started');
    }),
    // The one message that it sends.
  ])) as [Omit<Stack, 'close'>];
  const urlOf = (store: Store) => ({ postgres: stack.neonUrl, redis: stack.upstashUrl })[store];
  return {
    ...stack,
    async fault(store, faults) {
      const body = JSON.stringify({ faults, seed });
      const response = await fetch(`${urlOf(store)}/faults`, { method: 'POST', body });
      if (!response.ok) throw new Error(await response.text());
    },
    async countRequests(store) {
      // What a bridge answers to this.
      const stats = (await (await fetch(`${urlOf(store)}/stats`)).json()) as { requests: number };
      return stats.requests;
    },
    async close() {
      child.disconnect();
      await ended;
    },
  };
}
