import { fileURLToPath } from 'node:url';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTwoWorkers, type TwoWorkers } from '../engines/two-workers.ts';

interface Row {
  readonly id: number;
  readonly revision: number;
  readonly username: string;
  readonly accountNumber: string;
}

interface Outcome {
  readonly value?: { readonly value: Row; readonly consistencyToken: string };
  readonly error?: { readonly code: string; readonly message: string };
}

let two: TwoWorkers;
let made = 0;

beforeAll(async () => {
  two = await startTwoWorkers(fileURLToPath(new URL('./wrangler.toml', import.meta.url)));
});

afterAll(() => two.close());

async function callTimes(times: number, binding: string, method: string, ...args: unknown[]) {
  const body = JSON.stringify({ binding, method, args, times });
  const response = await fetch(two.workers.consumerUrl, { method: 'POST', body });
  expect(response.status).toBe(200);
  // The caller Worker writes this.
  return (await response.json()) as Outcome[];
}

async function call(binding: string, method: string, ...args: unknown[]): Promise<Outcome> {
  const [outcome = {}] = await callTimes(1, binding, method, ...args);
  return outcome;
}

/** What a write wrote; throws when it was refused. */
async function write(binding: string, method: string, ...args: unknown[]) {
  const { value, error } = await call(binding, method, ...args);
  if (!value) throw new Error(`${error?.code}: ${error?.message}`);
  return value;
}

const newUser = (rest: object = {}) => ({ username: `rpc_${++made}`, email: 'rpc@example.com', ...rest });

async function sql<T = Record<string, unknown>>(text: string, ...params: unknown[]): Promise<T[]> {
  const client = new Client({ connectionString: two.stack.postgresUrl });
  await client.connect();
  try {
    return (await client.query(text, params)).rows;
  } finally {
    await client.end();
  }
}

const own = { accountNumber: '1234-5678-9012' };

const writes: readonly [string, unknown[]][] = [
  ['createAccount', [{ companyName: 'x' }]],
  ['changeAccount', ['1234-5678-9012', { city: 'x' }, { revision: 1 }]],
  ['switchDefaultAccount', ['1234-5678-9012']],
  ['deleteAccount', ['2718-2818-2845', { revision: 1 }]],
  ['createUser', [{ username: 'refused', email: 'a@b.example' }]],
  ['createUsers', [[{ username: 'refused', email: 'a@b.example' }]]],
  ['changeUser', [3, { firstName: 'x' }, { revision: 1 }]],
  ['deleteUser', [3, { revision: 1 }]],
  ['createUserProfile', [{ userId: 5, accountNumber: '2718-2818-2845' }]],
  ['changeUserProfile', [3, { name: 'x' }, { revision: 1 }]],
  ['deleteUserProfile', [3, { revision: 1 }]],
];

/** Of every row: what changes nothing leaves them as they are. */
const readRevisions = () =>
  sql(`select 'user' as kind, id, revision from users union all select 'account', id, revision from accounts
    union all select 'profile', id, revision from user_profiles order by kind, id`);

describe.each(writes)('%s', (method, args) => {
  test.each([
    ['ACCOUNTS', 'directory:write'],
    ['READER', 'directory:write'],
    ['MISTAKEN', 'props'],
  ])('is refused through %s, and says why', async (binding, why) => {
    const before = await readRevisions();
    const { error } = await call(binding, method, ...args);
    expect(error).toMatchObject({ code: 'forbidden', message: expect.stringContaining(why) as unknown });
    expect(await readRevisions()).toEqual(before);
  });
});

