import { describe, expect, onTestFinished, test } from 'vitest';
import type { Scope } from '../../../src/directory/caller.ts';
import {
  countRequests,
  drainNow,
  get,
  newIsolate,
  send,
  sql,
  useSeedForEach,
  useStack,
} from '../../support/stack.ts';
import { change, jsonOf } from '../../support/http/changes.ts';
import { issueKey, withKey } from '../../support/http/issued-keys.ts';
import { expectProblem } from '../../support/http/problem.ts';

const stack = useStack();
useSeedForEach(stack);

const any = { 'If-Match': '*' };
const remove = (path: string) => change(stack.current, 'DELETE', path, undefined, any);

interface Shown {
  readonly id: number;
  readonly kind: string;
  readonly username: string | null;
}

async function listed(query = '', headers = {}): Promise<Shown[]> {
  const response = await get(stack.current, `/v1/deletions${query}`, headers);
  const { items } = await jsonOf(response);
  return items as Shown[];
}

async function lastId(): Promise<number> {
  const [{ id } = { id: 0 }] = await listed();
  return id;
}

const restore = async (query = '', headers = {}) =>
  change(stack.current, 'POST', `/v1/deletions/${await lastId()}/restore${query}`, undefined, headers);
const statusOf = async (path: string, on = stack.current) => (await get(on, path)).status;

test('a deletion of more rows than the service restores says so, and looks for no other obstacle', async () => {
  await sql(
    stack.current,
    `with kept as (
       insert into deletions (actor, request_id, entity, entity_id) values ('root', '', 'user', 3) returning id
     )
     insert into deletion_rows (deletion_id, entity, id, username, row)
     select kept.id, 'user', n, 'user' || n, '{}' from kept, generate_series(1, 20002) as n`,
  );
  // Rows that no trigger wrote are none for which the stack is seeded anew.
  onTestFinished(
    async () => void (await sql(stack.current, 'delete from deletions; delete from deletion_rows')),
  );
  const id = await lastId();
  const detail =
    'the deletion has 20002 rows, and 20001 come back within the deadline; an operator restores it in Postgres, with restore_deletion';
  // Users 1 to 7 are there.
  expect(await jsonOf(await get(stack.current, `/v1/deletions/${id}`))).toMatchObject({
    users: 20_002,
    obstacles: [{ kind: 'user', entityId: 3, code: 'too_many_rows', detail }],
  });
  for (const query of ['', '?dryRun=true']) {
    const problem = await expectProblem(await restore(query), 'restore_is_blocked');
    expect(problem.detail).toBe(detail);
  }
  await sql(stack.current, `delete from deletion_rows where deletion_id = $1 and id = 20002`, id);
  const { obstacles } = await jsonOf(await get(stack.current, `/v1/deletions/${id}`));
  expect(obstacles).toContainEqual(expect.objectContaining({ code: 'id_taken', entityId: 1 }));
});

test('a membership comes back, at the price of a write, and every isolate sees it', async () => {
  const other = newIsolate(stack.current);
  const before = await jsonOf(await get(stack.current, '/v1/user-profiles/3'));
  await remove('/v1/user-profiles/3');
  await drainNow(stack.current);
  const read = async () => [
    await statusOf('/v1/user-profiles/3', other),
    await statusOf('/v1/users/3/account', other),
  ];
  // These answers of absence are kept in memory and in Redis.
  expect(await read()).toEqual([404, 404]);
  expect(await read()).toEqual([404, 404]);
  const id = await lastId();
  let response = new Response();
  const cost = await countRequests(stack.current, async () => {
    response = await change(stack.current, 'POST', `/v1/deletions/${id}/restore`);
  });
  expect(cost).toEqual({ redis: 1, postgres: 1 });
  expect(await jsonOf(response.clone())).toEqual({
    dryRun: false,
    deletionId: id,
    restoredAt: expect.stringMatching(/Z$/) as string,
    isRepeat: false,
    accounts: 0,
    users: 0,
    userProfiles: 1,
    keys: 0,
  });
  const token = response.headers.get('Consistency-Token') ?? '';
  const withToken = await get(other, '/v1/user-profiles/3', { 'Consistency-Token': token });
  const { revision, ...shown } = await jsonOf(withToken);
  const { revision: old, ...expected } = before;
  expect(shown).toEqual(expected);
  expect(Number(revision)).toBeGreaterThan(Number(old));
  expect(await read()).toEqual([200, 200]);
});

