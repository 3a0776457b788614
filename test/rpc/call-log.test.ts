import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { AccountDirectory } from '../../src/rpc/account-directory.ts';
import { newIsolate, sql, type TestStack, useStack, whileAway } from '../support/stack.ts';

const stack = useStack({ LOG_REQUESTS: 'true' });
const STACKADEMY = '1234-5678-9012';
const PLATFORM = '3141-5926-5359';
const REQUEST = 'front-door:8a1b2c3d4e5f6a7b';
const RIGHTS = ['directory:read', 'directory:write', 'rights:write', 'audit:read', 'cache:invalidate'];

let lines: Record<string, unknown>[] = [];

beforeEach(() => {
  lines = [];
  for (const method of ['log', 'warn', 'error'] as const) {
    const keep = (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>);
    vi.spyOn(console, method).mockImplementation(keep);
  }
});

afterEach(() => vi.restoreAllMocks());

const callLines = () => lines.filter(({ event }) => event === 'request');

/** Calls a method as the runtime does for a Worker with these props; answers the code of what is thrown. */
async function call(
  method: string,
  args: readonly unknown[],
  props: object = { name: 'door', scopes: RIGHTS },
  on: TestStack = stack.current,
): Promise<unknown> {
  const ctx = Object.assign(createExecutionContext(), { props });
  const target = new AccountDirectory(ctx, on.env) as unknown as Record<
    string,
    (...given: unknown[]) => unknown
  >;
  try {
    return await target[method]?.(...args);
  } catch (error) {
    return (error as { code?: unknown }).code;
  } finally {
    await waitOnExecutionContext(ctx);
  }
}

const traced = { requestId: REQUEST };
const dryRun = { dryRun: true, ...traced };
const change = { revision: 999, ...traced };
const newUser = () => ({ username: `logged-${crypto.randomUUID()}`, email: 'a@b.example' });

/** Every method, what it is called with, and the account that its line names. */
const methods: Readonly<Record<string, readonly [args: readonly unknown[], account: unknown]>> = {
  accountNumberFromUrl: [[`http://${STACKADEMY}.api.localhost`, traced], STACKADEMY],
  explainAccountNumber: [[`http://${STACKADEMY}.api.localhost`, traced], STACKADEMY],
  getAccount: [[STACKADEMY, traced], STACKADEMY],
  getAccountByExternalId: [['nobody', traced], null],
  getUserByExternalId: [['nobody', traced], null],
  getUserProfile: [[3, traced], STACKADEMY],
  getMany: [[[{ lookUp: 'user', userId: 3 }], traced], null],
  getCachedAccountForUser: [[3, traced], STACKADEMY],
  getCachedAdminUserForAccount: [[STACKADEMY, traced], STACKADEMY],
  getCachedDefaultAccount: [[traced], PLATFORM],
  getCachedSmarterAdminUserProfile: [[traced], PLATFORM],
  getCachedUserForUserId: [[3, traced], null],
  getCachedUserForUsername: [['johndoe', traced], null],
  getUserProfilesForAccount: [[STACKADEMY, traced], STACKADEMY],
  getUsersForAccount: [[STACKADEMY, traced], STACKADEMY],
  validResourceOwnersForUser: [[3, traced], null],
  getAccountsForUser: [[3, traced], null],
  listUsersForAccount: [[STACKADEMY, traced], STACKADEMY],
  listAccountsForUser: [[3, traced], null],
  listUserProfilesForAccount: [[STACKADEMY, traced], STACKADEMY],
  listValidResourceOwners: [[3, traced], null],
  resolveUrl: [[`${STACKADEMY}.api.localhost`, traced], STACKADEMY],
  resolveUser: [['johndoe', traced], null],
  listChanges: [[traced], null],
  search: [['john', traced], null],
  listAuditEntries: [[{}, traced], null],
  listDeletions: [[traced], null],
  getDeletion: [[999_999, traced], null],
  restoreDeletion: [[999_999, traced], null],
  eraseUser: [[3, { ...traced, dryRun: true }], null],
  exportUser: [[3, traced], null],
  createAccount: [[{ companyName: 'x' }, traced], expect.stringMatching(/^\d{4}-\d{4}-\d{4}$/)],
  changeAccount: [[STACKADEMY, { city: 'x' }, change], STACKADEMY],
  switchDefaultAccount: [[PLATFORM, traced], PLATFORM],
  deleteAccount: [[STACKADEMY, dryRun], STACKADEMY],
  createUser: [[{ ...newUser(), accountNumber: STACKADEMY }, traced], STACKADEMY],
  createUsers: [[[{ ...newUser(), accountNumber: STACKADEMY }], traced], STACKADEMY],
  changeUser: [[3, { firstName: 'x' }, change], null],
  deleteUser: [[3, dryRun], null],
  createUserProfile: [[{ userId: 3, accountNumber: STACKADEMY }, traced], STACKADEMY],
  changeUserProfile: [[3, { name: 'x' }, change], null],
  deleteUserProfile: [[3, dryRun], null],
};

