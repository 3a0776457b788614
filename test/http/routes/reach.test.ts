import { describe, expect, test } from 'vitest';
import type { Scope } from '../../../src/directory/caller.ts';
import { get, send, sql, useStack } from '../../support/stack.ts';
import { change, create, jsonOf } from '../../support/http/changes.ts';
import { expectProblem } from '../../support/http/problem.ts';

const stack = useStack();
const ANY = { 'If-Match': '*' };
const BOUND = '1234-5678-9012';
const PLATFORM = '3141-5926-5359';

/** Headers with a new key that has the scopes, bound to the account if one is named. */
async function keyWith(scopes: readonly Scope[], accountNumber?: string): Promise<Record<string, string>> {
  const made = await create(stack.current, '/v1/keys', { name: 'Of a test', scopes, accountNumber });
  return { Authorization: `Bearer ${String((await jsonOf(made))['key'])}`, ...ANY };
}

const patch = (path: string, body: object, headers: Record<string, string>) =>
  change(stack.current, 'PATCH', path, body, headers);

test('who is bound to an account does not make it the default one', async () => {
  const headers = await keyWith(['directory:read', 'directory:write', 'rights:write'], BOUND);
  const before = await sql(stack.current, 'select * from accounts order by id');
  await expectProblem(await patch(`/v1/accounts/${BOUND}`, { isDefaultAccount: true }, headers), 'forbidden');
  const put = await change(stack.current, 'PUT', '/v1/accounts/default', { accountNumber: BOUND }, headers);
  await expectProblem(put, 'forbidden');
  expect(await sql(stack.current, 'select * from accounts order by id')).toEqual(before);
});

test.each<[string, Scope[], string | undefined, number, boolean]>([
  ['a superuser, without the scope for rights', [], undefined, 1, false],
  ['a superuser, by a bound caller without it', [], PLATFORM, 1, false],
  ['a superuser, by a bound caller with it', ['rights:write'], PLATFORM, 1, false],
  ['a superuser, with it', ['rights:write'], undefined, 1, true],
  ['a member of staff, without it', [], undefined, 2, false],
  ['a member of staff, by a bound caller with it', ['rights:write'], PLATFORM, 2, true],
  ['somebody without rights, without it', [], undefined, 3, true],
])(
  'who is %s: only who could give the rights changes it',
  async (_who, scopes, accountNumber, userId, isAllowed) => {
    const headers = await keyWith(['directory:read', 'directory:write', ...scopes], accountNumber);
    const path = `/v1/users/${userId}`;
    const { email, isActive } = await jsonOf(await get(stack.current, path));
    for (const body of [{ email: `moved-${userId}@example.com` }, { isActive: true }]) {
      const response = await patch(path, body, headers);
      if (isAllowed) expect(response.status).toBe(200);
      else await expectProblem(response, 'forbidden');
    }
    // A sign-in may be noted by whoever may write.
    expect((await patch(path, { lastLogin: '2026-02-03T04:05:06Z' }, headers)).status).toBe(200);
    if (!isAllowed) {
      await expectProblem(await change(stack.current, 'DELETE', path, undefined, headers), 'forbidden');
      await expectProblem(
        await change(stack.current, 'DELETE', `${path}?dryRun=true`, undefined, headers),
        'forbidden',
      );
      expect(await jsonOf(await get(stack.current, path))).toMatchObject({ email, isActive });
    }
  },
);

test('the name of the platform’s admin is theirs, superuser or not', async () => {
  const headers = await keyWith(['directory:read', 'directory:write']);
  await sql(stack.current, 'update users set is_superuser = false, is_staff = false where id = 1');
  await expectProblem(await patch('/v1/users/1', { username: 'nobody' }, headers), 'forbidden');
  await sql(stack.current, 'update users set is_superuser = true, is_staff = true where id = 1');
});

describe.each([
  ['staff', { isStaff: true }],
  ['superuser', { isSuperuser: true }],
])('the membership of a %s is a right', (_right, rights) => {
  /** A new account, with such a member and one without rights. */
  async function makeAccount() {
    const { accountNumber } = await jsonOf(await create(stack.current, '/v1/accounts', { companyName: 'x' }));
    const [ruler, other] = await Promise.all([
      makeUser({ ...rights, accountNumber }),
      makeUser({ accountNumber }),
    ]);
    const [profile] = await sql<{ id: number }>(
      stack.current,
      'select id::int from user_profiles where user_id = $1',
      ruler,
    );
    return { accountNumber: String(accountNumber), profileId: profile?.id, other };
  }

  async function makeUser(more: object): Promise<unknown> {
    const user = { username: crypto.randomUUID(), email: 'member@example.com', ...more };
    return (await jsonOf(await create(stack.current, '/v1/users', user)))['id'];
  }

  test('that who may only write does not give', async () => {
    const headers = await keyWith(['directory:read', 'directory:write']);
    const profile = { userId: await makeUser(rights), accountNumber: BOUND };
    const again = { 'Idempotency-Key': `member-${String(profile.userId)}` };
    const refused = await create(stack.current, '/v1/user-profiles', profile, { ...headers, ...again });
    await expectProblem(refused, 'forbidden');
    const others = await create(
      stack.current,
      '/v1/user-profiles',
      { userId: 5, accountNumber: BOUND },
      again,
    );
    expect(others.status).toBe(201);
    const { id } = await jsonOf(others);
    await change(stack.current, 'DELETE', `/v1/user-profiles/${String(id)}`, undefined, ANY);
    const officer = await keyWith(['directory:write', 'rights:write']);
    expect((await create(stack.current, '/v1/user-profiles', profile, officer)).status).toBe(201);
    // Nor do they hear that it is there.
    await expectProblem(await create(stack.current, '/v1/user-profiles', profile, headers), 'forbidden');
  });

  test('that who may only write does not end, by itself or with the account', async () => {
    const { accountNumber, profileId, other } = await makeAccount();
    await jsonOf(await patch(`/v1/users/${String(other)}`, { isStaff: true }, ANY));
    const paths = [`/v1/user-profiles/${String(profileId)}`, `/v1/accounts/${accountNumber}`];
    const headers = await keyWith(['directory:read', 'directory:write']);
    const officer = await keyWith(['directory:write', 'rights:write']);
    for (const path of paths) {
      await expectProblem(await change(stack.current, 'DELETE', path, undefined, headers), 'forbidden');
      const dry = `${path}?dryRun=true`;
      await expectProblem(await change(stack.current, 'DELETE', dry, undefined, headers), 'forbidden');
      expect((await get(stack.current, path)).status).toBe(200);
      expect((await change(stack.current, 'DELETE', path, undefined, officer)).status).toBe(200);
    }
  });
});

