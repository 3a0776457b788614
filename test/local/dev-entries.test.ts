import { Redis } from 'ioredis';
import { expect, onTestFinished, test } from 'vitest';
import { forgetEntries } from '../../local/forget-entries.ts';
import { startRedis } from '../../local/redis.ts';
import { makeSharedStore, type SharedStore } from '../../src/cache/shared/shared-store.ts';

const HOUR_MS = 3_600_000;

async function startStores(...databaseIds: string[]): Promise<{ url: string; stores: SharedStore[] }> {
  const server = await startRedis({ port: 0 });
  const redis = new Redis(server.url);
  onTestFinished(async () => {
    redis.disconnect();
    await server.close();
  });
  const stores = databaseIds.map((databaseId) =>
    makeSharedStore((script, keys, args) => redis.eval(script.text, keys.length, ...keys, ...args), {
      databaseId,
      variant: '1',
      leaseMs: 1_000,
    }),
  );
  return { url: server.url, stores };
}

async function fill(store: SharedStore): Promise<void> {
  const { status, ...read } = await store.read('user:3', 'me', 'any', null);
  if (status === 'hit' || !('asOf' in read) || !read.asOf) throw new Error('nothing to fill');
  const entry = { asOf: read.asOf, payload: '{}', tags: ['user:3'], freshMs: HOUR_MS, staleMs: 0 };
  expect(await store.fill('user:3', 'me', entry)).toBe('stored');
}

const statusIn = async (store: SharedStore | undefined) =>
  (await store?.read('user:3', 'other', 'any', null))?.status;

test('what an earlier database left in a Redis is not served, and that of others is', async () => {
  const { url, stores } = await startStores('127.0.0.1:54321/postgres', '127.0.0.1:54321/other');
  for (const store of stores) await fill(store);
  const [own, other] = stores;
  expect([await statusIn(own), await statusIn(other)]).toEqual(['hit', 'hit']);
  await forgetEntries(url, '127.0.0.1:54321/postgres');
  expect([await statusIn(own), await statusIn(other)]).toEqual(['load', 'hit']);
});
