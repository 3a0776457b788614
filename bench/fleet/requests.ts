import type { Cache } from '../../src/cache/cache.ts';
import { invalidate } from '../../src/cache/invalidate.ts';
import type { LookUpDefinition, Trace } from '../../src/cache/look-up.ts';
import { readThrough } from '../../src/cache/read-through.ts';
import type { Isolate } from './isolates.ts';
import { type Account, tagsOf } from './origin.ts';
import type { Place } from './places.ts';
import type { World } from './world.ts';

/** A reader got an answer that is older than the bound allows. */
export class StalenessBoundBroken extends Error {
  override readonly name = 'StalenessBoundBroken';
}

/** The cache as one request sees it, which may ask the origin Worker in place of the stores. */
export type Reach = (isolate: Isolate, place: Place, id: number, trace: Trace) => Cache;

/** The duration of a due drain: a few trips of one place near the stores. */
const DRAIN_SLACK_MS = 1_000;

export function keyOf(id: number): string {
  return `account:${id}`;
}

/** The look-up of an account. Its context is the world and the isolate that would ask Postgres. */
export const account: LookUpDefinition<{ world: World; isolate: Isolate }, number, Account> = {
  kind: 0,
  key: keyOf,
  parse: (json) => json as Account,
  load({ world: { origin, recorder }, isolate: { postgres } }, id) {
    return postgres(() => {
      recorder.load();
      return { value: origin.select(id), tags: tagsOf(id) };
    });
  },
};

/** Reads an account in an isolate of that place, and holds the answer to the bound. */
export async function read(
  world: World,
  reach: Reach,
  isolate: Isolate,
  place: Place,
  id: number,
): Promise<void> {
  const { recorder, time } = world;
  const startedMs = time.clock.now();
  const trace: Trace = {};
  const finish = (answer: Account): void => {
    recorder.read(place.region, trace, time.clock.now() - startedMs);
    holdToBound(world, answer, startedMs);
  };
  const cache = reach(isolate, place, id, trace);
  const answer = readThrough(cache, account, { world, isolate }, id, { trace });
  // A hit takes no time, so no other event can come before its end.
  if (trace.memory?.hit) return finish(await answer);
  void answer.then(finish).catch((error: unknown) => (world.fault ??= error));
  return time.settle();
}

function holdToBound({ config, origin, recorder }: World, answer: Account, startedMs: number): void {
  const missed = origin.firstMissed(answer);
  if (!missed || missed.atMs >= startedMs) return;
  recorder.stale(missed, startedMs);
  const { atMs, invalidatedMs } = missed;
  const knownMs = invalidatedMs ?? atMs + config.drainEveryMs + DRAIN_SLACK_MS;
  if (startedMs < knownMs + config.memoryTtlMs) return;
  const sinceMs = (startedMs - knownMs).toFixed(0);
  throw new StalenessBoundBroken(
    `account ${answer.id}: a read ${sinceMs} ms after Redis knew of a change missed it; the bound is ${config.memoryTtlMs} ms`,
  );
}

/** Changes an account, through the service or behind its back. */
export function write(world: World, { cache, postgres }: Isolate, id: number): void {
  const { config, origin, recorder, traffic } = world;
  const isOutside = traffic.uniform() < config.outsideShare;
  recorder.write();
  const committed = postgres(() => origin.commit(id, isOutside));
  if (!isOutside) void committed.then(() => invalidate(cache, tagsOf(id)));
}
