import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test';
import { beforeEach, describe, expect, test } from 'vitest';
import { makeDeps } from '../../../src/deps.ts';
import { type Change, listChanges } from '../../../src/directory/change-feed.ts';
import { AccountDirectory } from '../../../src/rpc/account-directory.ts';
import * as rpc from '../../../src/rpc/change-feed.ts';
import type { ChangesOptions } from '../../../src/shapes/change.ts';
import { change, create, jsonOf } from '../../support/http/changes.ts';
import { issueKey, withKey } from '../../support/http/issued-keys.ts';
import { expectProblem } from '../../support/http/problem.ts';
import { countRequests, get, sql, useStack } from '../../support/stack.ts';

const stack = useStack();
const ACCOUNT = '1234-5678-9012';

interface Page {
  readonly items: readonly Change[];
  readonly nextCursor: string;
}

async function read(query: string, headers = {}): Promise<Page> {
  const response = await get(stack.current, `/v1/changes?${query}`, headers);
  expect({ status: response.status, body: await response.clone().text() }).toMatchObject({ status: 200 });
  expect(response.headers.get('Cache-Control')).toBe('no-store');
  return response.json();
}

let start = '';
beforeEach(async () => {
  start = (await read('after=latest')).nextCursor;
});

const inShort = ({ items }: Page) => items.map(({ operation, kind, id }) => `${operation} ${kind} ${id}`);
const update = (name: string, ids = '3') =>
  sql(stack.current, `update users set first_name = '${name}' where id in (${ids})`);

