import { describe, expect, test } from 'vitest';
import { sampled } from '../../support/scale.ts';
import { NewUser } from '../../../src/directory/users/creation.ts';
import {
  countRequests,
  get,
  newIsolate,
  sql,
  useSeedForEach,
  useStack,
  whileAway,
} from '../../support/stack.ts';
import { change, create, jsonOf } from '../../support/http/changes.ts';
import { expectProblem } from '../../support/http/problem.ts';

const stack = useStack();
useSeedForEach(stack);
const any = { 'If-Match': '*' };
let made = 0;

const make = (body: object, headers = {}) =>
  create(
    stack.current,
    '/v1/users',
    { username: `made_${++made}`, email: 'made@example.com', ...body },
    headers,
  );
const patch = (id: unknown, body: object, headers: Record<string, string> = any) =>
  change(stack.current, 'PATCH', `/v1/users/${String(id)}`, body, headers);
const remove = (id: unknown, query = '', headers: Record<string, string> = any) =>
  change(stack.current, 'DELETE', `/v1/users/${String(id)}${query}`, undefined, headers);
const profilesOf = (id: unknown) =>
  sql(stack.current, 'select account_id from user_profiles where user_id = $1 order by account_id', id);

test('a user is created, and is there for whoever asked before', async () => {
  const path = '/v1/users/by-username/newcomer';
  await expectProblem(await get(stack.current, path), 'user_does_not_exist');
  const lastLogin = '2026-01-02T03:04:05+02:00';
  const response = await make({ username: 'newcomer', firstName: 'New', lastLogin });
  expect(response.status).toBe(201);
  const user = await jsonOf(response);
  expect(user).toMatchObject({
    username: 'newcomer',
    email: 'made@example.com',
    firstName: 'New',
    lastName: '',
    isActive: true,
    isStaff: false,
    isSuperuser: false,
    lastLogin: '2026-01-02T01:04:05.000Z',
    revision: 1,
  });
  expect(response.headers.get('Location')).toBe(`/v1/users/${String(user['id'])}`);
  const read = await get(stack.current, path);
  expect(await read.json()).toEqual(user);
  expect(read.headers.get('ETag')).toBe(response.headers.get('ETag'));
  expect(await profilesOf(user['id'])).toEqual([]);
});

test('with an account a user is created as its member, or not at all', async () => {
  const before = await get(stack.current, '/v1/accounts/2718-2818-2845/users');
  expect(await before.json()).toMatchObject({ items: [] });
  const user = await jsonOf(await make({ accountNumber: '2718-2818-2845', isStaff: true }));
  expect(await profilesOf(user['id'])).toEqual([{ account_id: '3' }]);
  const after = await get(stack.current, '/v1/accounts/2718-2818-2845/users');
  expect(await after.json()).toMatchObject({ items: [user] });
  const refused = await make({ username: 'nowhere', accountNumber: '0000-0000-0000' });
  await expectProblem(refused, 'account_does_not_exist');
  expect(await sql(stack.current, `select 1 from users where username = 'nowhere'`)).toEqual([]);
  await expectProblem(await make({ username: 'johndoe', accountNumber: '2718-2818-2845' }), 'username_taken');
  expect(await profilesOf(3)).toEqual([{ account_id: '2' }]);
});

