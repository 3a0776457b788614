import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { formatApiKey, formatSecret } from '../../../src/directory/keys/api-key.ts';
import { SCOPES } from '../../../src/directory/caller.ts';
import { isolateOf } from '../../../src/isolate.ts';
import { sha256Of } from '../../../src/lib/hash.ts';
import {
  countRequests,
  drainNow,
  emptyRedis,
  get,
  newIsolate,
  redis,
  redisKeys,
  send,
  sql,
  type TestStack,
  useStack,
} from '../../support/stack.ts';
import { change, create } from '../../support/http/changes.ts';
import { type Issued, issueKey, withKey } from '../../support/http/issued-keys.ts';
import { expectProblem } from '../../support/http/problem.ts';

const stack = useStack();
const PATH = '/v1/users/3';
const ACCOUNT = '1234-5678-9012';
const NOTE = 1;
const MEMBER = 3;
const STRANGER = 1;
const SECRET = 'a-secret-of-two-deployments-and-of-nobody-else';

type Fields = Record<string, string>;

const put = (...args: string[]) => redis(stack.current, ...args);
const ask = (on: TestStack, key: Pick<Issued, 'key'>, path = PATH) =>
  send(on, path, { headers: withKey(key) });
const statusOf = async (on: TestStack, key: Pick<Issued, 'key'>, path = PATH) =>
  (await ask(on, key, path)).status;

async function nameOf(key: string): Promise<string> {
  const entries = await redisKeys(stack.current, 'entry:');
  return entries.find((name) => name.endsWith(`:${key}`)) ?? '';
}

async function fieldsOf(name: string): Promise<Fields> {
  const flat = (await put('HGETALL', name)) as string[];
  return Object.fromEntries(flat.flatMap((field, at) => (at % 2 === 0 ? [[field, flat[at + 1] ?? '']] : [])));
}

async function store(name: string, fields: Fields): Promise<void> {
  await put('DEL', name);
  await put('HSET', name, ...Object.entries(fields).flat());
}

/** What the sealed entries of the shared store hold of the key, once it has been looked up. */
async function entryOf(key: Issued): Promise<{ name: string; fields: Fields }> {
  await ask(newIsolate(stack.current), key);
  const name = await nameOf(`key:${key.id}`);
  return { name, fields: await fieldsOf(name) };
}

async function forgetTags(): Promise<void> {
  for (const tag of await redisKeys(stack.current, 'tag:')) await put('DEL', tag);
}

/** The requests to Postgres of a fresh isolate that asks with the key, but for the note of its use. */
async function loadsOf(key: Issued, env: object = {}): Promise<number> {
  const isolate = newIsolate({ ...stack.current, env: { ...stack.current.env, ...env } });
  await get(isolate, PATH);
  return (await countRequests(stack.current, () => ask(isolate, key))).postgres - NOTE;
}

// Scripts that Redis does not know cost a request.
beforeAll(async () => {
  await get(stack.current, PATH);
  await drainNow(stack.current);
});
beforeEach(async () => {
  await emptyRedis(stack.current);
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() });
});
afterEach(() => void vi.useRealTimers());

