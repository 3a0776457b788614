import type { Token } from './logical-time.ts';

/** Defines all look-ups of one kind. It is made once; `context` brings the clients of the request that loads. */
export interface LookUpDefinition<C, I, T> extends AnswerRules<T> {
  /** Names its questions to the Worker beside the stores. Their input is JSON then. Without a name they are asked here. */
  readonly name?: string;
  /** A key that is unique among all look-ups, e.g. `user:3`. It holds no line break if the input is possible. */
  key(input: I): string;
  /** False for an input that can name nothing: it is absent, and no store is asked. By default every input is possible. */
  isPossible?(input: I): boolean;
  /** Asks the origin. The tags name everything that the answer, `null` included, depends on. */
  load(context: C, input: I): Promise<Loaded<T>>;
  /** Called for every read that is answered by `null`. */
  noteAbsent?(context: C, input: I): void;
}

/** A look-up whose answer decides rights. */
export type RightsLookUp<C, I, T> = LookUpDefinition<C, I, T> & { readonly decidesRights: true };

/** An answer of the origin. */
export interface Loaded<T> {
  readonly value: T;
  readonly tags: readonly string[];
}

/** The rules by which answers are read and kept. */
interface AnswerRules<T> {
  /** The position of its kind among those that are counted apart. */
  readonly kind: number;
  /** Parses the JSON from a store. Throws if it is not an answer. */
  readonly parse: (json: unknown) => T;
  /** True for an answer that says that the thing does not exist. By default that is `null`. */
  isAbsent?(value: T): boolean;
  /** Keeps absent answers out of memory. A caller who asks for very many of them would push out all others. */
  readonly forgetsAbsent?: boolean;
  /**
   * The answer decides what a caller may do or see. Its entries in the shared store are sealed, and an entry that is not authentic
   * is a miss: access to the store must not suffice to grant rights.
   */
  readonly decidesRights?: boolean;
  /** False for an answer that the shared store must not hold. By default it holds all that are small enough. */
  isShared?(value: T): boolean;
}

/** One look-up, bound to its input and to the request that would load. */
export interface LookUp<T> extends AnswerRules<T> {
  readonly key: string;
  /** The look-up and its input, by which the Worker beside the stores answers it. */
  readonly question?: NamedInput;
  readonly load: () => Promise<Loaded<T>>;
}

/** The name of a look-up, and an input in JSON. */
export interface NamedInput {
  readonly name: string;
  readonly input: unknown;
}

/** The parts of a look-up that name its entries and parse them. */
export type KeyedLookUp = Pick<LookUp<unknown>, 'isAbsent' | 'key' | 'parse'>;

/** The demands that a caller may make of a read. */
export interface ReadDemands {
  /** Drop the stored entry and load from the origin. */
  readonly reload?: boolean | undefined;
  /** Refuse an answer from memory that was read longer ago, in ms; 0 skips memory. */
  readonly maxAgeMs?: number | undefined;
  /** Answer no older than the write that returned this token. */
  readonly token?: Token | undefined;
  /** The read notes in it what each tier did. */
  readonly trace?: Trace | undefined;
}

/** The part of each tier in a read, if it was asked; times in ms. */
export interface Trace {
  memory?: { hit: boolean; ttlMs?: number; stored?: boolean; collapsed?: boolean; ms: number };
  shared?: { hit: boolean; ttlMs?: number; stored?: boolean; detail?: TierDetail; ms: number };
  origin?: { ms: number };
  /** The call to the Worker beside the stores, which tells of the tiers there; with a detail, the read asked them itself. */
  placed?: { ms: number; detail?: TierDetail };
  /** Memory had an answer that the demands refused. */
  refused?: boolean;
}

export type TierDetail = 'stale-if-error' | 'breaker-open' | 'unavailable' | 'timeout';

/** True if the answer of a read that was sent at that time meets `max-age`. */
export function isYoungEnough(sentAtMs: number, nowMs: number, { maxAgeMs }: ReadDemands): boolean {
  return maxAgeMs === undefined || (maxAgeMs > 0 && nowMs - sentAtMs <= maxAgeMs);
}
