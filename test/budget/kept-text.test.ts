import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { unstable_readConfig as readConfig } from 'wrangler';
import { workerEnv } from '../../local/stack.ts';

/** The parts of the Worker's modules that this test uses. Their own types conflict with those of Node. */
interface App {
  getPath(request: Request): string;
  readonly router: { match(method: string, path: string): readonly (readonly Matched[])[] };
}
type Matched = readonly [unknown, Readonly<Record<string, string>>];
type FindLookUp = (app: App, url: URL, env: object) => Promise<{ lookUp: { key: string } }>;

async function importOfWorker<T>(file: string): Promise<T> {
  const module: T = await import(new URL(`../../src/http/${file}`, import.meta.url).href);
  return module;
}

const { app } = await importOfWorker<{ app: App }>('app.ts');
const { findLookUp } = await importOfWorker<{ findLookUp: FindLookUp }>('explain/find-look-up.ts');

const { vars } = readConfig({ config: 'wrangler.toml' });
// No request reaches these stores.
const env = {
  ...vars,
  ...workerEnv('http://127.0.0.1:1', 'http://127.0.0.1:1', 'postgres://127.0.0.1/postgres'),
};

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

const URLS = 1_000;
const URL_LENGTH = 16_000;
/** The most that may be kept for one URL: some matched routes and names, and never the URL. */
const MAX_KEPT_BYTES = URL_LENGTH / 4;

function urlOf(path: string, host = '127.0.0.1'): string {
  const url = `http://${host}${path}?unknown=`;
  // The text is made from bytes, as a URL comes from the network: one string that shares its characters with no other.
  return Buffer.from(url.padEnd(URL_LENGTH, 'x')).toString('latin1');
}

function heapBytes(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed;
}

async function keptBytesPerUrl(keep: (n: number) => unknown): Promise<number> {
  const kept: unknown[] = [];
  const before = heapBytes();
  for (let n = 0; n < URLS; n++) kept.push(await keep(n));
  const bytes = heapBytes() - before;
  // This read comes after the heap's, so that all values were alive.
  return bytes / kept.length;
}

test('a name that was cut out of a URL keeps it, and so the measure sees one that is kept', async () => {
  const bytes = await keptBytesPerUrl((n) =>
    urlOf(`/some-name-of-a-user-${n}`).slice('http://127.0.0.1/'.length, 40),
  );
  // Other tests have used the rest of the heap, whose size varies by some of it.
  expect(bytes).toBeGreaterThan(2 * MAX_KEPT_BYTES);
});

const pathOf = (n: number): string =>
  app.getPath(new Request(urlOf(`/v1/users/by-username/somebody-else-${n}`)));

test('the parameters of a path keep nothing of the URL', async () => {
  const keep = (n: number) => {
    const [matched = []] = app.router.match('GET', pathOf(n));
    return matched.flatMap(([, { username }]) => username ?? []);
  };
  expect(keep(0)).toContain('somebody-else-0');
  expect(await keptBytesPerUrl(keep)).toBeLessThan(MAX_KEPT_BYTES);
});

test('the paths that the router remembers keep nothing of the URLs of whoever asked', async () => {
  const keep = (n: number) => app.router.match('GET', pathOf(n));
  expect(await keptBytesPerUrl(keep)).toBeLessThan(MAX_KEPT_BYTES);
});

// Naming a look-up needs no store.
const keyOf = async (url: string): Promise<string> => (await findLookUp(app, new URL(url), env)).lookUp.key;

test('the paths that are explained keep nothing of the URLs', async () => {
  const keep = (n: number) => keyOf(urlOf(`/v1/users/by-username/somebody-new-${n}`));
  expect(await keptBytesPerUrl(keep)).toBeLessThan(MAX_KEPT_BYTES);
});

test('the account number of a host keeps nothing of the URL', async () => {
  const keep = (n: number) => keyOf(urlOf('/v1/context', `1234-5678-${1_000 + n}.api.localhost`));
  expect(await keep(0)).toBe('account:1234-5678-1000');
  expect(await keptBytesPerUrl(keep)).toBeLessThan(MAX_KEPT_BYTES);
});
