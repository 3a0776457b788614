import { Redis } from '@upstash/redis';
import { sql } from 'drizzle-orm';
import { markInvalidated } from '../../src/db/outbox.ts';
import type { DrainStores } from './stores.ts';

/** The product tells Redis as many tags in one request. */
const TAGS_PER_REQUEST = 1_000;

/**
 * The least work for the same outcome on the same stores: read the rows, set their tags to one value, a list at a time,
 * and mark the rows. It bounds nothing, and its tags have no order and no end.
 */
export async function drainByHand({ db, env }: DrainStores): Promise<void> {
  const redis = new Redis({
    url: env['UPSTASH_REDIS_REST_URL'] ?? '',
    token: env['UPSTASH_REDIS_REST_TOKEN'] ?? '',
    readYourWrites: false,
    enableTelemetry: false,
  });
  const { rows } = await db.execute<{ id: string; tags: string[] }>(
    sql`select id, tags from cache_invalidations where invalidated_at is null`,
  );
  const tags = rows.flatMap((row) => row.tags);
  for (let at = 0; at < tags.length; at += TAGS_PER_REQUEST) {
    const some = tags.slice(at, at + TAGS_PER_REQUEST);
    await redis.mset(Object.fromEntries(some.map((tag) => [`ea:{${env['DATABASE_ID']}}:tag:${tag}`, '1'])));
  }
  await markInvalidated(
    db,
    rows.map(({ id }) => Number(id)),
  );
}
