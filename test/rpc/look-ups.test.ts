import { fileURLToPath } from 'node:url';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTwoWorkers, type TwoWorkers } from '../engines/two-workers.ts';
import { isDrawn, scaled } from '../support/scale.ts';

interface Outcome {
  readonly value?: unknown;
  readonly error?: { readonly code: string; readonly message: string; readonly stack: string };
}

/** Each of them writes, and the last has to be served within the longest deadline of Postgres on a busy machine, too. */
const CALLERS = scaled(25, 100);

let two: TwoWorkers;

beforeAll(async () => {
  two = await startTwoWorkers(fileURLToPath(new URL('./wrangler.toml', import.meta.url)));
});

afterAll(() => two.close());

async function callTimes(times: number, method: string, ...args: unknown[]): Promise<Outcome[]> {
  const body = JSON.stringify({ method, args, times });
  const response = await fetch(two.workers.consumerUrl, { method: 'POST', body });
  expect(response.status).toBe(200);
  // The caller Worker writes this.
  return (await response.json()) as Outcome[];
}

async function callBound(method: string, ...args: unknown[]): Promise<Outcome> {
  const body = JSON.stringify({ binding: 'TENANT', method, args, times: 1 });
  const [outcome = {}] = (await (
    await fetch(two.workers.consumerUrl, { method: 'POST', body })
  ).json()) as Outcome[];
  return outcome;
}

async function call(method: string, ...args: unknown[]): Promise<Outcome> {
  const [outcome = {}] = await callTimes(1, method, ...args);
  return outcome;
}

async function sql(text: string): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString: two.stack.postgresUrl });
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}

const platformAccount = {
  id: 1,
  accountNumber: '3141-5926-5359',
  companyName: 'Smarter',
  isDefaultAccount: true,
};

test.each<[string, unknown[], unknown]>([
  ['accountNumberFromUrl', ['https://hr.3141-5926-5359.alpha.api.example.com/x'], '3141-5926-5359'],
  ['accountNumberFromUrl', ['nonsense', { invalidate: true }], null],
  ['accountNumberFromUrl', [null], null],
  [
    'explainAccountNumber',
    ['https://hr.3141-5926-5359.alpha.api.example.com/x'],
    {
      accountNumber: '3141-5926-5359',
      reason: 'found',
      labels: ['hr', '3141-5926-5359', 'alpha', 'api', 'example', 'com'],
    },
  ],
  ['explainAccountNumber', [null], { accountNumber: null, reason: 'no_http_url', labels: [] }],
  ['getCachedAccountForUser', [1], platformAccount],
  ['getCachedAccountForUser', [3], { accountNumber: '1234-5678-9012' }],
  ['getCachedAccountForUser', [6], platformAccount],
  ['getCachedAccountForUser', [5], null],
  ['getCachedAccountForUser', [999], null],
  ['getCachedAdminUserForAccount', ['1234-5678-9012'], { username: 'janedoe' }],
  ['getCachedDefaultAccount', [], platformAccount],
  ['getCachedSmarterAdminUserProfile', [], { id: 1, user: { username: 'admin' }, account: platformAccount }],
  ['getCachedUserForUserId', [3], { username: 'johndoe', isStaff: false }],
  ['getCachedUserForUserId', [999], null],
  ['getCachedUserForUsername', ['dormant_dan'], { id: 7 }],
  [
    'getAccountsForUser',
    [6],
    [
      { userProfileId: 5, account: { accountNumber: '1234-5678-9012' } },
      { userProfileId: 6, account: platformAccount },
    ],
  ],
  ['getAccountsForUser', [5], []],
  ['getAccountsForUser', [999], null],
  ['getUserProfilesForAccount', ['1234-5678-9012'], [{ id: 3 }, { id: 4 }, { id: 5 }]],
  ['getUsersForAccount', ['1234-5678-9012'], [{ id: 3 }, { id: 4 }, { id: 6 }]],
  ['getUserProfilesForAccount', ['3141-5926-5359'], [{ id: 1 }, { id: 2 }, { id: 6 }]],
  ['validResourceOwnersForUser', [3], [{ id: 3 }, { id: 4 }, { id: 5 }]],
  ['validResourceOwnersForUser', [null], [{ id: 1 }]],
  ['getAccount', ['1618-0339-8874'], { companyName: 'Dormant Inc', isActive: false }],
  ['getAccount', ['9999-9999-9999'], null],
  ['getUserProfile', [7], { user: { username: 'dormant_dan' }, account: { isActive: false } }],
])('%s answers as documented, case %#', async (method, args, expected) => {
  const { value, error } = await call(method, ...args);
  expect(error).toBeUndefined();
  if (typeof expected === 'object' && expected !== null) expect(value).toMatchObject(expected);
  else expect(value).toBe(expected);
});

