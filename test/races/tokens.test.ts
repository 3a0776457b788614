import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test';
import { beforeEach, describe, expect, test } from 'vitest';
import { sampled } from '../support/scale.ts';
import { scripts } from '../../src/cache/shared/scripts/scripts.ts';
import { AccountDirectory } from '../../src/rpc/account-directory.ts';
import { found, see } from '../support/seen.ts';
import {
  countRequests,
  drainNow,
  emptyRedis,
  newIsolate,
  sql,
  type TestStack,
  useStack,
} from '../support/stack.ts';
import { makeToken, unmetTokens, withToken } from '../support/tokens.ts';
import { ANY_SQL, holdNext } from './held-requests.ts';

const OLD = found({ firstName: '' });
const NEW = found({ firstName: 'John' });

/** Reads a user as of a token, the way that a transport does. */
type Read = (on: TestStack, token?: string) => Promise<unknown>;

const overHttp: Read = (on, token) => see(on, '/v1/users/3', token ? withToken(token) : {});

// The class itself: bindings of a test's own cannot come over a service binding.
const overRpc: Read = async (on, token) => {
  const ctx = createExecutionContext();
  const options = token ? { consistencyToken: token } : {};
  const body = await new AccountDirectory(ctx, on.env).getCachedUserForUserId(3, options);
  await waitOnExecutionContext(ctx);
  return { status: 200, body };
};

const transports = [
  { transport: 'HTTP', read: overHttp },
  { transport: 'RPC', read: overRpc },
];

const changeUser = (stack: TestStack) => sql(stack, "update users set first_name = 'John' where id = 3");

async function resetUser(stack: TestStack): Promise<void> {
  await sql(stack, "update users set first_name = '' where id = 3");
  await drainNow(stack);
  // A row that the next drain confirms would tell it that Redis forgot, and begin an epoch in the middle of a test.
  await sql(stack, 'delete from cache_invalidations');
  await emptyRedis(stack);
}

describe.each(transports)('over $transport', ({ read }) => {
  const stack = useStack();

  beforeEach(() => resetUser(stack.current));

  describe.each(sampled(unmetTokens))('a token $kind', ({ make }) => {
    test('does not wait for a load under way in its isolate, whose answer stays older', async () => {
      const reader = newIsolate(stack.current);
      const held = holdNext(stack.current, ANY_SQL, 'answered');
      const slow = read(reader);
      await held.reached;
      await changeUser(stack.current);
      const token = await make(stack.current);
      expect(await read(reader, token)).toEqual(NEW);
      held.letGo();
      expect(await slow).toEqual(OLD);
      expect(await read(reader)).toEqual(NEW);
    });

    test('does not wait for a load under way in another isolate, which holds the lease', async () => {
      const held = holdNext(stack.current, ANY_SQL, 'answered');
      const slow = read(newIsolate(stack.current));
      await held.reached;
      await changeUser(stack.current);
      const token = await make(stack.current);
      expect(await read(newIsolate(stack.current), token)).toEqual(NEW);
      held.letGo();
      expect(await slow).toEqual(OLD);
    });

    test('refuses memory and Redis, though nothing that they hold was invalidated', async () => {
      const reader = newIsolate(stack.current);
      expect(await read(reader)).toEqual(OLD);
      const token = await make(stack.current);
      await changeUser(stack.current);
      expect(await read(newIsolate(stack.current))).toEqual(OLD);
      expect(await read(reader)).toEqual(OLD);
      const counts = await countRequests(stack.current, async () =>
        expect(await read(reader, token)).toEqual(NEW),
      );
      expect(counts).toEqual({ redis: 1 + 1, postgres: 1 });
    });

    test('refuses what Redis holds in an isolate that holds nothing', async () => {
      expect(await read(newIsolate(stack.current))).toEqual(OLD);
      const token = await make(stack.current);
      await changeUser(stack.current);
      expect(await read(newIsolate(stack.current), token)).toEqual(NEW);
    });
  });

  test('a load that has its as-of from before the write answers who waits with the token by a load anew', async () => {
    const reader = newIsolate(stack.current);
    const held = holdNext(stack.current, scripts.read, 'answered');
    const slow = read(reader);
    await held.reached;
    const token = await makeToken(stack.current);
    await changeUser(stack.current);
    const counts = await countRequests(stack.current, async () => {
      const waiting = read(reader, token);
      held.letGo();
      expect([await slow, await waiting]).toEqual([NEW, NEW]);
    });
    expect(counts.postgres).toBe(2);
  });

  test('a load that has yet to ask Redis when the write is over is shared with the token', async () => {
    const reader = newIsolate(stack.current);
    const held = holdNext(stack.current, scripts.read, 'unsent');
    const slow = read(reader);
    await held.reached;
    await changeUser(stack.current);
    const token = await makeToken(stack.current);
    const counts = await countRequests(stack.current, async () => {
      const waiting = read(reader, token);
      held.letGo();
      expect([await slow, await waiting]).toEqual([NEW, NEW]);
    });
    expect(counts).toEqual({ redis: 1 + 1, postgres: 1 });
  });

  test('a load with an earlier token is not shared with a later one', async () => {
    const reader = newIsolate(stack.current);
    const earlier = await makeToken(stack.current);
    const held = holdNext(stack.current, ANY_SQL, 'answered');
    const slow = read(reader, earlier);
    await held.reached;
    await changeUser(stack.current);
    const later = await makeToken(stack.current);
    expect(await read(reader, later)).toEqual(NEW);
    held.letGo();
    expect(await slow).toEqual(OLD);
    expect(await read(reader, earlier)).toEqual(NEW);
  });
});

describe.each(transports)('over $transport, Redis never answers the load under way', ({ read }) => {
  const stack = useStack({ REDIS_DEADLINE_MS: '500' });

  beforeEach(() => resetUser(stack.current));

  test.each(sampled(unmetTokens))('a token $kind does not hang with it', async ({ make }) => {
    const reader = newIsolate(stack.current);
    const held = holdNext(stack.current, scripts.read, 'unsent');
    const hanging = read(reader);
    await held.reached;
    await changeUser(stack.current);
    const token = await make(stack.current);
    expect(await read(reader, token)).toEqual(NEW);
    held.letGo();
    await hanging;
  });
});