test('an account is created, changed, made the default one and deleted', async () => {
  const { value: account } = await write('WRITER', 'createAccount', {
    companyName: 'By RPC',
    accountNumber: '0001-0001-0001',
  });
  const changed = await write('WRITER', 'changeAccount', '0001-0001-0001', { city: 'A' }, { revision: 1 });
  expect(changed.value).toMatchObject({ id: account.id, city: 'A', revision: 2 });
  const late = await call('WRITER', 'changeAccount', '0001-0001-0001', { city: 'B' }, { revision: 1 });
  expect(late.error?.code).toBe('precondition_failed');
  const switched = await write('WRITER', 'switchDefaultAccount', '0001-0001-0001');
  expect(switched.value).toMatchObject({ isDefaultAccount: true });
  const kept = await call('WRITER', 'deleteAccount', '0001-0001-0001', { revision: 3 });
  expect(kept.error?.code).toBe('default_account_is_protected');
  await write('WRITER', 'switchDefaultAccount', '3141-5926-5359');
  const dry = await write('WRITER', 'deleteAccount', '0001-0001-0001', { dryRun: true });
  expect(dry.value).toEqual({ dryRun: true, accounts: 1, users: 0, userProfiles: 0, keys: 0 });
  await write('WRITER', 'deleteAccount', '0001-0001-0001', { revision: 4 });
  expect(await call('WRITER', 'getAccount', '0001-0001-0001')).toEqual({ value: null });
  const again = { companyName: 'Other', accountNumber: '0001-0001-0001' };
  const { error } = await call('WRITER', 'createAccount', again);
  expect(error?.code).toBe('account_number_retired');
});

test('a user is created, changed and deleted, and each is seen at once', async () => {
  const created = await write('WRITER', 'createUser', newUser(own));
  const { id, username } = created.value;
  expect(created.consistencyToken).toMatch(/^[0-9a-f]{16}:\d+$/);
  expect(await call('READER', 'getCachedUserForUsername', username)).toEqual({ value: created.value });
  const changed = await write('WRITER', 'changeUser', id, { firstName: 'A' }, { revision: 1 });
  expect(await call('READER', 'getCachedUserForUserId', id)).toEqual({ value: changed.value });
  const late = await call('WRITER', 'changeUser', id, { firstName: 'B' }, { revision: 1 });
  expect(late.error?.code).toBe('precondition_failed');
  const dry = await write('WRITER', 'deleteUser', id, { dryRun: true });
  expect(dry.value).toEqual({ dryRun: true, accounts: 0, users: 1, userProfiles: 1, keys: 0 });
  const done = await write('WRITER', 'deleteUser', id, { revision: 2 });
  expect(done.value).toMatchObject({ dryRun: false, users: 1, userProfiles: 1 });
  expect(await call('READER', 'getCachedUserForUserId', id)).toEqual({ value: null });
});

test('a batch says of each user what became of it', async () => {
  const users = [
    newUser(own),
    newUser({ username: 'johndoe' }),
    newUser({ accountNumber: '0000-0000-0000' }),
  ];
  const { value } = await write('WRITER', 'createUsers', users, { idempotencyKey: 'batch' });
  expect(value).toEqual([
    { user: expect.objectContaining({ username: users[0]?.username, revision: 1 }) as unknown },
    { error: { code: 'username_taken', message: 'a user has this username' } },
    { error: { code: 'account_does_not_exist', message: 'no account has this accountNumber' } },
  ]);
  const again = await write('WRITER', 'createUsers', users, { idempotencyKey: 'batch' });
  expect(again.value).toEqual(value);
});

test('a row that is malformed is its own problem', async () => {
  const users = [newUser(own), newUser({ email: 'x' }), newUser({ isRoot: true })];
  const { value } = await write('WRITER', 'createUsers', users);
  expect(value).toMatchObject([
    { user: { username: users[0]?.username } },
    { error: { code: 'bad_request', message: 'email: must be an e-mail address' } },
    { error: { code: 'bad_request', message: 'isRoot: is no field' } },
  ]);
});

test('a profile is created, changed by its own revision, and deleted', async () => {
  const { value: user } = await write('WRITER', 'createUser', newUser());
  const profile = { userId: user.id, accountNumber: '2718-2818-2845', name: 'A' };
  const { value: created } = await write('WRITER', 'createUserProfile', profile);
  expect(created).toMatchObject({ name: 'A', user, account: { id: 3 }, revision: 1 });
  expect((await call('WRITER', 'createUserProfile', profile)).error?.code).toBe('user_profile_exists');
  await write('WRITER', 'changeUser', user.id, { lastName: 'Else' }, { revision: 1 });
  const changed = await write('WRITER', 'changeUserProfile', created.id, { name: 'B' }, { revision: 1 });
  expect(changed.value).toMatchObject({ name: 'B', revision: 2, user: { lastName: 'Else' } });
  const late = await call('WRITER', 'deleteUserProfile', created.id, { revision: 1 });
  expect(late.error?.code).toBe('precondition_failed');
  const done = await write('WRITER', 'deleteUserProfile', created.id, { revision: 2 });
  expect(done.value).toEqual({ dryRun: false, accounts: 0, users: 0, userProfiles: 1, keys: 0 });
  expect(await call('READER', 'getUserProfile', created.id)).toEqual({ value: null });
});

