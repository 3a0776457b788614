import { describe, expect, test } from 'vitest';
import type { Scope } from '../../../src/directory/caller.ts';
import { PersonExport } from '../../../src/directory/users/export.ts';
import {
  ageOutbox,
  drainNow,
  get,
  newIsolate,
  redis,
  redisKeys,
  sql,
  useSeedForEach,
  useStack,
  whileAway,
} from '../../support/stack.ts';
import { change, create, jsonOf } from '../../support/http/changes.ts';
import { issueKey, withKey } from '../../support/http/issued-keys.ts';
import { expectProblem } from '../../support/http/problem.ts';
import { tablesWith } from '../../support/db/text-scan.ts';

const stack = useStack();
useSeedForEach(stack);

/** Words that nobody else has. */
const WORDS = ['zoe', 'quux', 'erp-4711', 'sapphire', 'picture-77'];
const PERSON = {
  username: 'zoe',
  email: 'zoe@example.com',
  firstName: 'Zoe',
  lastName: 'Quux',
  externalId: 'erp-4711',
  metadata: { colour: 'sapphire' },
};
const any = { 'If-Match': '*' };

const remove = (path: string) => change(stack.current, 'DELETE', path, undefined, any);
const erase = (id: number, query = '', headers = {}) =>
  change(stack.current, 'POST', `/v1/users/${id}/erase${query}`, undefined, headers);

/** A member of two accounts, who was made and changed through the service. */
async function makePerson(headers = {}): Promise<{ id: number; profiles: number[] }> {
  const body = { ...PERSON, accountNumber: '1234-5678-9012' };
  const { id } = await jsonOf(await create(stack.current, '/v1/users', body, headers));
  const profile = { userId: id, accountNumber: '3141-5926-5359', name: 'Zoe Q.' };
  const second = await jsonOf(await create(stack.current, '/v1/user-profiles', profile));
  const [first] = await sql<{ id: number }>(
    stack.current,
    'select id::int from user_profiles where user_id = $1 order by id',
    id,
  );
  const url = { profileImageUrl: 'https://example.com/picture-77.png' };
  await change(stack.current, 'PATCH', `/v1/user-profiles/${Number(first?.id)}`, url, any);
  return { id: Number(id), profiles: [Number(first?.id), Number(second['id'])] };
}

/** Fills Redis and the memory of an isolate with every answer that shows the person. */
async function readAll({ id, profiles }: { id: number; profiles: number[] }, on = stack.current) {
  for (const path of [
    `/v1/users/${id}`,
    '/v1/users/by-username/zoe',
    '/v1/users/by-external-id/erp-4711',
    `/v1/users/${id}/account`,
    ...profiles.map((profile) => `/v1/user-profiles/${profile}`),
    '/v1/accounts/1234-5678-9012/users',
    '/v1/accounts/1234-5678-9012/users?limit=50',
    '/v1/accounts/1234-5678-9012/user-profiles',
  ]) {
    expect({ path, status: (await get(on, path)).status }).toEqual({ path, status: 200 });
  }
}

/** The keys of Redis in which, or in whose value, one of the words is. */
async function keysWith(words: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const key of await redisKeys(stack.current)) {
    const type = String(await redis(stack.current, 'TYPE', key));
    const reads: Record<string, string[]> = {
      string: ['GET', key],
      hash: ['HGETALL', key],
      zset: ['ZRANGE', key, '0', '-1'],
      set: ['SMEMBERS', key],
    };
    const value = reads[type] ? await redis(stack.current, ...reads[type]) : type;
    const text = `${key} ${JSON.stringify(value)}`.toLowerCase();
    if (words.some((word) => text.includes(word))) found.push(key);
  }
  return found.toSorted();
}

const tables = () => tablesWith((text, params) => sql(stack.current, text, ...params), WORDS);

/** Both passes of the drain, after which the outbox names nobody. */
async function drainTwice(): Promise<void> {
  await drainNow(stack.current);
  await ageOutbox(stack.current);
  await drainNow(stack.current);
}

const EMPTY = {
  isComplete: true,
  users: 0,
  userProfiles: 0,
  auditEntries: 0,
  changes: 0,
  deletionRows: 0,
  rememberedAnswers: 0,
};
const time: unknown = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);

