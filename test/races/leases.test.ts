import { beforeEach, expect, test } from 'vitest';
import { scripts } from '../../src/cache/shared/scripts/scripts.ts';
import { found, see } from '../support/seen.ts';
import {
  countRequests,
  drainNow,
  emptyRedis,
  newIsolate,
  redis,
  redisKeys,
  sql,
  useStack,
} from '../support/stack.ts';
import { ANY_SQL, holdNext } from './held-requests.ts';

const stack = useStack();
const OLD = found({ firstName: '' });
const NEW = found({ firstName: 'John' });

const user = () => see(newIsolate(stack.current), '/v1/users/3');
const write = () => sql(stack.current, "update users set first_name = 'John' where id = 3");

beforeEach(async () => {
  await sql(stack.current, "update users set first_name = '' where id = 3");
  await drainNow(stack.current);
  await emptyRedis(stack.current);
});

async function leaseHolder(): Promise<unknown> {
  const [lease = ''] = await redisKeys(stack.current, 'lease:');
  return redis(stack.current, 'GET', lease);
}

// The lease expires at a moment that the test chooses.
async function endLease(): Promise<void> {
  for (const lease of await redisKeys(stack.current, 'lease:')) await redis(stack.current, 'DEL', lease);
}

async function expectSharedWithoutLoad(): Promise<void> {
  const counts = await countRequests(stack.current, async () => expect(await user()).toEqual(NEW));
  expect(counts).toEqual({ redis: 1, postgres: 0 });
}

test('after an invalidation while a lease is held another reader loads and shares without it', async () => {
  const held = holdNext(stack.current, ANY_SQL, 'answered');
  const holder = user();
  await held.reached;
  await write();
  await drainNow(stack.current);
  expect(await user()).toEqual(NEW);
  await expectSharedWithoutLoad();
  held.letGo();
  expect(await holder).toEqual(OLD);
  await expectSharedWithoutLoad();
});

test('a load whose lease was invalidated under it gives the lease back though its answer is refused', async () => {
  const held = holdNext(stack.current, ANY_SQL, 'answered');
  const holder = user();
  await held.reached;
  await write();
  await drainNow(stack.current);
  held.letGo();
  await holder;
  expect(await redisKeys(stack.current, 'lease:')).toEqual([]);
  const counts = await countRequests(stack.current, async () => expect(await user()).toEqual(NEW));
  expect(counts).toEqual({ redis: 1 + 1, postgres: 1 });
  await expectSharedWithoutLoad();
});

test('a load that outlives its lease does not overwrite what the next holder has shared', async () => {
  const held = holdNext(stack.current, ANY_SQL, 'answered');
  const holder = user();
  await held.reached;
  await endLease();
  await write();
  expect(await user()).toEqual(NEW);
  held.letGo();
  expect(await holder).toEqual(OLD);
  await expectSharedWithoutLoad();
});

test('a load that outlives its lease does not end the lease of the next holder', async () => {
  const first = holdNext(stack.current, ANY_SQL, 'answered');
  const holder = user();
  await first.reached;
  await endLease();
  const second = holdNext(stack.current, ANY_SQL, 'unsent');
  const next = user();
  await second.reached;
  const owner = await leaseHolder();
  first.letGo();
  await holder;
  expect(owner).toMatch(/^[0-9a-f]{16}$/);
  expect(await leaseHolder()).toBe(owner);
  second.letGo();
  await next;
  expect(await redisKeys(stack.current, 'lease:')).toEqual([]);
});

test('an invalidation between the end of a lease and the late fill refuses both readers’ old answers', async () => {
  const first = holdNext(stack.current, scripts.fill, 'unsent');
  const holder = user();
  await first.reached;
  await endLease();
  const second = holdNext(stack.current, scripts.fill, 'unsent');
  const next = user();
  await second.reached;
  await write();
  await drainNow(stack.current);
  second.letGo();
  first.letGo();
  expect([await holder, await next]).toEqual([OLD, OLD]);
  expect(await user()).toEqual(NEW);
});
