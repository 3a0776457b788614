import { env } from 'cloudflare:workers';
import { expect, test } from 'vitest';
import { parseSettings } from '../src/settings.ts';

const good = {
  ...env,
  DATABASE_URL: 'postgres://me@db.example.com/accounts',
  UPSTASH_REDIS_REST_URL: 'https://redis.example.com',
  UPSTASH_REDIS_REST_TOKEN: 'token',
  ROOT_API_KEY_SHA256: 'a'.repeat(64),
};

test('the vars of wrangler.toml are good, beside good secrets', () => {
  expect(parseSettings(good)).toMatchObject({
    ENVIRONMENT: 'production',
    ROOT_API_KEY_SHA256: ['a'.repeat(64)],
  });
});

test.each(['127.0.0.1:54321', 'localhost:6000', 'db.example.com:5432', 'db.example.com'])(
  'the Postgres at %s may be reached',
  (host) => {
    const DATABASE_URL = `postgres://me@${host}/accounts`;
    expect(parseSettings({ ...good, DATABASE_URL }).DATABASE_URL).toBe(DATABASE_URL);
  },
);

test.each(['a', 'the admin', 'x'.repeat(150)])('the platform’s admin may be called %j', (name) => {
  expect(parseSettings({ ...good, PLATFORM_ADMIN_USERNAME: name }).PLATFORM_ADMIN_USERNAME).toBe(name);
});

test.each([
  ['off', []],
  [`${'a'.repeat(64)} ${'b'.repeat(64)}`, ['a'.repeat(64), 'b'.repeat(64)]],
])('%s are the root keys', (ROOT_API_KEY_SHA256, digests) => {
  expect(parseSettings({ ...good, ROOT_API_KEY_SHA256 }).ROOT_API_KEY_SHA256).toEqual(digests);
});

test.each([
  ['ENVIRONMENT', ''],
  ['ENVIRONMENT', 'Production'],
  ['ENVIRONMENT', 'a_b'],
  ['ENVIRONMENT', 'x'.repeat(21)],
  ['ENVIRONMENT', undefined],
  ['ROOT_API_KEY_SHA256', ''],
  ['ROOT_API_KEY_SHA256', '470cbf7e81cf5c1b41d50009b1ac07daafd0daacd02be73d13e38d1c3093cccf'],
  [
    'ROOT_API_KEY_SHA256',
    `${'a'.repeat(64)} 470cbf7e81cf5c1b41d50009b1ac07daafd0daacd02be73d13e38d1c3093cccf`,
  ],
  ['ROOT_API_KEY_SHA256', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
  ['ROOT_API_KEY_SHA256', 'OFF'],
  ['ROOT_API_KEY_SHA256', 'A'.repeat(64)],
  ['ROOT_API_KEY_SHA256', 'off\n'],
  ['ROOT_API_KEY_SHA256', `${'a'.repeat(64)} off`],
  ['ROOT_API_KEY_SHA256', `${'a'.repeat(64)} ${'b'.repeat(64)} ${'c'.repeat(64)}`],
  ['ROOT_API_KEY_SHA256', undefined],
  ['PLATFORM_ADMIN_USERNAME', ''],
  ['PLATFORM_ADMIN_USERNAME', ' admin'],
  ['PLATFORM_ADMIN_USERNAME', 'admin '],
  ['PLATFORM_ADMIN_USERNAME', 'admin\u00a0'],
  ['PLATFORM_ADMIN_USERNAME', 'x'.repeat(151)],
  ['DATABASE_URL', 'postgres://db.example.com/accounts'],
  ['DATABASE_URL', 'postgres://me@db.example.com'],
  ['DATABASE_URL', 'postgres://me@db.example.com/'],
  ['DATABASE_URL', 'postgres://me@127.0.0.1:5432/accounts'],
  ['DATABASE_URL', 'postgres://me@localhost:54320/accounts'],
  ['DATABASE_URL', 'postgres://me@localhost/accounts'],
  ['DATABASE_URL', 'mysql://me@db.example.com/accounts'],
  ['ENTRY_SECRET', 'x'.repeat(31)],
  ['ENTRY_SECRET', 'x'.repeat(201)],
  ['ENTRY_SECRET', `${'x'.repeat(40)} x`],
  ['ENTRY_SECRET', `${'x'.repeat(40)} ${'y'.repeat(40)} ${'z'.repeat(40)}`],
])('%s = %j is an error that names it', (name, value) => {
  expect(() => parseSettings({ ...good, [name]: value })).toThrow(new RegExp(`^${name}: `));
});
