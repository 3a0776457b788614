import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { LOCAL_KEY } from '../../local/stack.ts';
import { startUpstashBridge } from '../../local/upstash-bridge.ts';
import { deleteEntriesAt } from '../engines/entries.ts';
import { makeEnginePool } from '../engines/pool.ts';
import { type HeldOrigin, startHeldOrigin } from './held-origin.ts';
import { spawnWorkerd } from './workerd.ts';

interface Answer {
  readonly status: number;
  readonly text: string;
}

/** Long enough for a busy machine to begin all the waits. Three tests wait for it. */
const DEADLINE_MS = 3_000;
const WAITERS = 20;
const DATABASE_ID = crypto.randomUUID();

const parts: { close(): unknown }[] = [];
let origin: HeldOrigin;
let url: string;

beforeAll(async () => {
  const pool = started(makeEnginePool());
  const redisUrl = await pool.redisUrl();
  started({ close: () => deleteEntriesAt(redisUrl, DATABASE_ID) });
  const redis = started(await startUpstashBridge({ port: 0, redisUrl, token: LOCAL_KEY }));
  origin = started(await startHeldOrigin());
  const { urls, kill } = await spawnWorkerd([
    {
      name: 'dying',
      main: fileURLToPath(new URL('./dying-worker.ts', import.meta.url)),
      compatibilityDate: '2026-11-01',
      vars: {
        REDIS_URL: redis.url,
        REDIS_TOKEN: LOCAL_KEY,
        DATABASE_ID,
        ORIGIN_URL: origin.url,
        ORIGIN_DEADLINE_MS: DEADLINE_MS,
      },
    },
  ]);
  started({ close: kill });
  url = urls.get('dying') ?? '';
});

afterAll(async () => {
  for (const part of parts.toReversed()) await part.close();
});

function started<T extends { close(): unknown }>(part: T): T {
  parts.push(part);
  return part;
}

async function get(how: string, key: string, signal: AbortSignal | null = null): Promise<Answer> {
  const response = await fetch(`${url}/${how}/${key}`, { signal });
  return { status: response.status, text: await response.text() };
}

const readsUnderWay = async () => Number((await get('reading', '')).text);

/** A request for a cold key. Its load has reached the origin. */
async function beginLoad(how: string) {
  const key = crypto.randomUUID();
  const hangUp = new AbortController();
  const first = get(how, key, hangUp.signal).catch((error: unknown) => error);
  await expect.poll(() => origin.loads(key)).toBe(1);
  return { key, first, hangUp: () => hangUp.abort() };
}

/** Resolves when all of them wait. */
async function startWaiters(key: string) {
  const before = await readsUnderWay();
  const waiters = Promise.all(Array.from({ length: WAITERS }, () => get('waits', key)));
  await expect.poll(readsUnderWay).toBe(before + WAITERS);
  return { answers: () => waiters };
}

const times = (count: number, answer: Answer) => Array.from({ length: count }, () => answer);

test('requests that overlap on a cold key make one load, and all have its answer', async () => {
  const { key, first } = await beginLoad('waits');
  const waiters = await startWaiters(key);
  origin.answer(key);
  expect(await first).toEqual({ status: 200, text: key });
  expect(await waiters.answers()).toEqual(times(WAITERS, { status: 200, text: key }));
  expect(origin.loads(key)).toBe(1);
});

test.each([
  ['aborts', { name: 'AbortError' }],
  ['returns-early', { status: 200, text: 'early' }],
  ['handler-throws', { status: 500 }],
])('the load of a request that %s answers those who wait on it', async (how, outcome) => {
  const { key, first, hangUp } = await beginLoad(how);
  const waiters = await startWaiters(key);
  if (how === 'aborts') hangUp();
  expect(await first).toMatchObject(outcome);
  origin.answer(key);
  expect(await waiters.answers()).toEqual(times(WAITERS, { status: 200, text: key }));
  expect(await get('waits', key)).toEqual({ status: 200, text: key });
  expect(origin.loads(key)).toBe(1);
});

test('when a load is cut off with its request, one of those who wait on it loads for all', async () => {
  const key = crypto.randomUUID();
  expect(await get('cut-off', key)).toEqual({ status: 200, text: 'early' });
  const waiters = await startWaiters(key);
  expect(origin.loads(key)).toBe(0);
  await expect.poll(() => origin.loads(key)).toBe(1);
  origin.answer(key);
  expect(await waiters.answers()).toEqual(times(WAITERS, { status: 200, text: key }));
  expect(await get('waits', key)).toEqual({ status: 200, text: key });
  expect(origin.loads(key)).toBe(1);
});

test.each(['loader-throws', 'loader-hangs'])(
  'those who wait on a load whose %s are told of an outage, and the next request loads',
  async (how) => {
    const { key, first } = await beginLoad(how);
    const waiters = await startWaiters(key);
    origin.answer(key);
    const outage = { status: 503, text: 'unavailable' };
    expect(await first).toEqual(outage);
    expect(await waiters.answers()).toEqual(times(WAITERS, outage));
    expect(await get('waits', key)).toEqual({ status: 200, text: key });
    expect(origin.loads(key)).toBe(2);
  },
);

test('a load that hangs after its request was aborted keeps nobody waiting past the deadline', async () => {
  const { key, first, hangUp } = await beginLoad('loader-hangs');
  const waiters = await startWaiters(key);
  hangUp();
  expect(await first).toMatchObject({ name: 'AbortError' });
  origin.answer(key);
  expect(await waiters.answers()).toEqual(times(WAITERS, { status: 503, text: 'unavailable' }));
  expect(await get('waits', key)).toEqual({ status: 200, text: key });
});
