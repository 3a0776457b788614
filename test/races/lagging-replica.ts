import { emptyRedis, redis, redisKeys, type TestStack } from '../support/stack.ts';

/** A replica of Redis that receives nothing from now on. */
export interface LaggingReplica {
  /** Makes it the primary: what was written since is lost. */
  failOver(): Promise<void>;
}

interface Copy {
  readonly key: string;
  readonly write: readonly string[];
  readonly ttlMs: number;
}

export async function startLagging(stack: TestStack): Promise<LaggingReplica> {
  const keys = await redisKeys(stack);
  const copies = await Promise.all(keys.map((key) => copyKey(stack, key)));
  return {
    async failOver() {
      await emptyRedis(stack);
      for (const copy of copies) await writeCopy(stack, copy);
    },
  };
}

async function copyKey(stack: TestStack, key: string): Promise<Copy> {
  const ttlMs = Number(await redis(stack, 'PTTL', key));
  const type = await redis(stack, 'TYPE', key);
  if (type === 'string') return { key, write: ['SET', key, String(await redis(stack, 'GET', key))], ttlMs };
  if (type === 'zset') {
    const members = (await redis(stack, 'ZRANGE', key, '0', '-1', 'WITHSCORES')) as string[];
    // Read backwards, each score stands before its member, as ZADD wants it.
    return { key, write: ['ZADD', key, ...members.map(String).toReversed()], ttlMs };
  }
  // Its reply is a list of names and values.
  const fields = (await redis(stack, 'HGETALL', key)) as string[];
  return { key, write: ['HSET', key, ...fields], ttlMs };
}

async function writeCopy(stack: TestStack, { key, write, ttlMs }: Copy): Promise<void> {
  await redis(stack, ...write);
  if (ttlMs > 0) await redis(stack, 'PEXPIRE', key, `${ttlMs}`);
}
