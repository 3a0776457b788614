import { beforeEach, describe, expect, test } from 'vitest';
import { scripts } from '../../src/cache/shared/scripts/scripts.ts';
import { expectLoads, found, see } from '../support/seen.ts';
import { drainNow, emptyRedis, newIsolate, redis, redisKeys, sql, useStack } from '../support/stack.ts';
import { makeToken, withToken } from '../support/tokens.ts';
import { ANY_SQL, holdNext } from './held-requests.ts';

const stack = useStack();
const PATH = '/v1/users/3';
const OLD = found({ firstName: '' });
const NEW = found({ firstName: 'John' });

const user = (on = newIsolate(stack.current)) => see(on, PATH);
const write = () => sql(stack.current, "update users set first_name = 'John' where id = 3");

/** The clock of Redis goes back: what was given so far, and is stored there, is that much ahead. */
async function stepBack(seconds: number): Promise<void> {
  await passOver(seconds);
  for (const entry of await redisKeys(stack.current, 'entry:')) {
    const [epoch, n] = String(await redis(stack.current, 'HGET', entry, 'asof')).split(':');
    const born = Number(await redis(stack.current, 'HGET', entry, 'born')) + seconds * 1_000_000;
    const asOf = `${epoch}:${Number(n) + seconds * 1_000_000}`;
    await redis(stack.current, 'HSET', entry, 'asof', asOf, 'born', `${born}`);
  }
}

/** Time goes on, and the clock of Redis with it. */
async function passOver(seconds: number): Promise<void> {
  const { epoch, n } = await readClock();
  await redis(stack.current, 'SET', await clockKey(), `${epoch}:${n + seconds * 1_000_000}`);
}

async function readClock(): Promise<{ epoch: string; n: number }> {
  const [epoch = '', n = ''] = String(await redis(stack.current, 'GET', await clockKey())).split(':');
  return { epoch, n: Number(n) };
}

async function clockKey(): Promise<string> {
  const [key = ''] = await redisKeys(stack.current, 'clock');
  return key;
}

const loseClock = async () => redis(stack.current, 'DEL', await clockKey());

beforeEach(async () => {
  await sql(stack.current, "update users set first_name = '' where id = 3");
  await drainNow(stack.current);
  await emptyRedis(stack.current);
});

describe('the clock has stepped back by seconds, behind the times that it gave', () => {
  beforeEach(async () => {
    await see(newIsolate(stack.current), '/v1/users/4');
    await stepBack(10);
  });

  test('what was shared before stays valid', async () => {
    await user();
    await expectLoads(stack.current, 0, () => user(), OLD);
    await expectLoads(
      stack.current,
      0,
      () => see(newIsolate(stack.current), '/v1/users/4'),
      found({ id: 4 }),
    );
  });

  test('a write ends what was loaded before, and what is loaded after it stays', async () => {
    await user();
    await write();
    await drainNow(stack.current);
    await expectLoads(stack.current, 1, () => user(), NEW);
    await expectLoads(stack.current, 0, () => user(), NEW);
  });

  test('a write ends what was loaded before for good, also once time has caught up', async () => {
    await user();
    await stepBack(5);
    await write();
    await drainNow(stack.current);
    await passOver(6);
    await expectLoads(stack.current, 1, () => user(), NEW);
  });

  test('a write during a load still refuses its answer', async () => {
    const held = holdNext(stack.current, ANY_SQL, 'answered');
    const slow = user();
    await held.reached;
    await write();
    await drainNow(stack.current);
    held.letGo();
    expect(await slow).toEqual(OLD);
    await expectLoads(stack.current, 1, () => user(), NEW);
  });

  test('tokens still order: a later one refuses what an earlier one admits', async () => {
    const reader = newIsolate(stack.current);
    const before = withToken(await makeToken(stack.current));
    await see(reader, PATH);
    const after = withToken(await makeToken(stack.current));
    await expectLoads(stack.current, 0, () => see(reader, PATH, before), OLD);
    await expectLoads(stack.current, 1, () => see(reader, PATH, after), OLD);
    await expectLoads(stack.current, 0, () => see(reader, PATH, after), OLD);
  });
});