test('props without a name are told apart by their account, and what are no props open nothing', async () => {
  const { error } = await call(
    'TENANT',
    'changeAccount',
    own.accountNumber,
    { isDefaultAccount: true },
    { revision: 1 },
  );
  expect(error?.code).toBe('forbidden');
  expect(await sql('select 1 from accounts where is_default_account and id = 1')).toHaveLength(1);
  const gone = await call('TENANT', 'deleteAccount', own.accountNumber, { dryRun: true });
  expect(gone.error?.code).toBe('forbidden');
  const { value } = await write('TENANT', 'createUser', newUser(own));
  const [row] = await sql<{ actor: string }>(
    `select actor from audit_log where entity = 'user' and entity_id = $1`,
    value.id,
  );
  expect(row?.actor).toBe('rpc:tenant@1234-5678-9012');
  expect((await call('TEXT', 'getCachedUserForUserId', 3)).error?.code).toBe('forbidden');
});

test('an admin user is created for who may give rights, and for who has no props', async () => {
  const account = await write('WRITER', 'createAccount', { companyName: 'Adminless' });
  const accountNumber = account.value.accountNumber;
  const refused = await call('READER', 'getCachedAdminUserForAccount', accountNumber);
  expect(refused.error).toMatchObject({ code: 'forbidden', message: 'this needs the scope rights:write' });
  expect(await write('ACCOUNTS', 'getCachedAdminUserForAccount', accountNumber)).toMatchObject({
    isStaff: true,
  });
  expect(await write('READER', 'getCachedAdminUserForAccount', accountNumber)).toMatchObject({
    isStaff: true,
  });
});

async function revisionOfUser(id: number): Promise<number> {
  const [row] = await sql(`select revision from users where id = ${id}`);
  return Number(row?.['revision']);
}

test('the last admin of an account is kept', async () => {
  const revision = await revisionOfUser(4);
  const deleted = await call('OFFICER', 'deleteUser', 4, { revision });
  const left = await call('OFFICER', 'deleteUserProfile', 4, { revision: 1 });
  const demoted = await call('OFFICER', 'changeUser', 4, { isStaff: false }, { revision });
  const codes = [deleted, left, demoted].map(({ error }) => error?.code);
  expect(codes).toEqual(codes.map(() => 'last_admin_is_protected'));
});

test('the last active admin is deactivated by who insists and may', async () => {
  const revision = await revisionOfUser(4);
  const stop = (binding: string, force?: boolean) =>
    call(binding, 'changeUser', 4, { isActive: false }, { revision, ...(force && { force }) });
  expect((await stop('OFFICER')).error?.code).toBe('last_admin_is_protected');
  for (const binding of ['WRITER', 'TENANT'])
    expect((await stop(binding, true)).error?.code).toBe('forbidden');
  expect((await stop('OFFICER', true)).value?.value).toMatchObject({ id: 4, revision: revision + 1 });
  const back = await write('OFFICER', 'changeUser', 4, { isActive: true }, { revision: revision + 1 });
  expect(back.value).toMatchObject({ isActive: true });
});

test('a change to what there is, or of nothing, leaves the row and gives no token', async () => {
  const { value: user } = await write('WRITER', 'createUser', newUser({ firstName: 'Same' }));
  for (const changes of [{}, { firstName: 'Same' }]) {
    expect(await write('WRITER', 'changeUser', user.id, changes, { revision: 1 })).toEqual({ value: user });
  }
  const cleared = await write('WRITER', 'changeUser', user.id, { firstName: null }, { revision: 1 });
  expect(cleared.value).toMatchObject({ firstName: '', revision: 2 });
});

