import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { FleetConfig } from './config.ts';
import type { Measures } from './measures.ts';

type Reply = { readonly measures: Measures } | { readonly failure: string };

/**
 * Runs the fleets on so many threads. A configuration that occurs several times runs once. Resolves to the measures in
 * the order of the configurations. Rejects with the first fault of any run, such as a broken bound.
 */
export async function runAll(
  configs: readonly FleetConfig[],
  threads: number,
  onDone: () => void,
): Promise<Measures[]> {
  const results = new Map<string, Measures>();
  const queue = [...new Map(configs.map((config) => [keyOf(config), config]))].toSorted(
    ([, a], [, b]) => readsOf(b) - readsOf(a),
  );
  const workers = Array.from({ length: threads }, startWorker);
  try {
    await Promise.all(
      workers.map(async (worker) => {
        for (let next = queue.shift(); next; next = queue.shift()) {
          results.set(next[0], await runOn(worker, next[1]));
          onDone();
        }
      }),
    );
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
  return configs.map((config) => results.get(keyOf(config)) as Measures);
}

function startWorker(): Worker {
  return new Worker(new URL('scenario-worker.ts', import.meta.url));
}

async function runOn(worker: Worker, config: FleetConfig): Promise<Measures> {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
  worker.postMessage(config);
  const [reply] = (await once(worker, 'message')) as [Reply];
  if ('measures' in reply) return reply.measures;
  throw new Error(`${reply.failure} (${keyOf(config)})`);
}

// The longest runs come first, so that no thread is left with one at the end.
function readsOf({ countedMs, readsPerS, warmUpMs }: FleetConfig): number {
  return (warmUpMs + countedMs) * readsPerS;
}

function keyOf(config: FleetConfig): string {
  return JSON.stringify(config);
}
