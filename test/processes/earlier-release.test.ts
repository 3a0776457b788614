import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { LOCAL_KEY } from '../../local/stack.ts';
import { bundleOnce } from '../engines/bundles.ts';
import { askAs, startTwoWorkers, type TwoWorkers } from '../engines/two-workers.ts';
import manifest from '../../package.json' with { type: 'json' };
import { keepRelease, keptReleases, readRelease } from '../releases/keep.ts';

const headers = { Authorization: `Bearer ${LOCAL_KEY}` };

/** A read of every kind, with the status that a seeded database gives. */
const READS: readonly (readonly [path: string, status: number])[] = [
  ['/v1/accounts/1234-5678-9012', 200],
  ['/v1/accounts/0000-0000-0000', 404],
  ['/v1/accounts/default', 200],
  ['/v1/accounts/1234-5678-9012/admin-user', 200],
  ['/v1/accounts/1234-5678-9012/users', 200],
  ['/v1/accounts/1234-5678-9012/user-profiles', 200],
  ['/v1/accounts?limit=2', 200],
  ['/v1/users/3', 200],
  ['/v1/users/by-username/johndoe', 200],
  ['/v1/users/3/account', 200],
  ['/v1/users/6/accounts', 200],
  ['/v1/users?limit=2', 200],
  ['/v1/user-profiles/3', 200],
  ['/v1/user-profiles/3/valid-resource-owners', 200],
  ['/v1/platform/admin-profile', 200],
  ['/v1/keys', 200],
  ['/v1/audit?limit=2', 200],
  ['/v1/explain?path=/v1/users/3', 200],
  ['/readyz', 200],
];

test('the Worker of this version is kept', () => {
  expect(keptReleases).toContain(manifest.version);
});

test('a Worker that is kept is not replaced', async () => {
  const path = await mkdtemp(join(tmpdir(), 'edge-accounts-'));
  onTestFinished(() => rm(path, { recursive: true }));
  const folder = pathToFileURL(`${path}/`);
  const file = keepRelease('1.2.3', 'the first', folder);
  expect(() => keepRelease('1.2.3', 'the second', folder)).toThrow(
    `${file} exists; delete it first if the version 1.2.3 is not published yet.`,
  );
  expect(gunzipSync(await readFile(file)).toString()).toBe('the first');
});

describe.each(keptReleases)('the Worker of %s on the newest schema', (version) => {
  let two: TwoWorkers;
  beforeAll(async () => {
    two = await startTwoWorkers(undefined, {}, async (main) =>
      main.endsWith('src/index.ts') ? readRelease(version) : bundleOnce(main),
    );
  });
  afterAll(() => two.close());

  const ask = (path: string, init: RequestInit = {}) =>
    fetch(`${two.workers.url.origin}${path}`, { ...init, headers: { ...headers, ...init.headers } });
  const send = (method: string, path: string, body: object) =>
    ask(path, {
      method,
      body: JSON.stringify(body),
      headers: { 'Content-Type': 'application/json', 'If-Match': '*' },
    });

  test.each(READS)('answers %s with %i', async (path, status) => {
    const response = await ask(path);
    expect(response.status, await response.text()).toBe(status);
  });

  test('answers another Worker over RPC', async () => {
    const { consumerUrl } = two.workers;
    const answer = await askAs('hr.1234-5678-9012.api.localhost', consumerUrl.origin);
    expect(answer).toMatchObject({ status: 200, text: 'Welcome to Stackademy.\n' });
  });

  test('reads what it has written, accepts a key that it has made, and drains', async () => {
    const { key } = (await (
      await send('POST', '/v1/keys', { name: 'x', scopes: ['directory:read'] })
    ).json()) as {
      key: string;
    };
    expect((await send('PATCH', '/v1/users/4', { firstName: 'Jane' })).status).toBe(200);
    const read = await ask('/v1/users/4', { headers: { Authorization: `Bearer ${key}` } });
    expect(await read.json()).toMatchObject({ firstName: 'Jane' });
    await two.workers.fireScheduled();
  });
});