test('an account without members has no users and null profiles', async () => {
  await sql(`insert into accounts (account_number, company_name) values ('1111-1111-1111', 'Nobody Ltd')`);
  expect(await call('getUsersForAccount', '1111-1111-1111')).toEqual({ value: [] });
  expect(await call('getUserProfilesForAccount', '1111-1111-1111')).toEqual({ value: null });
});

test.each<[string, unknown[], string, string]>([
  ['getCachedUserForUsername', ['nobody'], 'user_does_not_exist', 'username'],
  ['getCachedUserForUsername', ['x'.repeat(10_000)], 'user_does_not_exist', 'username'],
  ['getCachedUserForUsername', ['\u0000'], 'user_does_not_exist', 'username'],
  ['getCachedAdminUserForAccount', ['9999-9999-9999'], 'account_does_not_exist', 'accountNumber'],
  ['getUsersForAccount', ['9999-9999-9999'], 'account_does_not_exist', 'accountNumber'],
  ['getUsersForAccount', [''], 'account_required', 'accountNumber'],
  ['getUsersForAccount', [], 'account_required', 'accountNumber'],
  ['getUserProfilesForAccount', [null], 'account_required', 'accountNumber'],
  ['getUserProfilesForAccount', ['no number'], 'account_does_not_exist', 'accountNumber'],
  ['validResourceOwnersForUser', [999], 'user_profile_does_not_exist', 'userProfileId'],
  ['validResourceOwnersForUser', [], 'bad_request', 'userProfileId'],
  ['getCachedUserForUserId', ['3'], 'bad_request', 'userId'],
  ['getCachedUserForUserId', [0], 'bad_request', 'userId'],
  ['getCachedUserForUserId', [1.5], 'bad_request', 'userId'],
  ['getCachedUserForUserId', [2 ** 53], 'bad_request', 'userId'],
  ['getCachedAccountForUser', [{}], 'bad_request', 'userId'],
  ['getCachedUserForUsername', [7], 'bad_request', 'username'],
  ['getAccountByExternalId', [7], 'bad_request', 'externalId'],
  ['getUsersForAccount', [7], 'bad_request', 'accountNumber'],
  ['getCachedDefaultAccount', [{ invalidate: 'yes' }], 'bad_request', 'options.invalidate'],
  ['getCachedDefaultAccount', [{ consistencyToken: 'x' }], 'bad_request', 'options.consistencyToken'],
])('%s is refused cleanly, case %#', async (method, args, code, name) => {
  const { error } = await call(method, ...args);
  expect(error?.code).toBe(code);
  expect(error?.message).toContain(name);
});

test('an error carries a code and a message, and nothing of ours besides', async () => {
  const { error } = await call('getUsersForAccount', '9999-9999-9999');
  expect(Object.keys(error ?? {}).toSorted()).toEqual(['code', 'message', 'name', 'remote', 'stack']);
  expect(error?.stack).not.toMatch(/select |listUsers|readThrough|loadEntry|unknownAccount/);
});

test('what other systems call accounts and users finds them, and null for what nobody is called', async () => {
  await sql(
    `insert into accounts (id, account_number, company_name, external_id) values (1500, '1500-1500-1500', 'x', 'crm/1');
     insert into users (id, username, email, external_id) values (1500, 'outside', 'o@example.com', 'crm/1')`,
  );
  expect(await call('getAccountByExternalId', 'crm/1')).toMatchObject({
    value: { id: 1500, externalId: 'crm/1' },
  });
  expect(await call('getUserByExternalId', 'crm/1')).toMatchObject({ value: { id: 1500, metadata: {} } });
  for (const id of ['nobody', '', '\u0000', 'x'.repeat(10_000)])
    expect(await call('getUserByExternalId', id)).toEqual({ value: null });
});

interface ListPage {
  readonly items: readonly { readonly id: number }[];
  readonly nextCursor: string | null;
}

