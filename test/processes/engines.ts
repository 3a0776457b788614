import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Stack } from '../../local/stack.ts';

export type Store = 'postgres' | 'redis';

/** Both engines and their bridges in a process of their own, so that a query delays no clock of the tests. */
export interface Engines extends Omit<Stack, 'close'> {
  /** Replaces the faults of a store's bridge, see local/faults.ts. */
  fault(store: Store, faults: readonly object[]): Promise<void>;
  /** The number of requests that have reached a store's bridge. */
  countRequests(store: Store): Promise<number>;
  close(): Promise<void>;
}

const running = new Set<ChildProcess>();

process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/**
 * Starts the engines, embedded or in front of the servers of DATABASE_URL and REDIS_URL. `seed` is the seed of the
 * faults.
 */
export async function startEngines(seed: number): Promise<Engines> {
  const child = fork(fileURLToPath(new URL('./engines-process.ts', import.meta.url)), { execArgv: [] });
  running.add(child);
  const ended = once(child, 'exit').then(() => running.delete(child));
  const [stack] = (await Promise.race([
    once(child, 'message'),
    ended.then(() => {
      throw new Error('the engines have ended as they started');
    }),
    // The process sends only this message.
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
      // A bridge answers with this shape.
      const stats = (await (await fetch(`${urlOf(store)}/stats`)).json()) as { requests: number };
      return stats.requests;
    },
    async close() {
      child.disconnect();
      await ended;
    },
  };
}