test.each([
  [{ username: undefined }, 'username'],
  [{ email: undefined }, 'email'],
  [{ email: 'nobody' }, 'email'],
  [{ email: 'a@b.example\u0000' }, 'email'],
  [{ firstName: 'x'.repeat(151) }, 'firstName'],
  [{ lastName: 'a\nb' }, 'lastName'],
  [{ firstName: '\ud800' }, 'firstName'],
  [{ isActive: 'yes' }, 'isActive'],
  [{ isStaff: null }, 'isStaff'],
  [{ isSuperuser: 1 }, 'isSuperuser'],
  [{ lastLogin: 'yesterday' }, 'lastLogin'],
  [{ lastLogin: '2026-01-02T03:04:05' }, 'lastLogin'],
  [{ lastLogin: '0999-12-31T23:59:59Z' }, 'lastLogin'],
  [{ lastLogin: '9999-12-31T23:59:59-01:00' }, 'lastLogin'],
  [{ accountNumber: '1' }, 'accountNumber'],
  [{ accountNumber: null }, 'accountNumber'],
  [{ id: 7 }, 'id'],
  [{ revision: 7 }, 'revision'],
  [{ dateJoined: '2026-01-02T03:04:05Z' }, 'dateJoined'],
])('creating from %j is 400 and names %s', async (body, name) => {
  const { errors } = await expectProblem(await make(body), 'bad_request');
  expect(errors).toMatchObject([{ in: 'body', name }]);
});

test.each(['1000-01-01T00:00:00Z', '9999-12-31T23:59:59.999Z', null])(
  'lastLogin may be %j',
  async (lastLogin) => {
    const { lastLogin: kept } = await jsonOf(await make({ lastLogin }));
    expect(kept).toBe(lastLogin && new Date(lastLogin).toISOString());
  },
);

