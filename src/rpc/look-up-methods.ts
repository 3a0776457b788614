import * as z from 'zod';
import type { ReadDemands } from '../cache/look-up.ts';
import type { Caller } from '../directory/caller.ts';
import type { Deps } from '../directory/deps.ts';
import { type DefinedList, nameOfSlice, readList, readWholeList, sliceFor } from '../directory/list.ts';
import { answerOf, type DefinedLookUp, find, type InputOf } from '../directory/look-up.ts';
import { cursorAfter, DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE, toPage } from '../directory/page.ts';
import { decodeCursor, isCursorOf, NO_CURSOR, sealCursor } from '../cursor.ts';
import type { RpcPage } from '../shapes/rpc.ts';
import { BadArgument, type CallContext, method } from './method.ts';

export const scope = 'directory:read';

const id = z.int().positive();
/** The arguments that are the input of look-ups. A username or number that cannot be is absent, and no wrong argument. */
const inputArguments: z.ZodRawShape = {
  // An empty one has an error of its own, thrown by the look-up.
  accountNumber: z.preprocess((value) => value ?? '', z.string()),
  userId: id,
  userProfileId: id,
  username: z.string(),
  externalId: z.string(),
};

export const pageOptions = z.object({
  limit: z.int().min(1).max(MAX_PAGE_SIZE).default(DEFAULT_PAGE_SIZE),
  cursor: z.string().nullish(),
});

/** The method that answers the look-up. */
export function lookUpMethod<S extends z.ZodRawShape, A, V>(lookUp: DefinedLookUp<string, S, A, V>) {
  return method({
    ...argumentsOf(lookUp),
    run: (deps, input, read) => answerOf(deps, lookUp, input, read),
  });
}

/** Like `lookUpMethod`, but an absence is null and not an error. */
export function nullableMethod<S extends z.ZodRawShape, A>(lookUp: DefinedLookUp<string, S, A, A | null>) {
  return method({
    ...argumentsOf(lookUp),
    isNullable: true,
    run: (deps, input, read) => find(deps, lookUp, input, read),
  });
}

/** The method that answers the whole list. */
export function wholeListMethod<S extends z.ZodRawShape, T>(list: DefinedList<S, T>) {
  return method({
    ...argumentsOf(list),
    run: (deps, input, read, { caller }) => readWholeList(deps, list, caller, input, read),
  });
}

/** The method that answers a page of the list. */
export function pagedMethod<S extends z.ZodRawShape, T>(list: DefinedList<S, T>) {
  const { args, subject } = argumentsOf(list);
  return paged(
    method({
      args: z.intersection(args, z.object({ options: pageOptions })),
      scope,
      subject,
      run: (deps, input, read, { caller }, env) =>
        answerPage(deps, list, { caller, input, options: input.options, read, env }),
    }),
  );
}

/** The arguments of a look-up over RPC, and the callers that may use it. */
export function argumentsOf<S extends z.ZodRawShape>({
  input,
  subject,
}: Pick<DefinedLookUp<string, S, unknown, unknown>, 'input' | 'subject'>) {
  const names = Object.keys(input.shape);
  const shape = Object.fromEntries(names.map((name) => [name, inputArguments[name]]));
  // Arguments of the same names and types as the fields of the input, which are stricter.
  const args = z.object(shape as z.ZodRawShape) as unknown as z.ZodType<InputOf<S>>;
  return { args, scope, subject } as const;
}

/** Moves `limit` and `cursor` from the last argument to the others. The rest of it is the same as for every look-up. */
export function paged<T>(list: (env: object, ctx: CallContext, args: object, read: unknown) => Promise<T>) {
  return (env: object, ctx: CallContext, args: object, given: unknown): Promise<T> => {
    const { limit, cursor, ...read } = Object(given) as Record<string, unknown>;
    const isObject = typeof given === 'object' && given !== null;
    return list(env, ctx, { ...args, options: { limit, cursor } }, isObject ? read : given);
  };
}

interface AskedPage<I> {
  readonly caller: Caller;
  readonly input: I;
  readonly options: z.output<typeof pageOptions>;
  readonly read: ReadDemands;
  readonly env: object;
}

/** A page of the list, with the cursor of the next one. */
export async function answerPage<S extends z.ZodRawShape, T>(
  deps: Deps,
  list: DefinedList<S, T>,
  { caller, input, options: { limit, cursor: text }, read, env }: AskedPage<InputOf<S>>,
): Promise<RpcPage<T>> {
  const name = nameOfSlice(list, sliceFor(list, caller, input, undefined));
  const cursor = text === undefined || text === null ? undefined : decodeCursor(text);
  if (cursor === null || (cursor && !(await isCursorOf(env, name, cursor))))
    throw new BadArgument(`options.cursor: ${NO_CURSOR}`);
  const page = toPage(limit, cursor);
  const answer = await readList(deps, list, sliceFor(list, caller, input, page), read);
  const next = cursorAfter(page, answer);
  return { items: answer.items, nextCursor: next && (await sealCursor(env, name, next)) };
}
