import { beforeEach, describe, expect, inject, test } from 'vitest';
import { scripts } from '../../src/cache/shared/scripts/scripts.ts';
import { absent, expectLoads, found, see, type Seen } from '../support/seen.ts';
import {
  countRequests,
  drainNow,
  emptyRedis,
  get,
  newIsolate,
  redisKeys,
  setRedisFull,
  sql,
  type TestStack,
  useStack,
} from '../support/stack.ts';
import { ANY_SQL, holdNext } from './held-requests.ts';
import { useGrowthRefusal } from './refused-growth.ts';

const NUMBER = '2718-2818-2845';
const ADMIN = `/v1/accounts/${NUMBER}/admin-user`;
const NO_ADMIN = absent('admin_user_does_not_exist');
const NEW_ADMIN = found({ username: `${NUMBER}-admin` });
const OLD = found({ firstName: '' });
const NEW = found({ firstName: 'John' });

const refusal = useGrowthRefusal();

interface Way {
  readonly how: string;
  readonly ownRedis: boolean;
  /** Answers what makes room again. */
  fill(stack: TestStack): Promise<() => unknown>;
}

const ways: Way[] = [
  { how: 'as its scripts see it', ownRedis: false, fill: async (stack) => refusal.begin(stack, '') },
];
if (inject('hasRedisServer')) {
  ways.push({
    how: 'in a server of its own',
    ownRedis: true,
    async fill(stack) {
      await setRedisFull(stack, true);
      return () => setRedisFull(stack, false);
    },
  });
}

describe.each([
  ...ways,
  // No Redis does this today: a script is refused from its first write or not at all.
  {
    how: 'but for its clock',
    ownRedis: false,
    fill: async (stack: TestStack) => refusal.begin(stack, '}:tag:'),
  },
])('a write finds Redis full, $how', ({ ownRedis, fill }) => {
  const stack = useStack({}, { ownRedis });

  const user = (on = newIsolate(stack.current)) => see(on, '/v1/users/3');
  const write = () => sql(stack.current, "update users set first_name = 'John' where id = 3");

  async function whileFull<T>(act: () => Promise<T>): Promise<T> {
    const makeRoom = await fill(stack.current);
    try {
      return await act();
    } finally {
      await makeRoom();
    }
  }

  beforeEach(async () => {
    await sql(
      stack.current,
      `update users set first_name = '' where id = 3;
       delete from users where id in (select user_id from user_profiles where account_id = 3)`,
    );
    await drainNow(stack.current);
    await emptyRedis(stack.current);
  });

  test('everything shared is dropped, and the token makes memories see the write', async () => {
    const reader = newIsolate(stack.current);
    expect(await see(reader, ADMIN)).toEqual(NO_ADMIN);
    await whileFull(async () => {
      const created = await get(newIsolate(stack.current), ADMIN, {}, 'PUT');
      const token = created.headers.get('Consistency-Token') ?? '';
      expect(created.status).toBe(201);
      expect(token).toMatch(/^pg:\d{13}$/);
      await expectLoads(stack.current, 1, () => see(newIsolate(stack.current), ADMIN), NEW_ADMIN);
      await expectLoads(
        stack.current,
        1,
        () => see(reader, ADMIN, { 'Consistency-Token': token }),
        NEW_ADMIN,
      );
    });
  });

  test('a read that takes counts along is still a hit', async () => {
    const paths = ['/v1/users/3', '/v1/users/4'];
    for (const path of paths) await get(newIsolate(stack.current), path);
    const isolate = newIsolate(stack.current);
    await whileFull(async () => {
      for (const path of paths)
        expect((await get(isolate, path)).headers.get('Cache-Status')).toMatch(/^redis; hit/);
    });
  });

  test('the drain tells what was written elsewhere, and nothing old is back once there is room', async () => {
    await user();
    await write();
    await whileFull(async () => {
      expect(await user()).toEqual(OLD);
      await drainNow(stack.current);
      expect(await user()).toEqual(NEW);
    });
    expect(await user()).toEqual(NEW);
    await expectLoads(stack.current, 0, () => user(), NEW);
  });

  test.each([
    { what: 'Postgres has answered', request: ANY_SQL, point: 'answered' },
    { what: 'its fill sets out', request: scripts.fill, point: 'unsent' },
  ] as const)(
    'a load under way, when $what, is not shared once there is room',
    async ({ request, point }) => {
      const held = holdNext(stack.current, request, point);
      const slow = user();
      await held.reached;
      await write();
      await whileFull(() => drainNow(stack.current));
      held.letGo();
      expect(await slow).toEqual(OLD);
      await expectLoads(stack.current, 1, () => user(), NEW);
      await expectLoads(stack.current, 0, () => user(), NEW);
    },
  );
});

describe.each(ways)('a read finds Redis full, $how', ({ ownRedis, fill }) => {
  const stack = useStack({}, { ownRedis });

  const user = (on = newIsolate(stack.current), headers = {}) => see(on, '/v1/users/3', headers);

  async function whileFull<T>(act: () => Promise<T>): Promise<T> {
    const makeRoom = await fill(stack.current);
    try {
      return await act();
    } finally {
      await makeRoom();
    }
  }

  async function expectRequests(
    requests: { redis: number; postgres: number },
    act: () => Promise<Seen>,
  ): Promise<void> {
    expect(await countRequests(stack.current, async () => expect(await act()).toEqual(OLD))).toEqual(
      requests,
    );
  }

  beforeEach(() => emptyRedis(stack.current));

  test('what is shared is still a hit', async () => {
    await user();
    await whileFull(() => expectRequests({ redis: 1, postgres: 0 }, () => user()));
  });

  test('no read drains, though a drain is due, and none costs more', async () => {
    await user();
    const reader = () => newIsolate(stack.current, { DRAIN_EVERY_MS: '2500' });
    await whileFull(async () => {
      for (const _ of [1, 2]) await expectRequests({ redis: 1, postgres: 0 }, () => user(reader()));
    });
    expect(await redisKeys(stack.current, 'drain')).toEqual([]);
  });

  test('what is not is answered by Postgres and kept in memory alone', async () => {
    await whileFull(async () => {
      const reader = newIsolate(stack.current);
      await expectRequests({ redis: 1, postgres: 1 }, () => user(reader));
      await expectRequests({ redis: 0, postgres: 0 }, () => user(reader));
      await expectRequests({ redis: 1, postgres: 1 }, () => user());
    });
    expect(await redisKeys(stack.current, 'lease:')).toEqual([]);
  });

  test('no-cache is answered by Postgres, and what was shared is gone', async () => {
    await user();
    await whileFull(async () => {
      const { postgres } = await countRequests(stack.current, () =>
        user(newIsolate(stack.current), { 'Cache-Control': 'no-cache' }),
      );
      expect(postgres).toBe(1);
    });
  });

  test('a load whose fill finds it full is answered, and leaves neither entry nor lease', async () => {
    const held = holdNext(stack.current, scripts.fill, 'unsent');
    const read = user();
    await held.reached;
    await whileFull(async () => {
      held.letGo();
      expect(await read).toEqual(OLD);
    });
    expect(await redisKeys(stack.current, 'entry:')).toEqual([]);
    expect(await redisKeys(stack.current, 'lease:')).toEqual([]);
  });
});