test('a person is gone from every table and from Redis, at once and everywhere', async () => {
  const person = await makePerson({ 'Idempotency-Key': 'first' });
  const other = newIsolate(stack.current);
  await readAll(person);
  await readAll(person, other);
  await drainTwice();
  const entries = await keysWith(WORDS);
  expect(entries.filter((key) => key.includes('entry:')).length).toBeGreaterThanOrEqual(7);
  expect(await tables()).toEqual([
    'public.audit_log',
    'public.change_feed',
    'public.idempotency_keys',
    'public.user_profiles',
    'public.users',
  ]);
  const dry = await jsonOf(await erase(person.id, '?dryRun=true'));
  const counts = {
    users: 1,
    userProfiles: 2,
    auditEntries: 4,
    changes: 4,
    deletionRows: 0,
    rememberedAnswers: 1,
  };
  const base = { userId: person.id, isRepeat: false, isForgotten: false, isComplete: true };
  expect(dry).toEqual({ ...base, dryRun: true, erasedAt: null, ...counts });
  expect(await keysWith(WORDS)).toEqual(entries);
  expect((await get(newIsolate(stack.current), `/v1/users/${person.id}`)).status).toBe(200);

  const response = await erase(person.id);
  expect(await jsonOf(response.clone())).toEqual({
    ...base,
    dryRun: false,
    erasedAt: time,
    isForgotten: true,
    ...counts,
  });
  expect(await tables()).toEqual([]);
  const left = await keysWith(WORDS);
  // Names of tags, which hold for the fills under way.
  expect(left.filter((key) => !/:tag:|:log$/.test(key))).toEqual([]);
  for (const key of left.filter((one) => one.includes(':tag:')))
    expect(Number(await redis(stack.current, 'PTTL', key))).toBeLessThanOrEqual(300_000);
  const token = response.headers.get('Consistency-Token') ?? '';
  for (const on of [stack.current, other]) {
    const { status } = await get(on, `/v1/users/${person.id}`, { 'Consistency-Token': token });
    expect(status).toBe(404);
  }
  await drainTwice();
  expect(await tables()).toEqual([]);
  const [proof] = (await jsonOf(await get(stack.current, '/v1/audit?action=erase')))['items'] as object[];
  expect(proof).toMatchObject({ actor: 'root', entity: 'user', entityId: person.id, changes: {} });
});

test.each([
  ['deleted', async ({ id }: { id: number }) => void (await remove(`/v1/users/${id}`))],
  [
    'deleted, restored and deleted',
    async ({ id }: { id: number }) => {
      await remove(`/v1/users/${id}`);
      const [deletion] = await sql<{ id: string }>(
        stack.current,
        'select max(id)::text as id from deletions',
      );
      await change(stack.current, 'POST', `/v1/deletions/${deletion?.id ?? ''}/restore`);
      await remove(`/v1/users/${id}`);
    },
  ],
  [
    'deleted, and whose account was before',
    async ({ id }: { id: number }) => {
      await remove('/v1/accounts/1234-5678-9012?force=true');
      await remove(`/v1/users/${id}`);
    },
  ],
])('nothing is left of a person who was %s', async (_how, prepare) => {
  const person = await makePerson();
  await readAll(person);
  await prepare(person);
  expect((await tables()).length).toBeGreaterThan(2);
  const erased = await jsonOf(await erase(person.id));
  expect(erased).toMatchObject({ isRepeat: false, isForgotten: true, users: 0, userProfiles: 0 });
  await drainTwice();
  expect(await tables()).toEqual([]);
  expect((await keysWith(WORDS)).filter((key) => key.includes('entry:'))).toEqual([]);
});

test('a repeat does nothing, and has the time of the first', async () => {
  const { id } = await makePerson();
  const { erasedAt } = await jsonOf(await erase(id));
  for (const query of ['', '?dryRun=true']) {
    const again = await jsonOf(await erase(id, query));
    expect(again).toEqual({
      dryRun: query !== '',
      userId: id,
      erasedAt,
      isRepeat: true,
      isForgotten: query === '',
      ...EMPTY,
    });
  }
  expect(await sql(stack.current, `select from audit_log where action = 'erase'`)).toHaveLength(1);
});

test('an id that nobody had is 404', async () => {
  for (const query of ['', '?dryRun=true'])
    await expectProblem(await erase(777_777, query), 'user_does_not_exist');
  await expectProblem(await get(stack.current, '/v1/users/777777/export'), 'user_does_not_exist');
});

test('the last admin is erased by force alone', async () => {
  await expectProblem(await erase(1), 'last_admin_is_protected');
  await expectProblem(await erase(1, '?dryRun=true'), 'last_admin_is_protected');
  expect(await jsonOf(await erase(1, '?force=true'))).toMatchObject({ users: 1 });
});