describe('the clock steps back by more than tags outlive entries', () => {
  test('a new epoch begins with the next write: nothing from before is valid', async () => {
    await user();
    await see(newIsolate(stack.current), '/v1/users/4');
    const { epoch } = await readClock();
    await stepBack(3_600);
    await write();
    await drainNow(stack.current);
    expect((await readClock()).epoch).not.toBe(epoch);
    await expectLoads(stack.current, 1, () => user(), NEW);
    await expectLoads(
      stack.current,
      1,
      () => see(newIsolate(stack.current), '/v1/users/4'),
      found({ id: 4 }),
    );
    await expectLoads(stack.current, 0, () => user(), NEW);
  });

  test('during a load, its answer is not shared', async () => {
    const held = holdNext(stack.current, ANY_SQL, 'answered');
    const slow = user();
    await held.reached;
    await stepBack(3_600);
    await write();
    await drainNow(stack.current);
    held.letGo();
    expect(await slow).toEqual(OLD);
    expect(await user()).toEqual(NEW);
  });

  test('a token from before loads from Postgres, though what is shared was loaded after it', async () => {
    const token = withToken(await makeToken(stack.current));
    await stepBack(3_600);
    await drainNow(stack.current);
    const reader = newIsolate(stack.current);
    expect(await user(reader)).toEqual(OLD);
    await write();
    await expectLoads(stack.current, 1, () => see(newIsolate(stack.current), PATH, token), NEW);
    await expectLoads(stack.current, 1, () => see(reader, PATH, token), NEW);
  });
});

describe('the clock key is lost', () => {
  test('everything shared is a miss, though no tag was invalidated and the clock goes again', async () => {
    await user();
    await loseClock();
    await see(newIsolate(stack.current), '/v1/users/4');
    await write();
    await expectLoads(stack.current, 1, () => user(), NEW);
    await expectLoads(stack.current, 0, () => user(), NEW);
  });

  test('while it steps back, nothing old comes back once time has caught up', async () => {
    await user();
    await stepBack(10);
    await expectLoads(stack.current, 0, () => user(), OLD);
    await loseClock();
    await write();
    await drainNow(stack.current);
    await passOver(11);
    await expectLoads(stack.current, 1, () => user(), NEW);
  });

  test.each([
    { what: 'Postgres has answered', request: ANY_SQL, point: 'answered' },
    { what: 'its fill sets out', request: scripts.fill, point: 'unsent' },
  ] as const)('during a load, when $what: its answer is not shared', async ({ request, point }) => {
    const held = holdNext(stack.current, request, point);
    const slow = user();
    await held.reached;
    await loseClock();
    await write();
    held.letGo();
    expect(await slow).toEqual(OLD);
    await expectLoads(stack.current, 1, () => user(), NEW);
  });

  test('during a load, and made anew by others: its answer is not shared', async () => {
    const held = holdNext(stack.current, ANY_SQL, 'answered');
    const slow = user();
    await held.reached;
    await loseClock();
    await write();
    await drainNow(stack.current);
    held.letGo();
    expect(await slow).toEqual(OLD);
    await expectLoads(stack.current, 1, () => user(), NEW);
  });

  test('between a write and a read with its token, the read loads from Postgres', async () => {
    const token = withToken(await makeToken(stack.current));
    await loseClock();
    const reader = newIsolate(stack.current);
    expect(await user(reader)).toEqual(OLD);
    await write();
    await expectLoads(stack.current, 1, () => see(newIsolate(stack.current), PATH, token), NEW);
    await expectLoads(stack.current, 1, () => see(reader, PATH, token), NEW);
    await expectLoads(stack.current, 0, () => user(), NEW);
  });
});
