import { beforeEach, expect, test } from 'vitest';
import { absent, found, see } from '../support/seen.ts';
import { ageOutbox, drainNow, emptyRedis, get, newIsolate, sql, useStack } from '../support/stack.ts';
import { ANY_SQL, holdNext } from './held-requests.ts';
import { startLagging } from './lagging-replica.ts';

const stack = useStack();
const NUMBER = '2718-2818-2845';
const ADMIN = `/v1/accounts/${NUMBER}/admin-user`;
const NO_ADMIN = absent('admin_user_does_not_exist');
const NEW_ADMIN = found({ username: `${NUMBER}-admin` });
const OLD = found({ firstName: '' });
const NEW = found({ firstName: 'John' });

const user = () => see(newIsolate(stack.current), '/v1/users/3');
const write = () => sql(stack.current, "update users set first_name = 'John' where id = 3");

async function drainAfterTenSeconds(): Promise<void> {
  await ageOutbox(stack.current);
  await drainNow(stack.current);
}

beforeEach(async () => {
  await sql(
    stack.current,
    `update users set first_name = '' where id = 3;
     delete from users where id in (select user_id from user_profiles where account_id = 3)`,
  );
  await drainNow(stack.current);
  await drainAfterTenSeconds();
  await emptyRedis(stack.current);
});

test('an invalidation that a failover lost is made up for by the second pass of the drain', async () => {
  await user();
  const replica = await startLagging(stack.current);
  await write();
  await drainNow(stack.current);
  expect(await user()).toEqual(NEW);
  await replica.failOver();
  expect(await user()).toEqual(OLD);
  await drainAfterTenSeconds();
  expect(await user()).toEqual(NEW);
});

test('a failover between the invalidation and its mark changes nothing of that', async () => {
  await user();
  const replica = await startLagging(stack.current);
  await write();
  const held = holdNext(stack.current, /update .{0,2}cache_invalidations/, 'unsent');
  const draining = drainNow(newIsolate(stack.current));
  await held.reached;
  await replica.failOver();
  held.letGo();
  await draining;
  expect(await user()).toEqual(OLD);
  await drainAfterTenSeconds();
  expect(await user()).toEqual(NEW);
});

test('whoever holds the token of a lost invalidation is right at once, in every isolate', async () => {
  const reader = newIsolate(stack.current);
  expect(await see(reader, ADMIN)).toEqual(NO_ADMIN);
  const replica = await startLagging(stack.current);
  const created = await get(newIsolate(stack.current), ADMIN, {}, 'PUT');
  const token = { 'Consistency-Token': created.headers.get('Consistency-Token') ?? '' };
  await replica.failOver();
  expect(await see(newIsolate(stack.current), ADMIN)).toEqual(NO_ADMIN);
  expect(await see(newIsolate(stack.current), ADMIN, token)).toEqual(NEW_ADMIN);
  expect(await see(reader, ADMIN, token)).toEqual(NEW_ADMIN);
});

test('a write through this service whose invalidation was lost is made up for by the next drain', async () => {
  await see(newIsolate(stack.current), ADMIN);
  const replica = await startLagging(stack.current);
  await get(newIsolate(stack.current), ADMIN, {}, 'PUT');
  await replica.failOver();
  expect(await see(newIsolate(stack.current), ADMIN)).toEqual(NO_ADMIN);
  await drainNow(stack.current);
  expect(await see(newIsolate(stack.current), ADMIN)).toEqual(NEW_ADMIN);
});

test('a load from before that fills after the failover is made up for as well', async () => {
  const held = holdNext(stack.current, ANY_SQL, 'answered');
  const slow = user();
  await held.reached;
  const replica = await startLagging(stack.current);
  await write();
  await drainNow(stack.current);
  await replica.failOver();
  held.letGo();
  expect(await slow).toEqual(OLD);
  expect(await user()).toEqual(OLD);
  await drainAfterTenSeconds();
  expect(await user()).toEqual(NEW);
});

test('a load from before that fills after the second pass is refused', async () => {
  const held = holdNext(stack.current, ANY_SQL, 'answered');
  const slow = user();
  await held.reached;
  const replica = await startLagging(stack.current);
  await write();
  await drainNow(stack.current);
  await replica.failOver();
  await drainAfterTenSeconds();
  held.letGo();
  expect(await slow).toEqual(OLD);
  expect(await user()).toEqual(NEW);
});
