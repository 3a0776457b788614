import { randomUUID } from 'node:crypto';
import type { Cache } from '../../src/cache/cache.ts';
import type { LookUpDefinition } from '../../src/cache/look-up.ts';
import { invalidate } from '../../src/cache/invalidate.ts';
import { readThrough } from '../../src/cache/read-through.ts';
import { makeSharedStore, type RunScript } from '../../src/cache/shared/shared-store.ts';
import type { Engine } from '../../test/coherence/engine.ts';
import { makeVirtualRedis } from '../../test/coherence/virtual-redis.ts';
import { makeCache, noStore } from '../sides/our-cache.ts';
import { type Cluster, ID, KEY, type Row, type Side, type World } from './world.ts';

/** Many of the look-ups have three tags. */
export const TAGS = [KEY, `memberships:${ID}`, 'user-rights'];
/** The default of LEASE_MS. */
const LEASE_MS = 2_000;

/** The product's cache over its scripts on a real engine. Each script costs a round trip. */
export function makeOurs(engine: Engine): Side {
  return { name: 'ours', open: async (world) => openOurs(engine, world) };
}

function openOurs(engine: Engine, { timeline, tier, origin }: World): Cluster {
  const databaseId = `bench-${randomUUID()}`;
  const redis = makeVirtualRedis(engine, `ea:{${databaseId}}:`, timeline.now);
  const run: RunScript = (script, keys, args) =>
    tier.ask(async () => (await redis.run(script.text, keys, args)).reply);
  const lookUp: LookUpDefinition<undefined, undefined, Row> = {
    kind: 0,
    key: () => KEY,
    // Only this payload is ever stored.
    parse: (json) => json as Row,
    load: async () => ({ value: await origin.load(), tags: TAGS }),
  };
  return {
    start() {
      const isolate = { ...makeCache(noStore), clock: timeline };
      // Every request has a client of its own, as in production.
      const request = (): Cache => ({
        ...isolate,
        shared: makeSharedStore(run, { databaseId, variant: 'v', leaseMs: LEASE_MS }),
      });
      return {
        read: () => readThrough(request(), lookUp, undefined, undefined),
        async write() {
          origin.commit();
          await invalidate(request(), TAGS);
        },
      };
    },
    close: () => redis.flush(),
  };
}
