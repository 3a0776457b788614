import type { Token } from '../../src/cache/logical-time.ts';
import type { Calls, Request } from './isolate.ts';
import type { LabCore } from './lab.ts';
import { type DrainDelays, makeOutbox } from './lab-outbox.ts';
import type { Change, Commit, Transaction } from './model-database.ts';
import type { Delay } from './timeline.ts';

export interface WritePlan {
  readonly calls?: Calls;
  /** The time until the transaction commits, and from then until the Worker gets the reply. */
  readonly commitMs?: Delay;
  readonly answerMs?: Delay;
  readonly diesAfterMs?: Delay;
}

export interface DrainPlan extends DrainDelays {
  readonly calls?: Calls;
  readonly diesAfterMs?: Delay;
}

/** Commits, and notes what the write may be held against. */
export function commitNow(
  { claims, database, now, passes }: LabCore,
  tx: Transaction,
  change: Change,
): Commit | null {
  const done = tx.commit(change);
  if (!done) return null;
  claims.noteCommit(done, database.stored, now());
  passes.noteCommit(done.number, done.tags);
  return done;
}

/** A write through the service: one transaction, then the invalidation of its tags. */
export async function writeIn(
  lab: LabCore,
  request: Request,
  change: Change,
  plan: WritePlan,
): Promise<Token | null> {
  const { claims, code, now } = lab;
  const done = await commitAfter(lab, plan.commitMs, change);
  await request.pause(plan.answerMs);
  if (!done) return null;
  const { cache } = request;
  const confirmed: true[] = [];
  const invalidateShared = async (tags: readonly string[]) => {
    const time = await cache.shared.invalidate(tags);
    confirmed.push(true);
    return time;
  };
  const shared = { ...cache.shared, invalidate: invalidateShared };
  const losses = claims.losses();
  const token = await code.invalidate({ ...cache, shared }, done.tags);
  lab.noteToken(done, token);
  if (confirmed.length > 0) claims.noteConfirmed(done.number, request.isolate.name, now(), losses);
  return token;
}

// Postgres commits what it has been sent, whoever has died by then.
function commitAfter(lab: LabCore, delay: Delay | undefined, change: Change): Promise<Commit | null> {
  const { promise, resolve } = Promise.withResolvers<Commit | null>();
  lab.after(delay ?? 0, () => resolve(commitNow(lab, lab.database.begin(), change)));
  return promise;
}

/** A drain; whether it succeeded. */
export async function drainIn(lab: LabCore, request: Request, plan: DrainPlan): Promise<boolean> {
  const { claims, code, database, now, passes } = lab;
  let toFind: readonly number[] = [];
  let losses = 0;
  let missing: ReadonlyMap<string, number> = new Map();
  let commits = 0;
  const onSelect = (): void => {
    missing = passes.missing(now());
    commits = claims.commits();
    toFind = passes.toFind(now());
    losses = claims.losses();
  };
  try {
    await code.drain(request.cache, makeOutbox(request, database, passes, plan, onSelect));
  } catch {
    return false;
  }
  // No other drain has set the tag meanwhile, so it was missing when this drain looked.
  const isMissed = [...missing].some(([tag, count]) => passes.invalidations(tag) === count + 1);
  if (isMissed) claims.noteNewEpoch(commits, now());
  for (const number of toFind) claims.noteConfirmed(number, request.isolate.name, now(), losses);
  return true;
}
