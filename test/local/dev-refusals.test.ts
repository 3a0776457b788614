import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { readDevOptions } from '../../local/dev-options.ts';
import { requireFreePorts } from '../../local/free-ports.ts';
import { requireServers } from '../../local/given-servers.ts';
import { startPostgres } from '../../local/postgres.ts';
import { startRedis } from '../../local/redis.ts';
import { findFreePorts, listen, startDev } from '../support/local/dev-process.ts';

/** A port that is in use until the end of the test. */
async function takePort(host: string): Promise<number> {
  const server = await listen(0, host);
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

/** The error text of an `npm run dev` that does not start. It must end by itself, with 1 and without other output. */
async function refusal(env: Record<string, string | number>, folder = '.'): Promise<string> {
  const dev = startDev(folder, { ...(await findFreePorts()), ...env });
  onTestFinished(() => dev.kill());
  expect(await dev.ended).toBe(1);
  expect(dev.stdout).toEqual([]);
  return dev.stderr.join('\n');
}

test('a missing install is a sentence', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'edge-accounts-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await mkdir(join(folder, 'local'));
  for (const file of ['local/start.mjs', 'package.json']) await cp(file, join(folder, file));
  expect(await refusal({}, folder)).toBe(
    'Edge Accounts cannot start: its packages are not installed; run "npm ci" first.',
  );
});

test('a port in use is named before anything starts', async () => {
  const LOCAL_NEON_PORT = await takePort('127.0.0.1');
  expect(await refusal({ LOCAL_NEON_PORT })).toBe(
    `Edge Accounts cannot start: port ${LOCAL_NEON_PORT} (LOCAL_NEON_PORT) is in use; ` +
      'end what uses it, or set the variable to a free port.',
  );
});

test('a database that cannot be reached is named, its password is not', async () => {
  const { PORT } = await findFreePorts();
  expect(await refusal({ DATABASE_URL: `postgres://me:secret@127.0.0.1:${PORT}/db` })).toBe(
    `Edge Accounts cannot start: the Postgres of DATABASE_URL cannot be used: connect ECONNREFUSED 127.0.0.1:${PORT}`,
  );
});

test.each(['0.0.0.0', '::', '::1'])('a port in use on %s is not free', async (host) => {
  const [PORT, free] = [await takePort(host), (await findFreePorts()).LOCAL_REDIS_PORT];
  await expect(requireFreePorts({ PORT, CONSUMER_PORT: free })).rejects.toThrow(
    `port ${PORT} (PORT) is in use;`,
  );
  await requireFreePorts({ CONSUMER_PORT: free });
});

test('two equal ports are refused', async () => {
  const ports = { PORT: 8787, CONSUMER_PORT: 8788, LOCAL_REDIS_PORT: 8787 };
  await expect(requireFreePorts(ports)).rejects.toThrow(
    'PORT and LOCAL_REDIS_PORT are the same port, 8787; give each its own.',
  );
});

test.each(['0', '65536', '80a', '-1', ' 80', '1e3'])('"%s" is no port', (PORT) => {
  expect(() => readDevOptions({ PORT })).toThrow(`PORT must be a port from 1 to 65535, not "${PORT}".`);
});

test('lines for requests are printed where LOG_REQUESTS says so', () => {
  expect(readDevOptions({}).logRequests).toBe(false);
  expect(readDevOptions({ LOG_REQUESTS: 'true' }).logRequests).toBe(true);
  expect(() => readDevOptions({ LOG_REQUESTS: '1' })).toThrow('LOG_REQUESTS must be true or false, not "1".');
});

test('an empty variable means the default', () => {
  const empty = { PORT: '', LOCAL_REDIS_PORT: '', DATABASE_URL: '', REDIS_URL: '', LOG_REQUESTS: '' };
  expect(readDevOptions(empty)).toEqual(readDevOptions({}));
});

test.each([
  'nonsense',
  'http://host/db',
  'postgres://me:secret@host',
  'postgres://me:secret@host:5432/',
  'postgres://host:x/db',
])('the DATABASE_URL %s is refused without being repeated', (DATABASE_URL) => {
  expect(() => readDevOptions({ DATABASE_URL })).toThrow(
    /^DATABASE_URL must be a URL like postgres:\/\/user@host:5432\/database\.$/,
  );
});

test.each(['nonsense', '127.0.0.1:6379', 'http://:secret@host', 'redis://'])(
  'the REDIS_URL %s is refused without being repeated',
  (REDIS_URL) => {
    expect(() => readDevOptions({ REDIS_URL })).toThrow(
      /^REDIS_URL must be a URL like redis:\/\/host:6379\.$/,
    );
  },
);

test('a Redis that cannot be reached is named', async () => {
  const { PORT } = await findFreePorts();
  await expect(
    requireServers({ databaseUrl: undefined, redisUrl: `redis://127.0.0.1:${PORT}` }),
  ).rejects.toThrow(`the Redis of REDIS_URL cannot be used: connect ECONNREFUSED 127.0.0.1:${PORT}`);
});

test('a Redis that refuses its database is named', async () => {
  const redis = await startRedis({ port: 0 });
  onTestFinished(() => redis.close());
  await expect(requireServers({ databaseUrl: undefined, redisUrl: `${redis.url}/99` })).rejects.toThrow(
    'the Redis of REDIS_URL cannot be used: ERR DB index is out of range',
  );
});

test('servers that answer are let pass', async () => {
  const [postgres, redis] = [await startPostgres({ port: 0 }), await startRedis({ port: 0 })];
  onTestFinished(async () => {
    await Promise.all([postgres.close(), redis.close()]);
  });
  const urls = { databaseUrl: postgres.url, redisUrl: redis.url };
  await expect(requireServers(urls)).resolves.toBeUndefined();
});
