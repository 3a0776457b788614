import { beforeEach, expect, test } from 'vitest';
import { scripts } from '../../src/cache/shared/scripts/scripts.ts';
import { found, see } from '../support/seen.ts';
import { drainNow, emptyRedis, newIsolate, redisKeys, sql, useStack } from '../support/stack.ts';
import { ANY_SQL, holdNext } from './held-requests.ts';

const stack = useStack();
const OLD = found({ firstName: '' });
const NEW = found({ firstName: 'John' });

const user = () => see(newIsolate(stack.current), '/v1/users/3');
const flush = () => emptyRedis(stack.current);

async function write(): Promise<void> {
  await sql(stack.current, "update users set first_name = 'John' where id = 3");
  await drainNow(stack.current);
}

beforeEach(async () => {
  await sql(stack.current, "update users set first_name = '' where id = 3");
  await drainNow(stack.current);
  await flush();
});

const points = [
  { when: 'Postgres has answered', request: ANY_SQL, point: 'answered' },
  { when: 'the fill sets out', request: scripts.fill, point: 'unsent' },
] as const;

test.each(points)(
  'a flush after the write takes the tag along, and still no old answer comes back when $when',
  async ({ request, point }) => {
    const held = holdNext(stack.current, request, point);
    const slow = user();
    await held.reached;
    await write();
    await flush();
    held.letGo();
    expect(await slow).toEqual(OLD);
    expect(await redisKeys(stack.current, 'entry:')).toEqual([]);
    expect(await user()).toEqual(NEW);
  },
);

test.each(points)(
  'a flush that others have built on since keeps the old answer out when $when',
  async ({ request, point }) => {
    const held = holdNext(stack.current, request, point);
    const slow = user();
    await held.reached;
    await write();
    await flush();
    await see(newIsolate(stack.current), '/v1/users/4');
    held.letGo();
    expect(await slow).toEqual(OLD);
    expect(await user()).toEqual(NEW);
  },
);

test('a flush before the write keeps the old answer out', async () => {
  const held = holdNext(stack.current, ANY_SQL, 'answered');
  const slow = user();
  await held.reached;
  await flush();
  await write();
  held.letGo();
  expect(await slow).toEqual(OLD);
  expect(await user()).toEqual(NEW);
});

test('a flush between the answer of Redis and the load costs the fill and nothing else', async () => {
  const held = holdNext(stack.current, ANY_SQL, 'unsent');
  const slow = user();
  await held.reached;
  await write();
  await flush();
  held.letGo();
  expect(await slow).toEqual(NEW);
  expect(await user()).toEqual(NEW);
});
