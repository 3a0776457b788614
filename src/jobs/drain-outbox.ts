import { drain, type Outbox } from '../cache/drain.ts';
import type { Db } from '../db/client/client.ts';
import {
  collapseInvalidations,
  deleteInvalidations,
  markInvalidated,
  selectPendingInvalidations,
} from '../db/outbox.ts';
import { makeDeps, type RequestContext } from '../deps.ts';
import { describeError } from '../lib/log.ts';

/** Drains the outbox: invalidates what other writers changed. Throws only when a var is wrong; after any other failure the next firing continues. */
export async function drainOutbox(env: object, ctx: RequestContext): Promise<void> {
  const { cache, db, log } = makeDeps(env, ctx);
  try {
    const drained = await drain(cache, makeOutbox(db));
    if (drained.rows > 0) log.info('outbox_drained', { ...drained });
  } catch (error) {
    log.error('drain_failed', { error: describeError(error) });
  }
}

/** The outbox in Postgres, as the drain needs it. */
export function makeOutbox(db: Db): Outbox {
  return {
    selectDue: (limit) => selectPendingInvalidations(db, limit),
    collapse: (limit) => collapseInvalidations(db, limit),
    markInvalidated: (ids, byEverything) => markInvalidated(db, ids, byEverything),
    delete: (ids) => deleteInvalidations(db, ids),
  };
}
