import * as z from 'zod';
import { ACCOUNT_NUMBER } from '../accounts/account-number.ts';
import { selectKey, selectKeys, type ShownKey } from '../../db/reads/keys.ts';
import { unknownKey } from '../absence.ts';
import { type Caller, knownScopes, SCOPES } from '../caller.ts';
import type { Deps } from '../deps.ts';
import { cutPage, type Page, type Paged } from '../page.ts';
import { readOrigin } from '../uncached-read.ts';

const time = z.iso.datetime();

/** An API key without its secret and its hashes. */
export const ApiKey = z
  .object({
    id: z.int().positive(),
    name: z.string(),
    scopes: z.array(z.enum(SCOPES).meta({ id: 'Scope' })),
    accountNumber: z.string().regex(ACCOUNT_NUMBER).nullable().meta({
      description: 'The only account that the key sees; null: all of them, unless its account is gone.',
    }),
    isAccountGone: z.literal(true).optional().meta({
      description: 'The account that the key was made for is gone, and the key is refused. Else left out.',
    }),
    createdBy: z.string().nullable().meta({
      description:
        'The creator of the key, as the audit log names it, such as `key:12`; null if the key was not created by this service.',
    }),
    createdAt: time,
    updatedAt: time,
    expiresAt: time.nullable().meta({ description: 'From then on the key is refused.' }),
    revokedAt: time.nullable().meta({ description: 'Since then the key is refused, for good.' }),
    lastUsedAt: time.nullable().meta({
      description: 'Accurate to five minutes. A use changes neither `revision` nor `ETag`.',
    }),
    previousValidUntil: time
      .nullable()
      .meta({ description: 'Until then the secret before the last rotation is good too.' }),
    revision: z.int().positive().meta({ description: 'Raised by every change of the row.' }),
  })
  .meta({ id: 'ApiKey' });
export type ApiKey = z.infer<typeof ApiKey>;

/** Copies the fields by name, in the schema's order, so that no other column is shown. */
export function toApiKey(row: ShownKey): ApiKey {
  return {
    id: row.id,
    name: row.name,
    scopes: knownScopes(row.scopes),
    accountNumber: row.accountNumber,
    ...(row.isAccountGone && { isAccountGone: true as const }),
    createdBy: row.createdBy,
    createdAt: row.createdAt.toISOString(),
    updatedAt: row.updatedAt.toISOString(),
    expiresAt: row.expiresAt?.toISOString() ?? null,
    revokedAt: row.revokedAt?.toISOString() ?? null,
    lastUsedAt: row.lastUsedAt?.toISOString() ?? null,
    previousValidUntil: row.previousValidUntil?.toISOString() ?? null,
    revision: row.revision,
  };
}

/** Reads the key with this id past the cache; throws `key_does_not_exist`, also for one that the caller may not see. */
export async function getKey(deps: Deps, { accountNumber }: Caller, keyId: number): Promise<ApiKey> {
  const row = await readOrigin(deps, () => selectKey(deps.db, accountNumber, keyId));
  return toApiKey(row ?? unknownKey());
}

/** Reads a page of the keys that the caller may see, by id and past the cache; with `createdBy`, of those that the actor created. Revoked
 * and expired keys count too. */
export async function listKeys(
  deps: Deps,
  { accountNumber }: Caller,
  createdBy: string | undefined,
  page: Page,
): Promise<Paged<ApiKey>> {
  const oneMore = { ...page, limit: page.limit + 1 };
  const rows = await readOrigin(deps, () => selectKeys(deps.db, accountNumber, createdBy, oneMore));
  return cutPage(rows.map(toApiKey), page);
}
