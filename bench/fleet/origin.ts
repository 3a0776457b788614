import type { Outbox } from '../../src/cache/drain.ts';
import { EVERYTHING } from '../../src/cache/memory/invalidations.ts';
import { makeOutbox } from './outbox.ts';

/** The row of an account. */
export interface Account {
  readonly id: number;
  /** The number of changes of the account. */
  readonly revision: number;
  /** Padding that gives the row its usual length. */
  readonly rest: string;
}

/** One change of an account. */
export interface Commit {
  readonly atMs: number;
  readonly isOutside: boolean;
  /** The time at which Redis first learnt of the change; undefined until then. */
  invalidatedMs: number | undefined;
}

/** Postgres: the revisions of accounts, and the outbox that triggers fill. */
export interface Origin {
  select(id: number): Account;
  /** Raises the account's revision, and notes its tags in the outbox. */
  commit(id: number, isOutside: boolean): void;
  /** The first change that this answer lacks. */
  firstMissed(answer: Account): Commit | undefined;
  /** Records that Redis has invalidated these tags. */
  noteInvalidated(tags: readonly string[]): void;
  readonly outbox: Outbox;
}

/** An answer depends on the account's number and on its row. */
export function tagsOf(id: number): string[] {
  return [`account-number:${id}`, `account:${id}`];
}

export function makeOrigin(now: () => number, payloadBytes: number): Origin {
  const history = new Map<number, Commit[]>();
  const open = new Map<string, Commit[]>();
  const { add, outbox } = makeOutbox(now);
  const rest = 'x'.repeat(
    Math.max(0, payloadBytes - JSON.stringify({ id: 1, revision: 0, rest: '' }).length),
  );

  return {
    select: (id) => ({ id, revision: history.get(id)?.length ?? 0, rest }),
    commit(id, isOutside) {
      const commit: Commit = { atMs: now(), isOutside, invalidatedMs: undefined };
      const tags = tagsOf(id);
      append(history, id, commit);
      append(open, tags[1] ?? '', commit);
      add(tags);
    },
    firstMissed: ({ id, revision }) => history.get(id)?.[revision],
    noteInvalidated(tags) {
      for (const tag of tags.includes(EVERYTHING) ? [...open.keys()] : tags) {
        for (const commit of open.get(tag) ?? []) commit.invalidatedMs = now();
        open.delete(tag);
      }
    },
    outbox,
  };
}

function append<K>(map: Map<K, Commit[]>, key: K, commit: Commit): void {
  const known = map.get(key);
  if (known) known.push(commit);
  else map.set(key, [commit]);
}