describe('usernames', () => {
  const forbidden = [
    ['аdmin', 'mix scripts'],
    ['pαypal', 'mix scripts'],
    ['αдмин', 'mix scripts'],
    ['ａｄｍｉｎ', 'NFKC'],
    ['ﬁnance', 'NFKC'],
    ['e\u0301milie', 'NFKC'],
    ['ad\u200bmin', 'invisible'],
    ['ad\u00admin', 'invisible'],
    ['\u202eadmin', 'invisible'],
    ['admin\ufe0f', 'invisible'],
    ['admin\u034f', 'invisible'],
    ['admin\u{e0041}', 'invisible'],
    ['ad\u2028min', 'invisible'],
    [' admin', 'white space'],
    ['admin ', 'white space'],
    ['.', '. or ..'],
    ['..', '. or ..'],
    ['ad\u0000min', 'control character'],
    ['ad\nmin', 'control character'],
    ['\ud800', 'well-formed'],
    ['', '1 to 150'],
    ['x'.repeat(151), '1 to 150'],
    ['admin\u2800', 'UTS 39'],
    ['\u1d00dmin', 'UTS 39'],
    ['\u0251dmin', 'UTS 39'],
    ['admin\u0378', 'UTS 39'],
    ['admin\ue000', 'UTS 39'],
    ['\u2c81dmin', 'UTS 39'],
    ['\u13aadmin', 'UTS 39'],
    ['john\u2010doe', 'UTS 39'],
    ['john\u2019s', 'UTS 39'],
    ['a/b', 'UTS 39'],
    ['a\u00a0b', 'NFKC'],
    ['\u{1f600}', 'UTS 39'],
    ['admin\u4e00x', 'mix scripts'],
    ['\u0561dmin', 'mix scripts'],
    ['\u0661\u06f2', 'mix digits'],
    ['admi\u0307n', 'marks'],
    ['x\u0304\u0304', 'marks'],
    ['a \u0304b', 'marks'],
    ['1234-5678-9012-admin', 'as the service calls admins'],
    ['1234-5678-9012-Admin-2', 'as the service calls admins'],
    ['0000-0000-0000-administrator', 'as the service calls admins'],
  ] as const;
  test.each(sampled(forbidden))('%j is 400, on creating and on renaming', async (username, why) => {
    for (const response of [await make({ username }), await patch(3, { username })]) {
      const { errors = [] } = await expectProblem(response, 'bad_request');
      expect(errors.map(({ name }) => name)).toContain('username');
      expect(errors.map(({ detail }) => detail).join()).toContain(why);
    }
  });

  test.each([
    'админ',
    'διαχειριστής',
    'émilie',
    '管理者',
    'たろう山田',
    '김철수',
    'हिन्दी',
    'שלום',
    'مرحبا',
    'a b',
    'a@b.c+d-e_f',
    '1234',
    '...',
    'x'.repeat(150),
  ])('%j is a name, and found by it', async (username) => {
    const user = await jsonOf(await make({ username }));
    const read = await get(stack.current, `/v1/users/by-username/${encodeURIComponent(username)}`);
    expect(await read.json()).toEqual(user);
  });

  test('names that were given before the rule are still found, and kept', async () => {
    await sql(stack.current, `insert into users (id, username, email) values (900, 'аdmin', 'a@b.example')`);
    expect((await get(stack.current, `/v1/users/by-username/${encodeURIComponent('аdmin')}`)).status).toBe(
      200,
    );
    expect(await jsonOf(await patch(900, { firstName: 'A' }))).toMatchObject({ username: 'аdmin' });
    const sentBack = { username: 'аdmin', email: 'a@b.example', lastName: 'B' };
    expect(await jsonOf(await patch(900, sentBack))).toMatchObject(sentBack);
    for (const refused of [{ username: 'аdmin2' }, { username: 'аdmin', email: 'none' }]) {
      const { errors } = await expectProblem(await patch(900, { ...refused, lastName: 'C' }), 'bad_request');
      expect(errors?.map(({ name }) => name)).toEqual([Object.keys(refused).at(-1)]);
    }
  });

  test('those that differ in case or in runs of blanks alone are one, and are looked up as they are', async () => {
    const { id } = await jsonOf(await make({ username: 'Σίσυφος Α' }));
    for (const username of ['σίσυφος α', 'ΣΊΣΥΦΟΣ  Α', 'σίσυφοσ   α']) {
      await expectProblem(await make({ username }), 'username_taken');
      await expectProblem(await patch(4, { username }), 'username_taken');
      const path = `/v1/users/by-username/${encodeURIComponent(username)}`;
      await expectProblem(await get(stack.current, path), 'user_does_not_exist');
    }
    expect(await jsonOf(await patch(id, { username: 'σίσυφος  Α' }))).toMatchObject({
      username: 'σίσυφος  Α',
    });
    await expectProblem(await make({ username: 'ADMIN' }), 'username_taken');
  });

  test('that of the service’s own form stays with the admin that has it', async () => {
    const path = '/v1/accounts/2718-2818-2845/admin-user';
    const admin = await jsonOf(await change(stack.current, 'PUT', path));
    const { id, username, email } = admin;
    expect(await jsonOf(await patch(id, { username, email, lastName: 'A' }))).toMatchObject({ username });
  });

  test('one that is taken is 409, on creating and on renaming', async () => {
    await expectProblem(await make({ username: 'johndoe' }), 'username_taken');
    await expectProblem(await patch(4, { username: 'johndoe' }), 'username_taken');
  });

  test('a user who is renamed is found by the new name and not by the old one', async () => {
    const { id } = await jsonOf(await make({ username: 'before' }));
    await get(stack.current, '/v1/users/by-username/before');
    await expectProblem(await get(stack.current, '/v1/users/by-username/after'), 'user_does_not_exist');
    expect(await jsonOf(await patch(id, { username: 'after' }))).toMatchObject({ id, username: 'after' });
    expect(await (await get(stack.current, '/v1/users/by-username/after')).json()).toMatchObject({ id });
    await expectProblem(await get(stack.current, '/v1/users/by-username/before'), 'user_does_not_exist');
  });
});

test('a change needs If-Match, and one that is current', async () => {
  const created = await make({});
  const { id } = await jsonOf(created.clone());
  const etag = created.headers.get('ETag') ?? '';
  await expectProblem(await patch(id, { lastName: 'A' }, {}), 'precondition_required');
  const done = await patch(id, { lastName: 'A' }, { 'If-Match': etag });
  expect(await jsonOf(done.clone())).toMatchObject({ lastName: 'A', firstName: '', revision: 2 });
  const late = await patch(id, { lastName: 'B' }, { 'If-Match': etag });
  expect(late.headers.get('ETag')).toBe(done.headers.get('ETag'));
  await expectProblem(late, 'precondition_failed');
  expect(await (await get(stack.current, `/v1/users/${String(id)}`)).json()).toEqual(await done.json());
});