const listMethods: [method: string, of: unknown][] = [
  ['listUsersForAccount', '1234-5678-9012'],
  ['listUserProfilesForAccount', '1234-5678-9012'],
  ['listValidResourceOwners', 3],
];

describe.each(listMethods)('%s', (method, of) => {
  const page = async (options?: object) => (await call(method, of, options)).value as ListPage;

  test('answers page after page what the whole list has', async () => {
    const whole = await page();
    expect(whole).toMatchObject({ items: [{}, {}, {}], nextCursor: null });
    const pages = [await page({ limit: 1 })];
    for (let cursor = pages[0]?.nextCursor; cursor; cursor = pages.at(-1)?.nextCursor)
      pages.push(await page({ limit: 1, cursor, invalidate: true }));
    expect(pages.map(({ items }) => items.length)).toEqual([1, 1, 1]);
    expect(pages.flatMap(({ items }) => items)).toEqual(whole.items);
  });

  test.each<[string, unknown, string]>([
    ['a limit of 0', { limit: 0 }, 'options.limit'],
    ['a limit of 501', { limit: 501 }, 'options.limit'],
    ['a limit that is no number', { limit: '20' }, 'options.limit'],
    ['a cursor that is none', { cursor: 'YWZ0ZXI6MQ' }, 'options.cursor'],
    ['a cursor that is no text', { cursor: 7 }, 'options.cursor'],
    ['an option that is none', { limits: 20 }, 'limits'],
    ['a text', 'x', 'options'],
  ])('refuses %s', async (_what, options, name) => {
    const { error } = await call(method, of, options);
    expect(error?.code).toBe('bad_request');
    expect(error?.message).toContain(name);
  });

  test('refuses the cursor of another list', async () => {
    for (const [other, another] of listMethods.filter(([name]) => name !== method)) {
      const { nextCursor } = (await call(other, another, { limit: 1 })).value as ListPage;
      expect((await call(method, of, { cursor: nextCursor })).error?.code).toBe('bad_request');
    }
  });

  test('sees nothing of another account for a bound caller', async () => {
    const foreign = method === 'listValidResourceOwners' ? 1 : '3141-5926-5359';
    expect((await callBound(method, foreign)).error?.code).toMatch(/does_not_exist$/);
    expect((await callBound(method, of)).error).toBeUndefined();
  });
});

test('who is absent has no pages either', async () => {
  expect((await call('listUsersForAccount', '0000-0000-0000')).error?.code).toBe('account_does_not_exist');
  expect((await call('listUserProfilesForAccount', '')).error?.code).toBe('account_required');
  expect((await call('listValidResourceOwners', 999)).error?.code).toBe('user_profile_does_not_exist');
  expect((await call('listValidResourceOwners', null, { cursor: 'x' })).error?.code).toBe('bad_request');
  expect((await call('listValidResourceOwners', null)).value).toMatchObject({
    items: [{ id: 1 }],
    nextCursor: null,
  });
});

test('the accounts of a user come page after page, and to bound callers their own alone', async () => {
  const whole = (await call('getAccountsForUser', 6)).value;
  const first = (await call('listAccountsForUser', 6, { limit: 1 })).value as ListPage;
  const rest = (await call('listAccountsForUser', 6, { limit: 1, cursor: first.nextCursor }))
    .value as ListPage;
  expect([...first.items, ...rest.items]).toEqual(whole);
  expect(rest.nextCursor).toBeNull();
  expect((await call('listAccountsForUser', 999)).error?.code).toBe('user_does_not_exist');
  const own = (whole as { account: { accountNumber: string } }[]).filter(
    ({ account }) => account.accountNumber === '1234-5678-9012',
  );
  expect(own).toHaveLength(1);
  expect((await callBound('getAccountsForUser', 6)).value).toEqual(own);
  expect((await callBound('listAccountsForUser', 6)).value).toEqual({ items: own, nextCursor: null });
  for (const stranger of [1, 999]) {
    expect((await callBound('getAccountsForUser', stranger)).value).toBeNull();
    expect((await callBound('listAccountsForUser', stranger)).error?.code).toBe('user_does_not_exist');
  }
});