test('what SQL deletes and restores reaches answers of absence that are kept', async () => {
  await sql(stack.current, 'delete from users where id = 3');
  const paths = ['/v1/users/3', '/v1/users/by-username/johndoe', '/v1/user-profiles/3'];
  const read = () => Promise.all(paths.map((path) => statusOf(path)));
  expect(await read()).toEqual([404, 404, 404]);
  await sql(stack.current, 'select public.restore_deletion(max(id)) from deletions');
  await drainNow(stack.current);
  // What memory holds is validated by the log, which an isolate without a memory of it reads.
  const fresh = newIsolate(stack.current);
  expect(await Promise.all(paths.map((path) => statusOf(path, fresh)))).toEqual([200, 200, 200]);
});

test('an account comes back with its number, members and keys, which are revoked', async () => {
  const issued = await issueKey(stack.current, {
    scopes: ['directory:read'],
    accountNumber: '1234-5678-9012',
  });
  await remove('/v1/accounts/1234-5678-9012');
  const [deletion] = await listed();
  expect(deletion).toMatchObject({
    kind: 'account',
    entityId: 2,
    actor: 'root',
    accountNumber: '1234-5678-9012',
    restoredAt: null,
  });
  const found = await jsonOf(await get(stack.current, `/v1/deletions/${String(deletion?.id)}`));
  expect(found).toMatchObject({
    ...deletion,
    accounts: 1,
    users: 0,
    userProfiles: 3,
    keys: 1,
    accountNumbers: ['1234-5678-9012'],
    usernames: [],
    obstacles: [],
  });
  expect(await jsonOf(await restore('?dryRun=true'))).toMatchObject({
    dryRun: true,
    restoredAt: null,
    keys: 1,
  });
  expect(await statusOf('/v1/accounts/1234-5678-9012')).toBe(404);
  expect(await jsonOf(await restore())).toMatchObject({ accounts: 1, userProfiles: 3, keys: 1 });
  const members = await jsonOf(await get(stack.current, '/v1/accounts/1234-5678-9012/user-profiles'));
  expect((members['items'] as { id: number }[]).map(({ id }) => id)).toEqual([3, 4, 5]);
  const asked = { headers: withKey(issued) };
  expect((await send(newIsolate(stack.current), '/v1/accounts/1234-5678-9012', asked)).status).toBe(401);
});

test('a repeat does nothing and says so', async () => {
  await remove('/v1/users/3');
  const first = await jsonOf(await restore());
  const again = await restore();
  expect(again.headers.get('Consistency-Token')).toBeNull();
  expect(await jsonOf(again)).toEqual({ ...first, isRepeat: true });
  await remove('/v1/users/3');
  const [, old] = await listed();
  const late = await change(stack.current, 'POST', `/v1/deletions/${String(old?.id)}/restore`);
  expect(await jsonOf(late)).toEqual({ ...first, isRepeat: true });
  expect(await statusOf('/v1/users/3')).toBe(404);
});

test('everything that stands in the way is told at once, and nothing is done', async () => {
  await sql(stack.current, 'begin; delete from users where id = 6; delete from users where id = 3; commit');
  await sql(stack.current, `insert into users (id, username, email) values (6, 'JohnDoe', '')`);
  await sql(stack.current, 'delete from accounts where id = 2');
  const [, blocked] = await listed();
  const path = `/v1/deletions/${String(blocked?.id)}`;
  const { obstacles } = await jsonOf(await get(stack.current, path));
  expect(
    (obstacles as { kind: string; entityId: number; code: string }[]).map((o) => [
      o.kind,
      o.entityId,
      o.code,
    ]),
  ).toEqual([
    ['user', 3, 'username_taken'],
    ['user', 6, 'id_taken'],
    ['user_profile', 3, 'account_does_not_exist'],
    ['user_profile', 5, 'account_does_not_exist'],
  ]);
  for (const query of ['', '?dryRun=true']) {
    const response = await change(stack.current, 'POST', `${path}/restore${query}`);
    const { detail } = await expectProblem(response, 'restore_is_blocked');
    for (const { detail: reason } of obstacles as { detail: string }[]) expect(detail).toContain(reason);
  }
  expect(await statusOf('/v1/users/3')).toBe(404);
});

