import { createExecutionContext } from 'cloudflare:test';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { AccountDirectory } from '../../../src/rpc/account-directory.ts';
import { holdNext } from '../../races/held-requests.ts';
import { found, see } from '../../support/seen.ts';
import {
  countRequests,
  drainNow,
  emptyRedis,
  get,
  newIsolate,
  redis,
  redisKeys,
  sql,
  type TestStack,
  useStack,
  whileAway,
} from '../../support/stack.ts';
import { makeToken, unmetTokens, withToken } from '../../support/tokens.ts';
import { expectProblem } from '../../support/http/problem.ts';

const stack = useStack({ BREAKER_FAILURES: '3', BREAKER_COOLDOWN_MS: '60000' });
const PATH = '/v1/users/3';
const OLD = found({ firstName: '' });
const NEW = found({ firstName: 'John' });

const changeUser = () => sql(stack.current, "update users set first_name = 'John' where id = 3");

/** An isolate that has the old answer in memory, as Redis has it. */
async function readerOfOld(): Promise<TestStack> {
  const reader = newIsolate(stack.current);
  expect(await see(reader, PATH)).toEqual(OLD);
  return reader;
}

async function expectUnavailable(on: TestStack, token: string): Promise<void> {
  const response = await get(on, PATH, withToken(token));
  await expectProblem(response, 'unavailable');
  expect(response.headers.get('Retry-After')).toMatch(/^[1-9]\d*$/);
  const overRpc = new AccountDirectory(createExecutionContext(), on.env);
  await expect(overRpc.getCachedUserForUserId(3, { consistencyToken: token })).rejects.toMatchObject({
    code: 'unavailable',
  });
}

/** Makes every entry in Redis older than its fresh life. */
async function ageEntries(): Promise<void> {
  for (const key of await redisKeys(stack.current, 'entry:')) {
    const born = BigInt(String(await redis(stack.current, 'HGET', key, 'born'))) - 400_000_000n;
    await redis(stack.current, 'HSET', key, 'born', `${born}`);
  }
}

beforeEach(async () => {
  await sql(stack.current, "update users set first_name = '' where id = 3");
  await drainNow(stack.current);
  // A row that the next drain confirms would tell it that Redis forgot, and begin an epoch in the middle of a test.
  await sql(stack.current, 'delete from cache_invalidations');
  await emptyRedis(stack.current);
});
afterEach(() => void vi.useRealTimers());

describe.each(unmetTokens)('with Redis away, a token $kind', ({ make }) => {
  test('is answered by Postgres, every time', async () => {
    const reader = await readerOfOld();
    const token = await make(stack.current);
    await changeUser();
    await whileAway(stack.current, ['redis'], async () => {
      for (let times = 0; times < 2; times++) expect(await see(reader, PATH, withToken(token))).toEqual(NEW);
    });
  });

  test('is answered by Postgres though Redis is not even asked any more', async () => {
    const reader = await readerOfOld();
    const token = await make(stack.current);
    await whileAway(stack.current, ['redis'], async () => {
      for (const id of [1, 2, 4]) await see(reader, `/v1/users/${id}`);
    });
    await changeUser();
    for (let times = 0; times < 2; times++) {
      const counts = await countRequests(stack.current, async () =>
        expect(await see(reader, PATH, withToken(token))).toEqual(NEW),
      );
      expect(counts).toEqual({ redis: 0, postgres: 1 });
    }
  });

  test('does not wait for a load under way', async () => {
    const token = await make(stack.current);
    const reader = newIsolate(stack.current);
    await whileAway(stack.current, ['redis'], async () => {
      const held = holdNext(stack.current, /./, 'answered');
      const slow = see(reader, PATH);
      await held.reached;
      await changeUser();
      expect(await see(reader, PATH, withToken(token))).toEqual(NEW);
      held.letGo();
      expect(await slow).toEqual(OLD);
    });
  });

  test('is 503 when Postgres is away too, whatever memory holds', async () => {
    const reader = await readerOfOld();
    const token = await make(stack.current);
    await whileAway(stack.current, ['redis', 'postgres'], () => expectUnavailable(reader, token));
  });
});

describe.each(unmetTokens)('with Postgres away, a token $kind', ({ make }) => {
  test('is 503 though memory and Redis hold a fresh answer', async () => {
    const reader = await readerOfOld();
    const token = await make(stack.current);
    await whileAway(stack.current, ['postgres'], async () => {
      for (const on of [reader, newIsolate(stack.current)]) await expectUnavailable(on, token);
      expect(await see(newIsolate(stack.current), PATH)).toEqual(OLD);
    });
  });

  test('is 503 though an answer that is old would do for others', async () => {
    await readerOfOld();
    const token = await make(stack.current);
    await ageEntries();
    await whileAway(stack.current, ['postgres'], async () => {
      await expectUnavailable(newIsolate(stack.current), token);
      const plain = await get(newIsolate(stack.current), PATH);
      expect(plain.headers.get('Cache-Status')).toContain('detail=stale-if-error');
    });
  });
});

describe('with Postgres away, a token of a write that came before', () => {
  test('is answered by what Redis and memory loaded since', async () => {
    const token = await makeToken(stack.current);
    await see(newIsolate(stack.current), PATH);
    const reader = newIsolate(stack.current);
    await whileAway(stack.current, ['postgres'], async () => {
      for (const tier of ['redis; hit', 'isolate; hit']) {
        const response = await get(reader, PATH, withToken(token));
        expect(response.headers.get('Cache-Status')).toContain(tier);
      }
    });
  });

  test('is answered by an old answer that holds the write, and says that it is old', async () => {
    const token = await makeToken(stack.current);
    await see(newIsolate(stack.current), PATH);
    await ageEntries();
    await whileAway(stack.current, ['postgres'], async () => {
      const response = await get(newIsolate(stack.current), PATH, withToken(token));
      expect(response.status).toBe(200);
      expect(response.headers.get('Cache-Status')).toContain('detail=stale-if-error');
    });
  });
});

test('a token of an invalidation that failed demands Postgres until every entry must be younger', async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() });
  const token = `pg:${Date.now()}`;
  await readerOfOld();
  await changeUser();
  expect(await see(newIsolate(stack.current), PATH, withToken(token))).toEqual(NEW);
  vi.advanceTimersByTime(2 * 3_600_000 + 60_000);
  const act = () => see(newIsolate(stack.current), PATH, withToken(token));
  expect(await countRequests(stack.current, act)).toMatchObject({ postgres: 0 });
});
