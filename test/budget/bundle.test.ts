import { readFile } from 'node:fs/promises';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { LOCAL_KEY } from '../../local/stack.ts';
import { bundleOnce } from '../engines/bundles.ts';
import { startTwoWorkers } from '../engines/two-workers.ts';
import { type Bundle, bundleAsDeployed } from './bundle.ts';
import { readStatedWeight } from './weight-table.ts';

/** The pages and the script of the reference are assets and do not count. */
const MAX_GZIP_BYTES = 250_000;
/** The distance by which the stated figure may be out of date. */
const STATED_TOLERANCE = 0.05;

let bundle: Bundle;

beforeAll(async () => {
  bundle = await bundleAsDeployed();
});

interface LockedPackage {
  readonly dev?: true;
  readonly devOptional?: true;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

const heaviest = () =>
  bundle.packages
    .map(({ name, gzipBytes }) => `${name} ${gzipBytes}`)
    .slice(0, 5)
    .join(', ');

test('the Worker fits into its budget', () => {
  expect(bundle.gzipBytes, `the heaviest: ${heaviest()}`).toBeLessThanOrEqual(MAX_GZIP_BYTES);
});

test('no package in it is for development', async () => {
  const lock = await readFile(new URL('../../package-lock.json', import.meta.url), 'utf8');
  const { packages } = JSON.parse(lock) as { packages: Record<string, LockedPackage> };
  const peers = Object.keys(packages['']?.peerDependencies ?? {});
  const names = bundle.packages.map(({ name }) => name).filter((name) => name !== 'src');
  expect(names).toContain('hono');
  for (const name of names) {
    if (peers.includes(name)) continue;
    const { dev, devOptional } = packages[`node_modules/${name}`] ?? { dev: true };
    expect([name, dev ?? devOptional]).toEqual([name, undefined]);
  }
});

test.each(['bytes', 'gzipBytes'] as const)('docs/performance.md states its %s', async (unit) => {
  const stated = await readStatedWeight();
  expect(Math.abs(stated[unit] / bundle[unit] - 1), 'npm run docs:bundle').toBeLessThan(STATED_TOLERANCE);
});

test('minified as it is, it answers from both stores, and its assets', async () => {
  const { workers, close } = await startTwoWorkers(undefined, {}, async (main) =>
    main.endsWith('src/index.ts') ? bundle.code : bundleOnce(main),
  );
  onTestFinished(close);
  const get = (path: string) =>
    fetch(`${workers.url.origin}${path}`, { headers: { Authorization: `Bearer ${LOCAL_KEY}` } });
  const statuses = [
    '/v1/users/3',
    '/v1/users/999999',
    '/v1/users?limit=0',
    '/openapi.json',
    '/docs',
    '/docs/start.js',
    '/docs/nothing.js',
    '/page.css',
    '/readyz',
  ].map(async (path) => [path, (await get(path)).status]);
  expect(await Promise.all(statuses)).toEqual([
    ['/v1/users/3', 200],
    ['/v1/users/999999', 404],
    ['/v1/users?limit=0', 400],
    ['/openapi.json', 200],
    ['/docs', 200],
    ['/docs/start.js', 200],
    ['/docs/nothing.js', 404],
    ['/page.css', 200],
    ['/readyz', 200],
  ]);
  const reference = await get('/docs/scalar.js');
  expect(await reference.text()).toContain('createApiReference');
  expect(reference.headers.get('X-Content-Type-Options')).toBe('nosniff');
  expect(reference.headers.get('X-Request-Id')).not.toBeNull();
});
