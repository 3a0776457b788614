import type { Context, MiddlewareHandler } from 'hono';
import { accountNumberFromUrl } from '../directory/accounts/account-number.ts';
import type { Client } from '../client/client.ts';
import { isRequestId } from '../lib/request-id.ts';
import type { Account } from '../shapes/account.ts';
import { type AccountBinding, type FindAccount, findByClient } from './find-account.ts';
import { AccountRefusal, problemResponse } from './refusal.ts';

/** The variables that `accountContext` sets. */
export interface AccountVariables {
  /** The account number in the host of the request, or null. */
  accountNumber: string | null;
  /**
   * The account with that number. The first call asks the directory, and later calls of the same request get its answer.
   * Unless the account is there and active, the call throws and the request is answered by `onUnknown`, `onInactive` or
   * `onUnavailable`.
   */
  account: () => Promise<Account>;
}

type AccountEnv<B extends object> = { Bindings: B; Variables: AccountVariables };
type Answer = Response | Promise<Response>;

/** The host of the request names no account, or one that there is not. */
export interface UnknownAccount {
  readonly accountNumber: string | null;
}

/** The account is there and is not active. */
export interface InactiveAccount {
  readonly account: Account;
}

/** The directory could not tell. */
export interface DirectoryOutage {
  readonly accountNumber: string;
  /** The error of the binding or the client, for the log. */
  readonly error: unknown;
}

interface Answers<B extends object> {
  /** The parent domains below which a host names an account, such as `api.example.com`. Without it every domain counts. */
  readonly suffixes?: readonly string[];
  /** Answers a request without an account. By default, 404. */
  readonly onUnknown?: (c: Context<AccountEnv<B>>, details: UnknownAccount) => Answer;
  /** Answers a request of an inactive account. By default, 403. */
  readonly onInactive?: (c: Context<AccountEnv<B>>, details: InactiveAccount) => Answer;
  /** Answers while the directory is away. By default, 503 with `Retry-After`. */
  readonly onUnavailable?: (c: Context<AccountEnv<B>>, details: DirectoryOutage) => Answer;
}

/** The source of the accounts, a binding or a client, and the answers to a request without an active account. */
export type AccountContextOptions<B extends object = object> = Answers<B> &
  (
    | {
        /** The binding of `AccountDirectory` in the bindings of the Worker. */
        readonly binding: (env: B) => AccountBinding;
        readonly client?: undefined;
      }
    | {
        /** The client made by `makeClient`. */
        readonly client: (env: B) => Client;
        readonly binding?: undefined;
      }
  );

/**
 * Middleware that finds the account in the host of the request. It answers nothing by itself: a request without an account goes
 * on until `account()` is called or `requireAccount()` is reached. A binding is told the id of the request, by which the service
 * logs the call: that of Hono's middleware `requestId`, else the header `X-Request-Id`. Throws a TypeError when an option is wrong.
 *
 * @example app.use(accountContext({ binding: (env: Env) => env.ACCOUNTS, suffixes: ['api.example.com'] }))
 */
export function accountContext<B extends object = object>(
  options: AccountContextOptions<B>,
): MiddlewareHandler<AccountEnv<B>> {
  requireSource(options);
  const suffixes = parseSuffixes(options.suffixes);
  return async (c, next) => {
    const accountNumber = accountNumberFromUrl(c.req.url, suffixes);
    let account: Promise<Account> | undefined;
    c.set('accountNumber', accountNumber);
    c.set('account', () => (account ??= handled(findActive(c, options, accountNumber))));
    await next();
    if (c.error instanceof AccountRefusal) answerAgain(c, c.error);
  };
}

/**
 * Middleware that lets a request pass only if its account is there and active. `accountContext` must come before it.
 *
 * @example app.get('/', requireAccount(), async (c) => c.text((await c.var.account()).companyName))
 */
export function requireAccount(): MiddlewareHandler<{
  Variables: AccountVariables & { accountNumber: string };
}> {
  return async (c, next) => {
    // The types cannot tell whether the other middleware ran.
    const account = c.get('account') as AccountVariables['account'] | undefined;
    if (!account) throw new Error('requireAccount: no account in the context; use accountContext before it');
    await account();
    await next();
  };
}

/** The same promise. A page may ask early and await late, and Node ends the process over a rejection that nobody awaits yet. */
function handled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}