test.each<[string, unknown[]]>([
  ['createUser', [newUser({ isStaff: true })]],
  ['createUser', [newUser({ isSuperuser: true })]],
  ['createUsers', [[newUser(), newUser({ isSuperuser: true })]]],
  ['changeUser', [3, { isStaff: true }, { revision: 1 }]],
  ['changeUser', [3, { isSuperuser: false }, { revision: 1 }]],
  ['changeUser', [3, { username: 'admin' }, { revision: 1 }]],
  ['createUser', [newUser({ username: 'admin' })]],
  ['createUserProfile', [{ userId: 1, ...own }]],
  ['createUserProfile', [{ userId: 2, ...own }]],
  ['deleteUserProfile', [4, { revision: 1 }]],
  ['deleteUserProfile', [4, { dryRun: true }]],
  ['deleteUser', [4, { dryRun: true }]],
  ['deleteAccount', [own.accountNumber, { dryRun: true }]],
])('rights need their scope, case %#', async (method, args) => {
  const { error } = await call('WRITER', method, ...args);
  expect(error).toEqual(expect.objectContaining({ code: 'forbidden' }));
  expect(error?.message).toContain('rights:write');
});

test('who has the scope gives and takes rights', async () => {
  const { value } = await write('OFFICER', 'createUser', newUser({ isStaff: true, isSuperuser: true }));
  expect(value).toMatchObject({ isStaff: true, isSuperuser: true });
  const changes = { isStaff: false, isSuperuser: false };
  const taken = await write('OFFICER', 'changeUser', value.id, changes, { revision: 1 });
  expect(taken.value).toMatchObject(changes);
  // Rights that are not given need no scope to be named.
  expect((await call('WRITER', 'createUser', newUser(changes))).error).toBeUndefined();
});

describe('who is bound to an account', () => {
  const expectRefusal = async (code: string, method: string, ...args: unknown[]) =>
    expect(await call('TENANT', method, ...args), method).toMatchObject({ error: { code } });
  const other = { accountNumber: '2718-2818-2845' };
  const unknown = { accountNumber: '0000-0000-0000' };

  test('creates members of it, and nobody else', async () => {
    const { value } = await write('TENANT', 'createUser', newUser(own));
    expect(await sql('select account_id from user_profiles where user_id = $1', value.id)).toEqual([
      { account_id: '2' },
    ]);
    await write('TENANT', 'createUsers', [newUser(own), newUser(own)]);
    const before = await sql('select count(*) from users');
    await expectRefusal('forbidden', 'createUser', newUser());
    await expectRefusal('account_does_not_exist', 'createUser', newUser(other));
    await expectRefusal('account_does_not_exist', 'createUser', newUser(unknown));
    await expectRefusal('forbidden', 'createUsers', [newUser(own), newUser()]);
    await expectRefusal('forbidden', 'createUsers', [newUser(own), newUser(other)]);
    await expectRefusal('forbidden', 'createUsers', [newUser(own), newUser(unknown)]);
    await expectRefusal('account_does_not_exist', 'createUsers', [newUser(other), newUser(other)]);
    await expectRefusal('forbidden', 'createUserProfile', { userId: 5, ...own });
    expect(await sql('select count(*) from users')).toEqual(before);
  });

  test('changes and deletes only users that are its alone', async () => {
    const { value: member } = await write('TENANT', 'createUser', newUser(own));
    await write('TENANT', 'changeUser', member.id, { firstName: 'A' }, { revision: 1 });
    await sql('insert into user_profiles (user_id, account_id) values ($1, 3)', member.id);
    await expectRefusal('forbidden', 'changeUser', member.id, { firstName: 'B' }, { revision: 2 });
    await expectRefusal('forbidden', 'deleteUser', member.id, { revision: 2 });
    await expectRefusal('forbidden', 'deleteUser', member.id, { dryRun: true });
    // The state of such a user is no part of the answer.
    await expectRefusal('forbidden', 'changeUser', member.id, { firstName: 'B' }, { revision: 1 });
    await sql('delete from user_profiles where user_id = $1 and account_id = 3', member.id);
    await write('TENANT', 'deleteUser', member.id, { revision: 2 });
  });

  test('does not see users of others, whether they are there or not', async () => {
    for (const id of [2, 5, 7, 999_999]) {
      await expectRefusal('user_does_not_exist', 'changeUser', id, { firstName: 'B' }, { revision: 1 });
      await expectRefusal('user_does_not_exist', 'deleteUser', id, { dryRun: true });
    }
    for (const id of [2, 6, 7, 999_999]) {
      await expectRefusal(
        'user_profile_does_not_exist',
        'changeUserProfile',
        id,
        { name: 'B' },
        { revision: 1 },
      );
      await expectRefusal('user_profile_does_not_exist', 'deleteUserProfile', id, { dryRun: true });
    }
  });

  test('changes and ends memberships of its own, of shared users too', async () => {
    const changed = await write('TENANT', 'changeUserProfile', 5, { name: 'Both' }, { revision: 1 });
    await write('TENANT', 'deleteUserProfile', 5, { revision: changed.value.revision });
    expect(await sql('select account_id from user_profiles where user_id = 6')).toEqual([
      { account_id: '1' },
    ]);
  });
});