describe('whoever can write to Redis', () => {
  test('cannot make a key: one that is not in Postgres, with all scopes and a hash of their own, is refused', async () => {
    const { name, fields } = await entryOf(await issueKey(stack.current));
    const id = 4_242;
    const secret = formatSecret(new Uint8Array(32));
    const value = {
      ...JSON.parse(fields['payload'] ?? ''),
      id,
      scopes: SCOPES,
      sha256: await sha256Of(secret),
    };
    const tags = `key:${id}`;
    await store(name.replace(/key:\d+$/, tags), { ...fields, tags, payload: JSON.stringify(value) });
    const key = formatApiKey({ environment: 'local', id, secret });
    const isolate = newIsolate(stack.current);
    for (const [method, path] of [
      ['GET', '/v1/audit'],
      ['GET', PATH],
      ['POST', '/v1/keys'],
    ] as const) {
      await expectProblem(await send(isolate, path, { method, headers: withKey({ key }) }), 'unauthorized');
    }
  });

  test('cannot give a key what another has', async () => {
    const [strong, weak] = [await issueKey(stack.current, { scopes: SCOPES }), await issueKey(stack.current)];
    const [from, to] = [await entryOf(strong), await entryOf(weak)];
    await store(to.name, from.fields);
    expect(await statusOf(newIsolate(stack.current), strong)).toBe(200);
    await expectProblem(await ask(newIsolate(stack.current), weak, '/v1/audit'), 'forbidden');
  });

  const allScopes = (payload: string) => payload.replace('"directory:read"', '"directory:read","audit:read"');
  const later = (digits: string) => `${BigInt(digits) + 1_000_000n}`;
  test.each<[string, (text: string) => string]>([
    ['payload', allScopes],
    ['payload', (text) => `${text} `],
    ['tags', () => 'key:0'],
    ['tags', (text) => `${text}\nkey:0`],
    ['asof', (text) => text.replace(/.$/, (digit) => String((Number(digit) + 9) % 10))],
    ['born', later],
    ['born', (text) => `${BigInt(text) - 1n}`],
    ['fresh', later],
    ['life', later],
    ['seal', (text) => text.replace(/^\d+/, later)],
    ['seal', (text) => text.replace(/:.*$/, ':')],
    ['seal', () => ''],
    ['seal', () => 'garbage'],
    ['seal', () => `${'9'.repeat(400)}:x`],
  ])('gets a miss for a key whose %s is not as it was stored', async (field, tamper) => {
    const key = await issueKey(stack.current);
    const { name, fields } = await entryOf(key);
    expect(await loadsOf(key)).toBe(0);
    await put('HSET', name, field, tamper(fields[field] ?? ''));
    expect(await loadsOf(key)).toBe(1);
    expect(await loadsOf(key)).toBe(0);
    await expectProblem(await ask(newIsolate(stack.current), key, '/v1/audit'), 'forbidden');
  });

  test('gets a miss for what a deployment without seals has stored, and it heals', async () => {
    const key = await issueKey(stack.current);
    const { name } = await entryOf(key);
    await put('HDEL', name, 'seal');
    expect(await loadsOf(key)).toBe(1);
    expect(await loadsOf(key)).toBe(0);
  });

  test('cannot play an entry again once its life is over, whatever Redis says of its age', async () => {
    const key = await issueKey(stack.current);
    const { name, fields } = await entryOf(key);
    expect((await change(stack.current, 'DELETE', `/v1/keys/${key.id}`)).status).toBe(200);
    await expectProblem(await ask(newIsolate(stack.current), key), 'unauthorized');
    vi.setSystemTime(Date.now() + Number(fields['fresh']));
    await forgetTags();
    await store(name, fields);
    await expectProblem(await ask(newIsolate(stack.current), key), 'unauthorized');
  });

  test('cannot make a member of who is none, or none of a member', async () => {
    const key = await issueKey(stack.current, { accountNumber: ACCOUNT });
    const asked = (on = newIsolate(stack.current)) =>
      Promise.all([MEMBER, STRANGER].map((id) => statusOf(on, key, `/v1/users/${id}`)));
    expect(await asked()).toEqual([200, 404]);
    for (const id of [MEMBER, STRANGER]) {
      const name = await nameOf(`member:${ACCOUNT}:${id}`);
      await put('HSET', name, 'payload', id === STRANGER ? 'true' : 'false');
    }
    expect(await asked()).toEqual([200, 404]);
  });

  test.each([
    ['a profile', `profile-in:${ACCOUNT}:1`, 'true', '/v1/user-profiles/1'],
    ['a username', `member-named:${ACCOUNT}:admin`, '1', '/v1/users/by-username/admin'],
  ])('cannot show %s of another account', async (_what, entry, payload, path) => {
    const key = await issueKey(stack.current, { accountNumber: ACCOUNT });
    expect(await statusOf(newIsolate(stack.current), key, path)).toBe(404);
    await put('HSET', await nameOf(entry), 'payload', payload);
    expect(await statusOf(newIsolate(stack.current), key, path)).toBe(404);
  });

  test('cannot bring the entries of one database to another that has the same secret', async () => {
    const key = await issueKey(stack.current);
    const elsewhere = { DATABASE_ID: `${stack.current.env.DATABASE_ID}/other` };
    const { fields, name } = await entryOf(key);
    const other = name.replace(`{${stack.current.env.DATABASE_ID}}`, `{${elsewhere.DATABASE_ID}}`);
    const clock = name.replace(/entry:.*/, 'clock');
    const otherClock = other.replace(/entry:.*/, 'clock');
    await put('SET', otherClock, String(await put('GET', clock)));
    await store(other, fields);
    expect(await loadsOf(key, elsewhere)).toBe(1);
    expect(await loadsOf(key, elsewhere)).toBe(0);
  });
});