test('who is bound to an account ends the membership of its staff with the right, and of a superuser never', async () => {
  const bound = await keyWith(['directory:write', 'rights:write'], PLATFORM);
  const remove = (id: number) =>
    change(stack.current, 'DELETE', `/v1/user-profiles/${id}?dryRun=true`, undefined, bound);
  expect((await remove(2)).status).toBe(200);
  await expectProblem(await remove(1), 'forbidden');
});

test('who is bound to an account does not delete it', async () => {
  const { accountNumber } = await jsonOf(await create(stack.current, '/v1/accounts', { companyName: 'Own' }));
  const path = `/v1/accounts/${String(accountNumber)}`;
  const bound = await keyWith(['directory:write', 'rights:write'], String(accountNumber));
  for (const one of [path, `${path}?dryRun=true`])
    await expectProblem(await change(stack.current, 'DELETE', one, undefined, bound), 'forbidden');
  expect(
    (await change(stack.current, 'DELETE', path, undefined, await keyWith(['directory:write']))).status,
  ).toBe(200);
});

test('an admin user is created by who may give rights, and said when Redis did not hear of it', async () => {
  const path = '/v1/accounts/2718-2818-2845/admin-user';
  const put = (headers: Record<string, string>) =>
    send(stack.current, path, { method: 'PUT', headers: { Authorization: headers['Authorization'] ?? '' } });
  await expectProblem(await put(await keyWith(['directory:read', 'directory:write'])), 'forbidden');
  const made = await put(await keyWith(['directory:read', 'directory:write', 'rights:write']));
  expect([made.status, made.headers.get('Cache-Status')]).toEqual([201, 'isolate; fwd=bypass']);
  // Who asks for one that is there needs no right to make it.
  expect((await put(await keyWith(['directory:read', 'directory:write']))).status).toBe(200);
});

test('a write that changed nothing has no token, and nothing is pending', async () => {
  const again = await change(stack.current, 'PUT', '/v1/accounts/default', { accountNumber: PLATFORM });
  expect(again.status).toBe(200);
  expect(again.headers.get('Consistency-Token')).toBeNull();
  expect(again.headers.get('Cache-Status')).toBe('isolate; fwd=bypass');
});

test('a parameter that nobody knows stops a change, and no read', async () => {
  const { errors } = await expectProblem(
    await change(stack.current, 'DELETE', '/v1/users/5?dryrun=true', undefined, ANY),
    'bad_request',
  );
  expect(errors).toEqual([{ in: 'query', name: 'dryrun', detail: 'is no field' }]);
  expect((await get(stack.current, '/v1/users/5?utm=1')).status).toBe(200);
});

test('a search may begin like a key', async () => {
  expect((await get(stack.current, '/v1/users?usernamePrefix=ea_b')).status).toBe(200);
  expect((await get(stack.current, '/v1/users?usernamePrefix=ea_local_1_x')).status).toBe(200);
});

test('every entity tag of If-Match counts, and too many are refused', async () => {
  const etag = (await get(stack.current, '/v1/users/7')).headers.get('ETag') ?? '';
  const others = (count: number) => Array.from({ length: count }, (_, i) => `"x${i}"`).join(', ');
  const match = (text: string) => patch('/v1/users/7', { firstName: 'x' }, { 'If-Match': text });
  expect((await match(`${others(63)}, ${etag}`)).status).toBe(200);
  await expectProblem(await match(others(65)), 'bad_request');
});

test('no-cache without its scope is answered, and drops nothing that all share', async () => {
  const headers = {
    ...(await keyWith(['directory:read', 'directory:write', 'keys:write'])),
    'Cache-Control': 'no-cache',
  };
  await get(stack.current, '/v1/users/3');
  await sql(stack.current, 'alter table users disable trigger users_updated');
  await sql(stack.current, `update users set last_name = 'Unseen' where id = 3`);
  await sql(stack.current, 'alter table users enable always trigger users_updated');
  const [reread, ofAll, reloaded] = [
    await get(stack.current, '/v1/users/3', headers),
    await get(stack.current, '/v1/users/3', { 'Cache-Control': 'max-age=0' }),
    await get(stack.current, '/v1/users/3', { 'Cache-Control': 'no-cache' }),
  ];
  expect(await jsonOf(reread)).toMatchObject({ lastName: '' });
  expect(await jsonOf(ofAll)).toMatchObject({ lastName: '' });
  expect(await jsonOf(reloaded)).toMatchObject({ lastName: 'Unseen' });
  for (const path of ['/v1/users', '/v1/keys'])
    expect((await get(stack.current, path, headers)).status).toBe(200);
  expect((await patch('/v1/users/7', { lastName: 'x' }, headers)).status).toBe(200);
});
