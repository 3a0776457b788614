import type { Context } from 'hono';
import { formatToken, isLogical, type Token } from '../../cache/logical-time.ts';
import type { Deletion } from '../../directory/deletion.ts';
import type { Written } from '../../directory/write.ts';
import { etagOfRow, NO_CACHE_ASKED, type Row, setEntityHeaders } from './answer.ts';
import type { AppEnv } from '../app-env.ts';

const INVALIDATION_PENDING = `redis; fwd=bypass; detail=invalidation-pending, ${NO_CACHE_ASKED}`;

/** Answers 201 with what was created, now or at the first request of its `Idempotency-Key`. */
export function answerCreated<T extends Row>(
  c: Context<AppEnv>,
  { value, token, isReplay }: Written<T>,
  location: string,
) {
  c.header('Location', location);
  setEntityHeaders(c, etagOfRow(value));
  setWriteHeaders(c, token, isReplay);
  return c.json(value, 201);
}

/** Answers 200 with what became of each part, now or at the first request of its `Idempotency-Key`. */
export function answerBatch<T extends object>(c: Context<AppEnv>, { value, token, isReplay }: Written<T>) {
  c.header('Cache-Control', 'no-store');
  setWriteHeaders(c, token, isReplay);
  return c.json(value, 200);
}

/** Answers 200 with the row as it is now, or was at the first request of the `Idempotency-Key`. */
export function answerWritten<T extends Row>(c: Context<AppEnv>, { value, token, isReplay }: Written<T>) {
  setEntityHeaders(c, etagOfRow(value));
  setWriteHeaders(c, token, isReplay);
  return c.json(value, 200);
}

/** Answers 200 with what was deleted, or would be. */
export function answerDeletion(c: Context<AppEnv>, { value, token }: Written<Deletion>) {
  c.header('Cache-Control', 'no-store');
  setWriteHeaders(c, token);
  return c.json(value, 200);
}

/** The token, and whether the invalidation behind it is still to come; no word of the reads that a write began with. */
function setWriteHeaders(c: Context<AppEnv>, token: Token | null, isReplay = false): void {
  c.set('read', { trace: {} });
  if (isReplay) c.header('Idempotency-Replayed', 'true');
  if (token) c.header('Consistency-Token', formatToken(token));
  // A token of the wall clock is one of an invalidation that Redis did not confirm: the drain will repeat it.
  const isPending = token !== null && !isLogical(token) && !isReplay;
  c.header('Cache-Status', isPending ? INVALIDATION_PENDING : NO_CACHE_ASKED);
}
