import * as z from 'zod';
import type { ReadDemands, Trace } from '../../cache/look-up.ts';
import { type ResolvedNumber, selectNumber } from '../../db/reads/resolve.ts';
import { Account, accountByNumber, toAccount } from '../accounts/accounts.ts';
import { Reason } from '../accounts/account-number-reason.ts';
import { explainAccountNumber, type ExplainedAccountNumber } from '../accounts/explain-account-number.ts';
import { AuditEntry, toEntry } from '../audit.ts';
import type { Caller } from '../caller.ts';
import type { Deps } from '../deps.ts';
import { bounded } from '../fields.ts';
import { find } from '../look-up.ts';
import { readPastCaches } from '../paged-read.ts';
import { toUser, User } from '../users/users.ts';
import { sentenceOfRead } from './read-sentences.ts';
import * as sentences from './url-sentences.ts';

const MAX_CHANGES = 10;

/** A URL or a host; anything else is answered, too. */
export const SoughtUrl = bounded(8_192);

/** Sentences for people: what was found, by which rule, and what would change it. */
export const Explanation = z.array(z.string());

/** What there is to say of a URL. */
export const ResolvedUrl = z
  .object({
    accountNumber: z.string().nullable(),
    reason: Reason,
    state: z.enum(['active', 'inactive', 'deleted', 'never']).nullable(),
    account: Account.nullable(),
    deletion: z
      .object({
        at: z.iso.datetime(),
        by: z.string().nullable(),
        deletionId: z.int().nullable(),
      })
      .nullable(),
    adminUser: User.nullable(),
    explanation: Explanation,
    changes: z.array(AuditEntry),
  })
  .meta({ id: 'ResolvedUrl' });
export type ResolvedUrl = z.infer<typeof ResolvedUrl>;

const nothing = () => ({ state: null, account: null, deletion: null, adminUser: null, changes: [] });

/**
 * Tells which account a URL or a host names and why, or why none; what became of the account, who answers as its admin, and its
 * last changes. What Postgres holds is asked past the caches, in one request, beside the read that callers make. Another account
 * than that of a bound caller answers as one that never was. Throws `OriginUnavailable`.
 */
export async function resolveUrl(
  deps: Deps,
  caller: Caller,
  { url, suffixes }: { readonly url: string; readonly suffixes: readonly string[] },
  read: ReadDemands,
): Promise<ResolvedUrl> {
  const { accountNumber, reason } = explain(url, suffixes);
  if (accountNumber === null || reason !== 'found') {
    const explanation = reason === 'found' ? [] : [sentences.NO_NUMBER[reason]];
    return { ...nothing(), accountNumber, reason, explanation };
  }
  const about = { accountNumber, reason } as const;
  const named = sentences.sentenceOfNumber(accountNumber);
  // Nothing is asked, so that the time tells nothing either.
  if (caller.accountNumber !== null && caller.accountNumber !== accountNumber)
    return { ...nothing(), ...about, state: 'never', explanation: [named, sentences.NEVER] };
  const { trace = {} } = read;
  const [cached, stored] = await Promise.all([
    find(deps, accountByNumber, { accountNumber }, { ...read, trace }),
    readPastCaches(deps, {}, () =>
      selectNumber(deps.db, accountNumber, {
        entriesLimit: MAX_CHANGES,
        keptDays: deps.platform.deletionsKeptDays,
      }),
    ),
  ]);
  const told = describe(caller, stored);
  const { explanation } = told;
  return { ...told, ...about, explanation: [named, ...explanation, readOf(trace, cached, stored)] };
}

/** The beginning of a host, and no scheme with its slashes: a host with a port parses as a URL of another scheme. */
const HOST = /^(?![^/?#]*:\/\/)[^/\\?#]/;

function explain(text: string, suffixes: readonly string[]): ExplainedAccountNumber {
  const explained = explainAccountNumber(text, suffixes);
  const host = text.trim();
  if (explained.reason !== 'no_http_url' || !HOST.test(host)) return explained;
  return explainAccountNumber(`http://${host}`, suffixes);
}

function readOf(trace: Trace, cached: Account | null, { account }: ResolvedNumber): string {
  return sentenceOfRead('the account', trace, cached, account);
}

type Description = Omit<ResolvedUrl, 'accountNumber' | 'reason'>;

function describe(
  caller: Caller,
  { account, admin, retired, deletion, entries }: ResolvedNumber,
): Description {
  const changes = caller.scopes.has('audit:read') ? entries.map(toEntry) : null;
  if (account) return describeAccount(toAccount(account), admin, changes);
  if (retired) return describeDeletion({ retired, deletion }, entries[0], changes);
  return { ...nothing(), state: 'never', explanation: [sentences.NEVER] };
}

/** Changes that the caller may not see are null. */
type Changes = AuditEntry[] | null;

function describeAccount(account: Account, found: ResolvedNumber['admin'], changes: Changes): Description {
  const admin = found && { userProfileId: found.userProfileId, user: toUser(found.user) };
  return {
    ...nothing(),
    state: account.isActive ? 'active' : 'inactive',
    account,
    adminUser: admin && admin.user,
    explanation: [
      sentences.sentenceOfState(account),
      ...sentences.sentencesOfAdmin(admin),
      sentences.sentenceOfChanges(changes?.length),
    ],
    changes: changes ?? [],
  };
}

interface Deleted extends Pick<ResolvedNumber, 'deletion'> {
  readonly retired: NonNullable<ResolvedNumber['retired']>;
}

function describeDeletion(
  { retired, deletion: kept }: Deleted,
  last: ResolvedNumber['entries'][number] | undefined,
  changes: Changes,
): Description {
  const noted = last?.action === 'delete' ? last : undefined;
  // An account that came back and was deleted again retired its number the first time.
  const told = noted ? new Date(noted.instant) : retired.retiredAt;
  const { id, at, actor } = kept ?? { id: null, at: told, actor: noted?.actor ?? null };
  const deletion = { at: at.toISOString(), by: actor, deletionId: id };
  const requestId = (changes && noted?.requestId) ?? null;
  return {
    ...nothing(),
    state: 'deleted',
    deletion,
    explanation: [
      ...sentences.sentencesOfDeletion(retired.accountId, deletion, requestId),
      sentences.sentenceOfChanges(changes?.length),
    ],
    changes: changes ?? [],
  };
}
