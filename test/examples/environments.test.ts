import { readFile } from 'node:fs/promises';
import { parseEnv } from 'node:util';
import { expect, test } from 'vitest';
import { unstable_readConfig as readConfig } from 'wrangler';
import { readDevOptions } from '../../local/dev-options.ts';
import { workerEnv } from '../../local/stack.ts';
import type { RateLimitConfig } from '../../local/worker-config.ts';
import { parseSettings } from '../../src/settings.ts';

const config = (env?: string) => readConfig({ config: 'wrangler.toml', ...(env && { env }) });

const secrets = {
  DATABASE_URL: 'postgres://me@db.example.com/accounts',
  UPSTASH_REDIS_REST_URL: 'https://redis.example.com',
  UPSTASH_REDIS_REST_TOKEN: 'token',
  ROOT_API_KEY_SHA256: 'off',
};
/** This secret is optional, so no block lists it. */
const OPTIONAL_SECRETS = ['ENTRY_SECRET'];

/** The names of all vars that the Worker reads; parsing fills in those that have a default. */
const varNames = Object.keys(parseSettings({ ...config().vars, ...secrets }))
  .filter((name) => !(name in secrets) && !OPTIONAL_SECRETS.includes(name))
  .toSorted();

const rateLimitsOf = (env?: string): readonly RateLimitConfig[] => config(env).ratelimits;
const limitsOf = (env?: string) => rateLimitsOf(env).map(({ name, simple }) => ({ name, simple }));

test.each([undefined, 'staging', 'production'])(
  'the block %s sets every var that the Worker reads',
  (env) => {
    expect(Object.keys(config(env).vars).toSorted()).toEqual(varNames);
  },
);

test.each(['staging', 'production'])('%s has everything that the top-level block has', (env) => {
  const { define, secrets: required, triggers, observability, assets, build } = config();
  const repeated = { define, secrets: required, triggers, observability, assets, build };
  expect(config(env)).toMatchObject(repeated);
  expect(config(env).vars).toEqual({ ...config().vars, ENVIRONMENT: env });
  expect(limitsOf(env)).toEqual(limitsOf());
});

const originOf = (env?: string) => readConfig({ config: 'wrangler.origin.toml', ...(env && { env }) });

test.each([undefined, 'staging', 'production'])(
  'the origin Worker of the block %s has the vars of the Worker that is bound to it, and no address',
  (env) => {
    const { vars, placement, workers_dev, preview_urls, routes, main } = originOf(env);
    const { ROOT_API_KEY_SHA256, ...shared } = vars;
    expect(ROOT_API_KEY_SHA256).toBe('off');
    expect(config(env).vars).toMatchObject(shared);
    expect(placement).toMatchObject({ region: expect.stringMatching(/^aws:/) as unknown });
    expect({ workers_dev, preview_urls, routes }).toEqual({ workers_dev: false, preview_urls: false });
    expect(main).toMatch(/src\/origin-worker\.ts$/);
    expect(parseSettings({ ...vars, ...secrets })).toMatchObject({ POSTGRES_DEADLINE_MS: 5_000 });
  },
);

test('the two environments share no name, no keys and no counters', () => {
  const [staging, production] = [config('staging'), config('production')];
  expect(staging.name).not.toBe(production.name);
  expect(staging.vars['ENVIRONMENT']).not.toBe(production.vars['ENVIRONMENT']);
  const namespaces = [...rateLimitsOf('staging'), ...rateLimitsOf('production')].map(
    ({ namespace_id }) => namespace_id,
  );
  expect(new Set(namespaces).size).toBe(4);
});

test('a deployment without an environment is the production', () => {
  const { name, vars, ratelimits } = config();
  expect(config('production')).toMatchObject({ name, vars, ratelimits });
});

test('.dev.vars.example names the local stack, as its own Worker is told', async () => {
  const vars = parseEnv(await readFile('.dev.vars.example', 'utf8'));
  const { ports } = readDevOptions({});
  const local = (scheme: string, port: number) => `${scheme}://127.0.0.1:${port}`;
  expect(vars).toEqual(
    workerEnv(
      local('http', ports.LOCAL_NEON_PORT),
      local('http', ports.LOCAL_UPSTASH_PORT),
      `${local('postgres', ports.LOCAL_POSTGRES_PORT)}/postgres`,
    ),
  );
  expect(parseSettings({ ...config().vars, ...vars }).ENVIRONMENT).toBe('local');
});
