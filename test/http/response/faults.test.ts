import { afterEach, describe, expect, test } from 'vitest';
import {
  countRequests,
  emptyRedis,
  fault,
  get,
  newIsolate,
  sql,
  useSeedForEach,
  useStack,
  type Store,
} from '../../support/stack.ts';
import { sampled } from '../../support/scale.ts';
import { change } from '../../support/http/changes.ts';
import { expectProblem } from '../../support/http/problem.ts';
import { lookUps } from '../../support/http/seed.ts';
import { faultsOf } from '../../support/http/store-faults.ts';

const stack = useStack();
useSeedForEach(stack);
/** Of an isolate that waits no longer than this for a store that hangs. */
const HURRIED = { REDIS_DEADLINE_MS: '100', POSTGRES_DEADLINE_MS: '500' };

/** Several that are alike; the longer runs take all. */
const some = (store: Store) => sampled(faultsOf(store), 3);

afterEach(async () => {
  for (const store of ['redis', 'postgres'] as const) await fault(stack.current, store, []);
});

describe('under every fault of Redis', () => {
  test.each(some('redis'))('%j reads are answered by Postgres', async (redisFault) => {
    await fault(stack.current, 'redis', [redisFault]);
    for (const { path, expected } of lookUps) {
      const response = await get(newIsolate(stack.current), path);
      expect(await response.json()).toEqual(expected);
      expect(response.headers.get('Cache-Status')).toContain('redis; fwd=miss; detail=unavailable');
    }
    await expectProblem(await get(newIsolate(stack.current), '/v1/users/999'), 'user_does_not_exist');
  });

  test.each(some('redis'))('%j in fills alone leaves nothing wrong behind', async (redisFault) => {
    await emptyRedis(stack.current);
    await fault(stack.current, 'redis', [{ ...redisFault, verbs: ['fill'] }]);
    // The second waits in vain for the first, which could not say that it is done.
    for (const { path, expected } of [...lookUps.slice(0, 2), ...lookUps.slice(0, 2)])
      expect(await (await get(newIsolate(stack.current), path)).json()).toEqual(expected);
  });

  test.each(some('redis'))(
    '%j in invalidations alone: a write succeeds, with a token of Postgres',
    async (redisFault) => {
      await fault(stack.current, 'redis', [{ ...redisFault, verbs: ['invalidate'] }]);
      await sql(stack.current, "delete from users where username like '2718-2818-2845-admin%'");
      const path = '/v1/accounts/2718-2818-2845/admin-user';
      const response = await get(newIsolate(stack.current), path, {}, 'PUT');
      expect(response.status).toBe(201);
      expect(response.headers.get('Consistency-Token')).toMatch(/^pg:\d{13}$/);
    },
  );

  test.each(['hang', 'stall'])('%s: reads are answered by Postgres after the deadline', async (kind) => {
    await fault(stack.current, 'redis', [{ kind }]);
    const isolate = {
      ...stack.current,
      env: { ...stack.current.env, ...HURRIED, POSTGRES_DEADLINE_MS: '25000' },
    };
    for (const { path, expected } of lookUps.slice(0, 3)) {
      const response = await get(isolate, path);
      expect(await response.json()).toEqual(expected);
      expect(response.headers.get('Cache-Status')).toMatch(/redis; fwd=miss; detail=(timeout|unavailable)/);
    }
  });
});

describe('under every fault of Postgres', () => {
  test.each(some('postgres'))('%j what is nowhere else is 503, and later right', async (postgresFault) => {
    await emptyRedis(stack.current);
    await fault(stack.current, 'postgres', [postgresFault]);
    // Where there are no rows there is no value to garble.
    const absent = postgresFault.kind === 'wrong-base64' ? [] : ['/v1/users/999'];
    for (const path of [...lookUps.map((lookUp) => lookUp.path), ...absent])
      await expectProblem(await get(newIsolate(stack.current), path), 'unavailable');
    await fault(stack.current, 'postgres', []);
    for (const { path, expected } of lookUps)
      expect(await (await get(newIsolate(stack.current), path)).json()).toEqual(expected);
  });

  test.each(some('postgres'))('%j what Redis holds is answered', async (postgresFault) => {
    for (const { path } of lookUps) await get(newIsolate(stack.current), path);
    await fault(stack.current, 'postgres', [postgresFault]);
    for (const { path, expected } of lookUps)
      expect(await (await get(newIsolate(stack.current), path)).json()).toEqual(expected);
  });

  test('a health check that fails alone is all that fails', async () => {
    await fault(stack.current, 'postgres', [{ kind: 'status', status: 500, verbs: ['probe'] }]);
    const ready = await get(newIsolate(stack.current), '/readyz');
    expect(await ready.json()).toMatchObject({ status: 'degraded', postgres: { state: 'failed' } });
    expect(
      (await get(newIsolate(stack.current), '/v1/users/3', { 'Cache-Control': 'no-cache' })).status,
    ).toBe(200);
  });

  test.each(['hang', 'stall'])('%s: reads and writes are 503 after the deadline', async (kind) => {
    await emptyRedis(stack.current);
    await fault(stack.current, 'postgres', [{ kind }]);
    const isolate = {
      ...stack.current,
      env: { ...stack.current.env, ...HURRIED, REDIS_DEADLINE_MS: '10000' },
    };
    await expectProblem(await get(isolate, '/v1/users/3'), 'unavailable');
    const asItIs = { firstName: '' };
    const written = await change(isolate, 'PATCH', '/v1/users/3', asItIs, { 'If-Match': '*' });
    await expectProblem(written, 'unavailable');
  });
});

test('a store that fails is asked once', async () => {
  for (const store of ['redis', 'postgres'] as const) await fault(stack.current, store, [{ kind: 'refuse' }]);
  const act = () => get(newIsolate(stack.current), '/v1/users/4');
  expect(await countRequests(stack.current, act)).toEqual({ redis: 1, postgres: 1 });
});