test('every method is among those that are tested here', () => {
  const names: string[] = [];
  for (let one: object = AccountDirectory.prototype; 'constructor' in one; one = Object.getPrototypeOf(one)) {
    if (one.constructor.name === 'WorkerEntrypoint') break;
    names.push(...Object.getOwnPropertyNames(one).filter((name) => name !== 'constructor'));
  }
  expect(Object.keys(methods).toSorted()).toEqual(names.toSorted());
});

describe.each(Object.entries(methods))('%s', (name, [args, account]) => {
  test('leaves one line with its name, the account, and the id of the request', async () => {
    const answer = await call(name, args);
    expect(callLines()).toEqual([
      {
        level: 'info',
        event: 'request',
        requestId: REQUEST,
        caller: 'rpc:door',
        rpc: name,
        code: typeof answer === 'string' && /^[a-z]+_/.test(answer) ? answer : null,
        account,
        tiers: expect.any(String),
        ...(callLines()[0]?.['redisMs'] !== undefined && { redisMs: expect.any(Number) }),
        ...(callLines()[0]?.['postgresMs'] !== undefined && { postgresMs: expect.any(Number) }),
        ms: expect.any(Number),
      },
    ]);
  });
});

test('no call leaves a line without LOG_REQUESTS', async () => {
  const on = newIsolate(stack.current, { LOG_REQUESTS: 'false' });
  for (const name of ['accountNumberFromUrl', 'getAccount', 'resolveUrl', 'deleteUser'])
    await call(name, methods[name]?.[0] ?? [], undefined, on);
  expect(callLines()).toEqual([]);
});

test('a call tells the tiers that it asked', async () => {
  const on = newIsolate(stack.current);
  await call('getAccount', [PLATFORM], undefined, on);
  await call('getAccount', [PLATFORM], undefined, on);
  await call('changeAccount', [STACKADEMY, { city: crypto.randomUUID() }, change], undefined, on);
  const tiers = callLines().map((line) => line['tiers']);
  expect(tiers[0]).toMatch(/^isolate;miss redis;(hit|miss postgres)$/);
  expect(tiers.slice(1)).toEqual(['isolate;hit', 'postgres']);
});

test('a call is about the account of a caller that is bound to one, if it names none', async () => {
  const bound = { name: 'tenant', scopes: ['directory:read'], accountNumber: STACKADEMY };
  await call('getCachedUserForUserId', [3], bound);
  await call('getCachedUserForUserId', [2], bound);
  expect(callLines()).toMatchObject([
    { account: STACKADEMY, caller: `rpc:tenant@${STACKADEMY}`, code: null },
    { account: STACKADEMY, code: null },
  ]);
});

test('a refused call is told by its code, whoever called and however', async () => {
  await call('changeAccount', [STACKADEMY, { city: 'x' }, change], { scopes: ['directory:read'] });
  await call('getAccount', [STACKADEMY], { scopes: ['everything'] });
  await call('getUserProfile', ['x', traced]);
  expect(callLines()).toMatchObject([
    { rpc: 'changeAccount', code: 'forbidden', account: STACKADEMY, requestId: REQUEST },
    { rpc: 'getAccount', code: 'forbidden', caller: null, account: STACKADEMY },
    { rpc: 'getUserProfile', code: 'bad_request', account: null, requestId: REQUEST },
  ]);
});

test('the audit log and the warnings have the id of the request, too', async () => {
  const id = `front-door:${crypto.randomUUID()}`;
  await call('createAccount', [{ companyName: 'Followed' }, { requestId: id }]);
  const noted = await sql(stack.current, 'select action from audit_log where request_id = $1', id);
  expect(noted).toEqual([{ action: 'create' }]);
  await call('getCachedAccountForUser', [5, { requestId: id }]);
  expect(lines).toContainEqual({ level: 'warn', event: 'user_has_no_account', requestId: id, userId: 5 });
  const on = newIsolate(stack.current);
  await whileAway(on, ['postgres', 'redis'], () =>
    call('getAccount', [PLATFORM, { requestId: id }], undefined, on),
  );
  const failures = lines.filter(({ level }) => level !== 'info');
  expect(failures.map(({ event }) => event)).toContain('origin_failed');
  expect(failures.every(({ requestId }) => requestId === id)).toBe(true);
});

test('a call without an id gets one, and an id that could be a name or an address is refused and not logged', async () => {
  await call('getAccount', [STACKADEMY]);
  expect(callLines()[0]?.['requestId']).toMatch(/^[0-9a-f-]{36}$/);
  for (const requestId of ['', 'jane@example.com', 'a b', 'x'.repeat(101), '\n{"event":"forged"}', 7, null]) {
    lines = [];
    const answers = [
      await call('getAccount', [STACKADEMY, { requestId }]),
      await call('createUser', [newUser(), { requestId }]),
      await call('switchDefaultAccount', [PLATFORM, { requestId }]),
    ];
    expect(answers).toEqual(['bad_request', 'bad_request', 'bad_request']);
    for (const line of callLines()) expect(line['requestId']).toMatch(/^[0-9a-f-]{36}$/);
  }
});
