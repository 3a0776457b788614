import type { Trace } from '../../cache/look-up.ts';

const MS_PER_S = 1_000;

/** The part of an answer that tells one state of a row from another. */
interface Revised {
  readonly id: number;
  readonly revision: number;
}

/** What a caller's read of `what` was answered, from which tier, and whether Postgres says the same. */
export function sentenceOfRead(
  what: string,
  { memory, shared, origin }: Trace,
  cached: Revised | null,
  stored: Revised | null,
): string {
  const source = memory?.hit
    ? `The memory of this isolate answers reads of ${what}${left(memory.ttlMs)}`
    : shared?.hit
      ? `Redis answers reads of ${what}${left(shared.ttlMs)}`
      : origin
        ? `No cache held ${what}, so that Postgres answered`
        : `Another read of ${what} was under way, and shared its answer`;
  if (isSame(cached, stored)) return `${source}, and the answer is what Postgres holds.`;
  return `${source}, but the answer is not what Postgres holds: it is ${told(cached)}, and Postgres has ${told(stored)}. Cache-Control: no-cache ends the old answer.`;
}

function left(ttlMs: number | undefined): string {
  return ttlMs === undefined ? '' : ` for another ${Math.ceil(ttlMs / MS_PER_S)} s at most`;
}

function isSame(one: Revised | null, other: Revised | null): boolean {
  return one?.id === other?.id && one?.revision === other?.revision;
}

function told(row: Revised | null): string {
  return row ? `id ${row.id} in revision ${row.revision}` : 'nothing';
}
