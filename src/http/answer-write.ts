import type { Context } from 'hono';
import { formatToken, isLogical, type Token } from '../cache/logical-time.ts';
import type { Deletion } from '../directory/deletion.ts';
import type { Created, Done } from '../directory/write.ts';
import { etagOfRow, NO_CACHE_ASKED, type Row, setEntityHeaders } from './answer.ts';
import type { AppEnv } from './app-env.ts';

/** Answers 201 with what was created, now or at the first request of its `Idempotency-Key`. */
export function answerCreated<T extends Row>(
  c: Context<AppEnv>,
  { value, token, isReplay }: Created<T>,
  location: string,
) {
  c.header('Location', location);
  c.header('Consistency-Token', formatToken(token));
  if (isReplay) c.header('Idempotency-Replayed', 'true');
  setEntityHeaders(c, etagOfRow(value), isReplay ? NO_CACHE_ASKED : cacheStatusOf(token));
  return c.json(value, 201);
}

/** Answers 200 with what became of each part, now or at the first request of its `Idempotency-Key`. */
export function answerBatch<T extends object>(c: Context<AppEnv>, { value, token, isReplay }: Created<T>) {
  c.header('Consistency-Token', formatToken(token));
  c.header('Cache-Control', 'no-store');
  c.header('Cache-Status', isReplay ? NO_CACHE_ASKED : cacheStatusOf(token));
  if (isReplay) c.header('Idempotency-Replayed', 'true');
  return c.json(value, 200);
}

/** Answers 200 with the row as it is now. */
export function answerWritten<T extends Row>(c: Context<AppEnv>, { value, token }: Done<T>) {
  c.header('Consistency-Token', formatToken(token));
  setEntityHeaders(c, etagOfRow(value), cacheStatusOf(token));
  return c.json(value, 200);
}

/** Answers 200 with what was deleted, or would be. */
export function answerDeletion(c: Context<AppEnv>, { value, token }: Done<Deletion>) {
  if (!value.dryRun) {
    c.header('Consistency-Token', formatToken(token));
    c.header('Cache-Status', cacheStatusOf(token));
  }
  c.header('Cache-Control', 'no-store');
  return c.json(value, 200);
}

// A token of the wall clock is one of an invalidation that Redis did not confirm: the drain will repeat it.
function cacheStatusOf(token: Token): string {
  return isLogical(token)
    ? NO_CACHE_ASKED
    : `redis; fwd=bypass; detail=invalidation-pending, ${NO_CACHE_ASKED}`;
}
