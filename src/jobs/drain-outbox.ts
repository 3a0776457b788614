import { drainAndNote } from '../cache/drain.ts';
import { numberChanges } from '../db/reads/change-feed.ts';
import { makeDeps, type RequestContext } from '../deps.ts';
import { describeError } from '../lib/log.ts';
import { makeOutbox } from './outbox.ts';

/** Each batch is short, and a minute numbers a hundred thousand changes. */
const NUMBERED_AT_ONCE = 5_000;
const MAX_BATCHES = 20;

/** Drains the outbox: invalidates what other writers changed. Throws only when a var is wrong; after any other failure the next firing continues. */
export function drainOutbox(env: object, ctx: RequestContext, runId: string): Promise<void> {
  const { cache, db } = makeDeps(env, ctx, undefined, runId);
  return drainAndNote(cache, makeOutbox(db), null);
}

/** Numbers the changes of the feed that no reader has numbered. Throws only when a var is wrong. */
export async function numberNewChanges(env: object, ctx: RequestContext, runId: string): Promise<void> {
  const deps = makeDeps(env, ctx, undefined, runId);
  try {
    for (let batches = 0; batches < MAX_BATCHES; batches++) {
      if ((await numberChanges(deps.db, NUMBERED_AT_ONCE)) < NUMBERED_AT_ONCE) return;
    }
  } catch (error) {
    deps.log.error('numbering_failed', { error: describeError(error) });
  }
}
