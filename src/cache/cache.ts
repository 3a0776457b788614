import type { Log } from '../lib/log.ts';
import type { Breaker } from './breaker.ts';
import type { Clock } from './clock.ts';
import type { InFlight } from './loads/load.ts';
import type { Memory } from './memory.ts';
import type { Seal } from './shared/seal.ts';
import type { SharedStore } from './shared/shared-store.ts';

/** Lifetimes and deadlines, in ms; meaning, bounds and defaults are in the configuration table. */
export interface CacheSettings {
  readonly freshMs: number;
  readonly staleMs: number;
  readonly absentFreshMs: number;
  readonly redisDeadlineMs: number;
  readonly originDeadlineMs: number;
}

/** The parts of the cache that live as long as the isolate: values only, no client and no body. */
export interface IsolateCache {
  readonly memory: Memory;
  readonly inFlight: InFlight;
  /** Of the shared store. */
  readonly breaker: Breaker;
  readonly originBreaker: Breaker;
  /** For the entries that decide rights. */
  readonly seal: Seal;
}

/** What the cache must know of the origin besides how to load from it. */
export interface Origin {
  /** The cheapest question there is. */
  probe(): Promise<unknown>;
  /** Whether a load that failed so speaks of the whole origin, and not of the one answer. */
  isAway(error: unknown): boolean;
  /** Whether it was refused for a reason that trying again does not mend; by default nothing is. */
  readonly isRefusal?: (error: unknown) => boolean;
  /** Whether a text names something that answers depend on; by default every text does. */
  readonly isTag?: (text: string) => boolean;
}

/** The tiers as one request sees them. */
export interface Cache extends IsolateCache {
  readonly shared: SharedStore;
  readonly origin: Origin;
  readonly settings: CacheSettings;
  readonly clock: Clock;
  readonly log: Log;
  /** Keeps the request's context alive until the promise settles. */
  waitUntil(promise: Promise<unknown>): void;
}
