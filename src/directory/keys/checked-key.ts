import * as z from 'zod';
import type { RightsLookUp } from '../../cache/look-up.ts';
import { type KeyRecord, selectKeyRecord } from '../../db/reads/keys.ts';
import { countedAs } from '../counted.ts';
import type { Deps } from '../deps.ts';

const time = z.iso.datetime().nullable();

/** The fields of a key that its check needs. */
const CheckedKey = z.object({
  id: z.int().positive(),
  scopes: z.array(z.string()),
  accountNumber: z.string().nullable(),
  /** True where the key is bound to no account. */
  isAccountActive: z.boolean(),
  sha256: z.string(),
  previousSha256: z.string().nullable(),
  previousValidUntil: time,
  expiresAt: time,
  revokedAt: time,
});
export type CheckedKey = z.infer<typeof CheckedKey>;

/** A key by id, for its check. Anybody may ask for any id, so absent ones are not kept in memory. */
export const apiKeyById: RightsLookUp<Deps, number, CheckedKey | null> = {
  kind: countedAs('apiKey'),
  name: 'key',
  key: (keyId) => `key:${keyId}`,
  parse: CheckedKey.nullable().parse,
  forgetsAbsent: true,
  decidesRights: true,
  async load({ db }, keyId) {
    const record = await selectKeyRecord(db, keyId);
    return { value: record && toCheckedKey(record), tags: [`key:${keyId}`, ...accountTags(record)] };
  },
};

function accountTags(record: KeyRecord | null): string[] {
  const accountId = record?.key.accountId ?? null;
  return accountId === null ? [] : [`account:${accountId}`];
}

function toCheckedKey({ key, accountNumber, isAccountActive }: KeyRecord): CheckedKey | null {
  // There is no foreign key to the account. A key whose account is gone must not pass for one that is bound to none.
  if (key.accountId !== null && accountNumber === null) return null;
  return {
    id: key.id,
    scopes: key.scopes,
    accountNumber,
    isAccountActive: key.accountId === null || isAccountActive === true,
    sha256: key.sha256,
    previousSha256: key.previousSha256,
    previousValidUntil: key.previousValidUntil?.toISOString() ?? null,
    expiresAt: key.expiresAt?.toISOString() ?? null,
    revokedAt: key.revokedAt?.toISOString() ?? null,
  };
}