test('a change sets a time, and takes it away', async () => {
  const { id } = await jsonOf(await make({}));
  const set = await patch(id, { lastLogin: '2026-01-02T03:04:05.678Z' });
  expect(await jsonOf(set)).toMatchObject({ lastLogin: '2026-01-02T03:04:05.678Z' });
  expect(await jsonOf(await patch(id, { lastLogin: null }))).toMatchObject({ lastLogin: null });
});

test.each([
  [{ email: null }, 'email'],
  [{ accountNumber: '2718-2818-2845' }, 'accountNumber'],
  [{ id: 7 }, 'id'],
])('changing by %j is 400 and names %s', async (body, name) => {
  const { errors = [] } = await expectProblem(await patch(3, body), 'bad_request');
  expect(errors.map((fault) => fault.name)).toContain(name);
});

test('who is not there is neither changed nor deleted', async () => {
  await expectProblem(await patch(999_999, { firstName: 'A' }), 'user_does_not_exist');
  await expectProblem(await remove(999_999), 'user_does_not_exist');
  await expectProblem(await remove(999_999, '?dryRun=true'), 'user_does_not_exist');
});

test('a deletion says first what it would delete', async () => {
  const { id } = await jsonOf(await make({ accountNumber: '1234-5678-9012' }));
  await sql(stack.current, 'insert into user_profiles (user_id, account_id) values ($1, 1)', id);
  const path = `/v1/users/${String(id)}`;
  const dry = await remove(id, '?dryRun=true', {});
  expect(await jsonOf(dry)).toEqual({ dryRun: true, accounts: 0, users: 1, userProfiles: 2, keys: 0 });
  const read = await get(stack.current, path);
  expect(read.status).toBe(200);
  await expectProblem(await remove(id, '', {}), 'precondition_required');
  const late = await remove(id, '', { 'If-Match': '"a-3.7.x"' });
  await expectProblem(late, 'precondition_failed');
  const done = await remove(id, '', { 'If-Match': read.headers.get('ETag') ?? '' });
  expect(await jsonOf(done)).toEqual({ dryRun: false, accounts: 0, users: 1, userProfiles: 2, keys: 0 });
  await expectProblem(await get(stack.current, path), 'user_does_not_exist');
  expect(await profilesOf(id)).toEqual([]);
});