test('a deletion that is not kept any longer is not there', async () => {
  await remove('/v1/users/3');
  const id = await lastId();
  await sql(stack.current, `update deletions set at = at - interval '30 days 1 minute'`);
  expect(await listed()).toEqual([]);
  await expectProblem(await get(stack.current, `/v1/deletions/${id}`), 'deletion_does_not_exist');
  const response = await change(stack.current, 'POST', `/v1/deletions/${id}/restore`);
  await expectProblem(response, 'deletion_does_not_exist');
});

test('with 0 days the service keeps nothing of what it deletes', async () => {
  const never = newIsolate(stack.current, { DELETIONS_KEPT_DAYS: '0' });
  expect((await change(never, 'DELETE', '/v1/users/3', undefined, any)).status).toBe(200);
  expect(await sql(stack.current, 'select from deletions')).toEqual([]);
});

test('the list is filtered by kind, names and time, a page at a time', async () => {
  await remove('/v1/user-profiles/3');
  await remove('/v1/users/6');
  await remove('/v1/users/5');
  await remove('/v1/accounts/2718-2818-2845');
  await remove('/v1/accounts/1234-5678-9012');
  const kinds = async (query: string) =>
    (await listed(query)).map(({ kind, username }) => (username ? `${kind} ${username}` : kind));
  expect(await kinds('')).toEqual(['account', 'account', 'user nomad', 'user both', 'user_profile johndoe']);
  expect(await kinds('?kind=user')).toEqual(['user nomad', 'user both']);
  expect(await kinds('?accountNumber=1234-5678-9012')).toEqual([
    'account',
    'user both',
    'user_profile johndoe',
  ]);
  expect(await kinds('?accountNumber=1234-5678-9012&kind=user')).toEqual(['user both']);
  expect(await kinds('?username=janedoe')).toEqual(['account']);
  expect(await kinds('?until=2026-01-01T00:00:00Z')).toEqual([]);
  expect(await kinds('?since=9999-01-01T00:00:00Z')).toEqual([]);
  const pages: string[] = [];
  for (let cursor = ''; ;) {
    const page = await jsonOf(await get(stack.current, `/v1/deletions?limit=2${cursor}`));
    pages.push((page['items'] as Shown[]).map(({ kind }) => kind).join());
    const next = page['nextCursor'];
    if (typeof next !== 'string') break;
    cursor = `&cursor=${next}`;
  }
  expect(pages).toEqual(['account,account', 'user,user', 'user_profile']);
});

describe('a caller without every right', () => {
  const keyOf = async (scopes: Scope[], accountNumber?: string) =>
    withKey(await issueKey(stack.current, { scopes, ...(accountNumber && { accountNumber }) }));
  const tenant = '1234-5678-9012';

  test.each(['/v1/users/4', '/v1/user-profiles/4'])(
    'brings back no staff without rights:write, of %s',
    async (path) => {
      await change(stack.current, 'DELETE', `${path}?force=true`, undefined, any);
      const writing = await keyOf(['directory:write']);
      for (const query of ['', '?dryRun=true'])
        await expectProblem(await restore(query, writing), 'forbidden');
      expect((await restore('', await keyOf(['directory:write', 'rights:write']))).status).toBe(200);
    },
  );

  test('sees and restores deletions of its account’s users and profiles alone', async () => {
    await remove('/v1/user-profiles/3');
    await remove('/v1/user-profiles/2');
    await remove('/v1/users/6');
    await remove('/v1/users/5');
    await remove('/v1/accounts/2718-2818-2845');
    const all = await listed();
    const own = await keyOf(['audit:read', 'directory:write'], tenant);
    expect((await listed('', own)).map(({ kind, username }) => [kind, username])).toEqual([
      ['user_profile', 'johndoe'],
    ]);
    for (const { id, username } of all) {
      const isOwn = username === 'johndoe';
      const shown = await get(stack.current, `/v1/deletions/${id}`, own);
      const done = await change(stack.current, 'POST', `/v1/deletions/${id}/restore`, undefined, own);
      expect([shown.status, done.status]).toEqual(isOwn ? [200, 200] : [404, 404]);
      if (!isOwn) await expectProblem(done, 'deletion_does_not_exist');
    }
  });

  test('that is bound does not bring back who is a member of another account by now', async () => {
    await remove('/v1/user-profiles/3');
    await sql(stack.current, 'insert into user_profiles (user_id, account_id) values (3, 3)');
    const own = await keyOf(['audit:read', 'directory:write'], tenant);
    await expectProblem(await restore('', own), 'forbidden');
  });
});
