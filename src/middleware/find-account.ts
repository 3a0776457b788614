import type { Client } from '../client/client.ts';
import type { Account } from '../shapes/account.ts';
import type { ErrorCode } from '../shapes/error-code.ts';

/** The account with this number, active or not; null when there is none. Throws when the directory cannot tell. */
export type FindAccount = (accountNumber: string) => PromiseLike<Account | null>;

/** The part of the binding of `AccountDirectory` that finds accounts. */
export interface AccountBinding {
  getAccount(accountNumber: string, options?: { readonly requestId?: string }): PromiseLike<Account | null>;
}

/** Finds accounts over HTTP. */
export async function findByClient(client: Client, accountNumber: string): Promise<Account | null> {
  const response = await client.v1.accounts[':accountNumber'].$get({ param: { accountNumber } });
  if (response.status === 200) return requireFound(await response.json());
  const { status }: { readonly status: number } = response;
  const code = await codeOf(response);
  // A 404 without this code comes from somebody else, such as a proxy, and says nothing of the account.
  const absent: ErrorCode = 'account_does_not_exist';
  if (status === 404 && code === absent) return null;
  throw new Error(`the account directory answered ${status}${code === undefined ? '' : ` (${code})`}`);
}

/** Null means that there is no account, which a success cannot say. */
function requireFound(account: Account | null): Account {
  if (account === null) throw new Error('the account directory answered 200 and no account');
  return account;
}

async function codeOf(response: { json(): Promise<unknown> }): Promise<string | undefined> {
  const body: unknown = await response.json().catch(() => null);
  const { code } = Object(body) as { readonly code?: unknown };
  return typeof code === 'string' ? code : undefined;
}
