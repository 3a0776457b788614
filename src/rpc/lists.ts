import * as z from 'zod';
import { getCachedSmarterAdminUserProfile } from '../directory/accounts/admins.ts';
import {
  cursorAfter,
  DEFAULT_PAGE_SIZE,
  MAX_PAGE_SIZE,
  type Page,
  type Paged,
  toPage,
} from '../directory/page.ts';
import {
  listUserProfilesForAccount,
  listValidResourceOwners,
  nameOfOwnerList,
  nameOfProfileList,
} from '../directory/profiles/profiles.ts';
import { listUsersForAccount, nameOfUserList } from '../directory/users/users.ts';
import { decodeCursor, isCursorOf, NO_CURSOR, sealCursor } from '../cursor.ts';
import { BadArgument, type CallContext, method, type RpcOptions } from './method.ts';

/** What a list takes as its last argument. */
export interface PageOptions extends RpcOptions {
  /** Greatest number of items, 1 to 500; 100 where it is not given. */
  readonly limit?: number;
  /** `nextCursor` of the page before. */
  readonly cursor?: string | null;
}

/** A page of a list. */
export interface RpcPage<T> {
  readonly items: readonly T[];
  /** `cursor` of the next page; null on the last one. */
  readonly nextCursor: string | null;
}

const scope = 'directory:read';
// An empty one has an error of its own, thrown by the look-up.
const accountNumber = z.preprocess((value) => value ?? '', z.string());
const options = z.object({
  limit: z.int().min(1).max(MAX_PAGE_SIZE).default(DEFAULT_PAGE_SIZE),
  cursor: z.string().nullish(),
});
type PageArguments = z.output<typeof options>;

export const usersForAccount = paged(
  method({
    args: z.object({ accountNumber, options }),
    scope,
    subject: (args) => ({ kind: 'account', accountNumber: args.accountNumber }),
    run: (deps, args, read, _writer, env) =>
      answerPage(env, nameOfUserList(args.accountNumber), args.options, (page) =>
        listUsersForAccount(deps, args.accountNumber, page, read),
      ),
  }),
);

export const userProfilesForAccount = paged(
  method({
    args: z.object({ accountNumber, options }),
    scope,
    subject: (args) => ({ kind: 'account', accountNumber: args.accountNumber }),
    run: (deps, args, read, _writer, env) =>
      answerPage(env, nameOfProfileList(args.accountNumber), args.options, (page) =>
        listUserProfilesForAccount(deps, args.accountNumber, page, read),
      ),
  }),
);

export const validResourceOwners = paged(
  method({
    args: z.object({ userProfileId: z.int().positive().nullable(), options }),
    scope,
    subject: ({ userProfileId }) =>
      userProfileId === null ? { kind: 'platform-admin' } : { kind: 'user-profile', userProfileId },
    run: async (deps, { userProfileId, options: asked }, read, _writer, env) => {
      if (userProfileId === null && asked.cursor !== undefined)
        throw new BadArgument('cursor: this list has one page, and no cursor');
      if (userProfileId === null)
        return { items: [await getCachedSmarterAdminUserProfile(deps, read)], nextCursor: null };
      return answerPage(env, nameOfOwnerList(userProfileId), asked, (page) =>
        listValidResourceOwners(deps, userProfileId, page, read),
      );
    },
  }),
);

/** Takes what says which page it is out of the last argument, which else is that of every look-up. */
function paged<T>(list: (env: object, ctx: CallContext, args: object, read: unknown) => Promise<T>) {
  return (env: object, ctx: CallContext, args: object, given: unknown): Promise<T> => {
    const { limit, cursor, ...read } = Object(given) as Record<string, unknown>;
    const isObject = typeof given === 'object' && given !== null;
    return list(env, ctx, { ...args, options: { limit, cursor } }, isObject ? read : given);
  };
}

async function answerPage<T>(
  env: object,
  list: string,
  { limit, cursor: text }: PageArguments,
  read: (page: Page) => Promise<Paged<T>>,
): Promise<RpcPage<T>> {
  const cursor = text === undefined || text === null ? undefined : decodeCursor(text);
  if (cursor === null || (cursor && !(await isCursorOf(env, list, cursor))))
    throw new BadArgument(`options.cursor: ${NO_CURSOR}`);
  const page = toPage(limit, cursor);
  const answer = await read(page);
  const next = cursorAfter(page, answer);
  return { items: answer.items, nextCursor: next && (await sealCursor(env, list, next)) };
}
