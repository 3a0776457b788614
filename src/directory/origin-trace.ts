import type { Deps } from './deps.ts';

/** Runs what asks Postgres past the cache, and notes how long it took. */
export async function traceOrigin<T>({ cache, trace }: Deps, run: () => Promise<T>): Promise<T> {
  const startedMs = cache.clock.now();
  try {
    return await run();
  } finally {
    if (trace) trace.origin = { ms: cache.clock.now() - startedMs };
  }
}
