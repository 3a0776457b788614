import { beforeAll, describe, expect, test } from 'vitest';
import { countRequests, get, newIsolate, type TestStack, useStack } from '../../support/stack.ts';
import { expectProblem } from '../../support/http/problem.ts';

const stack = useStack();
const USERS = '/v1/accounts/2718-2818-2845/users';
const ADMIN = '/v1/accounts/2718-2818-2845/admin-user';
const readers: TestStack[] = [];
let token = '';

async function usernames(on: TestStack, consistencyToken?: string): Promise<string[]> {
  const headers = consistencyToken === undefined ? {} : { 'Consistency-Token': consistencyToken };
  const { items }: { items: { username: string }[] } = await (await get(on, USERS, headers)).json();
  return items.map(({ username }) => username);
}

// Three isolates hold the list of an account that is then no longer empty.
beforeAll(async () => {
  readers.push(...Array.from({ length: 3 }, () => newIsolate(stack.current)));
  for (const reader of readers) expect(await usernames(reader)).toEqual([]);
  for (const reader of readers) await expectProblem(await get(reader, ADMIN), 'admin_user_does_not_exist');
  const created = await get(stack.current, ADMIN, {}, 'PUT');
  expect(created.status).toBe(201);
  token = created.headers.get('Consistency-Token') ?? '';
});

test('the token of a write is opaque, and goes into a header as it is', () => {
  expect(token).toMatch(/^[\x21-\x7e]{1,40}$/);
});

test('an isolate that holds the old answer sees the write by its token, and keeps seeing it', async () => {
  const [reader = stack.current] = readers;
  expect(await usernames(reader)).toEqual([]);
  expect(await usernames(reader, token)).toEqual(['2718-2818-2845-admin']);
  expect(await usernames(reader)).toEqual(['2718-2818-2845-admin']);
});

test('the token holds for every look-up that the write concerns', async () => {
  const [, reader = stack.current] = readers;
  expect((await get(reader, ADMIN)).status).toBe(404);
  const response = await get(reader, ADMIN, { 'Consistency-Token': token });
  expect(await response.json()).toMatchObject({
    username: '2718-2818-2845-admin',
    isStaff: true,
    isSuperuser: false,
  });
});

test('an answer in Redis or memory that is new enough is used', async () => {
  await usernames(newIsolate(stack.current), token);
  const reader = newIsolate(stack.current);
  expect(await countRequests(stack.current, () => usernames(reader, token))).toEqual({
    redis: 1,
    postgres: 0,
  });
  expect(await countRequests(stack.current, () => usernames(reader, token))).toEqual({
    redis: 0,
    postgres: 0,
  });
});

test('an account that has an admin gives no token, for nothing was written', async () => {
  const response = await get(stack.current, ADMIN, {}, 'PUT');
  expect(response.status).toBe(200);
  expect(response.headers.get('Consistency-Token')).toBeNull();
});

describe('a token that nothing stored can satisfy', () => {
  const [epoch, n] = ['f'.repeat(16), '1'];
  test.each([
    ['of another epoch', () => `${epoch}:${n}`],
    ['ahead of the clock', () => `${token.slice(0, 16)}:${Number(token.slice(17)) + 1e12}`],
    ['of an invalidation that failed now', () => `pg:${Date.now()}`],
  ])('%s is answered by Postgres, every time', async (_which, make) => {
    const reader = newIsolate(stack.current);
    await usernames(reader);
    for (let times = 0; times < 2; times++) {
      const { postgres } = await countRequests(stack.current, async () => {
        expect(await usernames(reader, make())).toEqual(['2718-2818-2845-admin']);
      });
      expect(postgres).toBe(1);
    }
  });

  test('of an invalidation that failed long ago demands nothing', async () => {
    const reader = newIsolate(stack.current);
    await usernames(reader);
    const act = () => usernames(reader, `pg:${Date.now() - 86_400_000}`);
    expect(await countRequests(stack.current, act)).toEqual({ redis: 0, postgres: 0 });
  });
});

test.each([
  'x',
  ':',
  'pg:',
  'pg:-1',
  'pg:1e3',
  '1:1',
  `${'f'.repeat(16)}:`,
  `${'F'.repeat(16)}:1`,
  '9'.repeat(99),
  '',
])('the malformed token %j is 400', async (malformed) => {
  const response = await get(stack.current, USERS, { 'Consistency-Token': malformed });
  const { errors } = await expectProblem(response, 'bad_request');
  expect(errors).toEqual([{ in: 'header', name: 'Consistency-Token', detail: 'is malformed' }]);
});

test('a malformed token costs no store a request, and lets nothing be written', async () => {
  const path = '/v1/accounts/1618-0339-8874/admin-user';
  const counts = await countRequests(stack.current, async () => {
    const response = await get(newIsolate(stack.current), path, { 'Consistency-Token': 'x' }, 'PUT');
    await expectProblem(response, 'bad_request');
  });
  expect(counts).toEqual({ redis: 0, postgres: 0 });
});