describe('deployments', () => {
  const passwordOf = (password: string) => {
    const url = new URL(stack.current.env.DATABASE_URL);
    url.password = password;
    return { DATABASE_URL: url.href };
  };

  test('with other passwords do not take each other’s entries, and do with one ENTRY_SECRET', async () => {
    const key = await issueKey(stack.current);
    const [blue, green] = [passwordOf('blue'), passwordOf('green')];
    expect(await loadsOf(key, blue)).toBe(1);
    expect(await loadsOf(key, blue)).toBe(0);
    expect(await loadsOf(key, green)).toBe(1);
    const shared = { ENTRY_SECRET: SECRET };
    expect(await loadsOf(key, { ...blue, ...shared })).toBe(1);
    expect(await loadsOf(key, { ...green, ...shared })).toBe(0);
  });
});

describe('a write of keys with what a cache has wrong', () => {
  /** An isolate in whose memory the key has rights, or a secret, that its row has not. */
  async function misled(key: Issued, wrong: object): Promise<TestStack> {
    const isolate = newIsolate(stack.current);
    await ask(isolate, key);
    const { memory } = isolateOf(isolate.env).cache;
    const entry = memory.peek(`key:${key.id}`, Date.now())?.entry;
    if (!entry) throw new Error('the key is not in memory');
    memory.delete(`key:${key.id}`);
    memory.set(
      `key:${key.id}`,
      { ...entry, answer: undefined, value: { ...Object(entry.value), ...wrong } },
      Date.now(),
    );
    return isolate;
  }

  const writes: [
    string,
    (on: TestStack, id: number, headers: Record<string, string>) => Promise<Response>,
  ][] = [
    [
      'a creation',
      (on, _id, headers) => create(on, '/v1/keys', { name: 'x', scopes: ['directory:read'] }, headers),
    ],
    [
      'a change',
      (on, id, headers) =>
        change(on, 'PATCH', `/v1/keys/${id}`, { name: 'x' }, { 'If-Match': '*', ...headers }),
    ],
    ['a rotation', (on, id, headers) => create(on, `/v1/keys/${id}/rotate`, {}, headers)],
    ['a revocation', (on, id, headers) => change(on, 'DELETE', `/v1/keys/${id}`, undefined, headers)],
  ];
  const manager = { scopes: ['directory:read', 'keys:write'] };
  const stateOf = () => sql(stack.current, 'select * from api_keys order by id');

  test.each(writes)('%s with a secret that is not the key’s own is refused', async (_what, write) => {
    const [key, target] = [await issueKey(stack.current, manager), await issueKey(stack.current)];
    const secret = formatSecret(new Uint8Array(32));
    const isolate = await misled(key, { sha256: await sha256Of(secret) });
    const before = await stateOf();
    const headers = withKey({ key: formatApiKey({ environment: 'local', id: key.id, secret }) });
    await expectProblem(await write(isolate, target.id, headers), 'forbidden');
    expect(await stateOf()).toEqual(before);
  });

  test.each(writes)(
    '%s with a key that is bound to an account is refused outside of it',
    async (_what, write) => {
      const [key, target] = [
        await issueKey(stack.current, { ...manager, accountNumber: ACCOUNT }),
        await issueKey(stack.current),
      ];
      const isolate = await misled(key, { accountNumber: null });
      const before = await stateOf();
      await expectProblem(await write(isolate, target.id, withKey(key)), 'forbidden');
      expect(await stateOf()).toEqual(before);
    },
  );

  test.each(writes)('%s with a sound key is done', async (_what, write) => {
    const [key, target] = [await issueKey(stack.current, manager), await issueKey(stack.current)];
    expect((await write(newIsolate(stack.current), target.id, withKey(key))).ok).toBe(true);
  });
});