describe('a creation that is repeated after the erasure makes nobody', () => {
  const KEYED = { 'Idempotency-Key': 'again' };
  const people = () => sql(stack.current, `select from users where username = 'zoe'`);

  test('of a user', async () => {
    const { id } = await makePerson(KEYED);
    await erase(id);
    const body = { ...PERSON, accountNumber: '1234-5678-9012' };
    await expectProblem(await create(stack.current, '/v1/users', body, KEYED), 'user_does_not_exist');
    expect(await people()).toEqual([]);
  });

  test('of a profile', async () => {
    const { id } = await makePerson();
    const profile = { userId: id, accountNumber: '2718-2818-2845' };
    await create(stack.current, '/v1/user-profiles', profile, KEYED);
    await erase(id);
    const again = await create(stack.current, '/v1/user-profiles', profile, KEYED);
    await expectProblem(again, 'user_does_not_exist');
  });

  test('of a batch, whose other users are answered', async () => {
    const users = [{ username: 'amy', email: 'amy@example.com' }, PERSON];
    const send = async () =>
      (await jsonOf(await create(stack.current, '/v1/users/batch', { users }, KEYED)))['items'];
    const [amy, zoe] = (await send()) as { user: { id: number } }[];
    await erase(Number(zoe?.user.id));
    expect(await send()).toMatchObject([amy, { status: 404, problem: { code: 'user_does_not_exist' } }]);
    expect(await people()).toEqual([]);
  });
});

test('while Redis is away it is done but for Redis, and a repeat makes Redis forget', async () => {
  const person = await makePerson();
  await readAll(person);
  const away = await whileAway(stack.current, ['redis'], async () => jsonOf(await erase(person.id)));
  expect(away).toMatchObject({ isForgotten: false, users: 1 });
  const entries = async () => (await keysWith(WORDS)).filter((key) => key.includes('entry:'));
  expect(await entries()).not.toEqual([]);
  const isolate = newIsolate(stack.current);
  const again = await change(isolate, 'POST', `/v1/users/${person.id}/erase`);
  expect(await jsonOf(again)).toMatchObject({ isRepeat: true, isForgotten: true });
  expect(await entries()).toEqual([]);
  expect((await get(isolate, `/v1/users/${person.id}`)).status).toBe(404);
});

describe('who may', () => {
  const asked = async (method: string, path: string, body: object) =>
    change(stack.current, method, path, undefined, withKey(await issueKey(stack.current, body)));
  const routes: [string, string, Scope[]][] = [
    ['POST', '/v1/users/3/erase?dryRun=true', ['rights:write', 'directory:write']],
    ['GET', '/v1/users/3/export', ['audit:read', 'directory:read']],
  ];

  test.each(routes)(
    '%s %s needs both scopes, and a caller that is bound to no account',
    async (method, path, scopes) => {
      expect((await asked(method, path, { scopes })).status).toBe(200);
      for (const scope of scopes) {
        const others = scopes.filter((one) => one !== scope);
        const { detail } = await expectProblem(await asked(method, path, { scopes: others }), 'forbidden');
        expect(detail).toContain(scope);
      }
      await expectProblem(
        await asked(method, path, { scopes, accountNumber: '1234-5678-9012' }),
        'forbidden',
      );
    },
  );
});

describe('the export', () => {
  const exported = (id: number) => get(stack.current, `/v1/users/${id}/export`);

  test('has all that is held of a member, by the shapes of the API, and leaves no trace', async () => {
    const person = await makePerson({ 'Idempotency-Key': 'second' });
    const { id } = person;
    const count = () => sql(stack.current, 'select count(*) from audit_log');
    const before = await count();
    const response = await exported(id);
    expect(response.headers.get('Cache-Control')).toBe('no-store');
    const held = await jsonOf(response);
    expect(await count()).toEqual(before);
    expect(PersonExport.parse(held)).toEqual(held);
    const user = await jsonOf(await get(stack.current, `/v1/users/${id}`));
    const profiles = await Promise.all(
      person.profiles.map(async (one) => jsonOf(await get(stack.current, `/v1/user-profiles/${one}`))),
    );
    expect(held).toMatchObject({
      userId: id,
      generatedAt: time,
      isComplete: true,
      user,
      userProfiles: profiles,
    });
    expect(held['auditEntries']).toHaveLength(4);
    expect(held['changes']).toHaveLength(4);
    expect(held['deletedRows']).toEqual([]);
    expect(held['rememberedAnswers']).toEqual([{ at: time, caller: 'root', user, userProfile: null }]);
  });

  test('has what is left of a person who was deleted, and nothing after the erasure', async () => {
    const { id } = await makePerson();
    await remove(`/v1/users/${id}`);
    const held = await jsonOf(await exported(id));
    expect(held).toMatchObject({ user: null, userProfiles: [], rememberedAnswers: [] });
    expect(held['deletedRows']).toMatchObject([
      { kind: 'user', row: { ...PERSON, id } },
      { kind: 'user_profile', row: { userId: id } },
      { kind: 'user_profile', row: { userId: id } },
    ]);
    await erase(id);
    await expectProblem(await exported(id), 'user_does_not_exist');
  });
});