describe('the last admin of an account', () => {
  const NUMBER = '1234-5678-9012';
  const adminOf = async (): Promise<{ id: number }> =>
    (await get(stack.current, `/v1/accounts/${NUMBER}/admin-user`)).json();

  test('is neither deleted nor demoted', async () => {
    expect((await adminOf()).id).toBe(4);
    await expectProblem(await remove(4), 'last_admin_is_protected');
    await expectProblem(await remove(4, '?dryRun=true'), 'last_admin_is_protected');
    await expectProblem(await patch(4, { isStaff: false }), 'last_admin_is_protected');
    expect((await adminOf()).id).toBe(4);
  });

  test('may be changed otherwise, and keeps one right for another', async () => {
    expect((await patch(4, { firstName: 'Jane', isActive: true })).status).toBe(200);
    expect((await patch(4, { isStaff: false, isSuperuser: true })).status).toBe(200);
    await expectProblem(await patch(4, { isSuperuser: false }), 'last_admin_is_protected');
    expect((await patch(4, { isStaff: true, isSuperuser: false })).status).toBe(200);
  });

  test('is the last active one: not deactivated, and not demoted or deleted while an inactive one is left', async () => {
    await expectProblem(await patch(4, { isActive: false }), 'last_admin_is_protected');
    const { id } = await jsonOf(await make({ accountNumber: NUMBER, isStaff: true, isActive: false }));
    const takings = [{ isActive: false }, { isStaff: false }, { isActive: false, isSuperuser: true }];
    for (const taking of takings) await expectProblem(await patch(4, taking), 'last_admin_is_protected');
    await expectProblem(await remove(4), 'last_admin_is_protected');
    await expectProblem(await remove(4, '?dryRun=true'), 'last_admin_is_protected');
    await expectProblem(
      await change(stack.current, 'DELETE', '/v1/user-profiles/4', undefined, any),
      'last_admin_is_protected',
    );
    expect((await patch(id, { isActive: true })).status).toBe(200);
    expect((await patch(4, { isActive: false })).status).toBe(200);
    await expectProblem(await patch(id, { isActive: false }), 'last_admin_is_protected');
    expect((await patch(4, { isActive: true })).status).toBe(200);
    expect((await patch(id, { isActive: false })).status).toBe(200);
    expect((await remove(id)).status).toBe(200);
  });

  test('of the platform is the last active superuser', async () => {
    await expectProblem(await patch(1, { isActive: false }), 'last_admin_is_protected');
    const { id } = await jsonOf(
      await make({ accountNumber: '3141-5926-5359', isSuperuser: true, isActive: false }),
    );
    await expectProblem(await patch(1, { isActive: false }), 'last_admin_is_protected');
    await expectProblem(await patch(1, { isSuperuser: false }), 'last_admin_is_protected');
    expect((await remove(id)).status).toBe(200);
  });

  test('is taken by who insists, which the audit log notes', async () => {
    const forced = (response: Response) =>
      sql(
        stack.current,
        `select entity_id::int, changes -> 'force' as force, changes -> 'is_active' as active from audit_log
         where request_id = $1 order by entity, id`,
        response.headers.get('X-Request-Id'),
      );
    const path = '/v1/users/4?force=true';
    const stopped = await change(stack.current, 'PATCH', path, { isActive: false }, any);
    expect(await jsonOf(stopped.clone())).toMatchObject({ id: 4, isActive: false });
    expect(await forced(stopped)).toEqual([{ entity_id: 4, force: [null, true], active: [true, false] }]);
    const back = await patch(4, { isActive: true });
    expect(await forced(back)).toEqual([{ entity_id: 4, force: null, active: [false, true] }]);
    const { id } = await jsonOf(await make({ isStaff: true }));
    const joined = { userId: id, accountNumber: '1618-0339-8874' };
    const profile = await jsonOf(await create(stack.current, '/v1/user-profiles', joined));
    const leave = (query: string) =>
      change(stack.current, 'DELETE', `/v1/user-profiles/${String(profile['id'])}${query}`, undefined, any);
    await expectProblem(await leave('?force=false'), 'last_admin_is_protected');
    expect(await jsonOf(await leave('?force=true&dryRun=true'))).toMatchObject({ dryRun: true });
    const left = await leave('?force=true');
    expect(await forced(left)).toMatchObject([{ force: [null, true] }]);
    await create(stack.current, '/v1/user-profiles', joined);
    await expectProblem(await remove(id), 'last_admin_is_protected');
    const gone = await remove(id, '?force=true');
    expect(await forced(gone)).toMatchObject([{ force: [null, true] }, { force: [null, true] }]);
  });

  test.each([
    ['without the scope for rights', { scopes: ['directory:write'] }],
    [
      'when it is bound to an account',
      { scopes: ['directory:write', 'rights:write'], accountNumber: NUMBER },
    ],
  ])('is taken by no caller %s', async (_why, key) => {
    const issued = await jsonOf(await create(stack.current, '/v1/keys', { name: 'Insisting', ...key }));
    const headers = { ...any, Authorization: `Bearer ${String(issued['key'])}` };
    const ask = (method: string, path: string, body?: object) =>
      change(stack.current, method, `${path}?force=true`, body, headers);
    await expectProblem(await ask('PATCH', '/v1/users/4', { isActive: false }), 'forbidden');
    await expectProblem(await ask('PATCH', '/v1/users/4', { lastName: 'x' }), 'forbidden');
    await expectProblem(await ask('DELETE', '/v1/users/4'), 'forbidden');
    await expectProblem(await ask('DELETE', '/v1/user-profiles/4'), 'forbidden');
    expect((await get(stack.current, '/v1/users/4')).status).toBe(200);
  });

  test('is one no longer beside another', async () => {
    const { id } = await jsonOf(await make({ accountNumber: NUMBER, isSuperuser: true }));
    expect((await patch(4, { isStaff: false })).status).toBe(200);
    expect((await adminOf()).id).toBe(id);
    await expectProblem(await remove(id), 'last_admin_is_protected');
    expect((await patch(4, { isStaff: true })).status).toBe(200);
    expect((await remove(id)).status).toBe(200);
    expect((await adminOf()).id).toBe(4);
  });

  test('of another account than the user is asked for counts too', async () => {
    const { id } = await jsonOf(await make({ accountNumber: NUMBER, isStaff: true }));
    await sql(stack.current, 'insert into user_profiles (user_id, account_id) values ($1, 4)', id);
    await expectProblem(await remove(id), 'last_admin_is_protected');
    await expectProblem(await patch(id, { isStaff: false }), 'last_admin_is_protected');
    await sql(stack.current, 'delete from user_profiles where user_id = $1 and account_id = 4', id);
    expect((await remove(id)).status).toBe(200);
  });

  test('who is a member of nothing, or no admin, may go', async () => {
    const { id: free } = await jsonOf(await make({ isStaff: true, isSuperuser: true }));
    expect((await remove(free)).status).toBe(200);
    const { id: plain } = await jsonOf(await make({ accountNumber: '1618-0339-8874' }));
    expect((await remove(plain)).status).toBe(200);
  });

  test('and the last superuser of the platform account stay, whatever staff there is', async () => {
    await expectProblem(await remove(1), 'last_admin_is_protected');
    await expectProblem(await patch(1, { isSuperuser: false }), 'last_admin_is_protected');
    await expectProblem(await patch(1, { isSuperuser: false, isStaff: true }), 'last_admin_is_protected');
    expect((await patch(1, { isStaff: false })).status).toBe(200);
    const { id } = await jsonOf(await make({ accountNumber: '3141-5926-5359', isSuperuser: true }));
    expect((await patch(1, { isStaff: true, isSuperuser: false })).status).toBe(200);
    await expectProblem(await remove(id), 'last_admin_is_protected');
    expect((await patch(1, { isSuperuser: true })).status).toBe(200);
    expect((await remove(id)).status).toBe(200);
  });
});

