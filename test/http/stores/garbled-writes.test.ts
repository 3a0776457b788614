import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseApiKey } from '../../../src/directory/keys/api-key.ts';
import { SCOPES } from '../../../src/directory/caller.ts';
import { AccountDirectory } from '../../../src/rpc/account-directory.ts';
import { sha256Of } from '../../../src/lib/hash.ts';
import { sampled, scaled, seed } from '../../support/scale.ts';
import {
  fault,
  newIsolate,
  send,
  sql,
  type TestStack,
  useSeedForEach,
  useStack,
} from '../../support/stack.ts';
import { change } from '../../support/http/changes.ts';
import { type Issued, issueKey, withKey } from '../../support/http/issued-keys.ts';
import { goodBodyOf, nameOf, pathOf, routes } from '../../support/http/routes.ts';
import { faultsOf, type StoreFault } from '../../support/http/store-faults.ts';

/** A breaker that opens would answer for Postgres a while longer than the fault. */
const stack = useStack({ BREAKER_FAILURES: '1000' });
useSeedForEach(stack);

const own = { accountNumber: '1234-5678-9012' };
const adminless = { accountNumber: '2718-2818-2845' };
const newUser = { username: 'newcomer', email: 'n@example.com', ...own };
const newAccount = { companyName: 'New', accountNumber: '7777-0000-0001' };

interface Request {
  readonly values?: Readonly<Record<string, string>>;
  readonly body?: object;
}

/** Requests that change what `READS` show, where the good ones of the route do not. */
const requests: Readonly<Record<string, readonly Request[]>> = {
  'POST /v1/accounts': [{ body: newAccount }],
  'PUT /v1/accounts/default': [{ body: own }],
  'DELETE /v1/accounts/:accountNumber': [{ values: adminless }],
  'PUT /v1/accounts/:accountNumber/admin-user': [{ values: adminless }],
  'POST /v1/users': [{ body: newUser }],
  'POST /v1/users/batch': [{ body: { users: [newUser] } }],
  'PATCH /v1/users/:userId': [{}, { values: { userId: '4' }, body: { username: 'janet' } }],
  'PATCH /v1/keys/:keyId': [{ body: { scopes: ['audit:read'] } }],
  'POST /v1/keys/:keyId/rotate': [{ body: { gracePeriodSeconds: 0 } }],
  'DELETE /v1/keys/:keyId': [{}, { values: { withDescendants: 'false' } }],
};

/** Every method that does nothing but change rows. */
const rpcWrites: Readonly<Record<string, (on: AccountDirectory) => Promise<unknown>>> = {
  createAccount: (on) => on.createAccount(newAccount),
  changeAccount: (on) => on.changeAccount(own.accountNumber, { companyName: 'Renamed' }, { revision: 1 }),
  switchDefaultAccount: (on) => on.switchDefaultAccount(own.accountNumber),
  deleteAccount: (on) => on.deleteAccount(adminless.accountNumber, { revision: 1 }),
  createUser: (on) => on.createUser(newUser),
  createUsers: (on) => on.createUsers([newUser]),
  changeUser: (on) => on.changeUser(3, { firstName: 'John' }, { revision: 1 }),
  deleteUser: (on) => on.deleteUser(3, { revision: 1 }),
  createUserProfile: (on) => on.createUserProfile({ userId: 5, ...own }),
  changeUserProfile: (on) => on.changeUserProfile(3, { name: 'Named' }, { revision: 1 }),
  deleteUserProfile: (on) => on.deleteUserProfile(5, { revision: 1 }),
};

