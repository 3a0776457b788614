import { describe, expect, onTestFinished, test, vi } from 'vitest';
import {
  ageEntries,
  drainNow,
  emptyRedis,
  get,
  newIsolate,
  redisKeys,
  sql,
  useSeedForEach,
  useStack,
  whileAway,
} from '../../support/stack.ts';
import { create } from '../../support/http/changes.ts';
import { expectProblem } from '../../support/http/problem.ts';
import { lookUps } from '../../support/http/seed.ts';

const stack = useStack();
useSeedForEach(stack);
const status = (response: Response) => response.headers.get('Cache-Status');
const away = <T>(act: () => Promise<T>) => whileAway(stack.current, ['postgres'], act);

async function expectUnavailable(response: Response): Promise<void> {
  await expectProblem(response, 'unavailable');
  expect(response.headers.get('Retry-After')).toMatch(/^[1-9]\d*$/);
}

describe('what no tier holds', () => {
  test.each([
    ...lookUps.map(({ path }) => path),
    'http://hr.1234-5678-9012.api.localhost:8787/v1/context',
    '/v1/users/999',
    '/v1/users/by-username/notfound',
    '/v1/accounts/0000-0000-0000',
  ])('%s is 503, never an absence', async (path) => {
    await emptyRedis(stack.current);
    await away(async () => expectUnavailable(await get(newIsolate(stack.current), path)));
  });

  test('creating an admin user is 503', async () => {
    const path = '/v1/accounts/2718-2818-2845/admin-user';
    await away(async () => expectUnavailable(await get(newIsolate(stack.current), path, {}, 'PUT')));
    await get(stack.current, path);
    await away(async () => expectUnavailable(await get(stack.current, path, {}, 'PUT')));
  });

  test('a failed load leaves no lease behind: the next read after the outage is stored', async () => {
    await emptyRedis(stack.current);
    await away(async () => expectUnavailable(await get(newIsolate(stack.current), '/v1/users/2')));
    expect(await redisKeys(stack.current, 'lease:')).toEqual([]);
    const response = await get(newIsolate(stack.current), '/v1/users/2');
    expect(status(response)).toBe('redis; fwd=miss; stored, isolate; fwd=miss; stored');
  });
});

describe('what Redis holds', () => {
  test.each(lookUps)('$path is answered while fresh', async ({ path, expected }) => {
    await get(newIsolate(stack.current), path);
    const response = await away(() => get(newIsolate(stack.current), path));
    expect(await response.json()).toEqual(expected);
    expect(status(response)).toMatch(/^redis; hit; ttl=\d+, isolate; fwd=miss; stored$/);
  });

  test.each(lookUps)(
    '$path is answered past its fresh life, marked, and not kept in memory',
    async (lookUp) => {
      const { path, expected } = lookUp;
      const isolate = newIsolate(stack.current);
      await get(newIsolate(stack.current), path);
      await ageEntries(stack.current);
      await away(async () => {
        for (const response of [await get(isolate, path), await get(isolate, path)]) {
          expect(await response.json()).toEqual(expected);
          expect(status(response)).toMatch(
            /^redis; hit; ttl=-\d+; detail=stale-if-error, isolate; fwd=miss$/,
          );
        }
      });
    },
  );

  test('a proven absence stays one while fresh', async () => {
    await get(newIsolate(stack.current), '/v1/users/999');
    await away(async () =>
      expectProblem(await get(newIsolate(stack.current), '/v1/users/999'), 'user_does_not_exist'),
    );
  });

  test('what was invalidated is 503, not an old answer', async () => {
    await get(newIsolate(stack.current), '/v1/users/3');
    await sql(stack.current, "update users set first_name = 'John' where id = 3");
    await drainNow(stack.current);
    await away(async () => expectUnavailable(await get(newIsolate(stack.current), '/v1/users/3')));
  });

  test('no-cache is 503, and memory does not answer it', async () => {
    await get(stack.current, '/v1/users/4');
    await away(async () =>
      expectUnavailable(await get(stack.current, '/v1/users/4', { 'Cache-Control': 'no-cache' })),
    );
  });
});

test('memory answers', async () => {
  await get(stack.current, '/v1/users/6');
  expect(status(await away(() => get(stack.current, '/v1/users/6')))).toMatch(/^isolate; hit; ttl=\d+$/);
});

test('a bad key is 401 and bad input is 400 as ever', async () => {
  await away(async () => {
    await expectProblem(
      await get(stack.current, '/v1/users/3', { Authorization: 'Bearer no' }),
      'unauthorized',
    );
    await expectProblem(await get(stack.current, '/v1/users/x'), 'bad_request');
  });
});

test('the Worker is ready, for Redis holds answers, and says what is missing', async () => {
  const response = await away(() => get(stack.current, '/readyz'));
  expect(response.status).toBe(200);
  expect(await response.json()).toMatchObject({
    status: 'degraded',
    redis: { state: 'ok' },
    postgres: { state: 'failed' },
  });
});

test('with both stores in reach the Worker is ready', async () => {
  expect(await (await get(stack.current, '/readyz')).json()).toMatchObject({ status: 'ready' });
});

describe('what Postgres refuses for good', () => {
  test('a constraint that the service does not know is 500, and the log names it', async () => {
    const logged = vi.spyOn(console, 'error').mockReturnValue();
    onTestFinished(() => logged.mockRestore());
    await sql(stack.current, `alter table users add constraint no_bobs check (username <> 'bob')`);
    onTestFinished(async () => {
      await sql(stack.current, 'alter table users drop constraint no_bobs');
    });
    const body = { username: 'bob', email: 'bob@example.com' };
    await expectProblem(await create(stack.current, '/v1/users', body), 'internal_error');
    expect(logged.mock.calls.join('\n')).toMatch(/"event":"write_failed","constraint":"no_bobs".* 23514/);
  });

  test.each(['/v1/users/4', '/v1/users?limit=7'])('a column that is missing is 500: %s', async (path) => {
    await emptyRedis(stack.current);
    await sql(stack.current, 'alter table users rename column email to mail');
    try {
      await expectProblem(await get(newIsolate(stack.current), path), 'internal_error');
    } finally {
      await sql(stack.current, 'alter table users rename column mail to email');
    }
  });
});
