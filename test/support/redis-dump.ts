import { redis, redisKeys, type TestStack } from './stack.ts';

/** Every key of the stack in Redis and its value, clock and leases included. */
export async function dumpRedis(stack: TestStack): Promise<Record<string, unknown>> {
  const keys = (await redisKeys(stack)).toSorted();
  return Object.fromEntries(await Promise.all(keys.map(async (key) => [key, await valueOf(stack, key)])));
}

/** What is left of the life of every key, in ms. */
export async function dumpLives(stack: TestStack): Promise<Record<string, number>> {
  const keys = (await redisKeys(stack)).toSorted();
  const lives = keys.map(async (key) => [key, Number(await redis(stack, 'PTTL', key))] as const);
  return Object.fromEntries(await Promise.all(lives));
}

async function valueOf(stack: TestStack, key: string): Promise<unknown> {
  const type = await redis(stack, 'TYPE', key);
  if (type === 'hash') return fieldsOf((await redis(stack, 'HGETALL', key)) as string[]);
  if (type === 'zset') return redis(stack, 'ZRANGE', key, '0', '-1', 'WITHSCORES');
  return type === 'list' ? redis(stack, 'LRANGE', key, '0', '-1') : redis(stack, 'GET', key);
}

// By name: Redis answers the fields of a hash in the order of its table, which changes while it is rehashed.
function fieldsOf(flat: readonly string[]): Record<string, string> {
  const names = flat.filter((_, index) => index % 2 === 0);
  return Object.fromEntries(names.map((name, index) => [name, flat[2 * index + 1] ?? '']));
}
