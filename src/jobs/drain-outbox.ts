import { drainAndNote } from '../cache/drain.ts';
import { makeDeps, type RequestContext } from '../deps.ts';
import { makeOutbox } from './outbox.ts';

/** Drains the outbox: invalidates what other writers changed. Throws only when a var is wrong; after any other failure the next firing continues. */
export function drainOutbox(env: object, ctx: RequestContext): Promise<void> {
  const { cache, db } = makeDeps(env, ctx);
  return drainAndNote(cache, makeOutbox(db), null);
}