test('what is asked for again under an Idempotency-Key is done once, and answered alike', async () => {
  const headers = { 'Idempotency-Key': 'once' };
  const body = { username: 'once', accountNumber: '2718-2818-2845', lastLogin: '2026-01-02T03:04:05Z' };
  const first = await make(body, headers);
  const { id } = await jsonOf(first.clone());
  await patch(id, { username: 'renamed' });
  const again = await make(body, headers);
  expect([first.status, again.status]).toEqual([201, 201]);
  expect(await again.text()).toBe(await first.text());
  for (const name of ['ETag', 'Location']) expect(again.headers.get(name)).toBe(first.headers.get(name));
  expect(again.headers.get('Idempotency-Replayed')).toBe('true');
  await expectProblem(await make({ ...body, firstName: 'x' }, headers), 'idempotency_key_reused');
});

test.each([
  ['account_does_not_exist', { accountNumber: '0000-0000-0000' }],
  ['username_taken', { username: 'johndoe' }],
] as const)('a creation refused as %s may be asked for again under its key', async (code, body) => {
  const headers = { 'Idempotency-Key': `refused ${code}`.replace(' ', '-') };
  await expectProblem(await make(body, headers), code);
  expect((await make({}, headers)).status).toBe(201);
});

test('two identical creations at once under one Idempotency-Key make one user', async () => {
  const body = { username: 'twins', email: 'twins@example.com' };
  const ask = () => create(newIsolate(stack.current), '/v1/users', body, { 'Idempotency-Key': 'twins' });
  const answers = await Promise.all(Array.from({ length: 8 }, ask));
  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 201));
  expect(new Set(await Promise.all(answers.map((answer) => answer.text()))).size).toBe(1);
  expect(answers.filter(({ headers }) => !headers.has('Idempotency-Replayed'))).toHaveLength(1);
  expect(await sql(stack.current, `select 1 from users where username = 'twins'`)).toHaveLength(1);
});

