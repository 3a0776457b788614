import { makeBreaker } from '../../src/cache/breaker.ts';
import { makeCacheOfMany } from '../../src/cache/cache-of-many.ts';
import { drain, drainAndNote } from '../../src/cache/drain.ts';
import { invalidate } from '../../src/cache/invalidate.ts';
import { makeMemory } from '../../src/cache/memory/memory.ts';
import { readThrough } from '../../src/cache/read-through.ts';
import { scripts } from '../../src/cache/shared/scripts/scripts.ts';
import { makeSharedStore } from '../../src/cache/shared/shared-store.ts';
import { answerOf, makeLookUp } from './look-ups.ts';
import { makeDatabase } from './model-database.ts';

/** All that a mutation may change: the lab runs this, or a mutant's copy of it. */
export const codeUnderTest = {
  makeBreaker,
  makeCacheOfMany,
  drain,
  drainAndNote,
  invalidate,
  makeMemory,
  readThrough,
  scripts,
  makeSharedStore,
  answerOf,
  makeLookUp,
  makeDatabase,
};

export type CodeUnderTest = typeof codeUnderTest;
