import { expect, test } from 'vitest';
import { countRequests, get, newIsolate, sql, useSeedForEach, useStack } from '../../support/stack.ts';
import { change, create, jsonOf } from '../../support/http/changes.ts';
import { expectProblem } from '../../support/http/problem.ts';

const stack = useStack();
useSeedForEach(stack);
const any = { 'If-Match': '*' };

const make = (body: object, headers = {}) =>
  create(
    stack.current,
    '/v1/user-profiles',
    { userId: 5, accountNumber: '2718-2818-2845', ...body },
    headers,
  );
const patch = (id: unknown, body: object, headers: Record<string, string> = any) =>
  change(stack.current, 'PATCH', `/v1/user-profiles/${String(id)}`, body, headers);
const remove = (id: unknown, query = '', headers: Record<string, string> = any) =>
  change(stack.current, 'DELETE', `/v1/user-profiles/${String(id)}${query}`, undefined, headers);
const read = (id: unknown) => get(stack.current, `/v1/user-profiles/${String(id)}`);

/** A profile of a user of its own. */
async function makeMember(accountNumber = '2718-2818-2845', rights = {}): Promise<Record<string, unknown>> {
  const user = { username: crypto.randomUUID(), email: 'member@example.com', ...rights };
  const { id } = await jsonOf(await create(stack.current, '/v1/users', user));
  return jsonOf(await make({ userId: id, accountNumber }));
}

test('a profile is created, and shown whole', async () => {
  const before = await get(stack.current, '/v1/users/5/account');
  await expectProblem(before, 'no_account_for_user');
  const response = await make({ name: 'Nomad', profileImageUrl: 'https://img.example/x?y=1', isTest: true });
  expect(response.status).toBe(201);
  const profile = await jsonOf(response);
  expect(profile).toMatchObject({
    name: 'Nomad',
    user: { id: 5, username: 'nomad' },
    account: { id: 3 },
    profileImageUrl: 'https://img.example/x?y=1',
    isTest: true,
    revision: 1,
  });
  expect(response.headers.get('Location')).toBe(`/v1/user-profiles/${String(profile['id'])}`);
  const shown = await read(profile['id']);
  expect(await shown.json()).toEqual(profile);
  expect(shown.headers.get('ETag')).toBe(response.headers.get('ETag'));
  expect(await (await get(stack.current, '/v1/users/5/account')).json()).toMatchObject({ id: 3 });
  await expectProblem(await make({}), 'user_profile_exists');
});

test.each([
  [{ userId: 999_999 }, 'user_does_not_exist'],
  [{ userId: 3, accountNumber: '0000-0000-0000' }, 'account_does_not_exist'],
  [{ userId: 999_999, accountNumber: '0000-0000-0000' }, 'user_does_not_exist'],
] as const)('a profile of %j is refused, and may be asked for again under its key', async (body, code) => {
  const headers = { 'Idempotency-Key': JSON.stringify(body).replaceAll('"', '') };
  await expectProblem(await make(body, headers), code);
  await expectProblem(
    await make({ userId: 3, accountNumber: '1234-5678-9012' }, headers),
    'user_profile_exists',
  );
});

test.each([
  [{ userId: undefined }, 'userId'],
  [{ userId: '5' }, 'userId'],
  [{ userId: 2 ** 53 }, 'userId'],
  [{ accountNumber: 'x' }, 'accountNumber'],
  [{ name: 'x'.repeat(256) }, 'name'],
  [{ profileImageUrl: 'javascript:alert(1)' }, 'profileImageUrl'],
  [{ profileImageUrl: 'x' }, 'profileImageUrl'],
  [{ profileImageUrl: 'https://img.example/\u0000' }, 'profileImageUrl'],
  [{ profileImageUrl: 'https://img.example/\ud800' }, 'profileImageUrl'],
  [{ profileImageUrl: `https://img.example/${'x'.repeat(2_048)}` }, 'profileImageUrl'],
  [{ isTest: 1 }, 'isTest'],
  [{ accountId: 3 }, 'accountId'],
])('creating from %j is 400 and names %s', async (body, name) => {
  const { errors } = await expectProblem(await make(body), 'bad_request');
  expect(errors).toMatchObject([{ in: 'body', name }]);
});