test('each write is one request to Postgres and one to Redis, and a dry run or a refusal none to Redis', async () => {
  const { id } = await jsonOf(await make({ accountNumber: '1234-5678-9012' }));
  const cost = (act: () => Promise<Response>) => countRequests(stack.current, act);
  const written = { redis: 1, postgres: 1 };
  expect(await cost(() => make({ accountNumber: '1234-5678-9012' }))).toEqual(written);
  expect(await cost(() => make({}, { 'Idempotency-Key': 'counted' }))).toEqual(written);
  expect(await cost(() => patch(id, { isStaff: true }))).toEqual(written);
  expect(await cost(() => remove(id, '?dryRun=true'))).toEqual({ redis: 0, postgres: 1 });
  expect(await cost(() => patch(1, { isSuperuser: false }))).toEqual({ redis: 0, postgres: 1 });
  expect(await cost(() => remove(id))).toEqual(written);
});

test('without Redis a write succeeds, and without Postgres it is 503', async () => {
  const dark = await whileAway(stack.current, ['redis'], () => make({}));
  expect(dark.status).toBe(201);
  expect(dark.headers.get('Consistency-Token')).toMatch(/^pg:\d+$/);
  await expectProblem(await whileAway(stack.current, ['postgres'], () => make({})), 'unavailable');
});

test('the longest row that is valid leaves room for two hundred of it in a body', () => {
  const longest = {
    username: '\u{20000}'.repeat(150),
    email: `${'x'.repeat(64)}@${`${'x'.repeat(60)}.`.repeat(3)}com`,
    firstName: '\u4e00'.repeat(150),
    lastName: '\u4e00'.repeat(150),
    isActive: false,
    isStaff: false,
    isSuperuser: false,
    lastLogin: '2026-01-02T03:04:05.123456789+00:00',
    accountNumber: '1234-5678-9012',
  };
  expect(NewUser.safeParse(longest).error?.issues ?? []).toEqual([]);
  const escaped = JSON.stringify(longest).replaceAll(/[^\u0020-\u007e]/g, '\\uffff');
  expect(200 * escaped.length).toBeLessThan(2 ** 20);
});

test('who is bound to an account makes nobody superuser, and nobody the platform’s admin, whatever its scopes', async () => {
  const account = '1234-5678-9012';
  const issued = await create(stack.current, '/v1/keys', {
    name: 'Bound',
    scopes: ['directory:read', 'directory:write', 'rights:write'],
    accountNumber: account,
  });
  const headers = { Authorization: `Bearer ${String((await jsonOf(issued))['key'])}` };
  const user = { username: 'bound-made', email: 'bound@example.com', accountNumber: account };
  const makeBound = (more: object) => create(stack.current, '/v1/users', { ...user, ...more }, headers);
  await expectProblem(await makeBound({ isSuperuser: true }), 'forbidden');
  await expectProblem(await makeBound({ username: 'admin' }), 'forbidden');
  const { id } = await jsonOf(await makeBound({ isStaff: true }));
  const path = `/v1/users/${String(id)}`;
  const asBound = { ...headers, ...any };
  await expectProblem(
    await change(stack.current, 'PATCH', path, { isSuperuser: true }, asBound),
    'forbidden',
  );
  await expectProblem(
    await change(stack.current, 'PATCH', path, { username: 'admin' }, asBound),
    'forbidden',
  );
  expect((await change(stack.current, 'PATCH', path, { firstName: 'Bound' }, asBound)).status).toBe(200);
});