/** Every other one that asks a store. */
const rpcReads: Readonly<Record<string, (on: AccountDirectory) => Promise<unknown>>> = {
  getAccount: (on) => on.getAccount(own.accountNumber),
  getUserProfile: (on) => on.getUserProfile(3),
  getAccountByExternalId: (on) => on.getAccountByExternalId('crm-1'),
  getUserByExternalId: (on) => on.getUserByExternalId('crm-1'),
  getMany: (on) => on.getMany([{ lookUp: 'user', userId: 3 }, { lookUp: 'defaultAccount' }]),
  getCachedAdminUserForAccount: (on) => on.getCachedAdminUserForAccount(own.accountNumber),
  getCachedAccountForUser: (on) => on.getCachedAccountForUser(3),
  getCachedDefaultAccount: (on) => on.getCachedDefaultAccount(),
  getCachedSmarterAdminUserProfile: (on) => on.getCachedSmarterAdminUserProfile(),
  getCachedUserForUserId: (on) => on.getCachedUserForUserId(3),
  getCachedUserForUsername: (on) => on.getCachedUserForUsername('johndoe'),
  getUserProfilesForAccount: (on) => on.getUserProfilesForAccount(own.accountNumber),
  getUsersForAccount: (on) => on.getUsersForAccount(own.accountNumber),
  validResourceOwnersForUser: (on) => on.validResourceOwnersForUser(3),
  getAccountsForUser: (on) => on.getAccountsForUser(3),
  listAccountsForUser: (on) => on.listAccountsForUser(3),
  listUsersForAccount: (on) => on.listUsersForAccount(own.accountNumber),
  listUserProfilesForAccount: (on) => on.listUserProfilesForAccount(own.accountNumber),
  search: (on) => on.search('john'),
  listValidResourceOwners: (on) => on.listValidResourceOwners(3),
};

/** They ask no store. */
const PURE = ['accountNumberFromUrl', 'explainAccountNumber'];

/** What the writes change. */
const READS = [
  '/v1/users/3',
  '/v1/users/4',
  '/v1/users/by-username/janedoe',
  '/v1/users/by-username/newcomer',
  '/v1/users/5/account',
  '/v1/user-profiles/3',
  '/v1/user-profiles/5',
  '/v1/accounts/default',
  '/v1/accounts/1234-5678-9012',
  '/v1/accounts/1234-5678-9012/admin-user',
  '/v1/accounts/1234-5678-9012/users',
  '/v1/accounts/2718-2818-2845/user-profiles',
  '/v1/accounts/7777-0000-0001',
];

/** Of whoever writes, of a tenant, and the key that is changed itself. */
interface Keys {
  readonly unbound: Issued;
  readonly bound: Issued;
  readonly changed: Issued;
}
let keys: Keys;
/** Id of a deletion that can be restored. */
let deletionId = '';

beforeEach(async () => {
  const maker = newIsolate(stack.current);
  keys = {
    unbound: await issueKey(maker, { scopes: SCOPES }),
    bound: await issueKey(maker, { scopes: SCOPES, ...own }),
    changed: await issueKey(maker),
  };
  await sql(stack.current, `insert into users (id, username, email) values (7000, 'gone', 'g@example.com')`);
  await sql(stack.current, 'delete from users where id = 7000');
  const [newest] = await sql<{ id: string }>(stack.current, 'select max(id)::text as id from deletions');
  deletionId = newest?.id ?? '';
});

afterEach(() => fault(stack.current, 'postgres', []));

/** What becomes of a write: its token, or the code of its refusal. */
type Write = (on: TestStack) => Promise<string>;

const cases: readonly (readonly [name: string, write: Write])[] = [
  ...routes
    .filter(({ spec }) => spec.writes)
    .flatMap((route) =>
      (requests[nameOf(route)] ?? [{}]).map(({ values, body }) => {
        const write: Write = async (on) => {
          const named = { dryRun: 'false', keyId: String(keys.changed.id), deletionId, ...values };
          const json = route.spec.json && (body ?? goodBodyOf(route));
          const headers = { ...withKey(keys.unbound), 'If-Match': '*' };
          const response = await change(on, route.method, pathOf(route, named), json, headers);
          const { code }: { code?: string } = await response.json();
          return code ?? response.headers.get('Consistency-Token') ?? 'nothing';
        };
        return [`${nameOf(route)} ${JSON.stringify(body ?? values ?? {})}`, write] as const;
      }),
    ),
  ...Object.entries(rpcWrites).map(([name, write]) => {
    return [name, (on: TestStack) => callRpc(on, write).then(tokenOf, codeOf)] as const;
  }),
];

async function callRpc<T>(on: TestStack, call: (of: AccountDirectory) => Promise<T>): Promise<T> {
  const ctx = createExecutionContext();
  const props = { name: 'test', scopes: SCOPES };
  try {
    return await call(new AccountDirectory(Object.assign(ctx, { props }), on.env));
  } finally {
    await waitOnExecutionContext(ctx);
  }
}

function tokenOf(written: unknown): string {
  const { consistencyToken } = Object(written) as { consistencyToken?: string };
  return consistencyToken ?? 'nothing';
}

function codeOf(error: unknown): string {
  return String((Object(error) as { code?: string }).code);
}

