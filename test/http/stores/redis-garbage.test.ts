import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { sampled } from '../../support/scale.ts';
import {
  drainNow,
  emptyRedis,
  get,
  newIsolate,
  redis,
  redisKeys,
  sql,
  useStack,
} from '../../support/stack.ts';
import { lookUps } from '../../support/http/seed.ts';

const stack = useStack({ BREAKER_FAILURES: '1000', ABSENT_FRESH_MS: '3600000' });
const paths = [...lookUps.map(({ path }) => path), '/v1/users/999', '/v1/users/5/account'];
const answers = new Map<string, string>();

const put = (...args: string[]) => redis(stack.current, ...args);
const shape = (body: string) => body.replace(/"requestId":"[^"]*"/, '');

async function readAll(): Promise<Map<string, string>> {
  const isolate = newIsolate(stack.current);
  const seen = new Map<string, string>();
  for (const path of paths) {
    const response = await get(isolate, path);
    expect(response.status).toBeLessThan(500);
    seen.set(path, shape(await response.text()));
  }
  return seen;
}

/** What Redis says to each look-up, asked by an isolate without memory. */
async function redisStatuses(): Promise<string[]> {
  const isolate = newIsolate(stack.current);
  const statuses = [];
  for (const path of paths) {
    const status = (await get(isolate, path)).headers.get('Cache-Status') ?? '';
    statuses.push(/^redis; (hit|fwd=\w+)/.exec(status)?.[0] ?? status);
  }
  return statuses;
}

async function overwrite(kind: string, write: (key: string) => Promise<unknown>): Promise<void> {
  const keys = await redisKeys(stack.current, kind);
  expect(keys).not.toEqual([]);
  for (const key of keys) await write(key);
}

const asString = async (key: string) => put('SET', key, 'garbage');
const asList = async (key: string) => {
  await put('DEL', key);
  await put('RPUSH', key, 'gar', 'bage');
};
const asHash = async (key: string) => {
  await put('DEL', key);
  await put('HSET', key, 'gar', 'bage');
};
const withField = (field: string, value: string) => (key: string) => put('HSET', key, field, value);
const withoutField = (field: string) => (key: string) => put('HDEL', key, field);

beforeAll(async () => {
  for (const [path, body] of await readAll()) answers.set(path, body);
});

// A key of every kind: the clock, tags of every answer, entries of every look-up.
beforeEach(async () => {
  await emptyRedis(stack.current);
  await sql(
    stack.current,
    `insert into cache_invalidations (tags) select array_agg(kind || ':' || id)
     from unnest(array['user', 'account', 'profile', 'members', 'memberships']) kind, generate_series(1, 999) id
     where id < 10 or id = 999`,
  );
  await drainNow(stack.current);
  await readAll();
});

async function expectNothingChanged(): Promise<void> {
  expect(await readAll()).toEqual(answers);
}

async function expectHealed(): Promise<void> {
  expect(await redisStatuses()).toEqual(paths.map(() => 'redis; hit'));
  expect(await readAll()).toEqual(answers);
}

test('an emptied Redis changes no answer and fills again', async () => {
  await emptyRedis(stack.current);
  expect(await redisStatuses()).toEqual(paths.map(() => 'redis; fwd=miss'));
  await expectHealed();
});

describe.each([
  ['strings', asString],
  ['lists', asList],
  ['hashes of something else', asHash],
])('overwritten with %s', (_what, write) => {
  test.each(sampled(['', 'entry:', 'tag:', 'clock', 'lease:'], 1))(
    'the keys %j change no answer and heal',
    async (kind) => {
      if (kind === 'lease:') await overwrite('entry:', (key) => write(key.replace(':entry:', ':lease:')));
      else await overwrite(kind, write);
      await expectNothingChanged();
      await readAll();
      await expectHealed();
    },
  );
});

describe('half an entry', () => {
  test.each(sampled(['asof', 'born', 'fresh', 'tags', 'payload'], 2))(
    'without %s changes no answer and heals',
    async (field) => {
      await overwrite('entry:', withoutField(field));
      await expectNothingChanged();
      await expectHealed();
    },
  );
});

describe('an entry with', () => {
  const values: [field: string, value: string][] = [
    ['payload', ''],
    ['payload', '{"id":'],
    ['payload', '{}'],
    ['payload', '[]'],
    ['payload', '"x"'],
    ['payload', '{"id":"three"}'],
    ['payload', '{"items":[null],"nextAfterId":null}'],
    ['payload', '\ud83d\ude00\u0000'],
    ['asof', 'garbage'],
    ['asof', 'ffffffffffffffff:1'],
    ['born', 'garbage'],
    ['born', ''],
    ['fresh', 'garbage'],
    ['tags', ''],
    ['born', 'nan'],
    ['born', 'inf'],
    ['born', '1e308'],
    ['fresh', '1e308'],
  ];
  test.each(sampled(values, 2))('%s %j changes no answer and heals', async (field, value) => {
    await overwrite('entry:', withField(field, value));
    await expectNothingChanged();
    await expectHealed();
  });
});

describe('an entry with numbers that are none', () => {
  const tags = { name: '20,000 tags', field: 'tags', value: 'x\n'.repeat(20_000) };
  const values = [
    tags,
    { name: 'born -inf', field: 'born', value: '-inf' },
    { name: 'fresh nan', field: 'fresh', value: 'nan' },
    { name: 'fresh inf', field: 'fresh', value: 'inf' },
    { name: 'fresh -inf', field: 'fresh', value: '-inf' },
    { name: 'life inf', field: 'life', value: 'inf' },
    { name: 'an as-of in capitals', field: 'asof', value: 'FFFFFFFFFFFFFFFF:1' },
  ];
  test.each(sampled(values, 1))('$name changes no answer and heals', async ({ field, value }) => {
    await overwrite('entry:', withField(field, value));
    await expectNothingChanged();
    await expectHealed();
  });
});

describe('a clock of', () => {
  const clocks = [
    'garbage',
    '',
    'ffffffffffffffff:1',
    'ffffffffffffffff:9007199254740991',
    'ffffffffffffffff:99999999999999999999',
    'ffffffffffffffff:-1',
    'ffffffffffffffff:1e3',
    'zzzzzzzzzzzzzzzz:1',
    'FFFFFFFFFFFFFFFF:1',
  ];
  test.each(sampled(clocks, 1))('%j changes no answer and heals', async (clock) => {
    await overwrite('clock', (key) => put('SET', key, clock));
    await expectNothingChanged();
    await expectHealed();
  });

  test.each(sampled(['9007199254739000', '9007199254739990'], 1))(
    '%s in its own epoch changes no answer and heals',
    async (n) => {
      await overwrite('clock', async (key) => {
        const [epoch = ''] = String(await put('GET', key)).split(':');
        await put('SET', key, `${epoch}:${n}`);
      });
      await expectNothingChanged();
      await readAll();
      await expectHealed();
    },
  );
});
