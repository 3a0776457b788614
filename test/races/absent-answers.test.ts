import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { scripts } from '../../src/cache/shared/scripts/scripts.ts';
import { absent, found, listed, see } from '../support/seen.ts';
import { drainNow, emptyRedis, get, newIsolate, sql, useStack } from '../support/stack.ts';
import { ANY_SQL, holdNext } from './held-requests.ts';

const stack = useStack();
const MEMORY_TTL_MS = 60_000;
const ACCOUNT = '/v1/accounts/2718-2818-2845';
const ADMIN = `${ACCOUNT}/admin-user`;
const USERS = `${ACCOUNT}/users`;
const NO_ADMIN = absent('admin_user_does_not_exist');
const NEW_ADMIN = found({ username: '2718-2818-2845-admin' });
const ONE_USER = found({ items: [expect.objectContaining({ username: '2718-2818-2845-admin' })] });

async function create(on = newIsolate(stack.current)): Promise<Record<string, string>> {
  const { headers, status } = await get(on, ADMIN, {}, 'PUT');
  expect(status).toBe(201);
  return { 'Consistency-Token': headers.get('Consistency-Token') ?? '' };
}

const remove = () =>
  sql(
    stack.current,
    'delete from users where id in (select user_id from user_profiles where account_id = 3)',
  );

beforeEach(async () => {
  await remove();
  await drainNow(stack.current);
  await emptyRedis(stack.current);
});
afterEach(() => void vi.useRealTimers());

describe.each([
  { when: 'Postgres has answered', request: ANY_SQL, point: 'answered' },
  { when: 'its fill sets out', request: scripts.fill, point: 'unsent' },
] as const)('a reader that stands still when $when', ({ request, point }) => {
  test('shares no absence of what was created meanwhile', async () => {
    const held = holdNext(stack.current, request, point);
    const slow = see(newIsolate(stack.current), ADMIN);
    await held.reached;
    await create();
    held.letGo();
    expect(await slow).toEqual(NO_ADMIN);
    expect(await see(newIsolate(stack.current), ADMIN)).toEqual(NEW_ADMIN);
  });

  test('keeps the absence to itself, until a read brings the news of the creation', async () => {
    const reader = newIsolate(stack.current);
    const held = holdNext(stack.current, request, point);
    const slow = see(reader, ADMIN);
    await held.reached;
    await create();
    held.letGo();
    await slow;
    expect(await see(reader, ADMIN)).toEqual(NO_ADMIN);
    await see(reader, '/v1/users/1');
    expect(await see(reader, ADMIN)).toEqual(NEW_ADMIN);
  });

  test('keeps the absence to itself, until the token or the end of its memory, where no log is followed', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() });
    const reader = newIsolate(stack.current, { MEMORY_LIFE_MS: '0' });
    const held = holdNext(stack.current, request, point);
    const slow = see(reader, ADMIN);
    await held.reached;
    const token = await create();
    held.letGo();
    await slow;
    expect(await see(reader, USERS, token)).toEqual(ONE_USER);
    expect(await see(reader, ADMIN)).toEqual(NO_ADMIN);
    vi.advanceTimersByTime(MEMORY_TTL_MS);
    expect(await see(reader, ADMIN)).toEqual(NEW_ADMIN);
  });

  test('keeps no absence in the isolate that creates', async () => {
    const held = holdNext(stack.current, request, point);
    const slow = see(stack.current, USERS);
    await held.reached;
    await create(stack.current);
    expect(await see(stack.current, USERS)).toEqual(ONE_USER);
    held.letGo();
    expect(await slow).toEqual(listed());
    expect(await see(stack.current, USERS)).toEqual(ONE_USER);
  });
});

test('an absence that was shared before falls with the creation, for every look-up that names it', async () => {
  for (const path of [ADMIN, USERS]) await see(newIsolate(stack.current), path);
  await create();
  expect(await see(newIsolate(stack.current), ADMIN)).toEqual(NEW_ADMIN);
  expect(await see(newIsolate(stack.current), USERS)).toEqual(ONE_USER);
});

test('what is created and deleted while a reader stands still is absent again', async () => {
  await create();
  await emptyRedis(stack.current);
  const held = holdNext(stack.current, ANY_SQL, 'answered');
  const slow = see(newIsolate(stack.current), ADMIN);
  await held.reached;
  await remove();
  await drainNow(stack.current);
  held.letGo();
  expect(await slow).toEqual(NEW_ADMIN);
  expect(await see(newIsolate(stack.current), ADMIN)).toEqual(NO_ADMIN);
});
