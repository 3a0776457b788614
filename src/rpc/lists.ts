import * as z from 'zod';
import { accountsOfUser } from '../directory/accounts/accounts.ts';
import { platformAdmin } from '../directory/accounts/admins.ts';
import { answerOf } from '../directory/look-up.ts';
import { userProfilesOfAccount, validResourceOwners as owners } from '../directory/profiles/profiles.ts';
import { DEFAULT_FOUND, MAX_FOUND, searchDirectory, Sought } from '../directory/search.ts';
import { usersOfAccount } from '../directory/users/users.ts';
import { answerPage, paged, pagedMethod, pageOptions, scope } from './look-up-methods.ts';
import { ownersArguments, subjectOfOwners } from './look-ups.ts';
import { BadArgument, method } from './method.ts';

const searchOptions = z.strictObject({
  limit: z.int().min(1).max(MAX_FOUND).default(DEFAULT_FOUND),
  cursor: z.undefined('is no option of a search').optional(),
});

export const search = paged(
  method({
    args: z.object({ q: Sought, options: searchOptions }),
    scope,
    subject: () => ({ kind: 'search' }),
    run: (deps, { q, options: { limit } }, read, { caller }) =>
      searchDirectory(deps, caller, { q, limit }, read),
  }),
);

export const accountsForUser = pagedMethod(accountsOfUser);

export const usersForAccount = pagedMethod(usersOfAccount);

export const userProfilesForAccount = pagedMethod(userProfilesOfAccount);

export const validResourceOwners = paged(
  method({
    args: ownersArguments.extend({ options: pageOptions }),
    scope,
    subject: subjectOfOwners,
    run: async (deps, { userProfileId, options }, read, { caller }, env) => {
      if (userProfileId === null && options.cursor !== undefined)
        throw new BadArgument('cursor: this list has one page, and no cursor');
      if (userProfileId === null)
        return { items: [await answerOf(deps, platformAdmin, {}, read)], nextCursor: null };
      return answerPage(deps, owners, { caller, input: { userProfileId }, options, read, env });
    },
  }),
);
