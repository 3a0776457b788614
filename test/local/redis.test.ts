import { Redis } from 'ioredis';
import { expect, onTestFinished, test } from 'vitest';
import { startRedis, type RedisServer } from '../../local/redis.ts';

async function start(port = 0): Promise<RedisServer> {
  const server = await startRedis({ port });
  onTestFinished(() => server.close());
  return server;
}

function connect(server: RedisServer): Redis {
  const redis = new Redis(server.url, { retryStrategy: null });
  redis.on('error', () => {});
  onTestFinished(() => redis.disconnect());
  return redis;
}

test('answers a Redis client', async () => {
  const redis = connect(await start());
  expect(await redis.set('key', 'Füße')).toBe('OK');
  expect(await redis.get('key')).toBe('Füße');
  expect(await redis.eval('return {KEYS[1], ARGV[1]}', 1, 'a', 'b')).toEqual(['a', 'b']);
});

test('listens on the loopback interface only', async () => {
  const server = await start();
  expect(server.url).toBe(`redis://127.0.0.1:${server.port}`);
  const taken = startRedis({ port: server.port });
  await expect(taken).rejects.toMatchObject({ code: 'EADDRINUSE', address: '127.0.0.1' });
});

test('closes under its clients, and starts empty on the same port', async () => {
  const first = await startRedis({ port: 0 });
  const client = connect(first);
  await client.set('key', 'value');
  await first.close();
  const second = await start(first.port);
  expect(await connect(second).get('key')).toBeNull();
});
