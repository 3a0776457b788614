import * as z from 'zod';
import type { ReadDemands } from '../../cache/look-up.ts';
import { type DeletedUser, selectSoughtUsers, type SoughtUser } from '../../db/reads/resolve.ts';
import { Account, accountForUser, AccountOfUser, toAccount } from '../accounts/accounts.ts';
import { adminOfAccount } from '../accounts/admins.ts';
import { depsOfMany } from '../batch/deps-of-many.ts';
import type { Caller } from '../caller.ts';
import type { Deps } from '../deps.ts';
import { AmbiguousError, LookUpError } from '../errors.ts';
import { bounded, wellFormed } from '../fields.ts';
import { reachOf } from '../deletions/deletions.ts';
import { find } from '../look-up.ts';
import { readPastCaches } from '../paged-read.ts';
import { toUser, User, USERNAME } from '../users/users.ts';
import { sentenceOfRead } from './read-sentences.ts';
import { Explanation } from './resolve-url.ts';
import * as sentences from './user-sentences.ts';

/** Which account answers for a user, and why. */
export const ResolvedUser = z
  .object({
    user: User,
    accounts: z.array(AccountOfUser),
    answer: Account.nullable(),
    rule: z.enum(['platform_admin', 'default_account', 'lowest_profile', 'none']),
    explanation: Explanation,
  })
  .meta({ id: 'ResolvedUser' });
export type ResolvedUser = z.infer<typeof ResolvedUser>;

/** The longest e-mail address or external id, with its kind before it. */
const MAX_NAME = 300;
const NAME_FAULT = `must have 1 to ${MAX_NAME} characters, none of them a control character`;

/** A name of a user by which it is resolved, on one line. */
export const SoughtUserName = bounded(MAX_NAME, NAME_FAULT)
  // oxlint-disable-next-line no-control-regex -- control characters are what it excludes
  .regex(/^[^\u0000-\u001f\u007f-\u009f]+$/u, { error: NAME_FAULT, abort: true })
  .refine(...wellFormed);

const NAMES = 'id, username, e-mail address or external id';
const MAX_CANDIDATES = 20;
const MAX_SHOWN = 100;
const LIMITS = { candidates: MAX_CANDIDATES + 1, memberships: MAX_SHOWN + 1 };

/**
 * Tells which account answers for a user and by which rule, the user's memberships and rights. `name` is an id, a username, an
 * e-mail address or an external id, or one of them by its kind, as in `id:3`. Throws `AmbiguousError`, with the candidates, where several users have
 * it, a `LookUpError` where none has, and `OriginUnavailable`. For a bound caller there are only the members of its account. With
 * `audit:read` the error names the deletion that holds a user of this id or username, if the caller may see it.
 */
export async function resolveUser(
  deps: Deps,
  caller: Caller,
  name: string,
  read: ReadDemands,
): Promise<ResolvedUser> {
  const { candidates, memberships, answer, deletion } = await readPastCaches(deps, {}, () =>
    selectSoughtUsers(deps.db, toSought(name), {
      platform: deps.platform,
      within: caller.accountNumber,
      limits: LIMITS,
      reach: caller.scopes.has('audit:read') ? reachOf(deps, caller) : null,
    }),
  );
  const [first, ...others] = candidates.map(toUser);
  if (!first) throw absent(deletion);
  if (others.length > 0) throw ambiguous([first, ...others]);
  const shown = memberships
    .slice(0, MAX_SHOWN)
    .flatMap(({ userProfileId, account }) =>
      account ? [{ userProfileId, account: toAccount(account) }] : [],
    );
  const found = { user: first, accounts: shown, isMore: memberships.length > MAX_SHOWN };
  return describe(deps, caller, { ...found, answer: answer && toAccount(answer) }, read);
}

function absent(deletion: DeletedUser | null): LookUpError {
  const deleted = deletion ? `; ${sentences.ofDeletion(deletion)}` : '';
  return new LookUpError('user_does_not_exist', `no user has this ${NAMES}${deleted}`);
}

const KIND = /^(id|username|email|externalId):(.*)$/s;
const ID = /^[1-9][0-9]{0,15}$/;

function toSought(text: string): SoughtUser {
  const [, kind, name = text] = KIND.exec(text) ?? [];
  const is = (one: string) => kind === undefined || kind === one;
  return {
    id: is('id') && ID.test(name) && Number.isSafeInteger(Number(name)) ? Number(name) : null,
    username: is('username') && USERNAME.test(name) ? name : null,
    email: is('email') ? name : null,
    externalId: is('externalId') ? name : null,
  };
}

function ambiguous(candidates: readonly User[]): AmbiguousError {
  const listed = candidates.slice(0, MAX_CANDIDATES);
  const ids = listed.map(({ id }) => id).join(', ');
  const more = candidates.length > MAX_CANDIDATES ? ' and more' : '';
  return new AmbiguousError(
    `user: several users have this ${NAMES}: those with the ids ${ids}${more}. Ask for one of them, such as id:${listed[0]?.id}`,
    listed,
  );
}

interface Found {
  readonly user: User;
  readonly accounts: AccountOfUser[];
  readonly isMore: boolean;
  readonly answer: Account | null;
}

// The caller did not ask for the look-up, so that no absence is noted.
const { noteAbsent: _noted, ...unnotedAccountForUser } = accountForUser;

async function describe(
  deps: Deps,
  { accountNumber: bound }: Caller,
  { user, accounts, isMore, answer: stored }: Found,
  read: ReadDemands,
): Promise<ResolvedUser> {
  const isShown = bound === null || stored === null || stored.accountNumber === bound;
  const answer = isShown ? stored : null;
  const rule = isShown ? ruleOf(deps, user, stored) : 'none';
  const explanation = [
    ...sentences.sentencesOfRights(user),
    sentences.sentenceOfMemberships(accounts.length, isMore),
    ...(bound === null ? [] : [sentences.OF_BOUND_CALLER]),
    ...(isShown ? sentences.RULES[rule](stored) : [sentences.ANSWER_NOT_SHOWN]),
    ...(isShown ? await sentencesOfReads(deps, user, stored, read) : []),
  ];
  return { user, accounts, answer, rule, explanation };
}

function ruleOf({ platform }: Deps, { username }: User, answer: Account | null): sentences.Rule {
  if (username === platform.adminUsername) return 'platform_admin';
  if (!answer) return 'none';
  return answer.isDefaultAccount ? 'default_account' : 'lowest_profile';
}

/** The reads that callers make of what was found, which travel together. */
async function sentencesOfReads(
  deps: Deps,
  { id: userId }: User,
  stored: Account | null,
  read: ReadDemands,
): Promise<string[]> {
  const { trace = {} } = read;
  const many = depsOfMany(deps);
  const [cached, found] = await Promise.all([
    find(many, unnotedAccountForUser, { userId }, { ...read, trace }),
    stored &&
      find(many, adminOfAccount, { accountNumber: stored.accountNumber }, { ...read, trace: undefined }),
  ]);
  const ofRead = sentenceOfRead("the user's account", trace, cached, stored);
  return stored ? [sentences.sentenceOfOwnAdmin(userId, stored, found?.user ?? null), ofRead] : [ofRead];
}