async function readAll(on: TestStack, headers: Record<string, string> = {}): Promise<unknown[]> {
  const asked = [keys.unbound, keys.bound].flatMap((key) => READS.map((path) => [path, key] as const));
  return Promise.all(
    asked.map(async ([path, key]) => {
      const response = await send(on, path, { headers: { ...withKey(key), ...headers } });
      const body = (await response.text()).replace(/"requestId":"[^"]*"/, '');
      return { path, status: response.status, body };
    }),
  );
}

async function statusOfChanged(on: TestStack): Promise<number> {
  return (await send(on, '/v1/users/1', { headers: withKey(keys.changed) })).status;
}

/** What Postgres itself says that the changed key may do. */
async function rightStatusOfChanged(): Promise<number> {
  const sha256 = await sha256Of(parseApiKey(keys.changed.key)?.secret ?? '');
  const [row] = await sql<{ isGood: boolean; mayRead: boolean }>(
    stack.current,
    `select revoked_at is null and sha256 = $2 as "isGood", 'directory:read' = any (scopes) as "mayRead"
     from api_keys where id = $1`,
    keys.changed.id,
    sha256,
  );
  if (!row?.isGood) return 401;
  return row.mayRead ? 200 : 403;
}

async function countWrites(): Promise<number> {
  const [row] = await sql<{ count: string }>(stack.current, 'select count(*) from audit_log');
  return Number(row?.count);
}

/** What is garbled after it was done. */
const garblings = faultsOf('postgres')
  .filter(({ kind }) => /wrong|truncated|reset/.test(kind))
  .map((one) => (one.kind === 'wrong-json' ? { ...one, moment: 'after' } : one));

/** How many ways to garble the answer each case meets; the next case meets the next ones, so that some case meets each. */
const WAYS = scaled(1, 4);

function garblingsFor(at: number): StoreFault[] {
  const ways = Array.from({ length: WAYS }, (_, way) => (at * WAYS + way + seed) % garblings.length);
  return garblings.filter((_, index) => ways.includes(index));
}

// Those of OperatorMethods ask no cache.
test('every method over RPC is a case', () => {
  const methods = Object.getOwnPropertyNames(AccountDirectory.prototype);
  const known = ['constructor', ...PURE, ...Object.keys(rpcReads), ...Object.keys(rpcWrites)];
  expect(methods.toSorted()).toEqual(known.toSorted());
});

/** In a short run so many of the writes, and so many of the reads. */
const SOME = 4;

describe.each(
  sampled(
    cases.map(([name, write], at) => ({ name, write, at })),
    SOME,
  ),
)('$name', ({ write, at }) => {
  test('is done, and gives a token', async () => {
    expect(await write(newIsolate(stack.current))).toMatch(/^[0-9a-f]{16}:\d+$/);
  });

  test.each(garblingsFor(at))(
    'is 503 when the answer is garbled as %j says, and all reads are right at once afterwards',
    async (struck) => {
      const writer = newIsolate(stack.current);
      await readAll(writer);
      await statusOfChanged(writer);
      const before = await countWrites();
      await fault(stack.current, 'postgres', [struck]);
      expect(await write(writer)).toBe('unavailable');
      await fault(stack.current, 'postgres', []);
      expect(await countWrites()).toBeGreaterThan(before);
      const truths = await readAll(newIsolate(stack.current), { 'Cache-Control': 'no-cache' });
      for (const isolate of [writer, newIsolate(stack.current)]) {
        expect(await readAll(isolate)).toEqual(truths);
        expect(await statusOfChanged(isolate)).toBe(await rightStatusOfChanged());
      }
    },
  );
});

const reads = Object.entries(rpcReads).flatMap(([name, read], at) =>
  garblingsFor(at).map((struck) => ({ name, read, struck })),
);

test.each(sampled(reads, SOME))(
  '$name is unavailable or right when Postgres answers as $struck says, and right afterwards',
  async ({ read, struck }) => {
    const truth = await callRpc(newIsolate(stack.current), read);
    const isolate = newIsolate(stack.current);
    await fault(stack.current, 'postgres', [struck]);
    const outcome = await callRpc(isolate, read).catch(codeOf);
    // What Redis holds needs no Postgres.
    if (outcome !== 'unavailable') expect(outcome).toEqual(truth);
    await fault(stack.current, 'postgres', []);
    expect(await callRpc(isolate, read)).toEqual(truth);
  },
);