test.each<[string, unknown[], string]>([
  ['createUser', [{ username: 'аdmin', email: 'a@b.example' }], 'user.username'],
  ['createUser', [{ username: 'x' }], 'user.email'],
  ['createUser', [newUser({ isRoot: true })], 'user.isRoot'],
  ['createUser', [newUser(), { idempotencyKey: '' }], 'options.idempotencyKey'],
  ['createUsers', [[]], 'users'],
  ['changeUser', [3, [], { revision: 1 }], 'changes'],
  ['changeUser', [3, {}, { revision: 1, force: 'yes' }], 'force'],
  ['changeUser', [3, { firstName: 'x' }], 'options'],
  ['changeUser', [3, { firstName: 'x' }, { revision: '1' }], 'options.revision'],
  ['changeUser', ['3', { firstName: 'x' }, { revision: 1 }], 'userId'],
  ['deleteUser', [3, {}], 'options.revision'],
  ['createUserProfile', [{ userId: 3 }], 'profile.accountNumber'],
  ['changeUserProfile', [3, { userId: 4 }, { revision: 1 }], 'changes.userId'],
  ['deleteUserProfile', [0, { revision: 1 }], 'userProfileId'],
])('%s names what is wrong, case %#', async (method, args, name) => {
  const { error } = await call('OFFICER', method, ...args);
  expect(error?.code).toBe('bad_request');
  expect(error?.message).toContain(`${name}:`);
});

test('what is asked for many times at once under one key is done once', async () => {
  const user = newUser(own);
  const outcomes = await callTimes(10, 'WRITER', 'createUser', user, { idempotencyKey: 'once' });
  expect(new Set(outcomes.map(({ value }) => JSON.stringify(value?.value))).size).toBe(1);
  expect(outcomes[0]?.value?.value).toMatchObject({ username: user.username });
  const other = await call('WRITER', 'createUser', newUser(own), { idempotencyKey: 'once' });
  expect(other.error?.code).toBe('idempotency_key_reused');
  // Keys of different callers never meet.
  const { error } = await call('OFFICER', 'createUser', newUser(own), { idempotencyKey: 'once' });
  expect(error).toBeUndefined();
});

test('what the caller sent is what a key is for, with malformed rows and with nothing else', async () => {
  const odd = { username: 'odd', email: 'x' };
  for (const rows of [[newUser(own), odd], [odd]]) {
    const options = { idempotencyKey: `odd-rows-${rows.length}` };
    const first = await write('WRITER', 'createUsers', rows, options);
    expect((await write('WRITER', 'createUsers', rows, options)).value).toEqual(first.value);
    for (const other of [[...rows.slice(0, -1), { ...odd, email: 'y' }], [newUser(own)]]) {
      const { error } = await call('WRITER', 'createUsers', other, options);
      expect(error?.code).toBe('idempotency_key_reused');
    }
  }
});

