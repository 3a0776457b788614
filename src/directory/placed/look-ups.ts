import * as z from 'zod';
import { answerFromStores } from '../../cache/placed/answer.ts';
import type { SentAnswer } from '../../cache/placed/protocol.ts';
import type { LookUpDefinition, ReadDemands } from '../../cache/look-up.ts';
import {
  accountByExternalId,
  accountByNumber,
  accountForUser,
  accountsOfUser,
  defaultAccount,
} from '../accounts/accounts.ts';
import { accountState } from '../accounts/active-account.ts';
import { adminOfAccount, platformAdmin } from '../accounts/admins.ts';
import type { Caller } from '../caller.ts';
import type { Deps } from '../deps.ts';
import { LookUpError, RefusedError } from '../errors.ts';
import { AccountNumber } from '../fields.ts';
import { AccountInput, ExternalIdInput, UserInput, UserProfileInput } from '../inputs.ts';
import { apiKeyById } from '../keys/checked-key.ts';
import type { DefinedList, Slice } from '../list.ts';
import type { InputOf, LookUpBasics } from '../look-up.ts';
import { userProfileById, userProfilesOfAccount, validResourceOwners } from '../profiles/profiles.ts';
import type { Subject } from '../subject.ts';
import { userByExternalId, userById, userByUsername, usersOfAccount, Username } from '../users/users.ts';
import {
  accountWithExternalId,
  memberNamed,
  memberOfAccount,
  memberWithExternalId,
  profileInAccount,
  requireOwn,
  requireReach,
} from '../visibility.ts';

/** A question of an isolate elsewhere, to be answered from the stores. */
export interface PlacedQuestion {
  /** True unless it is known before the answer that the caller may not see it. There is no caller while a key is checked. */
  mayAsk(deps: Deps, caller: Caller | null, read: ReadDemands): Promise<boolean>;
  /** True unless the answer tells that the caller may not see it. */
  isOwn(caller: Caller | null, value: unknown): boolean;
  answer(deps: Deps, read: ReadDemands): Promise<SentAnswer>;
}

/** Makes the question of an input; null if it is none. */
export type ToQuestion = (input: unknown) => PlacedQuestion | null;

type MayAsk<I> = (deps: Deps, caller: Caller | null, input: I, read: ReadDemands) => Promise<boolean>;

interface Rights<I> {
  readonly mayAsk: MayAsk<I>;
  isOwn?(caller: Caller | null, input: I, value: unknown): boolean;
}

function questionsOf<I, V>(
  definition: LookUpDefinition<Deps, I, V>,
  schema: z.ZodType<I>,
  { mayAsk, isOwn }: Rights<I>,
): ToQuestion {
  return (json) => {
    const { data: input, success } = schema.safeParse(json);
    if (!success || definition.isPossible?.(input) === false) return null;
    return {
      mayAsk: (deps, caller, read) => mayAsk(deps, caller, input, read),
      isOwn: (caller, value) => isOwn?.(caller, input, value) ?? true,
      answer: (deps, read) => answerFromStores(deps.cache, definition, deps, input, read),
    };
  };
}

/** Who changes the directory also reads what is there. */
function maySeeSome(caller: Caller | null): caller is Caller {
  return caller !== null && (caller.scopes.has('directory:read') || caller.scopes.has('directory:write'));
}

async function isReached(
  deps: Deps,
  caller: Caller | null,
  subject: Subject,
  { token }: ReadDemands,
): Promise<boolean> {
  if (!maySeeSome(caller)) return false;
  // An isolate that demanded a new membership has just had it loaded.
  return succeeds(requireReach(deps, caller, subject, { token }));
}

async function succeeds(required: Promise<void>): Promise<boolean> {
  try {
    await required;
    return true;
  } catch (error) {
    if (error instanceof LookUpError || error instanceof RefusedError) return false;
    throw error;
  }
}

