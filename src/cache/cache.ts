import type { Log } from '../lib/log.ts';
import type { Breaker } from './breaker.ts';
import type { Clock } from './clock.ts';
import type { Counts } from './counts/counts.ts';
import type { InFlight } from './loads/load.ts';
import type { Memory } from './memory/memory.ts';
import type { Placed } from './placed/placed.ts';
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
  /** Guards the shared store. */
  readonly breaker: Breaker;
  readonly originBreaker: Breaker;
  /** Signs the entries that decide rights. */
  readonly seal: Seal;
  readonly counts: Counts;
}

/** The origin, apart from the loads that each look-up brings. */
export interface Origin {
  /** Asks the cheapest question there is, to find out whether the origin answers. */
  probe(): Promise<unknown>;
  /** True for an error that says that the whole origin is away, and not that one answer failed. */
  isAway(error: unknown): boolean;
  /** True for an error that a second attempt would repeat. By default no error is one. */
  readonly isRefusal?: (error: unknown) => boolean;
  /** True for a text that names something that answers depend on. By default every text does. */
  readonly isTag?: (text: string) => boolean;
}

/** The tiers as one request sees them. */
export interface Cache extends IsolateCache {
  readonly shared: SharedStore;
  readonly origin: Origin;
  /** The Worker beside both stores, if there is one: it is asked in their place. */
  readonly placed?: Placed | undefined;
  readonly settings: CacheSettings;
  readonly clock: Clock;
  readonly log: Log;
  /** Keeps the request's context alive until the promise settles. */
  waitUntil(promise: Promise<unknown>): void;
}