/** Headers of the earlier answer that do not fit the one in its place. */
const UNFIT = [
  'content-encoding',
  'content-length',
  'etag',
  'last-modified',
  'location',
  'transfer-encoding',
];

// The error handler of the app may answer every error with 500, but an outage stays 503. Hono adds the headers of the answer so far,
// among which are those of earlier middleware such as CORS.
function answerAgain(c: Context, refusal: AccountRefusal): void {
  const answer = refusal.getResponse();
  c.res = answer;
  const { headers } = c.res;
  for (const name of UNFIT) headers.delete(name);
  for (const [name, value] of answer.headers) if (name !== 'set-cookie') headers.set(name, value);
  const kept = headers.getSetCookie();
  for (const cookie of answer.headers.getSetCookie())
    if (!kept.includes(cookie)) headers.append('Set-Cookie', cookie);
}

async function findActive<B extends object>(
  c: Context<AccountEnv<B>>,
  options: AccountContextOptions<B>,
  accountNumber: string | null,
): Promise<Account> {
  const found = accountNumber === null ? null : await find(c, options, accountNumber);
  if (found === null) {
    const title = accountNumber === null ? 'This host names no account' : 'No such account';
    const answer = await options.onUnknown?.(c, { accountNumber });
    throw await AccountRefusal.make(title, answer ?? problemResponse('account_does_not_exist', title));
  }
  if (found.isActive) return found;
  const title = 'The account is inactive';
  const answer = await options.onInactive?.(c, { account: found });
  throw await AccountRefusal.make(title, answer ?? problemResponse('account_is_inactive', title));
}

async function find<B extends object>(
  c: Context<AccountEnv<B>>,
  options: AccountContextOptions<B>,
  accountNumber: string,
): Promise<Account | null> {
  try {
    const found: unknown = await finderOf(c, options)(accountNumber);
    // A proxy, or another Worker under this name, may answer anything.
    if (found !== null && !isAccount(found, accountNumber))
      throw new Error('the directory answered no such account');
    return found;
  } catch (error) {
    const title = 'The account directory is away';
    const answer = await options.onUnavailable?.(c, { accountNumber, error });
    throw await AccountRefusal.make(title, answer ?? problemResponse('unavailable', title), error);
  }
}

function isAccount(value: unknown, accountNumber: string): value is Account {
  const { accountNumber: number, isActive } = Object(value) as Partial<Account>;
  return number === accountNumber && typeof isActive === 'boolean';
}

function finderOf<B extends object>(
  c: Context<AccountEnv<B>>,
  { binding, client }: AccountContextOptions<B>,
): FindAccount {
  if (client) return (accountNumber) => findByClient(client(c.env), accountNumber);
  // A Worker may be deployed without the binding, whatever its types say.
  const directory = binding(c.env) as AccountBinding | undefined;
  if (!directory) throw new Error('accountContext: the Worker has no such binding; see [[services]]');
  const requestId = requestIdOf(c);
  return (accountNumber) => directory.getAccount(accountNumber, requestId === undefined ? {} : { requestId });
}

/** The id that Hono's middleware `requestId` has given the request, else that with which it came; none that no log would keep. */
function requestIdOf<B extends object>(c: Context<AccountEnv<B>>): string | undefined {
  // The type of what other middleware has set is unknown here.
  const { requestId } = c.var as { readonly requestId?: unknown };
  return [requestId, c.req.header('X-Request-Id')].find(isRequestId);
}

function requireSource({ binding, client }: { readonly binding?: unknown; readonly client?: unknown }): void {
  const given = [binding, client].filter((source) => source !== undefined);
  if (given.length === 1 && typeof given[0] === 'function') return;
  throw new TypeError('accountContext: give either binding or client, as a function of the bindings');
}

const HOST = /^[a-z0-9-]+(?:\.[a-z0-9-]+)*$/;

function parseSuffixes(suffixes: readonly string[] = []): readonly string[] {
  if (!Array.isArray(suffixes))
    throw new TypeError('accountContext: suffixes must be an array of host names');
  for (const suffix of suffixes)
    if (!HOST.test(suffix))
      throw new TypeError(
        `accountContext: suffixes must be host names in lower case such as api.example.com, not ${JSON.stringify(suffix)}`,
      );
  return [...suffixes];
}