function ofDirectory<S extends z.ZodRawShape, V>(
  lookUp: LookUpBasics<S> & LookUpDefinition<Deps, InputOf<S>, V>,
): ToQuestion {
  return questionsOf(lookUp, lookUp.input, {
    mayAsk: (deps, caller, input, read) => isReached(deps, caller, lookUp.subject(input), read),
    isOwn: (caller, input, value) => caller !== null && tellsOwn(caller, lookUp.subject(input), value),
  });
}

function tellsOwn(caller: Caller, subject: Subject, value: unknown): boolean {
  try {
    requireOwn(caller, subject, typeof value === 'object' ? value : null);
    return true;
  } catch (error) {
    if (error instanceof LookUpError) return false;
    throw error;
  }
}

const Page = z.object({
  limit: z.int().positive(),
  afterId: z.int().nonnegative(),
  isCached: z.literal(true),
});

function ofList<S extends z.ZodRawShape, T>(list: DefinedList<S, T>): ToQuestion {
  const { input, slices, spansAccounts = false } = list;
  const parts = z.object({ page: Page.optional(), within: z.string().nullable() });
  // Zod cannot tell the input of a schema that is a type parameter.
  const slice = z.object({ input }).and(parts) as unknown as z.ZodType<Slice<InputOf<S>>>;
  return questionsOf(slices, slice, {
    async mayAsk(deps, caller, asked, read) {
      const within = spansAccounts ? (caller?.accountNumber ?? null) : null;
      return asked.within === within && isReached(deps, caller, list.subject(asked.input), read);
    },
  });
}

/** A question about an account that only the service asks, for a caller that is bound to it. */
function ofBound<I, V>(
  definition: LookUpDefinition<Deps, I, V>,
  schema: z.ZodType<I>,
  accountOf: (input: I) => string,
): ToQuestion {
  return questionsOf(definition, schema, {
    mayAsk: async (_deps, caller, input) => caller?.accountNumber === accountOf(input),
  });
}

type InAccount = { readonly accountNumber: string };
const accountIn = ({ accountNumber }: InAccount): string => accountNumber;

const InAccountByExternalId = AccountInput.extend(ExternalIdInput.shape);

// A key is looked up before its caller is known.
const anybody = { mayAsk: async () => true };

/** All look-ups that isolates elsewhere may ask, by their names. */
export const placedLookUps: Readonly<Record<string, ToQuestion>> = {
  [accountByNumber.name]: ofDirectory(accountByNumber),
  [accountByExternalId.name]: ofDirectory(accountByExternalId),
  [defaultAccount.name]: ofDirectory(defaultAccount),
  [accountForUser.name]: ofDirectory(accountForUser),
  [adminOfAccount.name]: ofDirectory(adminOfAccount),
  [platformAdmin.name]: ofDirectory(platformAdmin),
  [userById.name]: ofDirectory(userById),
  [userByUsername.name]: ofDirectory(userByUsername),
  [userByExternalId.name]: ofDirectory(userByExternalId),
  [userProfileById.name]: ofDirectory(userProfileById),
  [accountsOfUser.name]: ofList(accountsOfUser),
  [usersOfAccount.name]: ofList(usersOfAccount),
  [userProfilesOfAccount.name]: ofList(userProfilesOfAccount),
  [validResourceOwners.name]: ofList(validResourceOwners),
  key: questionsOf(apiKeyById, z.int().positive(), anybody),
  accountState: ofBound(accountState, AccountNumber, (accountNumber) => accountNumber),
  memberOfAccount: ofBound(memberOfAccount, AccountInput.extend(UserInput.shape), accountIn),
  profileInAccount: ofBound(profileInAccount, AccountInput.extend(UserProfileInput.shape), accountIn),
  memberNamed: ofBound(memberNamed, AccountInput.extend({ username: Username }), accountIn),
  accountWithExternalId: ofBound(accountWithExternalId, InAccountByExternalId, accountIn),
  memberWithExternalId: ofBound(memberWithExternalId, InAccountByExternalId, accountIn),
};
