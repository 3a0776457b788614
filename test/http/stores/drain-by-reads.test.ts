import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test';
import { afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { scripts } from '../../../src/cache/shared/scripts/scripts.ts';
import { formatApiKey, formatSecret } from '../../../src/directory/keys/api-key.ts';
import { app } from '../../../src/http/app.ts';
import { AccountDirectory } from '../../../src/rpc/account-directory.ts';
import { withKey } from '../../support/http/issued-keys.ts';
import { newPlacedIsolate, outOfReach } from '../../support/http/origin-worker.ts';
import { found, see } from '../../support/seen.ts';
import {
  ageOutbox,
  countRequests,
  drainNow,
  emptyRedis,
  get,
  KEY,
  newIsolate,
  redis,
  redisKeys,
  sql,
  useSeedForEach,
  useStack,
  whileAway,
} from '../../support/stack.ts';

/** Longer than any test takes: a drain is due when no time is noted. */
const EVERY = { DRAIN_EVERY_MS: '60000' };
const stack = useStack(EVERY);
useSeedForEach(stack);

const PATH = '/v1/users/3';
const OUTBOX = /cache_invalidations/;
const NOTE = 1;
const FILL = 1;
const SELECT = 1;

const ABSENT_KEY = formatApiKey({
  environment: 'local',
  id: 999_999,
  secret: formatSecret(new Uint8Array(32)),
});

const keyOf = (name: string) => `ea:{${stack.current.env.DATABASE_ID}}:${name}`;
const drainKeys = async () => (await redisKeys(stack.current, 'drain')).map((key) => key.split(':').pop());
const isolate = (overrides: Partial<Env> = {}) => newIsolate(stack.current, overrides);
const rename = (name: string) => sql(stack.current, `update users set first_name = '${name}' where id = 3`);
const loseTime = () => redis(stack.current, 'DEL', keyOf('drained'));

// The first use of each script costs a request more, for Redis does not know it yet.
beforeAll(async () => {
  await get(stack.current, '/v1/users/1');
  await drainNow(stack.current);
});
beforeEach(async () => {
  await sql(stack.current, 'delete from cache_invalidations');
  await emptyRedis(stack.current);
});
afterEach(() => void vi.unstubAllGlobals());

test('a fleet drains once, with one statement, when many of its isolates read and nothing is due', async () => {
  await get(isolate({ DRAIN_EVERY_MS: '0' }), PATH);
  const counts = await countRequests(stack.current, () =>
    Promise.all(Array.from({ length: 12 }, () => get(isolate(), PATH))),
  );
  expect(counts).toEqual({ redis: 12 + NOTE, postgres: SELECT });
  expect(await countRequests(stack.current, () => get(isolate(), PATH))).toEqual({ redis: 1, postgres: 0 });
  expect(await drainKeys()).toEqual(['drained']);
});

test('an origin Worker drains behind its reply, once for all isolates that ask it', async () => {
  const placed = () => newPlacedIsolate(stack.current, outOfReach(stack.current));
  const [first, second] = [placed(), placed()];
  await get(first, PATH);
  await rename('renamed past the service');
  await loseTime();
  expect(await countRequests(stack.current, () => get(second, PATH))).toMatchObject({ redis: 1 + NOTE + 1 });
  expect(
    (await sql(stack.current, 'select 1 from cache_invalidations where invalidated_at is null')).length,
  ).toBe(0);
  const seen = await get(placed(), PATH);
  expect(await seen.json()).toMatchObject({ firstName: 'renamed past the service' });
  expect(await countRequests(stack.current, () => get(placed(), PATH))).toEqual({ redis: 1, postgres: 0 });
});

test.each([
  { read: 'which Redis answers', isShared: true, before: ['read'], after: ['outbox', 'note'] },
  {
    read: 'which Postgres answers',
    isShared: false,
    before: ['read', 'load'],
    after: ['fill', 'outbox', 'note'],
  },
])(
  'a read $read makes the same requests before its answer, and drains after it',
  async ({ isShared, before, after }) => {
    if (isShared) await get(isolate({ DRAIN_EVERY_MS: '0' }), PATH);
    const made: string[] = [];
    const named = new Map<string, string>();
    for (const [name, script] of Object.entries(scripts)) named.set(await script.sha1(), name);
    const { fetch: realFetch } = globalThis;
    vi.stubGlobal('fetch', (input: string, init?: RequestInit) => {
      const body = typeof init?.body === 'string' ? init.body : '';
      const script = [...named].find(([sha1]) => body.includes(sha1))?.[1];
      made.push(script === 'noteDrain' ? 'note' : (script ?? (OUTBOX.test(body) ? 'outbox' : 'load')));
      return realFetch(input, init);
    });
    const ctx = createExecutionContext();
    const request = new Request(`http://x${PATH}`, { headers: { Authorization: `Bearer ${KEY}` } });
    const response = await app.fetch(request, isolate().env, ctx);
    expect(response.status).toBe(200);
    expect(made.slice(0, before.length)).toEqual(before);
    expect(made).not.toContain('outbox');
    await waitOnExecutionContext(ctx);
    expect(made.slice(before.length).toSorted()).toEqual(after.toSorted());
    expect(made.indexOf('note')).toBeGreaterThan(made.indexOf('outbox'));
  },
);

test('a hit in memory asks no store, though a drain is due', async () => {
  const reader = isolate();
  await get(reader, PATH);
  await loseTime();
  expect(await countRequests(stack.current, () => get(reader, PATH))).toEqual({ redis: 0, postgres: 0 });
});

test('what somebody else writes is told by reads, twice, ten seconds apart', async () => {
  expect(await see(isolate(), PATH)).toEqual(found({ firstName: '' }));
  await rename('Elsewhere');
  await loseTime();
  // This one drains behind its answer.
  expect(await see(isolate(), PATH)).toEqual(found({ firstName: '' }));
  expect(await see(isolate(), PATH)).toEqual(found({ firstName: 'Elsewhere' }));
  const rows = () => sql(stack.current, 'select from cache_invalidations');
  await loseTime();
  await get(isolate(), PATH);
  expect(await rows()).not.toEqual([]);
  await ageOutbox(stack.current);
  await loseTime();
  await get(isolate(), PATH);
  expect(await rows()).toEqual([]);
});

test('a call over RPC carries a drain as a request does', async () => {
  await rename('Elsewhere');
  const ctx = createExecutionContext();
  const directory = new AccountDirectory(ctx, isolate().env);
  await directory.getAccount('1234-5678-9012');
  await waitOnExecutionContext(ctx);
  expect(await sql(stack.current, 'select from cache_invalidations where invalidated_at is null')).toEqual(
    [],
  );
  expect(await drainKeys()).toEqual(['drained']);
});

// Either has read something, and so may have been given the lease.
test.each([
  { refused: 'finds nothing', path: '/v1/users/999', headers: {}, status: 404 },
  { refused: 'has a key that is not there', path: PATH, headers: withKey({ key: ABSENT_KEY }), status: 401 },
])('a request that $refused drains too', async ({ path, headers, status }) => {
  await rename('Elsewhere');
  expect((await get(isolate(), path, headers)).status).toBe(status);
  expect(await drainKeys()).toEqual(['drained']);
});

test('a drain that fails notes nothing, and keeps its lease for ten seconds', async () => {
  await get(isolate({ DRAIN_EVERY_MS: '0' }), PATH);
  await whileAway(stack.current, ['postgres'], async () => {
    expect((await get(isolate(), PATH)).status).toBe(200);
  });
  expect(await drainKeys()).toEqual(['draining']);
  const msLeft = Number(await redis(stack.current, 'PTTL', keyOf('draining')));
  expect(msLeft).toBeGreaterThan(0);
  expect(msLeft).toBeLessThanOrEqual(10_000);
  expect(await countRequests(stack.current, () => get(isolate(), PATH))).toEqual({ redis: 1, postgres: 0 });
});

test.each(['drained', 'draining'])('a value of another type in place of %s fails no read', async (name) => {
  await get(isolate({ DRAIN_EVERY_MS: '0' }), PATH);
  await redis(stack.current, 'HSET', keyOf(name), 'a', 'b');
  expect(await countRequests(stack.current, () => get(isolate(), PATH))).toEqual({
    redis: 1 + NOTE,
    postgres: SELECT,
  });
  expect(await drainKeys()).toEqual(['drained']);
});

test('without Redis nobody drains but the cron, and it fails no read', async () => {
  await whileAway(stack.current, ['redis'], async () => {
    const reader = isolate();
    expect((await get(reader, PATH)).status).toBe(200);
    await rename('Elsewhere');
    const statements = await countRequests(stack.current, () => get(isolate(), PATH));
    expect(statements.postgres).toBe(1);
  });
  await drainNow(stack.current);
  expect(await see(isolate(), PATH)).toEqual(found({ firstName: 'Elsewhere' }));
});

test('a drain of the cron counts as one, and costs one request more', async () => {
  const counts = await countRequests(stack.current, () => drainNow(stack.current));
  expect(counts).toEqual({ redis: NOTE, postgres: SELECT });
  expect(await countRequests(stack.current, () => get(isolate(), PATH))).toEqual({
    redis: 1 + FILL,
    postgres: 1,
  });
});

test('/readyz tells when the last drain began', async () => {
  const drainedAt = async () => {
    const { redis: state }: { redis: { drainedAt: string | null } } = await (
      await get(stack.current, '/readyz')
    ).json();
    return state.drainedAt;
  };
  expect(await drainedAt()).toBeNull();
  await drainNow(stack.current);
  const noted = Number(await redis(stack.current, 'GET', keyOf('drained')));
  expect(noted).toBeGreaterThan(0);
  expect(await drainedAt()).toBe(new Date(noted / 1_000).toISOString());
  await redis(stack.current, 'SET', keyOf('drained'), 'garbage');
  expect(await drainedAt()).toBeNull();
});

test('with 0 a read looks at no drain', async () => {
  await get(isolate({ DRAIN_EVERY_MS: '0' }), PATH);
  expect(await drainKeys()).toEqual([]);
});
