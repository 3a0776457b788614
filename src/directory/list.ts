import * as z from 'zod';
import type { Loaded, LookUpDefinition, ReadDemands } from '../cache/look-up.ts';
import { isAnswerTooLarge } from '../db/client/errors.ts';
import type { Caller } from './caller.ts';
import { type Counted, countedAs } from './counted.ts';
import type { Deps } from './deps.ts';
import { type RefusalCode, RefusedError } from './errors.ts';
import { find, type InputOf, type LookUpBasics } from './look-up.ts';
import { MAX_WHOLE_LIST, type Page, type Paged, pageKey } from './page.ts';
import { readPastCaches } from './paged-read.ts';

/** A part of a list: a page, or the whole list where there is none. */
export interface Slice<I> {
  readonly input: I;
  readonly page: Page | undefined;
  /** The number of the account to which the caller is bound, if the list shows such a caller only what concerns that account. */
  readonly within: string | null;
}

type Found<T> = Paged<T> | null;

/** The look-up of a list in the order of ids, whole or a page at a time. */
interface ListSpec<S extends z.ZodRawShape, T> extends LookUpBasics<S> {
  readonly item: z.ZodType<T>;
  /** Names it among what is counted, and to the origin Worker. */
  readonly name: Counted;
  /** Names the list in its cursors and its keys. */
  nameOf(input: InputOf<S>): string;
  /** True if the list concerns several accounts, so that a bound caller sees only the part that concerns its own. */
  readonly spansAccounts?: boolean;
  /** The same as in `LookUpDefinition`. */
  isPossible?(input: InputOf<S>): boolean;
  isShared?(found: Found<T>): boolean;
  load(deps: Deps, slice: Slice<InputOf<S>>): Promise<Loaded<Found<T>>>;
  /** Throws a `LookUpError` that says that there is not what has the list. */
  absent(input: InputOf<S>): never;
  /** Makes the error of a list that is too long to be answered whole. */
  readonly tooMany: {
    readonly code: RefusalCode;
    /** The argument and what it names, e.g. `accountNumber: the account`. */
    readonly owner: string;
    readonly items: string;
    /** The method that answers a page at a time. */
    readonly pagedMethod: string;
  };
}

/** An account has more members than are answered whole. */
export function tooManyMembers(pagedMethod: string): ListSpec<z.ZodRawShape, unknown>['tooMany'] {
  return { code: 'too_many_members', owner: 'accountNumber: the account', items: 'members', pagedMethod };
}

export interface DefinedList<S extends z.ZodRawShape, T> extends Omit<
  ListSpec<S, T>,
  'isPossible' | 'isShared' | 'load'
> {
  readonly slices: LookUpDefinition<Deps, Slice<InputOf<S>>, Found<T>>;
}

/** Defines a list in the order of ids. */
export function defineList<S extends z.ZodRawShape, T>(spec: ListSpec<S, T>): DefinedList<S, T> {
  const { parse } = z.object({ items: z.array(spec.item), nextAfterId: z.int().nullable() }).nullable();
  const slices: DefinedList<S, T>['slices'] = {
    kind: countedAs(spec.name),
    name: spec.name,
    // The part of one account is kept once, whatever the limit.
    key: (slice) => `${nameOfSlice(spec, slice)}:${pageKey(slice.within === null ? slice.page : undefined)}`,
    parse,
    isPossible: ({ input }) => spec.isPossible?.(input) ?? true,
    isShared: (found) => spec.isShared?.(found) ?? true,
    load: (deps, slice) => spec.load(deps, slice),
  };
  return { ...spec, slices };
}

/** The slice of the list that the caller is shown. */
export function sliceFor<S extends z.ZodRawShape>(
  list: Pick<DefinedList<S, unknown>, 'spansAccounts'>,
  { accountNumber }: Pick<Caller, 'accountNumber'>,
  input: InputOf<S>,
  page: Page | undefined,
): Slice<InputOf<S>> {
  return { input, page, within: list.spansAccounts ? accountNumber : null };
}

/** Names the list of the slice in its cursors. The part of one account is a list of its own. */
export function nameOfSlice<S extends z.ZodRawShape>(
  list: Pick<DefinedList<S, unknown>, 'nameOf'>,
  { input, within }: Slice<InputOf<S>>,
): string {
  return within === null ? list.nameOf(input) : `${list.nameOf(input)}@${within}`;
}

/** A page of the list, or all of it; past the caches where they may not hold the page. Throws as `absent` does. */
export async function readList<S extends z.ZodRawShape, T>(
  deps: Deps,
  list: DefinedList<S, T>,
  slice: Slice<InputOf<S>>,
  read: ReadDemands = {},
): Promise<Paged<T>> {
  const { slices } = list;
  const { input, page } = slice;
  const isKept = page?.isCached ?? true;
  if (isKept) return (await find(deps, slices, slice, read)) ?? list.absent(input);
  if (slices.isPossible?.(slice) === false) return list.absent(input);
  const load = async () => slices.parse((await slices.load(deps, slice)).value);
  return (await readPastCaches(deps, read, load)) ?? list.absent(input);
}

/** All items of the list; throws as `readList` does, and when there are too many, or their rows are too large, for one answer. */
export async function readWholeList<S extends z.ZodRawShape, T>(
  deps: Deps,
  list: DefinedList<S, T>,
  caller: Pick<Caller, 'accountNumber'>,
  input: InputOf<S>,
  read?: ReadDemands,
): Promise<readonly T[]> {
  const { code, owner, items: what, pagedMethod } = list.tooMany;
  const refuse = (many: string) =>
    new RefusedError(code, `${owner} has ${many}; call ${pagedMethod}, which answers a page at a time`);
  const slice = sliceFor(list, caller, input, undefined);
  const { items, nextAfterId } = await readList(deps, list, slice, read).catch((error: unknown) => {
    throw isAnswerTooLarge(error) ? refuse(`${what} too large to be answered whole`) : error;
  });
  if (nextAfterId !== null) throw refuse(`more than ${MAX_WHOLE_LIST} ${what}`);
  return items;
}