if (isDrawn(0, 3))
  test('a user of 10,001 accounts has too many to be answered whole, and pages', async () => {
    await sql(`with companies as (
      insert into accounts (id, account_number, company_name)
      select n, to_char(n, 'FM0000-0000-0000'), 'x' from generate_series(200001, 210001) as n returning id
    ), person as (
      insert into users (id, username, email) values (200001, 'everywhere', 'e@example.com') returning id
    )
    insert into user_profiles (id, user_id, account_id) select companies.id, person.id, companies.id from companies, person`);
    const { error } = await call('getAccountsForUser', 200_001);
    expect(error).toMatchObject({ code: 'too_many_accounts' });
    expect(error?.message).toContain('listAccountsForUser');
    const page = (await call('listAccountsForUser', 200_001, { limit: 500 })).value as ListPage;
    expect(page.items).toHaveLength(500);
  });

if (isDrawn(1, 3))
  describe('an account of 10,001 members', () => {
    const LARGE = '1010-1010-1010';

    beforeAll(async () => {
      await sql(`with account as (
        insert into accounts (id, account_number, company_name) values (1010, '${LARGE}', 'Large') returning id
      ), people as (
        insert into users (id, username, email)
        select n, 'large' || n, 'l@example.com' from generate_series(100001, 110001) as n returning id
      )
      insert into user_profiles (id, user_id, account_id) select people.id, people.id, account.id from people, account`);
    });

    test.each<[string, unknown, string]>([
      ['getUsersForAccount', LARGE, 'listUsersForAccount'],
      ['getUserProfilesForAccount', LARGE, 'listUserProfilesForAccount'],
      ['validResourceOwnersForUser', 100_001, 'listValidResourceOwners'],
    ])('is too large for %s, and answers %s with pages by the other', async (method, of, listMethod) => {
      const { error } = await call(method, of);
      expect(error).toMatchObject({ code: 'too_many_members' });
      expect(error?.message).toContain(listMethod);
      const page = (await call(listMethod, of, { limit: 500 })).value as ListPage;
      expect(page.items).toHaveLength(500);
      expect(page.nextCursor).not.toBeNull();
    });

    test('is not deleted at once, and with one member fewer it is answered whole', async () => {
      const { error } = await call('deleteAccount', LARGE, { dryRun: true });
      expect(error).toMatchObject({ code: 'forbidden' });
      await sql('delete from user_profiles where id = 110001');
      const { value } = await call('getUsersForAccount', LARGE, { invalidate: true });
      expect(value).toHaveLength(10_000);
      await sql('insert into user_profiles (id, user_id, account_id) values (110001, 110001, 1010)');
      expect((await call('getUsersForAccount', LARGE, { invalidate: true })).error).toBeDefined();
    });
  });

describe('resolveUrl and resolveUser', () => {
  test('say over RPC what they say over HTTP', async () => {
    const { value } = await call('resolveUrl', 'hr.1234-5678-9012.api.localhost');
    expect(value).toMatchObject({ state: 'active', account: { id: 2 }, adminUser: { id: 4 }, changes: [] });
    expect(await call('resolveUrl', '')).toMatchObject({ value: { reason: 'no_http_url', state: null } });
    expect(await call('resolveUser', 'both')).toMatchObject({
      value: { user: { id: 6 }, answer: { id: 1 }, rule: 'default_account' },
    });
  });

  test('refuse what names nobody or several, and list those', async () => {
    expect(await call('resolveUser', 'nobody')).toMatchObject({ error: { code: 'user_does_not_exist' } });
    expect(await call('resolveUser', '')).toMatchObject({
      error: { code: 'bad_request', message: expect.stringContaining('user: ') as unknown },
    });
    expect(await call('resolveUrl', 3)).toMatchObject({ error: { code: 'bad_request' } });
    await sql(`insert into users (id, username, email) values (7001, '7002', 'a'), (7002, 'other', 'b')`);
    const { error } = await call('resolveUser', '7002');
    expect(error).toMatchObject({ code: 'ambiguous', candidates: [{ id: 7001 }, { id: 7002 }] });
    await sql('delete from users where id in (7001, 7002)');
  });

  test('show a bound Worker its own account and members, and nothing else', async () => {
    const own = await callBound('resolveUrl', '1234-5678-9012.api.localhost');
    expect(own).toMatchObject({ value: { state: 'active' } });
    const other = await callBound('resolveUrl', '3141-5926-5359.api.localhost');
    expect(other).toMatchObject({ value: { state: 'never', account: null } });
    expect(await callBound('resolveUser', 'johndoe')).toMatchObject({ value: { user: { id: 3 } } });
    expect(await callBound('resolveUser', 'staff_user')).toMatchObject({
      error: { code: 'user_does_not_exist' },
    });
  });
});

