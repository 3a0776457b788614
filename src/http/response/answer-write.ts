import type { Context } from 'hono';
import { formatToken, isLogical, type Token } from '../../cache/logical-time.ts';
import type { Deletion } from '../../directory/deletion.ts';
import type { Restoration } from '../../directory/deletions/restore.ts';
import type { Erasure } from '../../directory/users/erasure.ts';
import type { Written } from '../../directory/write.ts';
import { etagOfRow, NO_CACHE_ASKED, noteAbout, type Row, setEntityHeaders } from './answer.ts';
import type { AppEnv } from '../app-env.ts';

const INVALIDATION_PENDING = `redis; fwd=bypass; detail=invalidation-pending, ${NO_CACHE_ASKED}`;

/** Answers 201 with the row that this request created, or the first request with its `Idempotency-Key`. */
export function answerCreated<T extends Row>(
  c: Context<AppEnv>,
  { value, token, isReplay }: Written<T>,
  location: string,
) {
  c.header('Location', location);
  noteAbout(c, value);
  setEntityHeaders(c, etagOfRow(value));
  setWriteHeaders(c, token, isReplay);
  return c.json(value, 201);
}

/** Answers 200 with the outcome of each part of this request, or of the first request with its `Idempotency-Key`. */
export function answerBatch<T extends object>(c: Context<AppEnv>, { value, token, isReplay }: Written<T>) {
  c.header('Cache-Control', 'no-store');
  setWriteHeaders(c, token, isReplay);
  return c.json(value, 200);
}

/** Answers 200 with the row as this request left it, or the first request with its `Idempotency-Key`. */
export function answerWritten<T extends Row>(c: Context<AppEnv>, { value, token, isReplay }: Written<T>) {
  noteAbout(c, value);
  setEntityHeaders(c, etagOfRow(value));
  setWriteHeaders(c, token, isReplay);
  return c.json(value, 200);
}

/** Answers 200 with the counts of what was deleted, erased or restored, or would be in a dry run. */
export function answerCounts<T extends Deletion | Erasure | Restoration>(
  c: Context<AppEnv>,
  { value, token }: Written<T>,
) {
  c.header('Cache-Control', 'no-store');
  setWriteHeaders(c, token);
  return c.json(value, 200);
}

/** Sets the token and `Cache-Status`, which tells whether the invalidation is confirmed. Reads that preceded the write are left out. */
function setWriteHeaders(c: Context<AppEnv>, token: Token | null, isReplay = false): void {
  c.set('read', { trace: {} });
  if (isReplay) c.header('Idempotency-Replayed', 'true');
  if (token) c.header('Consistency-Token', formatToken(token));
  // A token by the wall clock means that Redis did not confirm the invalidation. The drain repeats it.
  const isPending = token !== null && !isLogical(token) && !isReplay;
  c.set('uncachedStatus', isPending ? INVALIDATION_PENDING : NO_CACHE_ASKED);
}