test('an account and a profile are made once under a key, and each for what was sent', async () => {
  const { value: user } = await write('OFFICER', 'createUser', newUser());
  const profile = { userId: user.id, ...own };
  for (const [method, row, other] of [
    ['createAccount', { companyName: 'Twice' }, { companyName: 'Other' }],
    ['createUserProfile', profile, { ...profile, name: 'Other' }],
  ] as const) {
    const options = { idempotencyKey: method };
    const first = await write('OFFICER', method, row, options);
    expect((await write('OFFICER', method, row, options)).value).toEqual(first.value);
    expect((await call('OFFICER', method, other, options)).error?.code).toBe('idempotency_key_reused');
  }
});

test('the audit log names the binding', async () => {
  const { value } = await write('WRITER', 'createUser', newUser(own));
  const rows = await sql(
    `select entity, action, actor, request_id from audit_log
     where request_id = (select request_id from audit_log where entity = 'user' and entity_id = $1) order by id`,
    value.id,
  );
  const by = {
    action: 'create',
    actor: 'rpc:writer',
    request_id: expect.stringMatching(/^[0-9a-f-]{36}$/) as unknown,
  };
  expect(rows).toEqual([
    { entity: 'user', ...by },
    { entity: 'user_profile', ...by },
  ]);
});

test('the audit log is found by what was asked, and a bound Worker finds the log of its account', async () => {
  const { value: user } = await write('OFFICER', 'createUser', newUser(own));
  const filters = { entity: 'user', entityId: user.id };
  expect((await call('WRITER', 'listAuditEntries', filters)).error?.code).toBe('forbidden');
  const { value } = await call('OFFICER', 'listAuditEntries', filters, { limit: 1 });
  const entry = { action: 'create', entityId: user.id, username: user.username };
  expect(value).toMatchObject({ items: [entry], nextCursor: null });
  const both = { username: user.username };
  const first = await call('OFFICER', 'listAuditEntries', both, { limit: 1 });
  const { nextCursor: cursor } = first.value as unknown as { nextCursor: string };
  expect((await call('OFFICER', 'listAuditEntries', both, { limit: 1, cursor })).value).toMatchObject({
    items: [entry],
  });
  for (const bad of [
    { actor: '' },
    { actor: 'a\0' },
    { username: '\ud800' },
    { entityId: 3 },
    { colour: 'red' },
  ])
    expect((await call('OFFICER', 'listAuditEntries', bad)).error?.code).toBe('bad_request');
  expect((await call('OFFICER', 'listAuditEntries', {}, { cursor })).error?.code).toBe('bad_request');
  expect((await call('OFFICER', 'listDeletions', { username: 'a\0' })).error?.code).toBe('bad_request');
});

test('a deletion is found, looked at and undone, by callers with the rights', async () => {
  const { value: user } = await write('OFFICER', 'createUser', newUser(own));
  await write('WRITER', 'deleteUser', user.id, { revision: user.revision });
  const filters = { username: user.username, kind: 'user' };
  expect((await call('WRITER', 'listDeletions', filters)).error?.code).toBe('forbidden');
  const { value } = await call('OFFICER', 'listDeletions', filters);
  const page = value as unknown as { items: { id: number }[]; nextCursor: null };
  expect(page).toMatchObject({ items: [{ kind: 'user', entityId: user.id }], nextCursor: null });
  const id = page.items[0]?.id;
  expect((await call('OFFICER', 'getDeletion', id)).value).toMatchObject({ id, users: 1, obstacles: [] });
  expect((await call('OFFICER', 'getDeletion', 999_999)).error?.code).toBe('deletion_does_not_exist');
  const restored = { deletionId: id, users: 1, userProfiles: 1 };
  const dry = await write('WRITER', 'restoreDeletion', id, { dryRun: true });
  expect(dry).toEqual({ value: expect.objectContaining({ ...restored, dryRun: true }) as unknown });
  const { value: done, consistencyToken } = await write('WRITER', 'restoreDeletion', id);
  expect(done).toMatchObject({ ...restored, isRepeat: false });
  const read = { consistencyToken };
  expect((await call('WRITER', 'getCachedUserForUserId', user.id, read)).value).toMatchObject({
    id: user.id,
  });
  const { error } = await call('OFFICER', 'listDeletions', { cursor: 'x', colour: 'red' });
  expect(error?.code).toBe('bad_request');
});
