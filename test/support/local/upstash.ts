import { Redis } from '@upstash/redis';
import { Redis as TcpRedis } from 'ioredis';
import { afterAll, beforeAll } from 'vitest';
import { startRedis, type RedisServer } from '../../../local/redis.ts';
import { startUpstashBridge } from '../../../local/upstash-bridge.ts';

export type Bridge = Awaited<ReturnType<typeof startUpstashBridge>>;

export interface UpstashSession {
  /** The Redis behind the bridge. */
  readonly url: string;
  readonly bridge: Bridge;
  /** A key that no other test uses. It is deleted at the end. */
  newKey(): string;
}

export const token = 'test-token';

/** A bridge over an embedded Redis, or the one of REDIS_URL. */
export function useUpstashBridge(): UpstashSession {
  const prefix = `upstash-bridge-test:${crypto.randomUUID()}:`;
  let engine: RedisServer | null = null;
  let url: string;
  let bridge: Bridge;

  beforeAll(async () => {
    engine = process.env.REDIS_URL ? null : await startRedis({ port: 0 });
    url = engine?.url ?? process.env.REDIS_URL ?? '';
    bridge = await startUpstashBridge({ port: 0, redisUrl: url, token });
  });

  afterAll(async () => {
    await bridge.close();
    await deleteKeys(url, `${prefix}*`);
    await engine?.close();
  });

  return {
    get url() {
      return url;
    },
    get bridge() {
      return bridge;
    },
    newKey: () => prefix + crypto.randomUUID(),
  };
}

async function deleteKeys(url: string, pattern: string): Promise<void> {
  const redis = new TcpRedis(url);
  const keys = await redis.keys(pattern);
  if (keys.length > 0) await redis.del(keys);
  redis.disconnect();
}

export function connect({ url }: Bridge, responseEncoding: false | 'base64' = 'base64'): Redis {
  return new Redis({
    url,
    token,
    retry: { retries: 0 },
    automaticDeserialization: false,
    readYourWrites: false,
    enableAutoPipelining: false,
    enableTelemetry: false,
    responseEncoding,
  });
}

export function send(bridge: Bridge, path: string, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers);
  headers.set('authorization', `Bearer ${token}`);
  return fetch(bridge.url + path, { ...init, headers });
}

export function post(
  bridge: Bridge,
  path: string,
  payload: unknown,
  headers: Record<string, string> = {},
): Promise<Response> {
  return send(bridge, path, { method: 'POST', body: JSON.stringify(payload), headers });
}

export async function answer(pending: Promise<Response>): Promise<[number, string]> {
  const response = await pending;
  return [response.status, await response.text()];
}
