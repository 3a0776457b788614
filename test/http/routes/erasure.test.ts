import { expect, test } from 'vitest';
import { get, newIsolate, redis, redisKeys, sql, useSeedForEach, useStack } from '../../support/stack.ts';
import { change, create, jsonOf } from '../../support/http/changes.ts';

const stack = useStack();
useSeedForEach(stack);

/** What nobody else has. */
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

test('a person is gone from every table and from Redis, at once and everywhere', async () => {
  const person = await makePerson();
  const other = newIsolate(stack.current);
  await readAll(person);
  await readAll(person, other);
  const entries = await keysWith(WORDS);
  expect(entries.filter((key) => key.includes('entry:')).length).toBeGreaterThanOrEqual(7);
  const response = await erase(person.id);
  expect(await jsonOf(response.clone())).toEqual({
    dryRun: false,
    userId: person.id,
    erasedAt: expect.stringMatching(/Z$/) as string,
    isRepeat: false,
    isForgotten: true,
    users: 1,
    userProfiles: 2,
    auditEntries: 4,
    changes: 4,
    deletionRows: 0,
    rememberedAnswers: 0,
  });
  expect((await keysWith(WORDS)).filter((key) => key.includes('entry:'))).toEqual([]);
  const token = response.headers.get('Consistency-Token') ?? '';
  for (const on of [stack.current, other]) {
    const { status } = await get(on, `/v1/users/${person.id}`, { 'Consistency-Token': token });
    expect(status).toBe(404);
  }
});
