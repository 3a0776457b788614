import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { unstable_readConfig as readConfig } from 'wrangler';
import { parseSettings } from '../../src/settings.ts';
import { readPage } from './blocks.ts';

const config = readConfig({ config: fileURLToPath(new URL('../../wrangler.toml', import.meta.url)) });
const vars = config.vars as Readonly<Record<string, string>>;

const secrets = {
  DATABASE_URL: 'postgres://me@db.example.com/accounts',
  UPSTASH_REDIS_REST_URL: 'https://redis.example.com',
  UPSTASH_REDIS_REST_TOKEN: 'token',
  ROOT_API_KEY_SHA256: 'a'.repeat(64),
};

/** The names in the tables of the page, with the defaults that they state. */
const stated = [
  ...readPage('docs/configuration.md').matchAll(/^\| `([A-Z_\d]+)` +\| ([^|]*?) +\| ([^|]*?) +\|/gm),
].map(([, name = '', standard = '', bounds = '']) => ({
  name,
  standard: standard.replaceAll('`', ''),
  bounds,
}));

test('docs/configuration.md names every setting once, and no other', () => {
  const names = Object.keys(parseSettings({ ...secrets, ...vars }));
  expect(stated.map(({ name }) => name).toSorted()).toEqual(names.toSorted());
});

test.each(stated)('docs/configuration.md states the default of $name', ({ name, standard }) => {
  const value = vars[name];
  if (value) expect(standard).toBe(value);
  else expect(standard).toMatch(name in secrets ? /^secret$/ : /^empty: /);
});

// ENVIRONMENT and the three settings of the platform have no default: each deployment states its own.
const REQUIRED = ['ENVIRONMENT', 'PLATFORM_ACCOUNT_NUMBER', 'PLATFORM_ADMIN_USERNAME', 'ROOT_DOMAIN'];

test('a setting that wrangler.toml leaves out means what it says there', () => {
  const required = Object.fromEntries(REQUIRED.map((name) => [name, vars[name]]));
  expect(parseSettings({ ...secrets, ...required })).toEqual(parseSettings({ ...secrets, ...vars }));
});

const ranges = stated.flatMap(({ name, bounds }) => {
  const [, least, most] = /^([\d,]+)–([\d,]+)$/.exec(bounds) ?? [];
  return least && most ? [{ name, least: toNumber(least), most: toNumber(most) }] : [];
});

function toNumber(text: string): number {
  return Number(text.replaceAll(',', ''));
}

test.each(ranges)('$name is from $least to $most', ({ name, least, most }) => {
  const parse = (value: number) => () => parseSettings({ ...secrets, ...vars, [name]: String(value) });
  for (const value of [least, most]) expect(parse(value)).not.toThrow();
  for (const value of [least - 1, most + 1]) expect(parse(value)).toThrow(name);
});

test('the bounds of most numbers are stated', () => {
  expect(ranges.length).toBeGreaterThanOrEqual(12);
});
