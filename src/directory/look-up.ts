import type * as z from 'zod';
import { OutOfReach } from '../cache/errors.ts';
import type { KeyedLookUp, LookUpDefinition, ReadDemands } from '../cache/look-up.ts';
import { readThrough } from '../cache/read-through.ts';
import { type Counted, countedAs } from './counted.ts';
import type { Deps } from './deps.ts';
import type { LookUpCode } from './errors.ts';
import type { Subject } from './subject.ts';

/** The part of a definition that look-ups of one thing and of lists share. */
export interface LookUpBasics<S extends z.ZodRawShape> {
  /** The function of the original platform that it answers. */
  readonly implements?: string;
  readonly input: z.ZodObject<S>;
  /** Decides who may see the answer. */
  subject(input: InputOf<S>): Subject;
  /** Codes of the errors that say that there is no answer. */
  readonly errors: readonly LookUpCode[];
}

export type InputOf<S extends z.ZodRawShape> = z.output<z.ZodObject<S>>;

/** A look-up, whole: HTTP, RPC, the batch and the explanation are derived from it. */
export interface DefinedLookUp<N extends string, S extends z.ZodRawShape, A, V>
  extends LookUpBasics<S>, LookUpDefinition<Deps, InputOf<S>, V> {
  /** Names it in a batch, and among what is counted. */
  readonly name: N;
  /** Schema of what callers are answered. */
  readonly value: z.ZodType<A>;
  /** Makes the caller's answer from the cached value; throws a `LookUpError` when there is none. */
  answer(found: V, input: InputOf<S>): A;
}

/** A look-up whose answer the caches hold as it is, or `null` for what is not there. */
interface PlainLookUp<N extends string, S extends z.ZodRawShape, A> extends Omit<
  DefinedLookUp<N, S, A, A | null>,
  'answer' | 'kind' | 'parse'
> {
  /** Throws a `LookUpError` that says that there is no such thing. */
  absent(input: InputOf<S>): never;
}

/** Defines a look-up of one thing. */
export function defineLookUp<const N extends Counted, S extends z.ZodRawShape, A>(
  plain: PlainLookUp<N, S, A>,
): DefinedLookUp<N, S, A, A | null> {
  const { parse } = plain.value.nullable();
  return {
    ...plain,
    kind: countedAs(plain.name),
    parse,
    answer: (found, input) => found ?? plain.absent(input),
  };
}

/** Reads the value from the caches or Postgres; null when there is none. */
export function find<I, V>(
  deps: Deps,
  lookUp: LookUpDefinition<Deps, I, V>,
  input: I,
  read?: ReadDemands,
): Promise<V> {
  const found = readThrough(deps.cache, lookUp, deps, input, read);
  // The values of all look-ups that are found here have null for what is not there.
  return deps.cache.placed ? found.catch((error: unknown) => nullIfUnseen(error) as V) : found;
}

// The origin Worker has checked once more who may see the answer, by memberships that may be newer than those in memory here.
function nullIfUnseen(error: unknown): null {
  if (error instanceof OutOfReach) return null;
  throw error;
}

/** Reads the caller's answer; throws a `LookUpError` when there is none. */
export async function answerOf<S extends z.ZodRawShape, A, V>(
  deps: Deps,
  lookUp: DefinedLookUp<string, S, A, V>,
  input: InputOf<S>,
  read?: ReadDemands,
): Promise<A> {
  return lookUp.answer(await find(deps, lookUp, input, read), input);
}

/** The cache's view of this input: the key of the answer, and the loader. */
export function keyedBy<C, I, V>(lookUp: LookUpDefinition<C, I, V>, input: I): KeyedLookUp {
  return { ...lookUp, key: lookUp.key(input) };
}
