import { formatApiKey, formatSecret } from '../../../src/directory/keys/api-key.ts';
import type { Scope } from '../../../src/directory/caller.ts';
import { sha256Of } from '../../../src/lib/hash.ts';
import { sql, type TestStack } from '../stack.ts';

/** The header of a new key with these scopes, bound to the account if there is one. */
export async function keyOf(
  stack: TestStack,
  scopes: readonly Scope[],
  accountNumber: string | null = null,
): Promise<{ Authorization: string }> {
  const secret = formatSecret(crypto.getRandomValues(new Uint8Array(32)));
  const [row] = await sql<{ id: string }>(
    stack,
    `insert into api_keys (name, scopes, account_id, sha256)
       values ('Of a test', $1, (select id from accounts where account_number = $2), $3) returning id`,
    scopes,
    accountNumber,
    await sha256Of(secret),
  );
  const text = formatApiKey({ environment: 'local', id: Number(row?.id), secret });
  return { Authorization: `Bearer ${text}` };
}
