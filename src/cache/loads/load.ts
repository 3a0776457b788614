import type { LogicalTime } from '../logical-time.ts';
import type { ReadDemands } from '../look-up.ts';
import type { MemoryEntry } from '../memory/memory.ts';

/** The moment at which a load began. */
export interface LoadStart {
  readonly sentAtMs: number;
  /** Position in this isolate's order of reads and invalidations. */
  readonly order: number;
  /** The as-of of the answer; undefined until the shared store has replied. */
  asOf: LogicalTime | null | undefined;
  /** True while a Worker beside the stores is asked, which tells the as-of only with the answer. */
  isPlaced?: boolean;
}

/** A read of the tiers below memory that is under way in this isolate. */
export interface Load {
  readonly start: LoadStart;
  readonly demands: ReadDemands;
  /** It began beside another load of the key, or after one. A read that cannot join it queues instead of starting a third. */
  readonly isSecond: boolean;
  /** The load that begins when this one settles, or may hang. */
  next?: QueuedLoad;
  /** Resolves to plain data. Other requests await this very promise: a mutex would resolve theirs from a foreign context. */
  readonly answer: Promise<MemoryEntry>;
}

/** A load that has yet to begin. Its answer is new enough for every read that joins it before then. */
export interface QueuedLoad {
  /** The demands of all reads that have joined it. */
  demands: ReadDemands;
  hasStarted: boolean;
  readonly startsByMs: number;
  readonly answer: Promise<MemoryEntry>;
}

/** The newest load of each key that is under way. */
export type InFlight = Map<string, Load>;
