import { OriginRefused, OriginUnavailable } from '../cache/errors.ts';
import { askOrigin } from '../cache/guarded-origin.ts';
import { isRefusedForGood } from '../db/client/errors.ts';
import { describeError } from '../lib/log.ts';
import type { Deps } from './deps.ts';

/** Asks Postgres past the cache; throws `OriginUnavailable` when it does not answer, `OriginRefused` when it refuses to. */
export async function readOrigin<T>(deps: Deps, ask: () => Promise<T>): Promise<T> {
  const { cache, log } = deps;
  const asked = async () => ({ value: await traceOrigin(deps, ask) });
  const answer = await askOrigin(cache, cache.settings.originDeadlineMs, asked).catch((error: unknown) => {
    log.error('origin_failed', { error: describeError(error) });
    if (isRefusedForGood(error)) throw new OriginRefused('the origin refused the question', { cause: error });
    throw new OriginUnavailable('the origin did not answer', { cause: error });
  });
  if (!answer) throw new OriginUnavailable('the origin is known to be away');
  return answer.value;
}

/** Runs a call that asks Postgres past the cache, and writes the time that it took to the trace. */
export async function traceOrigin<T>({ cache, trace }: Deps, run: () => Promise<T>): Promise<T> {
  const startedMs = cache.clock.now();
  try {
    return await run();
  } finally {
    if (trace) trace.origin = { ms: cache.clock.now() - startedMs };
  }
}
