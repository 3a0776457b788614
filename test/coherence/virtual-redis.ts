import type { Engine } from './engine.ts';
import { underVirtualTime } from './virtual-time.lua.ts';

/** The changes that a failover takes back. */
export interface Lost {
  /** The keys that had other values. */
  readonly keys: readonly string[];
  /** The clock was deleted, as a full Redis does to end every entry, and is there again. */
  readonly isClockBack: boolean;
}

export type RedisState = 'up' | 'away' | 'hanging' | 'full';

/** A Redis of the lab's own on a real engine: its clock and its expiry follow virtual time, and it can fail. */
export interface VirtualRedis {
  state: RedisState;
  /** Runs a script of the product, and answers what the clock was before, too; rejects while away. */
  run(
    script: string,
    keys: readonly string[],
    args: readonly string[],
  ): Promise<{ readonly reply: unknown; readonly clock: string }>;
  stepClock(ms: number): void;
  /** Deletes the key; answers whether there was one. */
  lose(name: string): Promise<boolean>;
  /** Puts what no script of the product has written. */
  corrupt(name: string, value: string): Promise<void>;
  flush(): Promise<void>;
  /** Takes a copy as the replica. The returned function makes it the primary, and answers the strings that this changes. */
  replicate(): Promise<() => Promise<Lost>>;
}

type Copy = readonly (readonly [name: string, kind: string, values: readonly string[]])[];

const COPY = `
local copy = {}
for _, key in ipairs(redis.call('KEYS', ARGV[1] .. '*')) do
  local kind = redis.call('TYPE', key).ok
  local values = { kind == 'string' and redis.call('GET', key) or nil }
  if kind == 'hash' then values = redis.call('HGETALL', key) end
  if kind == 'zset' then values = redis.call('ZRANGE', key, 0, -1, 'WITHSCORES') end
  copy[#copy + 1] = { key, kind, values }
end
return copy`;

export function makeVirtualRedis(engine: Engine, prefix: string, now: () => number): VirtualRedis {
  const wrapped = new Map<string, string>();
  const dues = new Map<string, number>();
  let offsetMs = 0;

  const wrap = (script: string): string => {
    const known = wrapped.get(script) ?? underVirtualTime(script);
    wrapped.set(script, known);
    return known;
  };
  const call = (...args: string[]): Promise<unknown> =>
    engine.evaluate('return redis.call(unpack(ARGV))', [], args);
  const copy = async (): Promise<Copy> => (await engine.evaluate(COPY, [], [prefix])) as Copy;
  const restore = (key: string, kind: string, values: readonly string[]): Promise<unknown> => {
    // Read backwards, each score stands before its member, as ZADD wants it.
    if (kind === 'zset') return call('ZADD', key, ...values.toReversed());
    return call(kind === 'hash' ? 'HSET' : 'SET', key, ...values);
  };
  const remove = async (keys: readonly string[]): Promise<number> => {
    for (const key of keys) dues.delete(key);
    return keys.length > 0 ? Number(await call('DEL', ...keys)) : 0;
  };
  const removeAll = async (): Promise<void> => void (await remove((await copy()).map(([key]) => key)));

  const noteChanges = (changes: readonly string[]): void => {
    for (let i = 0; i + 1 < changes.length; i += 2) {
      const [key = '', dueMs = ''] = changes.slice(i, i + 2);
      if (dueMs === '') dues.delete(key);
      else dues.set(key, Number(dueMs));
    }
  };

  const redis: VirtualRedis = {
    state: 'up',
    async run(script, keys, args) {
      if (redis.state === 'away') throw new Error('Redis did not answer');
      const isFull = redis.state === 'full' ? 1 : 0;
      const times = [...dues].map(([key, dueMs]) => `${dueMs} ${key}\n`).join('');
      const last = `${now() + offsetMs} ${isFull}\n${times}`;
      const answer = await engine.evaluate(wrap(script), keys, [...args, last]);
      const [reply, changes, clock] = answer as [unknown, string[], string];
      noteChanges(changes);
      return { reply, clock };
    },
    stepClock: (ms) => void (offsetMs += ms),
    lose: async (name) => (await remove([prefix + name])) > 0,
    async corrupt(name, value) {
      dues.delete(prefix + name);
      await call('SET', prefix + name, value);
    },
    flush: removeAll,
    async replicate() {
      const hasClock = (some: Copy) => some.some(([key]) => key === `${prefix}clock`);
      const [then, duesThen] = [await copy(), new Map(dues)];
      return async () => {
        const lost = await copy();
        await removeAll();
        for (const [key, kind, values] of then) await restore(key, kind, values);
        for (const [key, dueMs] of duesThen) dues.set(key, dueMs);
        const keys = differing(then, lost).map((key) => key.slice(prefix.length));
        return { keys, isClockBack: [then, lost].map(hasClock).join() === 'true,false' };
      };
    },
  };
  return redis;
}

function differing(then: Copy, lost: Copy): string[] {
  const known = new Map(then.map(([key, , values]) => [key, values.join('\n')]));
  return lost.filter(([key, , values]) => known.get(key) !== values.join('\n')).map(([key]) => key);
}