test('a change is shown at once, and takes the picture away by null', async () => {
  const { id } = await makeMember();
  await read(id);
  const done = await patch(id, { name: 'A', profileImageUrl: 'https://img.example/a', isTest: true });
  expect(await jsonOf(done.clone())).toMatchObject({
    name: 'A',
    isTest: true,
    revision: 2,
    account: { id: 3 },
  });
  expect(await (await read(id)).json()).toEqual(await done.json());
  const bare = await patch(id, { profileImageUrl: null });
  expect(await jsonOf(bare)).toMatchObject({ name: 'A', profileImageUrl: null, revision: 3 });
});

test.each([
  [{ isTest: null }, 'isTest'],
  [{ userId: 3 }, 'userId'],
  [{ accountNumber: '1234-5678-9012' }, 'accountNumber'],
])('changing by %j is 400 and names %s', async (body, name) => {
  const { errors = [] } = await expectProblem(await patch(3, body), 'bad_request');
  expect(errors.map((fault) => fault.name)).toContain(name);
});

test('what is not there is neither changed nor deleted', async () => {
  await expectProblem(await patch(999_999, { name: 'A' }), 'user_profile_does_not_exist');
  await expectProblem(await remove(999_999), 'user_profile_does_not_exist');
  await expectProblem(await remove(999_999, '?dryRun=true'), 'user_profile_does_not_exist');
});

test.each([
  ['itself', (id: number) => `update user_profiles set name = 'Else' where id = ${id}`],
  [
    'of its user',
    (id: number) =>
      `update users set first_name = 'Else' where id = (select user_id from user_profiles where id = ${id})`,
  ],
  [
    'of its account',
    (id: number) =>
      `update accounts set city = city || 'x' where id = (select account_id from user_profiles where id = ${id})`,
  ],
])('a change of the profile after one %s is 412, with the current ETag', async (_of, behind) => {
  const { id } = await makeMember();
  await expectProblem(await patch(id, { name: 'A' }, {}), 'precondition_required');
  const ifMatch = { 'If-Match': (await read(id)).headers.get('ETag') ?? '' };
  await sql(stack.current, behind(Number(id)));
  for (const late of [await patch(id, { name: 'A' }, ifMatch), await remove(id, '', ifMatch)]) {
    const fresh = await get(stack.current, `/v1/user-profiles/${String(id)}`, {
      'Cache-Control': 'no-cache',
    });
    expect(late.headers.get('ETag')).toBe(fresh.headers.get('ETag'));
    await expectProblem(late, 'precondition_failed');
  }
  const current = await get(stack.current, `/v1/user-profiles/${String(id)}`, {
    'Cache-Control': 'no-cache',
  });
  const etag = current.headers.get('ETag') ?? '';
  const changed = await patch(id, { name: 'A' }, { 'If-Match': `"other", ${etag}` });
  expect(changed.status).toBe(200);
  expect((await remove(id, '', { 'If-Match': changed.headers.get('ETag') ?? '' })).status).toBe(200);
});

test('the ETag of its user or of a part of it does not do', async () => {
  const { id } = await makeMember();
  const etag = (await read(id)).headers.get('ETag') ?? '';
  const [representation = '', profile = '', user = ''] = etag.slice(1, -1).split('-');
  for (const part of [profile, user, `${profile}-${user}`, `${profile}-${user}-${user}-${user}`]) {
    const refused = await patch(id, { name: 'A' }, { 'If-Match': `"${representation}-${part}"` });
    await expectProblem(refused, 'precondition_failed');
  }
});

