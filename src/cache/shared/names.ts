import { randomId } from '../logical-time.ts';
import { LONGEST_LIFE_MS } from './entry-bounds.ts';
import type { SharedStoreSettings } from './shared-store.ts';

/** The names of a database's keys in the store, and the arguments that all scripts take. */
export interface Names {
  readonly prefix: string;
  readonly clock: string;
  /** The clock, and the entry and the lease of the key. */
  keysOf(key: string): [string, string, string];
  commonArgs(): string[];
}

/** A fill may come this late, and must still find the tag that ends it. */
const TAG_MARGIN_MS = 60_000;

export function namesOf({ databaseId, variant }: SharedStoreSettings): Names {
  // The braces put all keys of a database into one hash slot, which scripts over several keys need in a cluster.
  const prefix = `ea:{${databaseId}}:`;
  const clock = `${prefix}clock`;
  return {
    prefix,
    clock,
    keysOf: (key) => [clock, `${prefix}entry:${variant}:${key}`, `${prefix}lease:${variant}:${key}`],
    commonArgs: () => [randomId(), `${prefix}tag:`, `${LONGEST_LIFE_MS + TAG_MARGIN_MS}`],
  };
}