test('a change through the service is there at once, in the shapes of the routes', async () => {
  const user = await jsonOf(
    await create(stack.current, '/v1/users', {
      username: 'fed',
      email: 'fed@example.com',
      accountNumber: ACCOUNT,
    }),
  );
  const renamed = await change(
    stack.current,
    'PATCH',
    `/v1/users/${String(user['id'])}`,
    { firstName: 'F' },
    { 'If-Match': '*' },
  );
  const { items } = await read(`after=${start}`);
  expect(items).toMatchObject([
    { kind: 'user', id: user['id'], operation: 'create', actor: 'root', before: null },
    { kind: 'user_profile', operation: 'create', before: null, after: { userId: user['id'], accountId: 2 } },
    { kind: 'user', id: user['id'], operation: 'update', actor: 'root' },
  ]);
  expect([items[0]?.after, items[2]?.before, items[2]?.after]).toEqual([user, user, await renamed.json()]);
  expect(items[0]?.at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
});

test('an account is shown as its route shows it, and a profile with the ids of its rows', async () => {
  await sql(
    stack.current,
    `update accounts set city = city || 'x' where id = 2; update user_profiles set name = name || 'x' where id = 3`,
  );
  const { items } = await read(`after=${start}`);
  expect(items[0]?.after).toEqual(await (await get(stack.current, `/v1/accounts/${ACCOUNT}`)).json());
  const { user, account, ...profile } = await jsonOf(await get(stack.current, '/v1/user-profiles/3'));
  expect(items[1]?.after).toEqual({
    ...profile,
    userId: Object(user).id as number,
    accountId: Object(account).id as number,
  });
});

test('cursors lead through all changes once, and the last one stays', async () => {
  await update('pages', '1, 2, 3, 4, 5');
  const seen: (number | null)[] = [];
  let cursor = start;
  for (;;) {
    const page = await read(`after=${cursor}&limit=2`);
    seen.push(...page.items.map(({ id }) => id));
    if (page.nextCursor === cursor) break;
    cursor = page.nextCursor;
  }
  expect(seen).toEqual([1, 2, 3, 4, 5]);
});

test('without a cursor the oldest changes come first', async () => {
  const oldest = 'select kind, row_id::int as id, operation from change_feed order by number limit 1';
  const { items } = await read('limit=1');
  expect(items).toMatchObject(await sql(stack.current, oldest));
});

test('kinds can be chosen, in any order, and are a part of the cursor', async () => {
  await sql(
    stack.current,
    `update accounts set city = city || 'y' where id = 3; update user_profiles set name = name || 'y' where id = 4`,
  );
  await update('kinds');
  const { nextCursor } = await read('after=latest&kinds=user,account');
  await update('kinds again');
  expect(inShort(await read(`after=${nextCursor}&kinds=account,user,user`))).toEqual(['update user 3']);
  await expectProblem(await get(stack.current, `/v1/changes?after=${nextCursor}&kinds=user`), 'bad_request');
  expect(inShort(await read('limit=500&kinds=account')).every((one) => one.includes('account'))).toBe(true);
});

test('a page costs one request to Postgres and none to Redis', async () => {
  await update('counted');
  expect(await countRequests(stack.current, () => read(`after=${start}`))).toEqual({ redis: 0, postgres: 1 });
});

test('every fault is told at once', async () => {
  const path = '/v1/changes?after=x&kinds=user,dog&limit=0&wait=21&since=x';
  const { errors } = await expectProblem(await get(stack.current, path), 'bad_request');
  expect(errors?.map(({ name }) => name).toSorted()).toEqual(['after', 'kinds', 'limit', 'since', 'wait']);
});

test('a cursor of another list, and one that somebody made, are refused', async () => {
  const { nextCursor } = await jsonOf(await get(stack.current, '/v1/users?limit=1'));
  for (const after of [String(nextCursor), `${start.slice(0, -1)}!`]) {
    const response = await get(stack.current, `/v1/changes?after=${encodeURIComponent(after)}`);
    const { errors } = await expectProblem(response, 'bad_request');
    expect(errors).toEqual([{ in: 'query', name: 'after', detail: 'is no cursor of this list' }]);
  }
});

test('a request waits for the next change', async () => {
  const waiting = read(`after=${start}&wait=20`);
  await update('awaited');
  expect(inShort(await waiting)).toEqual(['update user 3']);
});

describe('what waits', () => {
  /** Asks with a clock that calls back at once, and answers how long it was to wait in all. */
  async function ask(waitS: number, caller?: { aborted: boolean }) {
    const ctx = createExecutionContext();
    const deps = makeDeps(stack.current.env, ctx);
    const waitsMs: number[] = [];
    const clock = {
      now: () => 0,
      after(ms: number, callback: () => void) {
        if (ms === 1_000) {
          waitsMs.push(ms);
          callback();
        }
        return () => {};
      },
    };
    const patient = { ...deps, cache: { ...deps.cache, clock } };
    const asked = { after: 'latest' as const, kinds: null, within: null, limit: 1 };
    const { upTo } = await listChanges(patient, asked, 0, {});
    let answered = 0;
    const counts = await countRequests(stack.current, async () => {
      answered = (await listChanges(patient, { ...asked, after: upTo }, waitS, {}, caller)).items.length;
    });
    await waitOnExecutionContext(ctx);
    return { answered, asks: counts.postgres, waits: waitsMs.length };
  }

  test('asks Postgres once a second and no more', async () => {
    expect(await ask(5)).toEqual({ answered: 0, asks: 6, waits: 5 });
    expect(await ask(0)).toEqual({ answered: 0, asks: 1, waits: 0 });
  });

  test('asks no more once the caller has gone away', async () => {
    expect(await ask(20, { aborted: true })).toEqual({ answered: 0, asks: 1, waits: 0 });
  });
});

describe('a key that is bound to an account', () => {
  test('sees its account, its profiles and its users, and has cursors of its own', async () => {
    const headers = withKey(
      await issueKey(stack.current, { scopes: ['audit:read'], accountNumber: ACCOUNT }),
    );
    const { nextCursor } = await read('after=latest', headers);
    await sql(
      stack.current,
      `update accounts set city = city || 'z' where id in (1, 2); update user_profiles set name = name || 'z' where id in (1, 3)`,
    );
    await update('bound', '1, 3');
    expect(inShort(await read(`after=${nextCursor}`, headers))).toEqual([
      'update account 2',
      'update user_profile 3',
      'update user 3',
    ]);
    for (const [cursor, own] of [
      [start, headers],
      [nextCursor, {}],
    ] as const)
      await expectProblem(await get(stack.current, `/v1/changes?after=${cursor}`, own), 'bad_request');
  });

  test('is shown nothing once there is no such account', async () => {
    await update('nobody sees', '1, 3');
    const props = { name: 'left', scopes: ['audit:read'], accountNumber: '9999-9999-9999' };
    const ctx = Object.assign(createExecutionContext(), { props });
    const { items } = await new AccountDirectory(ctx, stack.current.env).listChanges();
    await waitOnExecutionContext(ctx);
    expect(items.filter(({ operation }) => operation !== 'resync')).toEqual([]);
  });

  test('no longer sees a user who has left, however long another transaction runs', async () => {
    const headers = withKey(
      await issueKey(stack.current, { scopes: ['audit:read'], accountNumber: ACCOUNT }),
    );
    await sql(stack.current, 'insert into user_profiles (id, user_id, account_id) values (7000, 1, 2)');
    await read('after=latest', headers);
    await sql(stack.current, 'delete from user_profiles where id = 7000');
    const { nextCursor } = await read('after=latest', headers);
    await update('elsewhere', '1');
    // As if a transaction from before the user joined were still running.
    await sql(stack.current, `update change_feed set seen_before = '0' where number is null`);
    expect(inShort(await read(`after=${nextCursor}`, headers))).toEqual([]);
  });

  test('needs the right to read what was changed', async () => {
    const headers = withKey(await issueKey(stack.current, { accountNumber: ACCOUNT }));
    await expectProblem(await get(stack.current, '/v1/changes', headers), 'forbidden');
  });
});

test('a cursor from before what is kept, and one from after what there is, end in cursor_expired', async () => {
  await update('expired', '1, 2, 3');
  const { nextCursor } = await read(`after=${start}`);
  const newest = 'update change_feed_newest set number = number';
  await sql(stack.current, `${newest} - 1`);
  await expectProblem(await get(stack.current, `/v1/changes?after=${nextCursor}`), 'cursor_expired');
  await sql(stack.current, `${newest} + 1; delete from change_feed`);
  await expectProblem(await get(stack.current, `/v1/changes?after=${start}`), 'cursor_expired');
  expect(await read(`after=${nextCursor}`)).toEqual({ items: [], nextCursor });
  await update('kept');
  expect(inShort(await read(''))).toEqual(['update user 3']);
});

describe('over RPC', () => {
  const scopes = ['audit:read'];
  function ask(options?: ChangesOptions | object, props: object = { scopes }) {
    const ctx = Object.assign(createExecutionContext(), { props });
    return rpc.listChanges(stack.current.env, ctx, { options });
  }

  test('the changes and the cursors are those of HTTP', async () => {
    await update('rpc', '3, 4');
    const page = await ask({ after: start });
    expect(page).toEqual(await read(`after=${start}`));
    expect(await ask({ after: page.nextCursor, kinds: null, wait: 0 })).toMatchObject({ items: [] });
    expect((await ask({ limit: 1 })).items).toHaveLength(1);
    expect((await ask()).items.length).toBeGreaterThan(0);
  });

  test('a bound Worker sees the changes of its account', async () => {
    const bound = { scopes, accountNumber: ACCOUNT };
    const { nextCursor } = await ask({ after: 'latest' }, bound);
    await update('of two', '2, 3');
    const { items } = await ask({ after: nextCursor }, bound);
    expect(items.map(({ id }) => id)).toEqual([3]);
  });

  test.each([
    [{ after: 'x' }, 'bad_request', 'options.after: is no cursor of this list'],
    [{ kinds: ['dog'] }, 'bad_request', 'options.kinds.0: must be one of account, user, user_profile'],
    [{ wait: 21 }, 'bad_request', 'options.wait'],
    [{ since: 1 }, 'bad_request', 'options.since: is no field'],
  ])('%j is refused', async (options, code, message) => {
    await expect(ask(options)).rejects.toMatchObject({
      code,
      message: expect.stringContaining(message) as string,
    });
  });

  test('a Worker without the right is refused', async () => {
    await expect(ask({}, {})).rejects.toMatchObject({ code: 'forbidden' });
  });
});
