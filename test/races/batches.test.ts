import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test';
import { beforeEach, describe, expect, test } from 'vitest';
import { scripts } from '../../src/cache/shared/scripts/scripts.ts';
import { AccountDirectory } from '../../src/rpc/account-directory.ts';
import { change } from '../support/http/changes.ts';
import { postLookUps, resultsOf } from '../support/http/look-up-requests.ts';
import {
  countRequests,
  drainNow,
  emptyRedis,
  get,
  newIsolate,
  redisKeys,
  sql,
  type TestStack,
  useStack,
} from '../support/stack.ts';
import { withToken } from '../support/tokens.ts';
import { ANY_SQL, holdNext } from './held-requests.ts';

const stack = useStack();
const users = [3, 4, 6].map((userId) => ({ lookUp: 'user' as const, userId }));
/** The first names of the users, before and after a write. */
const OLD = ['', '', ''];
const NEW = ['John', '', ''];

/** Reads the users in one batch, as of a token, the way that a transport does. */
type Read = (on: TestStack, token?: string) => Promise<unknown[]>;

const overHttp: Read = async (on, token) => {
  const results = await resultsOf(await postLookUps(on, users, token ? withToken(token) : {}));
  return results.map(({ value }) => value?.['firstName']);
};

const overRpc: Read = async (on, token) => {
  const ctx = createExecutionContext();
  const options = token ? { consistencyToken: token } : {};
  const outcomes = await new AccountDirectory(ctx, on.env).getMany(users, options);
  await waitOnExecutionContext(ctx);
  return outcomes.map(
    (outcome) => 'value' in outcome && 'firstName' in outcome.value && outcome.value.firstName,
  );
};

const readOne = async (on: TestStack) =>
  (await (await get(on, '/v1/users/3')).json<{ firstName: string }>()).firstName;

async function write(): Promise<string> {
  const response = await change(
    newIsolate(stack.current),
    'PATCH',
    '/v1/users/3',
    { firstName: 'John' },
    { 'If-Match': '*' },
  );
  return response.headers.get('Consistency-Token') ?? '';
}

async function writeElsewhere(): Promise<void> {
  await sql(stack.current, "update users set first_name = 'John' where id = 3");
  await drainNow(stack.current);
}

beforeEach(async () => {
  await sql(stack.current, "update users set first_name = '' where id in (3, 4, 6)");
  await drainNow(stack.current);
  await emptyRedis(stack.current);
});

describe.each([
  { transport: 'HTTP', read: overHttp },
  { transport: 'RPC', read: overRpc },
])('a batch over $transport', ({ read }) => {
  test('that has read the rows before a write and shares them after it leaves nothing old behind', async () => {
    const reader = newIsolate(stack.current);
    const held = holdNext(stack.current, ANY_SQL, 'answered');
    const slow = read(reader);
    await held.reached;
    await writeElsewhere();
    held.letGo();
    expect(await slow).toEqual(OLD);
    const counts = await countRequests(stack.current, async () =>
      expect(await read(newIsolate(stack.current))).toEqual(NEW),
    );
    // The entries of what was not written are as good as ever: the one that was is loaded alone.
    expect(counts).toEqual({ redis: 1 + 1, postgres: 1 });
  });

  test('whose fills come after a write shares what was not written, and nothing old', async () => {
    const held = holdNext(stack.current, scripts.fill, 'unsent');
    const slow = read(newIsolate(stack.current));
    await held.reached;
    await writeElsewhere();
    held.letGo();
    expect(await slow).toEqual(OLD);
    expect(await read(newIsolate(stack.current))).toEqual(NEW);
  });

  test('whose call of Redis is answered after a write makes no old answer valid', async () => {
    const held = holdNext(stack.current, scripts.read, 'answered');
    const slow = read(newIsolate(stack.current));
    await held.reached;
    await writeElsewhere();
    held.letGo();
    expect(await slow).toEqual(NEW);
    expect(await read(newIsolate(stack.current))).toEqual(NEW);
  });

  test('with the token of a write waits for no load under way, and sees the write', async () => {
    const reader = newIsolate(stack.current);
    const held = holdNext(stack.current, ANY_SQL, 'answered');
    const slow = read(reader);
    await held.reached;
    const token = await write();
    expect(await read(reader, token)).toEqual(NEW);
    held.letGo();
    expect(await slow).toEqual(OLD);
    expect(await read(reader, token)).toEqual(NEW);
    expect(await read(newIsolate(stack.current), token)).toEqual(NEW);
  });

  test('waits for the load of another request in its isolate, and asks for the rest itself', async () => {
    const isolate = newIsolate(stack.current);
    const held = holdNext(stack.current, ANY_SQL, 'answered');
    const other = readOne(isolate);
    await held.reached;
    const counts = await countRequests(stack.current, async () => {
      const waiting = read(isolate);
      held.letGo();
      expect(await waiting).toEqual(OLD);
      expect(await other).toBe('');
    });
    expect(counts.postgres).toBe(1);
  });

  test('is waited for by another request for one of its things', async () => {
    const isolate = newIsolate(stack.current);
    const held = holdNext(stack.current, ANY_SQL, 'answered');
    const slow = read(isolate);
    await held.reached;
    const counts = await countRequests(stack.current, async () => {
      const waiting = readOne(isolate);
      held.letGo();
      expect(await waiting).toBe('');
      expect(await slow).toEqual(OLD);
    });
    expect(counts.postgres).toBe(0);
  });

  test('with one thing that another isolate is loading asks again for that alone, and loads it in the end', async () => {
    const held = holdNext(stack.current, ANY_SQL, 'answered');
    const other = readOne(newIsolate(stack.current));
    await held.reached;
    const counts = await countRequests(stack.current, async () =>
      expect(await read(newIsolate(stack.current))).toEqual(OLD),
    );
    // One call for all and three for what is busy; a batch for the others and a load; the fills of either.
    expect(counts).toEqual({ redis: 1 + 3 + 1 + 1, postgres: 1 + 1 });
    held.letGo();
    await other;
    expect(await redisKeys(stack.current, 'lease:')).toEqual([]);
  });

  test('of which all is being loaded by another isolate waits for all of it in one call a time', async () => {
    const held = holdNext(stack.current, ANY_SQL, 'answered');
    const other = read(newIsolate(stack.current));
    await held.reached;
    const counts = await countRequests(stack.current, async () =>
      expect(await read(newIsolate(stack.current))).toEqual(OLD),
    );
    expect(counts).toEqual({ redis: 1 + 3 + 1, postgres: 1 });
    held.letGo();
    await other;
  });
});
