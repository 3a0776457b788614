import * as z from 'zod';
import type { RightsLookUp } from '../../cache/look-up.ts';
import { readForRights } from '../../cache/read-through.ts';
import { selectAccountByNumber } from '../../db/reads/accounts.ts';
import type { Caller } from '../caller.ts';
import { countedAs } from '../counted.ts';
import type { Deps } from '../deps.ts';
import { RefusedError } from '../errors.ts';

/** Reads whether an account is active; null if there is no such account. */
export const accountState: RightsLookUp<Deps, string, boolean | null> = {
  kind: countedAs('accountState'),
  name: 'accountState',
  key: (accountNumber) => `is-active:${accountNumber}`,
  parse: z.boolean().nullable().parse,
  decidesRights: true,
  async load({ db }, accountNumber) {
    const row = await selectAccountByNumber(db, accountNumber);
    const tags = [`account-number:${accountNumber}`, ...(row ? [`account:${row.id}`] : [])];
    return { value: row?.isActive ?? null, tags };
  },
};

/**
 * Throws `account_is_inactive` to who is bound to such an account. Reads through the cache, without the demands of the call, as
 * the check of a key does. Who is bound to an account that is not there sees nothing anyway.
 */
export async function requireActiveAccount(deps: Deps, { accountNumber }: Caller): Promise<void> {
  if (accountNumber === null) return;
  const isActive = await readForRights(deps.cache, accountState, deps, accountNumber);
  if (isActive === false) throw new RefusedError('account_is_inactive', INACTIVE);
}

/** The message for a caller whose account is inactive. */
export const INACTIVE = 'the account that you are bound to is inactive';