test('only the look-ups are callable', async () => {
  for (const name of ['env', 'ctx', 'constructor', 'answer']) {
    const { value, error } = await call(name);
    expect(value ?? null, name).toBeNull();
    expect(error, name).toBeDefined();
  }
});

test('simultaneous callers of an account without admin get one and the same new user', async () => {
  await sql(`insert into accounts (account_number, company_name) values ('2222-2222-2222', 'Adminless Ltd')`);
  const outcomes = await callTimes(CALLERS, 'getCachedAdminUserForAccount', '2222-2222-2222');
  expect(outcomes.filter(({ error }) => error)).toEqual([]);
  const users = new Set(outcomes.map(({ value }) => JSON.stringify(value)));
  expect([...users]).toHaveLength(1);
  expect(outcomes[0]?.value).toMatchObject({
    username: '2222-2222-2222-admin',
    email: '2222-2222-2222-admin@example.com',
    isStaff: true,
    isSuperuser: false,
    isActive: true,
  });
  const made = await sql(`select u.id from users u join user_profiles p on p.user_id = u.id
    where u.username like '2222-2222-2222%'`);
  expect(made).toHaveLength(1);
});

describe('getMany', () => {
  const through = async (binding: string, ...args: unknown[]): Promise<Outcome> => {
    const body = JSON.stringify({ binding, method: 'getMany', args, times: 1 });
    const response = await fetch(two.workers.consumerUrl, { method: 'POST', body });
    // The caller Worker writes this.
    const [outcome = {}] = (await response.json()) as Outcome[];
    return outcome;
  };
  const everyKind = [
    { lookUp: 'user', userId: 3 },
    { lookUp: 'userByUsername', username: 'johndoe' },
    { lookUp: 'account', accountNumber: '1234-5678-9012' },
    { lookUp: 'defaultAccount' },
    { lookUp: 'accountForUser', userId: 3 },
    { lookUp: 'userProfile', userProfileId: 3 },
    { lookUp: 'platformAdminProfile' },
    { lookUp: 'adminUser', accountNumber: '1234-5678-9012' },
  ];
  const absent = (code: string) => ({ error: { code, message: expect.any(String) as unknown } });

  test('answers every kind as its method does, in order', async () => {
    const { value } = await through('ACCOUNTS', everyKind);
    const calls: [string, ...unknown[]][] = [
      ['getCachedUserForUserId', 3],
      ['getCachedUserForUsername', 'johndoe'],
      ['getAccount', '1234-5678-9012'],
      ['getCachedDefaultAccount'],
      ['getCachedAccountForUser', 3],
      ['getUserProfile', 3],
      ['getCachedSmarterAdminUserProfile'],
      ['getCachedAdminUserForAccount', '1234-5678-9012'],
    ];
    expect(value).toEqual(await Promise.all(calls.map(([method, ...args]) => call(method, ...args))));
  });

  test('answers an error with a code where there is none, and creates no admin user', async () => {
    const lookUps = [
      { lookUp: 'user', userId: 999 },
      { lookUp: 'user', userId: 3 },
      { lookUp: 'userByUsername', username: 'nobody' },
      { lookUp: 'account', accountNumber: '9999-9999-9999' },
      { lookUp: 'accountForUser', userId: 5 },
      { lookUp: 'userProfile', userProfileId: 999 },
      { lookUp: 'adminUser', accountNumber: '2718-2818-2845' },
      { lookUp: 'user', userId: 999 },
    ];
    expect(await through('ACCOUNTS', lookUps)).toEqual({
      value: [
        absent('user_does_not_exist'),
        { value: expect.objectContaining({ username: 'johndoe' }) as unknown },
        absent('user_does_not_exist'),
        absent('account_does_not_exist'),
        absent('no_account_for_user'),
        absent('user_profile_does_not_exist'),
        absent('admin_user_does_not_exist'),
        absent('user_does_not_exist'),
      ],
    });
    expect(await sql(`select 1 from users where username like '2718-2818-2845-admin%'`)).toEqual([]);
  });

  test('shows a Worker that is bound to an account that account’s alone', async () => {
    const others = [
      { lookUp: 'user', userId: 1 },
      { lookUp: 'userByUsername', username: 'admin' },
      { lookUp: 'account', accountNumber: '3141-5926-5359' },
      { lookUp: 'accountForUser', userId: 6 },
      { lookUp: 'userProfile', userProfileId: 1 },
      { lookUp: 'adminUser', accountNumber: '3141-5926-5359' },
    ];
    expect(await through('TENANT', [...everyKind, ...others])).toEqual({
      value: [
        { value: expect.objectContaining({ id: 3 }) as unknown },
        { value: expect.objectContaining({ id: 3 }) as unknown },
        { value: expect.objectContaining({ id: 2 }) as unknown },
        absent('no_default_account'),
        { value: expect.objectContaining({ id: 2 }) as unknown },
        { value: expect.objectContaining({ id: 3 }) as unknown },
        absent('no_platform_admin'),
        { value: expect.objectContaining({ id: 4 }) as unknown },
        absent('user_does_not_exist'),
        absent('user_does_not_exist'),
        absent('account_does_not_exist'),
        absent('no_account_for_user'),
        absent('user_profile_does_not_exist'),
        absent('account_does_not_exist'),
      ],
    });
  });

  test.each([
    ['READER', undefined],
    ['WRITER', undefined],
    ['OFFICER', 'directory:read'],
    ['MISTAKEN', 'props'],
    ['TEXT', 'props'],
  ])('through %s asks for the right to read', async (binding, lacking) => {
    const { value, error } = await through(binding, everyKind.slice(0, 1));
    if (lacking === undefined) expect(value).toHaveLength(1);
    else
      expect(error).toMatchObject({
        code: 'forbidden',
        message: expect.stringContaining(lacking) as unknown,
      });
  });

  test('reads past the cache for whoever may invalidate', async () => {
    await through('ACCOUNTS', everyKind);
    await sql(`update users set first_name = 'Many' where id = 3`);
    const { error } = await through('READER', everyKind, { invalidate: true });
    expect(error).toMatchObject({ code: 'forbidden' });
    const { value } = await through('ACCOUNTS', everyKind, { invalidate: true });
    expect(value).toMatchObject([
      { value: { firstName: 'Many' } },
      { value: { firstName: 'Many' } },
      {},
      {},
      {},
      { value: { user: { firstName: 'Many' } } },
      {},
      {},
    ]);
  });

  test.each<[unknown[], string]>([
    [[], 'lookUps'],
    [[[]], 'lookUps'],
    [[{}], 'lookUps'],
    [[Array.from({ length: 101 }, () => everyKind[0])], 'lookUps'],
    [[[everyKind[0], { lookUp: 'user' }]], 'lookUps.1.userId'],
    [[[{ lookUp: 'user', userId: 2 ** 53 }]], 'lookUps.0.userId'],
    [[[{ lookUp: 'users', userId: 1 }]], 'lookUps.0.lookUp'],
    [[[{ lookUp: 'user', userId: 1, more: 1 }]], 'lookUps.0.more'],
    [[[{ lookUp: 'account', accountNumber: '' }]], 'lookUps.0.accountNumber'],
    [[[{ lookUp: 'userByUsername', username: 'a\n' }]], 'lookUps.0.username'],
    [[everyKind, { consistencyToken: 'x' }], 'options.consistencyToken'],
  ])('refuses what is none, case %#', async (args, name) => {
    const { error } = await through('ACCOUNTS', ...args);
    expect(error?.code).toBe('bad_request');
    expect(error?.message).toMatch(new RegExp(`^${name}: `));
  });
});

test('a write behind our back is seen at once with invalidate', async () => {
  await call('getCachedUserForUserId', 4);
  await sql(`update users set first_name = 'Jane' where id = 4`);
  expect(await call('getCachedUserForUserId', 4, { invalidate: true })).toMatchObject({
    value: { firstName: 'Jane' },
  });
  expect(await call('getCachedUserForUserId', 4)).toMatchObject({
    value: { firstName: 'Jane', revision: 2 },
  });
});

test('the scheduled handler makes the isolate that it ran in current', async () => {
  await call('getCachedUserForUserId', 2);
  await sql(`update users set first_name = 'Stan' where id = 2`);
  await two.workers.fireScheduled();
  expect(await call('getCachedUserForUserId', 2)).toMatchObject({ value: { firstName: 'Stan' } });
});
