import { createHash } from 'node:crypto';
import { Redis } from 'ioredis';
import { ClientSession, createRedisCommandExecutor, RedisServerState } from 'js-redis-server/core';

/** A Redis that runs Lua. */
export interface Engine {
  /** The script's reply, strings in arrays; rejects when the script raises. */
  evaluate(lua: string, keys: readonly string[], args: readonly string[]): Promise<unknown>;
  close(): Promise<void>;
}

const serverUrl = process.env['REDIS_URL'];

/** Whether scripts run on a server, which has them compiled, and not in the embedded engine. */
export const isOnServer = serverUrl !== undefined;

/** The embedded engine, or the server of REDIS_URL. */
export function makeEngine(): Promise<Engine> {
  return serverUrl ? connectEngine(serverUrl) : embedEngine();
}

// Its scripts are run where they are, without a connection in between: that is what 10,000 runs have time for.
export async function embedEngine(): Promise<Engine> {
  const state = new RedisServerState({ databaseCount: 1, activeExpiryIntervalMs: false });
  const session = new ClientSession({ server: state, executor: createRedisCommandExecutor() });
  const lua = await state.getLuaRuntime();
  const context = session.createExecutionContext();
  const bytes = (text: string): Buffer => Buffer.from(text);
  const scripts = makeKept(bytes);
  return {
    async evaluate(script, keys, args) {
      return toStrings(lua.eval(scripts(script), keys.map(bytes), args.map(bytes), context));
    },
    async close() {
      session.close();
      state.close();
    },
  };
}

async function connectEngine(url: string): Promise<Engine> {
  const redis = new Redis(url);
  const digestOf = makeKept((script) => createHash('sha1').update(script).digest('hex'));
  return {
    async evaluate(script, keys, args) {
      try {
        return await redis.evalsha(digestOf(script), keys.length, ...keys, ...args);
      } catch (error) {
        if (!String(error).includes('NOSCRIPT')) throw error;
        return redis.eval(script, keys.length, ...keys, ...args);
      }
    },
    close: async () => void (await redis.quit()),
  };
}

/** What is made of a script, which is long and comes often, is made once. */
function makeKept<T>(make: (script: string) => T): (script: string) => T {
  const kept = new Map<string, T>();
  return (script) => {
    const known = kept.get(script) ?? make(script);
    kept.set(script, known);
    return known;
  };
}

function toStrings(reply: unknown): unknown {
  if (Buffer.isBuffer(reply)) return reply.toString();
  if (Array.isArray(reply)) return reply.map(toStrings);
  if (typeof reply === 'object' && reply !== null && 'err' in reply) throw new Error(String(reply.err));
  return reply;
}