test('a deletion ends the membership and keeps the user', async () => {
  const { id, user } = await makeMember();
  const { id: userId } = user as { id: number };
  await get(stack.current, '/v1/accounts/2718-2818-2845/users');
  const dry = await remove(id, '?dryRun=true', {});
  expect(await jsonOf(dry)).toEqual({ dryRun: true, accounts: 0, users: 0, userProfiles: 1, keys: 0 });
  expect((await read(id)).status).toBe(200);
  await expectProblem(await remove(id, '', {}), 'precondition_required');
  expect(await jsonOf(await remove(id))).toMatchObject({ dryRun: false, userProfiles: 1 });
  await expectProblem(await read(id), 'user_profile_does_not_exist');
  expect((await get(stack.current, `/v1/users/${userId}`)).status).toBe(200);
  const left = await get(stack.current, '/v1/accounts/2718-2818-2845/users');
  const { items }: { items: { id: number }[] } = await left.json();
  expect(items.map((one) => one.id)).not.toContain(userId);
});

test('the profile of the last admin of its account stays', async () => {
  await expectProblem(await remove(4), 'last_admin_is_protected');
  await expectProblem(await remove(4, '?dryRun=true'), 'last_admin_is_protected');
  const { id } = await makeMember('1234-5678-9012', { isStaff: true });
  expect((await remove(id)).status).toBe(200);
  await expectProblem(await remove(4), 'last_admin_is_protected');
});

test('so does that of the last superuser of the platform account, whatever staff there is', async () => {
  await expectProblem(await remove(1), 'last_admin_is_protected');
  const { id } = await makeMember('3141-5926-5359', { isSuperuser: true });
  expect((await remove(id)).status).toBe(200);
  expect((await remove(2)).status).toBe(200);
  await make({ userId: 2, accountNumber: '3141-5926-5359' });
});

test('an admin of another account may leave this one', async () => {
  const { id } = await makeMember('1618-0339-8874', { isStaff: true });
  const { user }: { user: { id: number } } = await (await read(id)).json();
  const { id: second } = await jsonOf(await make({ userId: user.id, accountNumber: '1234-5678-9012' }));
  await expectProblem(await remove(id), 'last_admin_is_protected');
  expect((await remove(second)).status).toBe(200);
});

test('what is asked for again under an Idempotency-Key is done once, and answered alike', async () => {
  const body = { userId: 5, accountNumber: '1618-0339-8874', name: 'Once' };
  const ask = () =>
    create(newIsolate(stack.current), '/v1/user-profiles', body, { 'Idempotency-Key': 'once' });
  const answers = await Promise.all(Array.from({ length: 8 }, ask));
  await sql(stack.current, `update users set first_name = 'Changed' where id = 5`);
  answers.push(await ask());
  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 201));
  expect(new Set(await Promise.all(answers.map((answer) => answer.text()))).size).toBe(1);
  expect(new Set(answers.map(({ headers }) => headers.get('ETag'))).size).toBe(1);
  const other = await make({ ...body, name: 'Other' }, { 'Idempotency-Key': 'once' });
  await expectProblem(other, 'idempotency_key_reused');
});

test('each write is one request to Postgres and one to Redis', async () => {
  const [{ id }, { id: userId }] = [
    await makeMember(),
    await jsonOf(await create(stack.current, '/v1/users', { username: 'counted', email: 'x@y.example' })),
  ];
  const cost = (act: () => Promise<Response>) => countRequests(stack.current, act);
  const written = { redis: 1, postgres: 1 };
  expect(await cost(() => make({ userId }))).toEqual(written);
  expect(await cost(() => patch(id, { name: 'A' }))).toEqual(written);
  expect(await cost(() => remove(id, '?dryRun=true'))).toEqual({ redis: 0, postgres: 1 });
  expect(await cost(() => remove(id))).toEqual(written);
});
