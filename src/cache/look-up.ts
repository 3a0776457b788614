import type { Token } from './logical-time.ts';

/** How to answer every look-up of a kind, whatever its input. Made once: the context is what a request has to load with. */
export interface LookUpDefinition<C, I, T> extends AnswerRules<T> {
  /** Unique among all look-ups, e.g. `user:3`; holds no line break where the input is possible. */
  key(input: I): string;
  /** Whether there can be such a thing; where there cannot, it is absent, and nobody is asked. By default, always. */
  isPossible?(input: I): boolean;
  /** Asks the origin. The tags name everything that the answer, `null` included, depends on. */
  load(context: C, input: I): Promise<Loaded<T>>;
  /** Is told of every read that is answered by `null`. */
  noteAbsent?(context: C, input: I): void;
}

/** A look-up whose answer decides rights. */
export type RightsLookUp<C, I, T> = LookUpDefinition<C, I, T> & { readonly decidesRights: true };

/** What the origin answers. */
export interface Loaded<T> {
  readonly value: T;
  readonly tags: readonly string[];
}

/** How answers are read and kept. */
interface AnswerRules<T> {
  /** Parses what a store gave; throws on what is not an answer. */
  readonly parse: (json: unknown) => T;
  /** Whether the answer says that the thing is not there; by default, whether it is `null`. */
  isAbsent?(value: T): boolean;
  /** Absent answers stay out of memory: whoever may ask for any number of them would push out all others. */
  readonly forgetsAbsent?: boolean;
  /**
   * The answer decides what somebody may do or see. Its entries in the shared store are sealed, and one that is not authentic is
   * a miss: whoever can write there must not be able to give rights.
   */
  readonly decidesRights?: boolean;
  /** Whether the shared store may hold the answer; by default it may hold all that are small enough. */
  isShared?(value: T): boolean;
}

/** How to answer one look-up. */
export interface LookUp<T> extends AnswerRules<T> {
  readonly key: string;
  readonly load: () => Promise<Loaded<T>>;
}

/** A look-up as far as it says where its answers are kept and how they are read. */
export type KeyedLookUp = Pick<LookUp<unknown>, 'isAbsent' | 'key' | 'parse'>;

/** What a caller may demand of a read. */
export interface ReadDemands {
  /** Drop what is stored and load from the origin. */
  readonly reload?: boolean | undefined;
  /** Refuse an answer from memory that was read longer ago, in ms; 0 skips memory. */
  readonly maxAgeMs?: number | undefined;
  /** Answer no older than the write that returned this token. */
  readonly token?: Token | undefined;
  /** Filled with what each tier did. */
  readonly trace?: Trace | undefined;
}

/** What each tier that was asked did; times in ms. */
export interface Trace {
  memory?: { hit: boolean; ttlMs?: number; stored?: boolean; collapsed?: boolean; ms: number };
  shared?: { hit: boolean; ttlMs?: number; stored?: boolean; detail?: TierDetail; ms: number };
  origin?: { ms: number };
  /** Memory had an answer, but not one that the demands admit. */
  refused?: boolean;
}

export type TierDetail = 'stale-if-error' | 'breaker-open' | 'unavailable' | 'timeout';

/** Whether a read that was sent at that time meets `max-age`. */
export function isYoungEnough(sentAtMs: number, nowMs: number, { maxAgeMs }: ReadDemands): boolean {
  return maxAgeMs === undefined || (maxAgeMs > 0 && nowMs - sentAtMs <= maxAgeMs);
}
